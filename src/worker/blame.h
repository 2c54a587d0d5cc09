/* Whose record fails a transaction. Most are told of as they are refused; but a broker that forbids
 * a topic refuses the transaction, not the record. With one job in it that is its job's; with more
 * they are tried one by one. */
#ifndef MR_WORKER_BLAME_H
#define MR_WORKER_BLAME_H

#include <stddef.h>

#include "worker/batch.h"

/* {0} blames nobody. */
struct mr_blame {
    size_t alone;     /* so many transactions to come have one job each */
    enum mr_sent how; /* what a record of the latest was refused for, where only the commit told */
    char why[512];
};

/* The transaction is to be aborted: `how` and `why` as the commit told them, MR_SENT_BACK where no
 * record is to blame for all one knows. */
void mr_blame_note(struct mr_blame *blame, enum mr_sent how, const char *why);
/* It is aborted: moves the jobs to blame, which are not finished any more, to `list`. */
void mr_blame_find(struct mr_blame *blame, const struct mr_batch *batch, struct mr_job_list *list);
/* A transaction is committed. */
void mr_blame_committed(struct mr_blame *blame);

#endif
