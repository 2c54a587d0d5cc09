#include "base/timers.h"

#include <stdlib.h>

#include "base/panic.h"

static void place(struct mr_timers *timers, struct mr_timer *timer, size_t at)
{
    timers->heap[at] = timer;
    timer->place = at;
}

/* Returns true if `timer` fires before `other`: if both are due at once, the one armed first. */
static bool is_before(const struct mr_timer *timer, const struct mr_timer *other)
{
    return timer->due != other->due ? timer->due < other->due : timer->armed < other->armed;
}

static void sift_up(struct mr_timers *timers, struct mr_timer *timer, size_t at)
{
    for (; at > 1 && is_before(timer, timers->heap[at / 2]); at /= 2)
        place(timers, timers->heap[at / 2], at);
    place(timers, timer, at);
}

static void sift_down(struct mr_timers *timers, struct mr_timer *timer, size_t at)
{
    for (size_t child; (child = at * 2) <= timers->count; at = child) {
        if (child < timers->count && is_before(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!is_before(timers->heap[child], timer))
            break;
        place(timers, timers->heap[child], at);
    }
    place(timers, timer, at);
}

static void reserve(struct mr_timers *timers)
{
    if (timers->count + 1 < timers->capacity)
        return;
    timers->capacity = timers->capacity ? timers->capacity * 2 : 64;
    timers->heap = mr_realloc(timers->heap, timers->capacity * sizeof(timers->heap[0]));
}

void mr_timers_arm(struct mr_timers *timers, struct mr_timer *timer, uint64_t due,
                   void (*fire)(struct mr_timer *timer))
{
    mr_timers_cancel(timers, timer);
    reserve(timers);
    timer->due = due;
    timer->armed = timers->armed++;
    timer->fire = fire;
    timers->count++;
    sift_up(timers, timer, timers->count);
}

void mr_timers_cancel(struct mr_timers *timers, struct mr_timer *timer)
{
    size_t at = timer->place;
    if (at == 0)
        return;
    timer->place = 0;
    struct mr_timer *last = timers->heap[timers->count--];
    if (last == timer)
        return;
    if (at > 1 && is_before(last, timers->heap[at / 2]))
        sift_up(timers, last, at);
    else
        sift_down(timers, last, at);
}

void mr_timers_run(struct mr_timers *timers, uint64_t now)
{
    while (timers->count > 0 && timers->heap[1]->due <= now) {
        struct mr_timer *timer = timers->heap[1];
        mr_timers_cancel(timers, timer);
        timer->fire(timer);
    }
}

bool mr_timers_next(const struct mr_timers *timers, uint64_t *due)
{
    if (timers->count == 0)
        return false;
    *due = timers->heap[1]->due;
    return true;
}

void mr_timers_free(struct mr_timers *timers)
{
    for (size_t i = 1; i <= timers->count; i++)
        timers->heap[i]->place = 0;
    free(timers->heap);
    *timers = (struct mr_timers){0};
}
