/* The partitions this worker has: the window of each, what is at work on it, and whether it is
 * paused. */
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
#include "worker/consumer/stuck.h"
#include "worker/job/schedule.h"
#include "worker/routing/routes.h"

/* Pausing throws away what was fetched, which may take fetch.wait.max.ms (500) to come again. While
 * a full partition may soon go on nothing is taken from its consumer, for PATIENCE ms at most; the
 * consumer's other partitions wait so long, other groups do not wait. Then it is paused; and
 * at once where its handlers compute for longer than that, or where it did not go on within
 * PATIENCE when it was full last. */
enum { MR_PARTITION_PATIENCE_MS = 50 };

/* Messages are bounded by their size, too (job.h). With so many bytes not handled the
 * partitions that have more than their share of them are full; with so many not settled, those
 * whose records are on their way included, nothing should be taken. */
enum { MR_PARTITIONS_UNHANDLED_BYTES = 32 << 20, MR_PARTITIONS_BYTES = 48 << 20 };

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
    struct mr_window window;
    struct mr_flow flow;    /* of what may go on now */
    uint64_t routes_number; /* of the routes (dispatch.h) that gave `route`; 0 before the first
                               message */
    struct mr_route *route;
    char *first_topic;  /* of a retry topic: the one it is beside; else NULL */
    bool returns;       /* its messages are retries of that one's; also while that has no route */
    bool stuck;         /* its records are not acknowledged (stuck.h) */
    uint64_t topic_row; /* in the scoreboard */
    uint64_t group_row; /* likewise; that of `route` */
    uint64_t count_row; /* of its first topic */
    size_t most;        /* unhandled at which it is full; at half of it, it goes on */
    uint64_t started;   /* the sequence number after the last message whose handler has started */
    size_t unhandled;   /* jobs whose handlers have not ended; transactional: not settled */
    size_t unhandled_bytes; /* of those */
    size_t jobs;            /* jobs not settled */
    size_t bytes;           /* of those that are not shelved */
    struct mr_dues dues;
    size_t shelved, shelved_bytes; /* jobs that wait until they are due (shelf.h) */
    struct mr_job_list later;      /* those of them that wait long (failure/later.h) */
    bool decided;                  /* whether it is transactional is; by its first route */
    bool transactional; /* its jobs leave by transactions, which commit its offsets, too; so from
                           its first route on, whatever its routes come to be */
    struct mr_line line;
    struct mr_partition *together; /* the next one that has jobs in the transaction */
    bool leaving;  /* taken away, or about to be: what has not been begun is not begun any more */
    bool revoked;  /* not ours any more: its jobs end, but store nothing */
    bool outlived; /* and that is because its offsets began anew: nobody else has them, so the
                      handlers at work may end */
    bool paused;
    bool shelf_full;           /* and paused for that */
    bool rewound;              /* what comes was taken before */
    bool slow;                 /* it did not go on within PATIENCE when it was full last */
    bool at_most_once;         /* offsets are committed before their handlers start */
    uint64_t full_since;       /* ms, where it is full */
    struct mr_timer patience;  /* armed while it is full and not paused yet */
    int64_t taken;             /* the offset after the last message taken */
    int64_t stored;            /* the offset that was stored last */
    int64_t committed;         /* the offset before which all is committed */
    struct mr_job_list early;  /* would start now but for that */
    size_t blocked;            /* dead letters that it waits for (aside.h) */
    struct mr_job_list held;   /* would start now but for that, or for memory (memory.h) */
    struct mr_job_list parked; /* there is no route for them */
    struct mr_partition *next;
};

/* {0} with timers and schedule set is empty; mr_partitions_free() returns it to that. */
struct mr_partitions {
    struct mr_timers *timers;
    struct mr_schedule *schedule;
    size_t full;                   /* partitions on which patience is had */
    size_t busy;                   /* those with unhandled jobs */
    size_t unhandled_bytes, bytes; /* of jobs not handled, of jobs not settled */
    size_t shelves;                /* partitions with shelved jobs */
    size_t shelved_bytes;          /* of those jobs, in no other sum */
    size_t full_shelves;           /* partitions that are paused for that */
    struct mr_stuck stuck;
    struct mr_idmap by_id;
    struct mr_partition *latest; /* messages come in runs of one partition */
    struct mr_partition *all;
};

/* Patience is had on a partition of the consumer: take nothing from it. */
bool mr_partitions_wait(const struct mr_partitions *partitions, const struct mr_consumer *consumer);
/* Too much is not settled: take nothing. Stuck partitions do not count, up to three times the
 * bound. */
bool mr_partitions_crowded(const struct mr_partitions *partitions);
/* The partition that the message is from, made when it is the first. */
struct mr_partition *mr_partitions_of(struct mr_partitions *partitions,
                                      struct mr_consumer *consumer,
                                      const struct mr_message *message);
/* The partition's offsets begin anew with this message, since its topic was created again, or was
 * cut: what is at work on it stores nothing any more. Returns the partition that takes its place;
 * the other one is freed with its last job, or at once. */
struct mr_partition *mr_partitions_restart(struct mr_partitions *partitions,
                                           struct mr_partition *partition,
                                           const struct mr_message *message);
/* A job of that size begins, is handled, is after all not handled, is settled: pauses, resumes and
 * frees as that asks for. `done`: its offset may be stored once all before it may. */
void mr_partition_began(struct mr_partition *partition, size_t size);
void mr_partition_reopened(struct mr_partition *partition, size_t size);
/* A job of that size begins and waits on the shelf (worker/consumer/shelf.h), instead of the first
 * above. */
void mr_partition_shelve(struct mr_partition *partition, size_t size);
/* It starts, or leaves unstarted: it counts for the window from now on. */
void mr_partition_take_up(struct mr_partition *partition, size_t size);
/* A handled job goes back to the shelf. */
void mr_partition_put_back(struct mr_partition *partition, size_t size);
void mr_partition_handled(struct mr_partition *partition, size_t size);
void mr_partition_settled(struct mr_partitions *partitions, struct mr_partition *partition,
                          uint64_t sequence, size_t size, bool done);
/* Stores what the gap-free prefixes allow. */
void mr_partitions_store(struct mr_partitions *partitions);
/* The partition is about to be taken away. */
void mr_partitions_leave(struct mr_partitions *partitions, const struct mr_consumer *consumer,
                         const char *topic, int32_t number);
/* Returns true if the message was taken before: librdkafka may read records again, from the first
 * on, if it has to look up itself where to begin (kafka/consumer/starts.c). A partition that was
 * created again, or cut, is shorter than what was read of it, and its messages are new ones. */
bool mr_partition_has(struct mr_partition *partition, const struct mr_message *message);
/* It is another one's already: nothing of it is stored any more. */
void mr_partitions_lose(struct mr_partitions *partitions, const struct mr_consumer *consumer,
                        const char *topic, int32_t number);
/* The one that is this worker's now; NULL where none is. */
struct mr_partition *mr_partitions_find(const struct mr_partitions *partitions,
                                        const struct mr_consumer *consumer, const char *topic,
                                        int32_t number);
/* No job of the consumer's leaving ones is left. */
bool mr_partitions_drained(const struct mr_partitions *partitions,
                           const struct mr_consumer *consumer);
/* Stores what is done on the leaving ones and lets go of them. */
void mr_partitions_let_go(struct mr_partitions *partitions, const struct mr_consumer *consumer);
/* The consumer has left its group: lets go of all its partitions; true when no job of theirs is
 * left. */
bool mr_partitions_forget(struct mr_partitions *partitions, struct mr_consumer *consumer);
void mr_partitions_free(struct mr_partitions *partitions); /* no job may be left */

#endif
