/* The inside of mr_question (kafka/consumer/consumer.h). Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_QUESTION_H
#define MR_KAFKA_CONSUMER_QUESTION_H

#include <librdkafka/rdkafka.h>

#include "kafka/consumer/consumer.h"

struct mr_question {
    void (*ask)(struct mr_question *question); /* runs on a thread of the pool */
    rd_kafka_t *handle;
    char *group_id;
    rd_kafka_topic_partition_list_t *partitions; /* in question; owned */
    int64_t reset;             /* the start of partitions without a committed offset (starts.c) */
    rd_kafka_resp_err_t error; /* of the answer */
};

/* Makes a question and copies the list. */
struct mr_question *mr_question_new(void (*ask)(struct mr_question *question), rd_kafka_t *handle,
                                    const char *group_id,
                                    const rd_kafka_topic_partition_list_t *partitions);

#endif
