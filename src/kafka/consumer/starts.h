/* Where assigned partitions begin: at what their group has committed, which is asked for before
 * they are taken, again and again until no transaction on them is open. librdkafka would ask by
 * itself, but where its assignment changes while an open transaction keeps it waiting, it takes the
 * partitions for ones of which nothing is committed, and begins them anew. A partition without a
 * committed offset begins at the offset that auto.offset.reset stands for, which is asked for, too.
 * librdkafka's admin interface would not wait for the answer, but never forgets a coordinator that
 * was one. Included only in this folder; consumer.h has the question. */
#ifndef MR_KAFKA_CONSUMER_STARTS_H
#define MR_KAFKA_CONSUMER_STARTS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/timers.h"
#include "kafka/consumer/consumer.h"

struct mr_starts {
    rd_kafka_t *handle;
    int64_t reset; /* where a partition begins of which nothing is committed; a position's name */
    const char *group_id;
    struct mr_timers *timers;
    struct mr_timer timer;                   /* when it is asked again */
    rd_kafka_topic_partition_list_t *wanted; /* NULL: nothing is asked */
    bool due;                                /* to be asked now */
    bool open;                               /* a question is not answered yet */
    bool stale;                              /* and was given up */
    bool told;
};

/* The handle and group are the consumer's. */
void mr_starts_init(struct mr_starts *starts, rd_kafka_t *handle, const char *group_id,
                    struct mr_timers *timers);
/* Asks for these, which it copies. */
void mr_starts_ask(struct mr_starts *starts, const rd_kafka_topic_partition_list_t *partitions);
/* As mr_consumer_question. */
struct mr_question *mr_starts_question(struct mr_starts *starts);
/* The partitions with their offsets, where all are known now, to be destroyed by the caller; else
 * NULL. */
rd_kafka_topic_partition_list_t *mr_starts_answered(struct mr_starts *starts,
                                                    const struct mr_question *question);
/* Gives the question up: its partitions without offsets, to be destroyed by the caller; NULL where
 * there is none. */
rd_kafka_topic_partition_list_t *mr_starts_give_up(struct mr_starts *starts);
void mr_starts_free(struct mr_starts *starts);

#endif
