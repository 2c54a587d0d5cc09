/* The poison guard: a message that a worker dies of is handled again like any other; after the
 * second death workers are told not to run it, those that start later too, until one of them says
 * that it is done with. */
#ifndef MR_MASTER_GUARD_H
#define MR_MASTER_GUARD_H

#include "base/channel.h"
#include "base/poison.h"
#include "base/scoreboard.h"

struct mr_guard_host {
    void (*send)(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body);
};

/* Made by its owner with host, context and slot_count; the rest is zero. */
struct mr_guard {
    struct mr_guard_host host;
    void *context;
    uint64_t slot_count;
    struct mr_poisons poisons;
};

void mr_guard_free(struct mr_guard *guard);
/* A worker is there; before it is told to load anything. */
void mr_guard_started(struct mr_guard *guard, uint64_t slot);
/* One has died; its row shows what it did. */
void mr_guard_died(struct mr_guard *guard, const struct mr_slot *row, const char *cause);
/* MR_FRAME_BURIED; frames of other kinds are none of its business. */
void mr_guard_frame(struct mr_guard *guard, const struct mr_frame *frame);

#endif
