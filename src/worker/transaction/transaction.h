/* Exactly-once delivery: a Kafka transaction commits the offsets of messages together with the
 * records that their handlers sent. Jobs enter the open transaction as they finish. When it is full
 * or old enough, it is committed in the background, while the next jobs finish. If it fails, it is
 * aborted, and its jobs, which keep their records, enter the next transaction. There is one
 * transaction at a time. */
#ifndef MR_WORKER_TRANSACTION_TRANSACTION_H
#define MR_WORKER_TRANSACTION_TRANSACTION_H

#include <stdbool.h>
#include <uv.h>

#include "base/errors.h"
#include "base/scoreboard.h"
#include "base/timers.h"
#include "config/config.h"
#include "worker/consumer/partitions.h"
#include "worker/producer/outbox.h"

struct mr_transaction;

struct mr_transaction_events {
    /* The job has left its line, committed or dropped: settle it. */
    void (*left)(void *data, struct mr_job *job);
    /* A record of the job will never be delivered. The job no longer holds that record, and is not
     * finished. */
    void (*undelivered)(void *data, struct mr_job *job, const struct mr_report *report);
    /* Nothing can be committed any more: another producer has our id (`fenced`), or ours cannot be
     * replaced. */
    void (*failed)(void *data, bool fenced, const char *why);
    void (*troubled)(void *data, bool unreachable, const char *text);
    void (*stirred)(void *data); /* something has happened in the background: take a turn */
};

/* Makes the transactions, which connect to nothing before mr_transaction_want(). The configuration
 * must outlive them. */
struct mr_transaction *mr_transaction_new(const struct mr_config *config, uv_loop_t *loop,
                                          int wake_fd, struct mr_timers *timers,
                                          struct mr_slot *slot, struct mr_partitions *partitions,
                                          const struct mr_transaction_events *events, void *data);
/* Makes the producer; call it if some route delivers exactly once. The producer takes over its id,
 * and ends the transaction that the last owner of the id left open. Returns 0, or -1 with errors.
 * Further calls do nothing. */
int mr_transaction_want(struct mr_transaction *transaction, struct mr_errors *errors);
/* Keeps a copy of the record on the job until the job is finished. For the outbox: `data` is the
 * transaction. */
void mr_transaction_hold(void *data, struct mr_job *job, enum mr_purpose purpose,
                         const struct mr_outgoing *record);
/* Notes that a job in its partition's line is done or dropped, and none of its records is under
 * way. `left` follows, perhaps at once. */
void mr_transaction_finished(struct mr_transaction *transaction, struct mr_job *job);
/* Aborts the transaction if it has jobs of revoked partitions. Call it after a revocation. */
void mr_transaction_revoked(struct mr_transaction *transaction);
/* Serves the producer's reports, and ends the transaction if it is time. Call it every turn, after
 * the handlers ran. `hurry`: the jobs that have entered are committed now. */
void mr_transaction_poll(struct mr_transaction *transaction, bool hurry);
void mr_transaction_reachable(struct mr_transaction *transaction, bool reachable); /* as outbox.h */
/* Abandons the transactions for good. Every job in a line is dropped, now or when it is
 * finished. */
void mr_transaction_abandon(struct mr_transaction *transaction);
/* Starts no more background work. A step under way ends within a few seconds. */
void mr_transaction_stop(struct mr_transaction *transaction);
/* Frees all. First the loop must have run until nothing is under way; no job may be left. */
void mr_transaction_free(struct mr_transaction *transaction);

#endif
