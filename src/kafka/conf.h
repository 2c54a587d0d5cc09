/* From our configuration to librdkafka's. Included only in src/kafka. */
#ifndef MR_KAFKA_CONF_H
#define MR_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/errors.h"
#include "config/config.h"

enum mr_kafka_role {
    MR_ROLE_CONSUMER, /* in a group */
    MR_ROLE_PRODUCER,
    MR_ROLE_TRANSACTIONS, /* a producer of transactions */
    MR_ROLE_LISTENER,     /* reads partitions from their end, in no group */
};

/* A librdkafka configuration for the role: our defaults for it, then brokers, client id, SASL and
 * TLS, then every kafka.properties entry. What librdkafka refuses is added to errors in its own
 * words. The caller owns it. */
rd_kafka_conf_t *mr_kafka_conf(const struct mr_config *config, enum mr_kafka_role role,
                               struct mr_errors *errors);
/* A copy for another handle; the caller owns it. */
rd_kafka_conf_t *mr_kafka_conf_again(const rd_kafka_conf_t *conf);
/* Sets one property; an error names `place`. */
void mr_kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                       const char *place, struct mr_errors *errors);
/* Makes the handle; takes conf over. NULL with the error added. */
rd_kafka_t *mr_kafka_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct mr_errors *errors);
/* The log callback of every handle; for those whose log comes as events. */
void mr_kafka_log(const rd_kafka_t *handle, int level, const char *facility, const char *text);
/* Something that was asked of the client was refused. */
void mr_kafka_log_failure(const rd_kafka_t *handle, const char *event, const char *text);
/* True with the reason where the client is of no use any more and must be made anew. */
bool mr_kafka_failed(rd_kafka_t *handle, char *why, size_t size);
/* When a broker last answered any client of this process, mr_clock_ms(); 0: none did. */
uint64_t mr_kafka_answered(void);
/* Wakes the reader of `wake_fd` (an eventfd) whenever the queue gets something to read. */
void mr_kafka_wake_by(rd_kafka_queue_t *queue, int wake_fd);

#endif
