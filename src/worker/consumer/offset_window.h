/* The offsets of one partition whose messages are at work, in the order they were consumed. The
 * window finds the offset below which all messages are done: it may be committed. Offsets may have
 * gaps (compaction, transaction markers); only their order counts. */
#ifndef MR_WORKER_CONSUMER_OFFSET_WINDOW_H
#define MR_WORKER_CONSUMER_OFFSET_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is an empty window; mr_offset_window_free() returns it to that. */
struct mr_offset_window {
    struct mr_offset_window_entry *entries; /* a ring; capacity is a power of two */
    size_t capacity;
    uint64_t first, next; /* sequence numbers: entries are [first, next) */
    int64_t end;          /* the offset after the latest opened one; 0 before the first */
    int64_t committable;  /* the offset after the prefix of messages that are done */
    bool moved;           /* the prefix grew since it was last taken */
};

/* Returns true if the offset is above all that were opened before. If it is not, the partition's
 * offsets have begun anew, and need another window. */
bool mr_offset_window_follows(const struct mr_offset_window *window, int64_t offset);
/* Opens an offset, for which mr_offset_window_follows() must be true. Returns its sequence number.
 */
uint64_t mr_offset_window_open(struct mr_offset_window *window, int64_t offset);
/* Notes that the message of that sequence number is done. Call it once per message. */
void mr_offset_window_done(struct mr_offset_window *window, uint64_t sequence);
/* Returns how many offsets there are from the first that is not done to the latest. */
size_t mr_offset_window_size(const struct mr_offset_window *window);
/* Returns true, with the next offset to store, if the prefix has grown since the last time. */
bool mr_offset_window_take(struct mr_offset_window *window, int64_t *next_offset);
void mr_offset_window_free(struct mr_offset_window *window);

#endif
