/* Requests of a transactional producer that were sent but not answered. Such a request may reach
 * its broker at any later time: librdkafka sends it again over another connection, but cannot
 * withdraw the first. Included only in src/kafka. */
#ifndef MR_KAFKA_UNANSWERED_H
#define MR_KAFKA_UNANSWERED_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct mr_unanswered;

/* Starts counting for the handle that is made from `conf`. */
struct mr_unanswered *mr_unanswered_new(rd_kafka_conf_t *conf);
/* Marks the beginning of a transaction. */
void mr_unanswered_begin(struct mr_unanswered *unanswered);
/* Returns true if the end of this transaction was requested, answered or not. */
bool mr_unanswered_has_ended(const struct mr_unanswered *unanswered);
/* Returns true if a request that was ever sent may still arrive. Call it only if no request of the
 * transaction is in progress. */
bool mr_unanswered_any(const struct mr_unanswered *unanswered);
/* Frees the counts; does nothing if NULL. The handle must be destroyed before. */
void mr_unanswered_free(struct mr_unanswered *unanswered);

#endif
