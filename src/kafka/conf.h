/* Makes librdkafka's configuration from ours. Included only in src/kafka. */
#ifndef MR_KAFKA_CONF_H
#define MR_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/errors.h"
#include "config/config.h"

enum mr_kafka_role {
    MR_ROLE_CONSUMER, /* a member of a group */
    MR_ROLE_PRODUCER,
    MR_ROLE_TRANSACTIONS, /* a producer with transactions */
    MR_ROLE_LISTENER,     /* reads partitions from their end, without a group */
};

/* Returns a librdkafka configuration for the role, which the caller owns. It has our defaults for
 * the role, then brokers, client id, SASL and TLS, then every kafka.properties entry. Adds an
 * error, in librdkafka's words, for each property that librdkafka refuses. */
rd_kafka_conf_t *mr_kafka_conf(const struct mr_config *config, enum mr_kafka_role role,
                               struct mr_errors *errors);
/* Returns a copy for another handle; the caller owns it. */
rd_kafka_conf_t *mr_kafka_conf_again(const rd_kafka_conf_t *conf);
/* Sets one property; an error names `place`. */
void mr_kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                       const char *place, struct mr_errors *errors);
/* Makes a handle and takes over `conf`. Returns NULL with an error added if that fails. */
rd_kafka_t *mr_kafka_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct mr_errors *errors);
/* Logs a line of librdkafka. It is the log callback of every handle; call it for each log event of
 * a handle. */
void mr_kafka_log(const rd_kafka_t *handle, int level, const char *facility, const char *text);
/* Logs that the client refused a request of ours. */
void mr_kafka_log_failure(const rd_kafka_t *handle, const char *event, const char *text);
/* Returns true with the reason if the client failed for good and must be replaced. */
bool mr_kafka_failed(rd_kafka_t *handle, char *why, size_t size);
/* Returns when a broker last answered any client of this process, mr_clock_ms(); 0 if none has. */
uint64_t mr_kafka_answered(void);
/* Wakes the reader of `wake_fd` (an eventfd) whenever the queue receives something. */
void mr_kafka_wake_by(rd_kafka_queue_t *queue, int wake_fd);

#endif
