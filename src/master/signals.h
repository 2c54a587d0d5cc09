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

/* From here on SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGCHLD come to on_signal, from the loop;
 * SIGPIPE is ignored. Signals that came since mr_process_begin come first. */
void mr_signals_start(struct mr_signals *signals, uv_loop_t *loop,
                      void (*on_signal)(void *context, int number), void *context);
/* Closes the handles (the loop has to run once more; `signals` outlives that). */
void mr_signals_stop(struct mr_signals *signals);

#endif
