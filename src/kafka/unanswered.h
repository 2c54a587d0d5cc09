/* Requests of a transactional producer that were sent and not answered. Such a request may reach
 * its broker at any later time: librdkafka sends it again over another connection, but cannot take
 * the first one back. Included only in src/kafka. */
#ifndef MR_KAFKA_UNANSWERED_H
#define MR_KAFKA_UNANSWERED_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct mr_unanswered;

/* Counts for the handle that is made of `conf`. */
struct mr_unanswered *mr_unanswered_new(rd_kafka_conf_t *conf);
/* A transaction begins. */
void mr_unanswered_begin(struct mr_unanswered *unanswered);
/* Returns true if the end of this transaction was asked for, answered or not. */
bool mr_unanswered_has_ended(const struct mr_unanswered *unanswered);
/* Returns true if a request that was ever sent may still arrive. Ask only when no request of the
 * transaction is under way any more. */
bool mr_unanswered_any(const struct mr_unanswered *unanswered);
/* The handle must be destroyed. Fine for NULL. */
void mr_unanswered_free(struct mr_unanswered *unanswered);

#endif
