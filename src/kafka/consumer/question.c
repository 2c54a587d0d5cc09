#include "kafka/consumer/question.h"

#include <stdlib.h>

#include "base/panic.h"

struct mr_question *mr_question_new(void (*ask)(struct mr_question *question), rd_kafka_t *handle,
                                    const char *group_id,
                                    const rd_kafka_topic_partition_list_t *partitions)
{
    struct mr_question *question = mr_alloc(sizeof(*question));
    *question = (struct mr_question){.ask = ask,
                                     .handle = handle,
                                     .group_id = mr_strdup(group_id),
                                     .partitions = rd_kafka_topic_partition_list_copy(partitions)};
    return question;
}

void mr_question_ask(struct mr_question *question)
{
    question->ask(question);
}

void mr_question_free(struct mr_question *question)
{
    rd_kafka_topic_partition_list_destroy(question->partitions);
    free(question->group_id);
    free(question);
}
