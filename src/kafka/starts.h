/* Where assigned partitions begin: at what their group has committed, which is asked for before
 * they are taken, again and again until no transaction on them is open. librdkafka would ask by
 * itself, but where its assignment changes while an open transaction keeps it waiting, it takes the
 * partitions for ones of which nothing is committed, and begins them anew. Included only in this
 * folder. */
#ifndef MR_KAFKA_STARTS_H
#define MR_KAFKA_STARTS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/timers.h"

struct mr_starts {
    rd_kafka_t *handle;
    const char *group_id;
    rd_kafka_queue_t *answers;
    struct mr_timers *timers;
    struct mr_timer timer;                   /* when it is asked again */
    rd_kafka_topic_partition_list_t *wanted; /* NULL: nothing is asked */
    bool asked;                              /* and not answered */
    bool stale;                              /* that question was given up */
    bool told;
};

/* `wake_fd` as for the consumer, whose handle and group these are. */
void mr_starts_init(struct mr_starts *starts, rd_kafka_t *handle, const char *group_id, int wake_fd,
                    struct mr_timers *timers);
/* Asks for these, which it copies. One question at a time. */
void mr_starts_ask(struct mr_starts *starts, const rd_kafka_topic_partition_list_t *partitions);
/* The partitions with their offsets, once all are known, to be destroyed by the caller; else NULL.
 */
rd_kafka_topic_partition_list_t *mr_starts_poll(struct mr_starts *starts);
/* Gives the question up: its partitions without offsets, to be destroyed by the caller; NULL where
 * there is none. */
rd_kafka_topic_partition_list_t *mr_starts_give_up(struct mr_starts *starts);
void mr_starts_free(struct mr_starts *starts);

#endif
