/* The output of the log: a file, or standard error. Writing never blocks. If a reader is slow,
 * lines wait in a buffer; if it is full, further lines are dropped and counted.
 *
 * Standard error belongs to other processes, too, so its own description must keep blocking. A pipe
 * or terminal is opened anew for this process, and a socket is asked per call. */
#ifndef MR_BASE_LOG_SINK_H
#define MR_BASE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MR_LOG_BUFFER = 1 << 20 }; /* bytes that wait at most */

/* Writes to that file from now on, or to standard error if `path` is NULL. Returns 0; or -errno,
 * and then the output stays as it was. Lines that wait go to the new output. */
int mr_log_sink_open(const char *path);
bool mr_log_sink_is_terminal(void);
/* Writes a line, or keeps it, or drops it. */
void mr_log_sink_write(const char *line, size_t length);
/* Writes lines that wait, as far as they can be written now. Returns true if none waits any more.
 */
bool mr_log_sink_flush(void);
/* Returns how many lines were dropped so far. */
uint64_t mr_log_sink_dropped(void);

#endif
