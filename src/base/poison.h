/* Messages that killed workers: which, how often, and how the last worker died. The master counts
 * deaths in one such list; each worker has a copy of it. */
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
    char *names;    /* owns the strings of `id` */
    char *cause;    /* such as "signal SIGSEGV" */
    size_t deaths;  /* of workers that ran the message */
    uint64_t until; /* monotonic ms, remembered until then; 0: until the message is settled */
};

/* How many messages are remembered: the one noted first makes room for a new one. A settled message
 * is kept for a while, since it comes again if its offset was not committed yet. */
enum { MR_POISONS = 1024, MR_POISON_DEATHS = 2, MR_POISON_KEPT = 60000 /* ms */ };

/* {0} is an empty list; mr_poisons_free() empties it again. */
struct mr_poisons {
    struct mr_poison *all; /* in the order in which they were noted */
    size_t count;
};

/* Counts a death by that message, and notes the message if it is new. Copies everything. */
const struct mr_poison *mr_poisons_note(struct mr_poisons *poisons, const struct mr_message_id *id,
                                        const char *cause);
/* Notes the message with that many deaths, instead of those that are noted. Copies everything. */
void mr_poisons_learn(struct mr_poisons *poisons, const struct mr_poison *poison);
/* Returns NULL if the message is not in the list. */
const struct mr_poison *mr_poisons_find(const struct mr_poisons *poisons,
                                        const struct mr_message_id *id);
/* Returns any message of that partition; NULL if there is none. */
const struct mr_poison *mr_poisons_in(const struct mr_poisons *poisons, const char *group,
                                      const char *topic, int32_t partition);
/* Removes `poison`, which is in `poisons`. */
void mr_poisons_forget(struct mr_poisons *poisons, const struct mr_poison *poison);
/* Marks the message as settled at `now` (monotonic ms). Returns false if it is not in the list. */
bool mr_poisons_done(struct mr_poisons *poisons, const struct mr_message_id *id, uint64_t now);
/* Removes messages that were settled long enough ago. */
void mr_poisons_tidy(struct mr_poisons *poisons, uint64_t now);
void mr_poisons_free(struct mr_poisons *poisons);

/* Encodes or decodes a message for the channel. Decoding returns false if the bytes are malformed.
 * If it returns true, free the result by mr_poison_free(). */
void mr_poison_encode(const struct mr_poison *poison, struct mr_buf *out);
bool mr_poison_decode(struct mr_bytes bytes, struct mr_poison *poison);
void mr_poison_free(struct mr_poison *poison);

#endif
