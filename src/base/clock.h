/* Clocks: monotonic for waiting and measuring, wall time for timestamps in messages. */
#ifndef MR_BASE_CLOCK_H
#define MR_BASE_CLOCK_H

#include <stdint.h>
#include <sys/types.h>

uint64_t mr_clock_ns(void);        /* monotonic, nanoseconds */
uint64_t mr_clock_thread_ns(void); /* CPU time that this thread has used, nanoseconds */
/* Returns the CPU time of a process with all of its threads, nanoseconds; 0 if it has ended. */
uint64_t mr_clock_process_ns(pid_t pid);
uint64_t mr_clock_ms(void);     /* monotonic, milliseconds */
int64_t mr_clock_wall_ms(void); /* milliseconds since 1970-01-01T00:00:00Z */

/* Returns the way from monotonic to wall time, in ms, and stays at the way `before` while only
 * rounding makes a difference. Otherwise two messages that are due at the same time would be due
 * one millisecond apart, in the wrong order. */
static inline int64_t mr_clock_wall_offset(int64_t before, int64_t wall_ms, uint64_t monotonic_ms)
{
    int64_t now = wall_ms - (int64_t)monotonic_ms;
    return now < before - 1 || now > before + 1 ? now : before;
}

#endif
