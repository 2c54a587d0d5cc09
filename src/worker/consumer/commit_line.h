/* The jobs of one partition in the order their messages came: where delivery is exactly-once they
 * leave in that order, since what is committed is a prefix. The first ones, finished, may have
 * entered a transaction. */
#ifndef MR_WORKER_CONSUMER_COMMIT_LINE_H
#define MR_WORKER_CONSUMER_COMMIT_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct mr_job;

/* {0} is empty. */
struct mr_line {
    struct mr_job *first, *last;
    struct mr_job *latest; /* the last one that has entered the transaction; NULL: none has */
    size_t entered;
    bool broken; /* one was dropped, or the partition is lost: none behind it is committed */
};

void mr_line_join(struct mr_line *line, struct mr_job *job);
/* The next one to enter the transaction; NULL where it is not finished, or not to be committed. */
struct mr_job *mr_line_next(const struct mr_line *line);
void mr_line_enter(struct mr_line *line); /* that one does */
/* The transaction is committed: takes out the first of those that entered. */
struct mr_job *mr_line_leave(struct mr_line *line);
/* The transaction is aborted: none has entered. */
void mr_line_rewind(struct mr_line *line);
/* Takes out the first one where it is finished and not to be committed, while none has entered;
 * NULL otherwise. */
struct mr_job *mr_line_drop(struct mr_line *line);

#endif
