/* Whether a transaction whose end was not answered has been committed: its offsets tell, which are
 * committed with it or not at all. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_OUTCOME_H
#define MR_KAFKA_CONSUMER_OUTCOME_H

#include <librdkafka/rdkafka.h>

#include "kafka/consumer/transactions.h"

/* Asks for the offsets of the group, for `timeout` ms at most, by a consumer of that configuration
 * that is not of the group. librdkafka's admin interface does not serve here: it ends the process
 * when the group's coordinator is not found in time (an assertion in
 * rd_kafka_enq_once_del_source_return, 2.0.2). DONE says in `end->committed` whether each offset is
 * at least that of the list; AGAIN if a transaction on them is still open or nobody answers. */
void mr_outcome_ask(const rd_kafka_conf_t *conf, const char *group_id,
                    const rd_kafka_topic_partition_list_t *wanted, int timeout,
                    struct mr_step_end *end);

#endif
