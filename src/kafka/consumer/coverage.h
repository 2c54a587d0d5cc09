/* Whether the assignment of a static member's group has all that the member subscribes to. A member
 * that is back under its name gets the assignment it had, and the coordinator does not look at what
 * it subscribes to now (KIP-345): a topic or partition that is new to the group would be served by
 * nobody until the next rebalance. So the member asks once, when it is back. Included only in this
 * folder.
 *
 * The question is one of those that a thread of the pool asks and a consumer's end waits for.
 * librdkafka's admin interface would not wait, but its questions to a coordinator do not survive
 * the end of their client, nor their own time-out (read and seen in 2.0.2: it aborts). */
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
    struct mr_timer timer; /* when it is asked again */
    unsigned tries;        /* left; 0: nothing is asked any more */
    bool due;              /* to be asked now */
};

/* For a static member. The coverage of another one stays {0}, which asks nothing. */
void mr_coverage_begin(struct mr_coverage *coverage, rd_kafka_t *handle, const char *group_id,
                       struct mr_timers *timers);
/* The member has an assignment. The first one makes the question due. */
void mr_coverage_assigned(struct mr_coverage *coverage);
/* As mr_consumer_question; `topics` are those it subscribes to, NULL for none. */
struct mr_question *mr_coverage_question(struct mr_coverage *coverage,
                                         const rd_kafka_topic_partition_list_t *topics);
bool mr_coverage_is_its(const struct mr_question *question);
/* Returns the topics of which nobody has all partitions, borrowed from the question; NULL if there
 * is none, or if there was no answer: the question is due again then. */
const rd_kafka_topic_partition_list_t *mr_coverage_answered(struct mr_coverage *coverage,
                                                            const struct mr_question *question);
/* Asks nothing any more. A question that is under way may be freed later. */
void mr_coverage_end(struct mr_coverage *coverage);

#endif
