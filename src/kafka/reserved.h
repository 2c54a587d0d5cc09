/* Properties of librdkafka that users may not change: our guarantees rest on them
 * (docs/GUARANTEES.md), or another key sets them. All other properties are free, even if they cost
 * performance. Included only in src/kafka. */
#ifndef MR_KAFKA_RESERVED_H
#define MR_KAFKA_RESERVED_H

/* Returns why the property cannot have that value; NULL if it can. */
const char *mr_kafka_reserved(const char *name, const char *value);

#endif
