/* Properties of librdkafka that are not the user's to change: what Moonroute promises rests on
 * them (docs/GUARANTEES.md), or another key of ours sets them. All others are free, those too that
 * cost performance. Included only in src/kafka. */
#ifndef MR_KAFKA_RESERVED_H
#define MR_KAFKA_RESERVED_H

/* Why the property cannot have that value; NULL when it can. */
const char *mr_kafka_reserved(const char *name, const char *value);

#endif
