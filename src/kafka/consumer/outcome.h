/* Finds whether a transaction was committed although its end was not answered. Its offsets show it,
 * since they are committed with the transaction or not at all. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_OUTCOME_H
#define MR_KAFKA_CONSUMER_OUTCOME_H

#include <librdkafka/rdkafka.h>

#include "kafka/consumer/transactions.h"

/* Asks for the group's offsets, through a consumer with that configuration that does not join the
 * group. Waits at most `timeout` ms. If the result is DONE, `end->committed` says whether each
 * offset is at least that of the list. The result is AGAIN if a transaction on them is still open,
 * or nobody answers.
 *
 * The admin interface of librdkafka cannot be used. If the coordinator is not found in time, an
 * assertion in it ends the process (rd_kafka_enq_once_del_source_return, 2.0.2). */
void mr_outcome_ask(const rd_kafka_conf_t *conf, const char *group_id,
                    const rd_kafka_topic_partition_list_t *wanted, int timeout,
                    struct mr_step_end *end);

#endif
