/* Finds the offsets at which assigned partitions begin. Their committed offsets are asked for
 * before they are taken, and again until no transaction on them is open. librdkafka could ask by
 * itself. However, if its assignment changed during an open transaction, it would begin such
 * partitions as if nothing were committed. A partition without a committed offset begins at the
 * offset that auto.offset.reset stands for, which is also asked for.
 *
 * The admin interface of librdkafka would not block, but never forgets a former coordinator.
 * Included only in this folder; consumer.h has the question. */
#ifndef MR_KAFKA_CONSUMER_STARTS_H
#define MR_KAFKA_CONSUMER_STARTS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/timers.h"
#include "kafka/consumer/consumer.h"

struct mr_starts {
    rd_kafka_t *handle;
    int64_t reset; /* the start of a partition without a committed offset, as a named position */
    const char *group_id;
    struct mr_timers *timers;
    struct mr_timer timer;                   /* when to ask again */
    rd_kafka_topic_partition_list_t *wanted; /* assigned without offsets; NULL: none */
    bool due;                                /* ask now */
    bool open;                               /* a question is not answered yet */
    bool stale;                              /* the open question is abandoned */
    bool told;
};

/* Begins with the consumer's handle and group. */
void mr_starts_init(struct mr_starts *starts, rd_kafka_t *handle, const char *group_id,
                    struct mr_timers *timers);
/* Asks for these partitions and copies the list. */
void mr_starts_ask(struct mr_starts *starts, const rd_kafka_topic_partition_list_t *partitions);
/* Returns the question, as mr_consumer_question does. */
struct mr_question *mr_starts_question(struct mr_starts *starts);
/* Returns the partitions with their offsets if all are known now, else NULL. The caller destroys
 * the list. */
rd_kafka_topic_partition_list_t *mr_starts_answered(struct mr_starts *starts,
                                                    const struct mr_question *question);
/* Abandons the question. Returns its partitions without offsets, NULL if there is none. The caller
 * destroys the list. */
rd_kafka_topic_partition_list_t *mr_starts_give_up(struct mr_starts *starts);
void mr_starts_free(struct mr_starts *starts);

#endif
