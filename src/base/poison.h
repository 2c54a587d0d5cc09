/* Messages that workers died of: which, how often, and how the last one ended. The master counts
 * deaths in one of these; workers keep the messages that they must not run again. */
#ifndef MR_BASE_POISON_H
#define MR_BASE_POISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct mr_message_id {
    const char *group, *topic;
    int32_t partition;
    int64_t offset;
};

struct mr_poison {
    struct mr_message_id id;
    char *names;    /* the memory of the id's */
    char *cause;    /* "signal SIGSEGV" */
    size_t deaths;  /* of workers that ran it */
    uint64_t until; /* monotonic ms, remembered; 0: until it is done with */
};

/* How many are remembered: the one noted longest ago gives way. One that is done with is kept for a
 * while, since it comes again where its offset was not committed yet. */
enum { MR_POISONS = 1024, MR_POISON_DEATHS = 2, MR_POISON_KEPT = 60000 /* ms */ };

/* {0} is empty; mr_poisons_free() returns it to that. */
struct mr_poisons {
    struct mr_poison *all; /* in the order they were noted */
    size_t count;
};

/* One more death, or the first, of that cause. Everything is copied. */
const struct mr_poison *mr_poisons_note(struct mr_poisons *poisons, const struct mr_message_id *id,
                                        const char *cause);
/* NULL where it is not there. */
const struct mr_poison *mr_poisons_find(const struct mr_poisons *poisons,
                                        const struct mr_message_id *id);
/* Any one of that partition; NULL where there is none. */
const struct mr_poison *mr_poisons_in(const struct mr_poisons *poisons, const char *group,
                                      const char *topic, int32_t partition);
/* Forgets that one, which is of `poisons`. */
void mr_poisons_forget(struct mr_poisons *poisons, const struct mr_poison *poison);
/* It is done with, at `now`. False where it was not there. */
bool mr_poisons_done(struct mr_poisons *poisons, const struct mr_message_id *id, uint64_t now);
/* Forgets what was done with long enough ago. */
void mr_poisons_tidy(struct mr_poisons *poisons, uint64_t now);
void mr_poisons_free(struct mr_poisons *poisons);

/* For the channel. What is decoded has to be freed; false where the bytes are malformed. */
void mr_poison_encode(const struct mr_message_id *id, const char *cause, struct mr_buf *out);
bool mr_poison_decode(struct mr_bytes bytes, struct mr_poison *poison);
void mr_poison_free(struct mr_poison *poison);

#endif
