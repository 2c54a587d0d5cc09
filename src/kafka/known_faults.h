/* The known faults of librdkafka, by version; docs/LIBRDKAFKA.md says more of each. */
#ifndef MR_KAFKA_KNOWN_FAULTS_H
#define MR_KAFKA_KNOWN_FAULTS_H

#include "base/known_faults.h"

/* Its versions are those of mr_kafka_version_number(). */
extern const struct mr_known_fault mr_kafka_known_faults[];

#endif
