/* The poison guard. A message that killed a worker is handled again like any other. After its
 * second deadly run, all workers are ordered not to run it, also those that start later. The order
 * ends when a worker reports that it is done with the message. */
#ifndef MR_MASTER_GUARD_H
#define MR_MASTER_GUARD_H

#include "base/channel.h"
#include "base/poison.h"
#include "base/scoreboard.h"

struct mr_guard_host {
    void (*send)(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body);
};

/* The owner sets host, context and slot_count, and zeroes the rest. */
struct mr_guard {
    struct mr_guard_host host;
    void *context;
    uint64_t slot_count;
    struct mr_poisons poisons;
};

void mr_guard_free(struct mr_guard *guard);
/* Sends all poisoned messages to a new worker. Call it before the worker gets anything to load. */
void mr_guard_started(struct mr_guard *guard, uint64_t slot);
/* Counts a death against the message that the row shows, if it shows one. Poisons the message at
 * MR_POISON_DEATHS deaths. */
void mr_guard_died(struct mr_guard *guard, const struct mr_slot *row, const char *cause);
/* Takes MR_FRAME_BURIED, which ends the poisoning of a message; ignores other frames. */
void mr_guard_frame(struct mr_guard *guard, const struct mr_frame *frame);

#endif
