/* Exactly-once delivery: what messages came to (their records and their offsets) is committed by
 * Kafka transactions, one after the other. Jobs gather in one as they finish; when it is full or
 * old enough it is committed, in the background, while the next ones finish. Where it fails it is
 * aborted and its jobs, which kept their records, enter the next one. */
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
    /* The job has left its line: committed, or dropped. It is to be settled. */
    void (*left)(void *data, struct mr_job *job);
    /* A record of the job will never be delivered; the job does not hold it any more, and is not
     * finished. */
    void (*undelivered)(void *data, struct mr_job *job, const struct mr_report *report);
    /* Nothing can be committed any more: another has our id (`fenced`), or worse. */
    void (*failed)(void *data, bool fenced, const char *why);
    void (*troubled)(void *data, bool unreachable, const char *text);
    void (*stirred)(void *data); /* something has happened in the background: take a turn */
};

/* Connects to nothing until it is wanted. The configuration must outlive it. */
struct mr_transaction *mr_transaction_new(const struct mr_config *config, uv_loop_t *loop,
                                          int wake_fd, struct mr_timers *timers,
                                          struct mr_slot *slot, struct mr_partitions *partitions,
                                          const struct mr_transaction_events *events, void *data);
/* Some route delivers exactly once: makes the producer, which takes its id from whoever had it and
 * ends what that left open. Returns 0, or -1 with errors. Again is nothing. */
int mr_transaction_want(struct mr_transaction *transaction, struct mr_errors *errors);
/* Holds the record on the job until that is finished. For the outbox: `data` is the transaction. */
void mr_transaction_hold(void *data, struct mr_job *job, enum mr_purpose purpose,
                         const struct mr_outgoing *record);
/* The job, which is in its partition's line, is done or dropped, and nothing of it is on its way:
 * `left` follows, perhaps at once. */
void mr_transaction_finished(struct mr_transaction *transaction, struct mr_job *job);
/* Partitions were taken away: what they have in the transaction does not stay there. */
void mr_transaction_revoked(struct mr_transaction *transaction);
/* Every turn, after the handlers had theirs. `hurry`: what has gathered is committed now. */
void mr_transaction_poll(struct mr_transaction *transaction, bool hurry);
void mr_transaction_reachable(struct mr_transaction *transaction, bool reachable); /* as outbox.h */
/* Gives up: every job in a line is dropped, now or when it is finished. */
void mr_transaction_abandon(struct mr_transaction *transaction);
/* Begins nothing in the background any more; what is under way ends within a few seconds. */
void mr_transaction_stop(struct mr_transaction *transaction);
/* The loop has run until nothing was under way, and no job is left. */
void mr_transaction_free(struct mr_transaction *transaction);

#endif
