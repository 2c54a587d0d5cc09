/* The signals that the master takes. */
#ifndef MR_MASTER_SIGNALS_H
#define MR_MASTER_SIGNALS_H

#include <uv.h>

enum { MR_SIGNALS = 5 };

struct mr_signals {
    void (*on_signal)(void *context, int number);
    void *context;
    uv_signal_t handles[MR_SIGNALS];
};

/* Starts to pass SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGCHLD to `on_signal`, from the loop.
 * Ignores SIGPIPE. Signals that came since mr_process_begin() are passed first. */
void mr_signals_start(struct mr_signals *signals, uv_loop_t *loop,
                      void (*on_signal)(void *context, int number), void *context);
/* Closes the handles. The loop must run once more; `signals` must last until then. */
void mr_signals_stop(struct mr_signals *signals);

#endif
