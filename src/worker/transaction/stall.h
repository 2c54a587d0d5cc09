/* Reports transactions that make no progress: in the log, in health and in a metric. */
#ifndef MR_WORKER_TRANSACTION_STALL_H
#define MR_WORKER_TRANSACTION_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scoreboard.h"

enum { MR_STALL_MS = 5000 };

/* {0}: nothing is under way. */
struct mr_stall {
    uint64_t since; /* ms, since when nothing has made progress; 0: nothing is under way */
    bool told;
};

/* Checks for a stall; call it every turn. `busy`: something is under way. `held_out`: messages are
 * kept out of transactions. `why` is used only if there is a stall; `now` is in ms. */
void mr_stall_look(struct mr_stall *stall, struct mr_slot *slot, bool busy, bool held_out,
                   const char *why, uint64_t now);
/* Notes that a transaction has made progress. */
void mr_stall_progress(struct mr_stall *stall);

#endif
