/* The state that the files of the producer share; no other file uses it. Records are sent and
 * events are taken in producer.c. The client is made and freed, and its settings are read, in
 * producer_open.c. Neither file calls the other. */
#ifndef MR_KAFKA_PRODUCER_STATE_H
#define MR_KAFKA_PRODUCER_STATE_H

#include "kafka/producer.h"
#include "kafka/view.h"

struct mr_producer {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    const struct mr_producer_events *events;
    void *data;
    rd_kafka_topic_t *topic; /* of the last record: the next one often has the same */
    size_t outstanding, outstanding_bytes;
    rd_kafka_conf_t *single;          /* for mr_producer_new_single; NULL if that is never called */
    rd_kafka_conf_t *reader;          /* NULL if not transactional */
    bool squeezes;                    /* compresses the topics of single records */
    struct mr_unanswered *unanswered; /* NULL if not transactional */
};

#endif
