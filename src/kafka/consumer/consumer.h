/* A consumer in a group: one for each group in a worker. Everything it calls back is called from
 * within mr_consumer_poll, mr_consumer_serve and mr_consumer_answered. */
#ifndef MR_KAFKA_CONSUMER_CONSUMER_H
#define MR_KAFKA_CONSUMER_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errors.h"
#include "base/scoreboard.h"
#include "base/timers.h"
#include "config/config.h"
#include "kafka/message.h"

struct mr_consumer;
struct mr_question;

struct mr_consumer_events {
    /* The consumer is in its group and has been given `count` more partitions (0 is an answer too).
     */
    void (*assigned)(void *data, size_t count);
    /* The partition is taken away. Where it is lost it belongs to another one already; else it is
     * still ours, and what is stored of it is committed, until mr_consumer_give_back. */
    void (*revoked)(void *data, const char *topic, int32_t partition, bool lost);
    /* Those were all; `count` may be 0. */
    void (*revocation)(void *data, size_t count, bool lost);
    /* Everything of the partition up to `next`, exclusive, is committed. */
    void (*committed)(void *data, const char *topic, int32_t partition, int64_t next);
    /* Something is wrong that librdkafka goes on mending by itself; no broker answers where
     * `unreachable`. */
    void (*troubled)(void *data, bool unreachable, const char *text);
};

/* `wake_fd` is an eventfd that is written when there is something to poll. `instance_id`: the name
 * of a static member, "" for one that is not. `count`: of the consumers that share the memory for
 * what is fetched ahead. NULL with errors added. */
struct mr_consumer *mr_consumer_new(const struct mr_config *config, const char *group_id,
                                    const char *instance_id, size_t count, int wake_fd,
                                    struct mr_timers *timers,
                                    const struct mr_consumer_events *events, void *data,
                                    struct mr_errors *errors);
/* Replaces the subscription (none: leaves the group); names beginning with ^ are patterns. No
 * rebalance where it stays the same. Returns 0, or -1 with the reason added to errors. */
int mr_consumer_subscribe(struct mr_consumer *consumer, const char *const *topics, size_t count,
                          struct mr_errors *errors);
/* Serves callbacks and takes the next message, one at a time: before librdkafka 2.1 the batch calls
 * can skip offsets around pause, resume and rebalance. Returns false when there is nothing more;
 * poll until then after each wake, and at least every max.poll.interval.ms. */
bool mr_consumer_poll(struct mr_consumer *consumer, struct mr_message *message);
/* Answers to commits, which have a queue of their own: they wait neither behind messages nor for
 * room to take them. Call it every turn. */
void mr_consumer_serve(struct mr_consumer *consumer);
/* A question that a consumer has for its group's coordinator, and that librdkafka answers only by
 * waiting: a worker asks on libuv's pool, never on its loop. The consumer asks where its new
 * partitions begin, before it takes them; and whether all that a static member subscribes to is
 * assigned. Returns the
 * question there is after a poll, NULL if there is none. Ask one at a time, and end no consumer
 * before its question is answered. */
struct mr_question *mr_consumer_question(struct mr_consumer *consumer);
/* Waits a second or so; on any thread, while the consumer is used. */
void mr_question_ask(struct mr_question *question);
/* Goes on with the answer, or will have another question. */
void mr_consumer_answered(struct mr_consumer *consumer, const struct mr_question *question);
void mr_question_free(struct mr_question *question);
/* Everything up to `next`, exclusive, is done: it is committed within commit_interval. That may be
 * below what was committed before, when the partition's offsets began anew. The partition must be
 * the consumer's: what is given back, or lost, is forgotten. */
void mr_consumer_store(struct mr_consumer *consumer, const char *topic, int32_t partition,
                       int64_t next);
/* Returns the offset after the partition's last record, as of the latest answer with records of it;
 * below 0 before there was one. Asks nobody. */
int64_t mr_consumer_end(const struct mr_consumer *consumer, const char *topic, int32_t partition);
/* The partitions that were told as revoked are the group's. Until then the member stays in the
 * group and heartbeats go on, but librdkafka fetches nothing for any partition. */
void mr_consumer_give_back(struct mr_consumer *consumer);
/* Why a partition rests. */
enum mr_pause {
    MR_PAUSE_FULL,  /* its messages that are not handled are as many as may be */
    MR_PAUSE_SHELF, /* its messages that wait until they are due are as many as may be */
    MR_PAUSE_HELD,  /* the worker takes nothing: it stops, or too much is on its way */
    MR_PAUSE_STUCK, /* records that were sent for its messages are not acknowledged */
};
/* Fetching rests while there is a reason; what was fetched and not yet polled comes again. A reason
 * counts once, and a partition that is assigned anew has none. Resuming takes one reason back; each
 * call waits for a thread of librdkafka, for some 50 us. */
void mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t partition,
                       enum mr_pause reason);
void mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t partition,
                        enum mr_pause reason);
/* The same for every partition, those that are yet to be assigned included. */
void mr_consumer_pause_all(struct mr_consumer *consumer, enum mr_pause reason);
void mr_consumer_resume_all(struct mr_consumer *consumer, enum mr_pause reason);
/* Commits what is stored now, not at the interval's end: poll until mr_consumer_committed. A
 * rebalance under way delays that. */
void mr_consumer_commit(struct mr_consumer *consumer);
bool mr_consumer_committed(const struct mr_consumer *consumer);
/* Returns true with the reason if it is of no use any more (its place in the group is another's,
 * say): nothing is polled or committed from then on. */
bool mr_consumer_failed(const struct mr_consumer *consumer, char *why, size_t size);
/* What keeps it from serving its group and topics, with the reason; asks again for what was denied.
 * Call it every second or so. `joined`: it has its partitions. */
enum mr_outage mr_consumer_trouble(struct mr_consumer *consumer, bool joined, char *why,
                                   size_t size);
enum mr_fence {
    MR_FENCE_NONE,
    MR_FENCE_OTHER, /* another member has taken its name */
    MR_FENCE_OWN,   /* a commit from before it lost its session, which librdkafka still sent */
};
/* Whether it failed for that (kafka/consumer/fence.h). */
enum mr_fence mr_consumer_fence(const struct mr_consumer *consumer);
/* It has failed: another takes its place, and what is stored is not committed. It is not to be left
 * or closed any more, but freed. */
void mr_consumer_give_up(struct mr_consumer *consumer);
/* Leaves the group, in the background, also as a static member: poll until mr_consumer_left. Its
 * partitions are told as revoked once more, when it has any; `assigned` is told no more. A
 * rebalance that is under way ends first. */
void mr_consumer_leave(struct mr_consumer *consumer);
bool mr_consumer_left(struct mr_consumer *consumer); /* ask once a turn */
/* Ends the consumer, in the background: poll until mr_consumer_closed. Never while a rebalance is
 * under way: librdkafka before 2.4 may then hang for ever (its issue 4527), or abort. One that has
 * not left its group leaves it, but a static member stays, until its session ends or it is back. */
void mr_consumer_close(struct mr_consumer *consumer);
bool mr_consumer_closed(const struct mr_consumer *consumer);
/* Its client is destroyed in the background (endings.h). No message of it may be left. One that has
 * not closed goes on as it is until the process ends. */
void mr_consumer_free(struct mr_consumer *consumer);

#endif
