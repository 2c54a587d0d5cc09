/* Checks whether the assignment of a static member's group has all topics of the member. A member
 * that returns under its name gets its old assignment. The coordinator does not look at its new
 * subscription (KIP-345). A topic or partition that is new to the group would not be served until
 * the next rebalance. So the member asks once after its return. Included only in this folder.
 *
 * A thread of the pool asks, and the end of a consumer waits for it. The admin interface of
 * librdkafka would not wait. However, a question to a coordinator must not outlive its client, nor
 * its own time-out: it aborts then (read and seen in 2.0.2). */
#ifndef MR_KAFKA_CONSUMER_COVERAGE_H
#define MR_KAFKA_CONSUMER_COVERAGE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/timers.h"
#include "kafka/consumer/question.h"

struct mr_coverage {
    rd_kafka_t *handle;
    const char *group_id; /* borrowed */
    struct mr_timers *timers;
    struct mr_timer timer; /* when to ask again */
    unsigned tries;        /* left; 0: nothing is asked any more */
    bool due;              /* ask now */
};

/* Begins, for a static member. For other members the coverage stays {0}, which asks nothing. */
void mr_coverage_begin(struct mr_coverage *coverage, rd_kafka_t *handle, const char *group_id,
                       struct mr_timers *timers);
/* Notes that the member has an assignment. The first one makes the question due. */
void mr_coverage_assigned(struct mr_coverage *coverage);
/* Returns the question, as mr_consumer_question does. `topics` is the subscription, NULL for
 * none. */
struct mr_question *mr_coverage_question(struct mr_coverage *coverage,
                                         const rd_kafka_topic_partition_list_t *topics);
bool mr_coverage_is_its(const struct mr_question *question);
/* Returns the topics that are not fully assigned, borrowed from the question; NULL if there are
 * none. If there was no answer, returns NULL and asks again later. */
const rd_kafka_topic_partition_list_t *mr_coverage_answered(struct mr_coverage *coverage,
                                                            const struct mr_question *question);
/* Stops asking. A question in progress may be freed later. */
void mr_coverage_end(struct mr_coverage *coverage);

#endif
