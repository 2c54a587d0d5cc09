/* Transactions that stand still are told: in the log, in health and in a metric. */
#ifndef MR_WORKER_TRANSACTION_STALL_H
#define MR_WORKER_TRANSACTION_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scoreboard.h"

enum { MR_STALL_MS = 5000 };

/* {0} stands still for no time. */
struct mr_stall {
    uint64_t since; /* ms, when what is under way began to be; 0: nothing is */
    bool told;
};

/* Every turn: `busy` if anything is under way, `held_out` if messages are kept out of transactions.
 * `why` is of interest only if they stand still. */
void mr_stall_look(struct mr_stall *stall, struct mr_slot *slot, bool busy, bool held_out,
                   const char *why, uint64_t now);
/* Something has come to its end. */
void mr_stall_progress(struct mr_stall *stall);

#endif
