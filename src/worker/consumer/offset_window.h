/* The offsets of one partition that are at work, in the order they were consumed: which may be
 * committed. Offsets may have gaps (compaction, transaction markers); what counts is the order. */
#ifndef MR_WORKER_CONSUMER_OFFSET_WINDOW_H
#define MR_WORKER_CONSUMER_OFFSET_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is an empty window; mr_window_free() returns it to that. */
struct mr_window {
    struct mr_window_entry *entries; /* a ring; capacity is a power of two */
    size_t capacity;
    uint64_t first, next; /* sequence numbers: entries are [first, next) */
    int64_t end;          /* the offset after the latest that was opened; 0 before the first */
    int64_t committable;  /* the offset after the gap-free prefix of done ones */
    bool moved;           /* the prefix grew since it was last taken */
};

/* The offset is above all before it. Where it is not, the partition's offsets have begun anew, and
 * need another window. */
bool mr_window_follows(const struct mr_window *window, int64_t offset);
/* Opens an offset that follows; returns its sequence number. */
uint64_t mr_window_open(struct mr_window *window, int64_t offset);
/* The message of that sequence number is finished with. Once for each. */
void mr_window_done(struct mr_window *window, uint64_t sequence);
/* Open ones. */
size_t mr_window_size(const struct mr_window *window);
/* True with the next offset to store when the gap-free prefix grew since the last time. */
bool mr_window_take(struct mr_window *window, int64_t *next_offset);
void mr_window_free(struct mr_window *window);

#endif
