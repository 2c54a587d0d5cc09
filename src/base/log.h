/* Structured log, one line per event, to standard error or a file; as JSON, or as text for
 * people. Writing never blocks (log_sink.h): if a reader is slow, lines wait, and at worst they are
 * dropped. */
#ifndef MR_BASE_LOG_H
#define MR_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum mr_log_level { MR_LOG_DEBUG, MR_LOG_INFO, MR_LOG_WARN, MR_LOG_ERROR };
enum mr_log_format { MR_LOG_JSON, MR_LOG_TEXT };

struct mr_log_field {
    const char *name; /* NULL ends the list */
    bool is_integer;
    struct mr_bytes text;
    int64_t integer;
};

#define MR_S(field, value) ((struct mr_log_field){.name = (field), .text = mr_bytes_of(value)})
#define MR_B(field, bytes) ((struct mr_log_field){.name = (field), .text = (bytes)})
#define MR_I(field, value)                                                                         \
    ((struct mr_log_field){.name = (field), .is_integer = true, .integer = (int64_t)(value)})

/* Opens the log; if `path` is NULL or "", on standard error. Copies `who` ("master", "worker 2"),
 * which is in every line. Returns 0; or -errno if the file cannot be opened, and leaves the log as
 * it was. Text is coloured if it goes to a terminal. */
int mr_log_open(const char *path, enum mr_log_format format, enum mr_log_level level,
                const char *who);
/* Opens the file again, after a rotation. If that fails, logs an error and keeps the old file. */
void mr_log_reopen(void);
extern enum mr_log_level mr_log_lowest; /* of the levels that are written; set by mr_log_open() */
static inline bool mr_log_enabled(enum mr_log_level level)
{
    return level >= mr_log_lowest;
}
enum mr_log_level
mr_log_level_of(const char *name); /* debug, info, warn or error; panics at any other name */

/* Logs an event: `mr_log(MR_LOG_WARN, "reply_failed", MR_S("topic", topic), MR_I("offset", offset),
 * MR_S("message", text))`. `event` is a fixed name in snake_case. Put the text for people in the
 * field "message". */
#define mr_log(level, event, ...)                                                                  \
    mr_log_write((level), (event), (const struct mr_log_field[]){__VA_ARGS__, {.name = NULL}})
void mr_log_write(enum mr_log_level level, const char *event, const struct mr_log_field *fields);
/* Writes lines that wait, as far as they can be written now. When none waits any more, logs how
 * many were dropped. Call it now and then: nothing else does, except the next event. */
void mr_log_flush(void);
uint64_t mr_log_lost(void); /* lines dropped since the last call */

#endif
