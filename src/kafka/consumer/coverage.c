#include "kafka/consumer/coverage.h"

#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "kafka/consumer/assignment.h"

enum {
    TIMEOUT_MS = 1000, /* of a question to each broker, one of which is the coordinator */
    AGAIN_MS = 1000,
    TRIES = 30, /* without an answer for so long, a member does not stay in its group either */
};

void mr_coverage_begin(struct mr_coverage *coverage, rd_kafka_t *handle, const char *group_id,
                       struct mr_timers *timers)
{
    *coverage = (struct mr_coverage){
        .handle = handle, .group_id = group_id, .timers = timers, .tries = TRIES};
}

void mr_coverage_assigned(struct mr_coverage *coverage)
{
    coverage->due = coverage->due || coverage->tries == TRIES;
}

static void drop(rd_kafka_topic_partition_list_t *topics, const char *topic)
{
    rd_kafka_topic_partition_list_del(topics, topic, RD_KAFKA_PARTITION_UA);
}

/* Returns how many assigned partitions cover the topic: all, or 0 if the topic does not exist. If
 * this client does not know the topic, any partition covers it. */
static int32_t size_of(const struct rd_kafka_metadata *known, const char *topic)
{
    for (int i = 0; known != NULL && i < known->topic_cnt; i++)
        if (strcmp(known->topics[i].topic, topic) == 0)
            return known->topics[i].partition_cnt;
    return 1;
}

static void drop_covered(rd_kafka_topic_partition_list_t *topics,
                         const struct rd_kafka_group_info *group,
                         const struct rd_kafka_metadata *known)
{
    for (int i = topics->cnt - 1; i >= 0; i--)
        if (mr_assignment_count(group, topics->elems[i].topic) >=
            size_of(known, topics->elems[i].topic))
            drop(topics, topics->elems[i].topic);
}

/* Drops the topics that are covered. Drops all of them during a rebalance, in which the group looks
 * at all subscriptions anyway. */
static void look_at(struct mr_question *question, const struct rd_kafka_group_info *group)
{
    const struct rd_kafka_metadata *known = NULL;
    if (strcmp(group->state, "Stable") != 0) {
        while (question->partitions->cnt > 0)
            drop(question->partitions, question->partitions->elems[0].topic);
        return;
    }
    rd_kafka_metadata(question->handle, 0, NULL, &known, TIMEOUT_MS);
    drop_covered(question->partitions, group, known);
    if (known != NULL)
        rd_kafka_metadata_destroy(known);
}

static bool is_final(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE ||
           error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

/* Asks. Then the question holds only the topics that are not covered. */
static void ask(struct mr_question *question)
{
    const struct rd_kafka_group_list *list = NULL;
    question->error = rd_kafka_list_groups(question->handle, question->group_id, &list, TIMEOUT_MS);
    if (list == NULL)
        return;
    if (list->group_cnt == 1 && list->groups[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        question->error = RD_KAFKA_RESP_ERR_NO_ERROR; /* even if other brokers are silent */
        look_at(question, &list->groups[0]);
    } else {
        question->error = RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE;
    }
    rd_kafka_group_list_destroy(list);
}

struct mr_question *mr_coverage_question(struct mr_coverage *coverage,
                                         const rd_kafka_topic_partition_list_t *topics)
{
    if (!coverage->due || coverage->tries == 0 || topics == NULL || topics->cnt == 0)
        return NULL;
    coverage->due = false;
    coverage->tries--;
    return mr_question_new(ask, coverage->handle, coverage->group_id, topics);
}

bool mr_coverage_is_its(const struct mr_question *question)
{
    return question->ask == ask;
}

static void on_again(struct mr_timer *timer)
{
    (MR_CONTAINER(timer, struct mr_coverage, timer))->due = true;
}

const rd_kafka_topic_partition_list_t *mr_coverage_answered(struct mr_coverage *coverage,
                                                            const struct mr_question *question)
{
    if (coverage->tries == 0)
        return NULL;
    if (question->error != RD_KAFKA_RESP_ERR_NO_ERROR && !is_final(question->error)) {
        mr_timers_arm(coverage->timers, &coverage->timer, mr_clock_ms() + AGAIN_MS, on_again);
        return NULL;
    }
    mr_coverage_end(coverage);
    bool missing = question->error == RD_KAFKA_RESP_ERR_NO_ERROR && question->partitions->cnt > 0;
    return missing ? question->partitions : NULL;
}

void mr_coverage_end(struct mr_coverage *coverage)
{
    coverage->tries = 0;
    if (coverage->timers != NULL)
        mr_timers_cancel(coverage->timers, &coverage->timer);
}
