/* Design: the window is a ring of entries by sequence number. Sequence numbers have no gaps, even
 * if offsets have. mr_offset_window_open() adds an entry at `next`. Messages are done in any order:
 * mr_offset_window_done() marks the entry, and then moves `first` past all done entries at the
 * front. So `first` is the oldest message that is not done, and the offset behind the entry before
 * it may be committed. The ring doubles when it is full and never shrinks. Each call takes constant
 * time on average. */
#include "worker/consumer/offset_window.h"

#include <stdlib.h>

#include "base/panic.h"

struct mr_offset_window_entry {
    int64_t offset;
    bool done;
};

static struct mr_offset_window_entry *entry_of(const struct mr_offset_window *window,
                                               uint64_t sequence)
{
    return &window->entries[sequence & (window->capacity - 1)];
}

static void grow(struct mr_offset_window *window)
{
    size_t capacity = window->capacity ? window->capacity * 2 : 64;
    struct mr_offset_window_entry *entries = mr_alloc(capacity * sizeof(*entries));
    for (uint64_t i = window->first; i < window->next; i++)
        entries[i & (capacity - 1)] = *entry_of(window, i);
    free(window->entries);
    window->entries = entries;
    window->capacity = capacity;
}

bool mr_offset_window_follows(const struct mr_offset_window *window, int64_t offset)
{
    return offset >= window->end;
}

uint64_t mr_offset_window_open(struct mr_offset_window *window, int64_t offset)
{
    if (mr_offset_window_size(window) == window->capacity)
        grow(window);
    MR_ASSERT(mr_offset_window_follows(window, offset));
    uint64_t sequence = window->next++;
    window->end = offset + 1;
    *entry_of(window, sequence) = (struct mr_offset_window_entry){.offset = offset};
    return sequence;
}

void mr_offset_window_done(struct mr_offset_window *window, uint64_t sequence)
{
    MR_ASSERT(sequence >= window->first && sequence < window->next);
    MR_ASSERT(!entry_of(window, sequence)->done);
    entry_of(window, sequence)->done = true;
    while (window->first < window->next && entry_of(window, window->first)->done) {
        window->committable = entry_of(window, window->first)->offset + 1;
        window->first++;
        window->moved = true;
    }
}

size_t mr_offset_window_size(const struct mr_offset_window *window)
{
    return (size_t)(window->next - window->first);
}

bool mr_offset_window_take(struct mr_offset_window *window, int64_t *next_offset)
{
    if (!window->moved)
        return false;
    window->moved = false;
    *next_offset = window->committable;
    return true;
}

void mr_offset_window_free(struct mr_offset_window *window)
{
    free(window->entries);
    *window = (struct mr_offset_window){0};
}
