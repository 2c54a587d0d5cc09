/* Timers: a binary heap by due time. Nodes live in their owners; arming and cancelling allocate
 * nothing but the heap itself. The caller passes the time (monotonic ms), so that tests can set
 * it. */
#ifndef MR_BASE_TIMERS_H
#define MR_BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is a timer that is not armed. The structure that embeds the timer owns it; the timer must not
 * be moved or freed while armed. */
struct mr_timer {
    uint64_t due;
    uint64_t armed; /* how many timers were armed before it */
    void (*fire)(struct mr_timer *timer);
    size_t place; /* in the heap, from 1; 0 if not armed */
};

/* {0} is an empty heap; mr_timers_free() empties it again. */
struct mr_timers {
    struct mr_timer **heap; /* heap[1..count] */
    size_t count, capacity;
    uint64_t armed;
};

static inline bool mr_timer_armed(const struct mr_timer *timer)
{
    return timer->place != 0;
}

/* Arms the timer. If it is armed already, sets its new time. */
void mr_timers_arm(struct mr_timers *timers, struct mr_timer *timer, uint64_t due,
                   void (*fire)(struct mr_timer *timer));
void mr_timers_cancel(struct mr_timers *timers, struct mr_timer *timer); /* fine if not armed */
/* Fires all timers that are due at `now`, by their time; those of the same time in the order in
 * which they were armed. `fire` may cancel any timer and arm any for a time later than `now`. */
void mr_timers_run(struct mr_timers *timers, uint64_t now);
/* Sets when the next timer is due; returns false if none is armed. */
bool mr_timers_next(const struct mr_timers *timers, uint64_t *due);
void mr_timers_free(struct mr_timers *timers); /* disarms all */

#endif
