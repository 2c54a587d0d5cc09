/* The jobs of one partition in the order of their messages. With exactly-once delivery they leave
 * in this order, because Kafka commits a prefix of the offsets. The first jobs, if they have
 * finished, may have entered a transaction. */
#ifndef MR_WORKER_CONSUMER_COMMIT_LINE_H
#define MR_WORKER_CONSUMER_COMMIT_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct mr_job;

/* {0} is empty. */
struct mr_commit_line {
    struct mr_job *first, *last;
    struct mr_job *latest; /* the last job that has entered the transaction; NULL: none has */
    size_t entered;
    bool broken;   /* a job was dropped or the partition is lost: no later job is committed */
    bool troubled; /* the next job waits for an output topic (worker/transaction/trouble.h) */
};

void mr_commit_line_join(struct mr_commit_line *line, struct mr_job *job);
/* Returns the next job to enter the transaction; NULL if it has not finished, or must not be
 * committed. */
struct mr_job *mr_commit_line_next(const struct mr_commit_line *line);
void mr_commit_line_enter(struct mr_commit_line *line); /* this next job enters */
/* Takes out the first job that entered, after the transaction was committed. */
struct mr_job *mr_commit_line_leave(struct mr_commit_line *line);
/* Puts all jobs back after the transaction was aborted: none has entered. */
void mr_commit_line_rewind(struct mr_commit_line *line);
/* Takes out the first job if it has finished and must not be committed, and no job has entered.
 * Returns NULL otherwise. No later job is committed from then on. */
struct mr_job *mr_commit_line_drop(struct mr_commit_line *line);

#endif
