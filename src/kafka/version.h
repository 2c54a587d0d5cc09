#ifndef MR_KAFKA_VERSION_H
#define MR_KAFKA_VERSION_H

/* Returns librdkafka's version, such as "2.0.2". Static. */
const char *mr_kafka_version(void);

#endif
