#include "master/signals.h"

#include <signal.h>

#include "base/machine/process.h"
#include "base/panic.h"

static const int numbers[MR_SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD};

static void on_handle(uv_signal_t *handle, int number)
{
    struct mr_signals *signals = handle->data;
    signals->on_signal(signals->context, number);
}

void mr_signals_start(struct mr_signals *signals, uv_loop_t *loop,
                      void (*on_signal)(void *context, int number), void *context)
{
    signals->on_signal = on_signal;
    signals->context = context;
    mr_process_ignore(SIGPIPE);
    for (int i = 0; i < MR_SIGNALS; i++) {
        MR_ASSERT(uv_signal_init(loop, &signals->handles[i]) == 0);
        signals->handles[i].data = signals;
        MR_ASSERT(uv_signal_start(&signals->handles[i], on_handle, numbers[i]) == 0);
    }
    mr_process_listen();
}

void mr_signals_stop(struct mr_signals *signals)
{
    for (int i = 0; i < MR_SIGNALS; i++)
        uv_close((uv_handle_t *)&signals->handles[i], NULL);
}
