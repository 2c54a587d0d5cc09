#ifndef MR_KAFKA_VERSION_H
#define MR_KAFKA_VERSION_H

/* librdkafka's version as it says it: "2.0.2". Static. */
const char *mr_kafka_version(void);

#endif
