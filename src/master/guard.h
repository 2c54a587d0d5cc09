/* The poison guard. All workers get the messages that killed a worker, also those that start later.
 * Such a message is handled once more, with care (worker/dispatch/suspects.h). After its second
 * deadly run, no worker runs it again. It is forgotten a while after a worker has reported that it
 * is done with the message. */
#ifndef MR_MASTER_GUARD_H
#define MR_MASTER_GUARD_H

#include "base/channel.h"
#include "base/poison.h"
#include "base/scoreboard.h"
#include "master/guard_file.h"

struct mr_guard_host {
    void (*send)(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body);
};

/* The owner sets host, context and slot_count, and zeroes the rest. */
struct mr_guard {
    struct mr_guard_host host;
    void *context;
    uint64_t slot_count;
    struct mr_poisons poisons;
    struct mr_guard_file file; /* set by mr_guard_keep() */
};

/* Keeps the list beyond the master's death, and takes over the list that the last master of that
 * name has left. Call it before the first worker starts. */
void mr_guard_keep(struct mr_guard *guard, const char *name);

void mr_guard_free(struct mr_guard *guard);
/* Sends all noted messages to a new worker. Call it before the worker gets anything to load. */
void mr_guard_started(struct mr_guard *guard, uint64_t slot);
/* Counts a death against the message that the row shows, if it shows one, and sends the message to
 * all workers. At MR_POISON_DEATHS deaths it is poisoned. */
void mr_guard_died(struct mr_guard *guard, const struct mr_slot *row, const char *cause);
/* Takes MR_FRAME_BURIED, which ends the poisoning of a message; ignores other frames. */
void mr_guard_frame(struct mr_guard *guard, const struct mr_frame *frame);

#endif
