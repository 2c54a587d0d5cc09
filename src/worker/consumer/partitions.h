/* The partitions that this worker has: the offset window of each, its jobs, and its states
 * (partition_state.h). */
#ifndef MR_WORKER_CONSUMER_PARTITIONS_H
#define MR_WORKER_CONSUMER_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/idmap.h"
#include "base/timers.h"
#include "kafka/consumer/consumer.h"
#include "worker/consumer/commit_line.h"
#include "worker/consumer/offset_window.h"
#include "worker/consumer/partition_state.h"
#include "worker/consumer/stuck.h"
#include "worker/job/schedule.h"
#include "worker/routing/routes.h"

struct mr_partitions;

struct mr_partition {
    struct mr_partitions *owner;
    struct {
        const void *source; /* a topic of a consumer */
        int64_t number;
    } id;
    char *topic;
    int32_t number;
    struct mr_consumer *consumer;
    struct mr_offset_window window;
    struct mr_flow flow;    /* its jobs and handlers that may go on now */
    uint64_t routes_number; /* of the routes (dispatch/context.h) that gave `route`; 0 before the
                               first message */
    struct mr_route *route;
    char *first_topic;  /* of a retry topic: the topic whose retries it has; else NULL */
    bool returns;       /* its messages are retries of first_topic's, even if that has no route */
    bool stuck;         /* its records are not acknowledged (stuck.h) */
    uint64_t topic_row; /* in the scoreboard */
    uint64_t group_row; /* likewise; of the group of `route` */
    uint64_t count_row; /* likewise; of first_topic if it `returns`, else topic_row */
    size_t most;        /* unhandled jobs at which it is full; at half as many it goes on */
    uint64_t started;   /* the sequence number after the last message whose handler has started */
    size_t unhandled;   /* jobs whose handlers have not ended; if transactional: not settled */
    size_t unhandled_bytes; /* of these jobs */
    size_t jobs;            /* jobs not settled */
    size_t bytes;           /* of the jobs that are not shelved, and of record_bytes */
    size_t record_bytes;    /* of records that its jobs hold for a transaction */
    struct mr_dues dues;
    size_t shelved, shelved_bytes; /* jobs that wait until they are due (shelf.h) */
    struct mr_job_list later;      /* shelved jobs that wait long (failure/later.h) */
    enum mr_partition_delivery delivery;
    struct mr_commit_line line;
    struct mr_partition *together; /* the next partition that has jobs in the transaction */
    enum mr_tenure tenure;
    enum mr_partition_fullness fullness;
    bool slow;                 /* it did not go on within PATIENCE when it was full last */
    uint64_t full_since;       /* ms, since when it is full */
    struct mr_timer patience;  /* armed in the grace period */
    bool shelf_full;           /* its shelf is full, and it is paused for that */
    bool rewound;              /* its next messages were taken before */
    bool asked;                /* commits are asked for, so that the first suspect may start */
    int64_t taken;             /* the offset after the last message taken */
    int64_t stored;            /* the latest stored offset */
    int64_t committed;         /* all offsets below this one are committed */
    struct mr_job_list early;  /* jobs that would start now, but wait for `committed` */
    size_t blocked;            /* dead letters that it waits for (failure/forward.h) */
    struct mr_job_list held;   /* jobs that wait for these, for memory (handler/memory.h), or for a
                                  suspect (dispatch/suspects.h) */
    struct mr_job *suspects;   /* in the order of their offsets; NULL: none */
    uint64_t suspected;        /* ms, since when the first of them is the first */
    int64_t awaited;           /* some suspect starts when all below this offset is committed */
    int64_t fence;             /* no job starts until all below this offset is committed; 0: none */
    struct mr_job_list parked; /* jobs for which there is no route */
    struct mr_partition *next;
};

/* {0} with timers and schedule set is empty; mr_partitions_free() returns it to that. */
struct mr_partitions {
    struct mr_timers *timers;
    struct mr_schedule *schedule;
    size_t full;                   /* partitions in their grace period before they are paused */
    size_t busy;                   /* partitions with unhandled jobs */
    size_t unhandled_bytes, bytes; /* of jobs not handled, of jobs not settled and their records */
    size_t shelves;                /* partitions with shelved jobs */
    size_t shelved_bytes;          /* of shelved jobs; in no other sum */
    size_t full_shelves;           /* partitions that are paused for a full shelf */
    struct mr_stuck stuck;
    size_t suspects; /* in all partitions; while there are any, commits do not wait */
    struct mr_idmap by_id;
    struct mr_partition *latest; /* of the latest message: messages come in runs of one partition */
    struct mr_partition *all;
};

/* Returns the partition that the message is from; NULL if none of its messages has come yet. */
struct mr_partition *mr_partitions_known(struct mr_partitions *partitions,
                                         const struct mr_message *message);
/* Returns the partition that the message is from. Makes it if this is its first message. */
struct mr_partition *mr_partitions_of(struct mr_partitions *partitions,
                                      struct mr_consumer *consumer,
                                      const struct mr_message *message);
/* Replaces a partition whose offsets begin anew with this message, because its topic was created
 * again, or the partition was cut. Jobs at work on the old partition store no offset any more.
 * Returns the new one; the old one is freed with its last job, or at once. */
struct mr_partition *mr_partitions_restart(struct mr_partitions *partitions,
                                           struct mr_partition *partition,
                                           const struct mr_message *message);
/* Counts a job of that size that is settled. Resumes the partition if it may go on, and frees it if
 * it is revoked and this was its last job. `done`: the job's offset may be stored once all before
 * it may. */
void mr_partition_settled(struct mr_partitions *partitions, struct mr_partition *partition,
                          uint64_t sequence, size_t size, bool done);
/* Stores the offsets that may be committed, of all partitions that are not revoked. */
void mr_partitions_store(struct mr_partitions *partitions);
/* Notes that the partition is about to be revoked. */
void mr_partitions_leave(struct mr_partitions *partitions, const struct mr_consumer *consumer,
                         const char *topic, int32_t number);
/* Returns true if the message was taken before. Records may be read again, from the first on, if
 * librdkafka has to look up itself where to begin (kafka/consumer/starts.c). If a partition was
 * created again, or cut, it is shorter than what was read of it. Its messages are new ones then. */
bool mr_partition_has(struct mr_partition *partition, const struct mr_message *message);
/* Releases a partition that another member already has: none of its offsets is stored any more. */
void mr_partitions_lose(struct mr_partitions *partitions, const struct mr_consumer *consumer,
                        const char *topic, int32_t number);
/* Returns the partition if this worker has it now, else NULL. */
struct mr_partition *mr_partitions_find(const struct mr_partitions *partitions,
                                        const struct mr_consumer *consumer, const char *topic,
                                        int32_t number);
/* Returns true if the consumer's leaving partitions have no job left. */
bool mr_partitions_drained(const struct mr_partitions *partitions,
                           const struct mr_consumer *consumer);
/* Stores the offsets of the consumer's leaving partitions, and releases these partitions. */
void mr_partitions_let_go(struct mr_partitions *partitions, const struct mr_consumer *consumer);
/* Releases all partitions of a consumer that has left its group. Returns true if they have no job
 * left. */
bool mr_partitions_forget(struct mr_partitions *partitions, struct mr_consumer *consumer);
void mr_partitions_free(struct mr_partitions *partitions); /* no job may be left */

#endif
