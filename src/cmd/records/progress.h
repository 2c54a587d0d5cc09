/* Tells how far a command is, on a terminal, if it takes longer than a second. */
#ifndef MR_CMD_RECORDS_PROGRESS_H
#define MR_CMD_RECORDS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mr_progress {
    const char *verb; /* what is done with the records that are chosen: "shown" */
    size_t read, chosen;
    bool told;     /* a line of progress is on the terminal */
    bool quiet;    /* standard error is no terminal, or standard output is one */
    uint64_t next; /* when to tell again, mr_clock_ms() */
};

/* Begins to count. `verb` is borrowed. */
void mr_progress_begin(struct mr_progress *progress, const char *verb);
/* Counts one record; tells once a second. */
void mr_progress_count(struct mr_progress *progress, bool chosen);
/* Takes the line of progress off the terminal. */
void mr_progress_end(struct mr_progress *progress);

#endif
