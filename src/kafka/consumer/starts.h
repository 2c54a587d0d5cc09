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

/* The life of a question for start offsets, in one table: X(state, the states that may follow).
 *
 *   NONE   no offsets are wanted.
 *   DUE    the question is to be asked, as soon as no other one is open.
 *   ASKED  the open question is for these offsets.
 *   AGAIN  the answer has no offsets: the question is asked again in a moment. */
#define MR_STARTS_STATE_TABLE(X)                                                                   \
    X(NONE, MR_STARTS_IN(DUE))                                                                     \
    X(DUE, MR_STARTS_IN(ASKED) | MR_STARTS_IN(NONE))                                               \
    X(ASKED, MR_STARTS_IN(AGAIN) | MR_STARTS_IN(NONE))                                             \
    X(AGAIN, MR_STARTS_IN(DUE) | MR_STARTS_IN(NONE))

#define MR_STARTS_IN(state) (1U << MR_STARTS_##state)

enum mr_starts_state {
    MR_STARTS_NONE,
    MR_STARTS_DUE,
    MR_STARTS_ASKED,
    MR_STARTS_AGAIN,
    MR_STARTS_STATES
};

struct mr_starts {
    rd_kafka_t *handle;
    int64_t reset; /* the start of a partition without a committed offset, as a named position */
    const char *group_id;
    struct mr_timers *timers;
    struct mr_timer timer;                   /* when to ask again */
    rd_kafka_topic_partition_list_t *wanted; /* assigned without offsets; NULL: none */
    enum mr_starts_state state;
    bool open; /* a question is not answered yet; it is abandoned unless the state is ASKED */
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
