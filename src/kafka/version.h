#ifndef MR_KAFKA_VERSION_H
#define MR_KAFKA_VERSION_H

#include <stdint.h>

/* Returns librdkafka's version, such as "2.0.2". Static. */
const char *mr_kafka_version(void);
/* Returns it as a number, such as 0x020002ff. */
uint64_t mr_kafka_version_number(void);

#endif
