/* librdkafka's embedded cluster, the broker of `moonroute dev`. It is in memory, for this machine
 * only, and ends with the process. */
#ifndef MR_KAFKA_EMBEDDED_H
#define MR_KAFKA_EMBEDDED_H

#include "base/errors.h"

struct mr_embedded;

struct mr_embedded *mr_embedded_new(struct mr_errors *errors); /* NULL with the reason added */
const char *mr_embedded_brokers(
    const struct mr_embedded *embedded); /* "127.0.0.1:PORT"; the system chooses the port */
void mr_embedded_topic(struct mr_embedded *embedded, const char *topic,
                       int partitions); /* does nothing if the topic exists */
void mr_embedded_free(struct mr_embedded *embedded);

#endif
