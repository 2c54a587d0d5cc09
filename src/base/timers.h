/* Timers: a binary heap by due time. Nodes live in their owners; arming and cancelling allocate
 * nothing but the heap itself. Time is given by the caller (monotonic ms), so that tests bring
 * their own. */
#ifndef MR_BASE_TIMERS_H
#define MR_BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is a timer that is not armed. Owned by whoever embeds it; must not move or be freed while
 * armed. */
struct mr_timer {
    uint64_t due;
    uint64_t armed; /* how many were before it */
    void (*fire)(struct mr_timer *timer);
    size_t place; /* in the heap, from 1; 0 when not armed */
};

/* {0} is an empty heap; mr_timers_free() returns it to that. */
struct mr_timers {
    struct mr_timer **heap; /* heap[1..count] */
    size_t count, capacity;
    uint64_t armed;
};

static inline bool mr_timer_armed(const struct mr_timer *timer)
{
    return timer->place != 0;
}

/* Arms the timer, or arms it anew. */
void mr_timers_arm(struct mr_timers *timers, struct mr_timer *timer, uint64_t due,
                   void (*fire)(struct mr_timer *timer));
void mr_timers_cancel(struct mr_timers *timers, struct mr_timer *timer); /* fine where not armed */
/* Fires, in order of their time and those of one time as they were armed, all that are due at
 * `now`; `fire` may arm (later than now) and cancel any timer. */
void mr_timers_run(struct mr_timers *timers, uint64_t now);
/* When the next one is due; false when none is armed. */
bool mr_timers_next(const struct mr_timers *timers, uint64_t *due);
void mr_timers_free(struct mr_timers *timers); /* disarms all */

#endif
