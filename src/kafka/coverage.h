/* Whether all topics that a static member subscribes to are in its group's assignment. A member
 * that is back under its name gets the assignment it had, and the coordinator does not look at what
 * it subscribes to now (KIP-345): a topic that is new to it would be served by nobody until the
 * next rebalance. So the member asks once, when it is back. Included only in this folder. */
#ifndef MR_KAFKA_COVERAGE_H
#define MR_KAFKA_COVERAGE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct mr_coverage {
    rd_kafka_t *handle;
    const char *group_id;    /* borrowed */
    rd_kafka_queue_t *queue; /* for the answer; NULL: nothing is asked any more */
};

/* A static member; `wake_fd` is written when the answer is there. For one that is not static the
 * coverage stays {0}, which asks nothing. */
void mr_coverage_begin(struct mr_coverage *coverage, rd_kafka_t *handle, const char *group_id,
                       int wake_fd);
/* The member has its first assignment: asks. Again is nothing. */
void mr_coverage_ask(struct mr_coverage *coverage);
/* Once the answer is there: the topics among these that nobody has, NULL when there is none. The
 * caller destroys the list. */
rd_kafka_topic_partition_list_t *mr_coverage_missing(struct mr_coverage *coverage,
                                                     const rd_kafka_topic_partition_list_t *topics);
void mr_coverage_free(struct mr_coverage *coverage);

#endif
