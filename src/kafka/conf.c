#include "kafka/conf.h"

#include <linux/close_range.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/addresses.h"
#include "kafka/reserved.h"

/* Our own defaults for librdkafka; kafka.properties can change each. The reasons:
 * - auto.offset.reset: a message sent before a new group's first commit must not be lost;
 * - allow.auto.create.topics: a service whose topic does not exist yet waits for it as for one that
 * was just created;
 * - topic.metadata.refresh.interval.ms: topics that begin to match a pattern route are served
 * within this time;
 * - linger.ms: under load, replies leave in batches at a fraction of the cost; a lone reply is sent
 * early (worker/producer/early_flush.h);
 * - socket.nagle.disable: a request does not wait for the acknowledgement of the one before;
 * - reconnect.backoff.max.ms: a broker that is back is used again within a second;
 * - check.crcs: a damaged batch is reported, not handled (kafka/consumer/damage.h);
 * - partitioner: a key has the partition that Java's client, kafkajs and most others give it;
 * - message.max.bytes: the broker and the topic decide which record is too large;
 * - message.timeout.ms 0: a record waits for its broker without limit, and so does the offset of
 * its message;
 * - topic.metadata.propagation.max.ms: a missing topic is reported soon, and its records do not
 * wait longer; worker/producer/doubts.h then asks again. */
static const struct {
    enum mr_kafka_role role;
    const char *name, *value;
} defaults[] = {
    {MR_ROLE_CONSUMER, "auto.offset.reset", "earliest"},
    {MR_ROLE_CONSUMER, "enable.auto.commit", "false"},
    {MR_ROLE_CONSUMER, "enable.auto.offset.store", "false"},
    {MR_ROLE_CONSUMER, "partition.assignment.strategy", "cooperative-sticky"},
    {MR_ROLE_CONSUMER, "check.crcs", "true"},
    {MR_ROLE_CONSUMER, "enable.partition.eof", "true"},
    {MR_ROLE_CONSUMER, "session.timeout.ms", "10000"},
    {MR_ROLE_CONSUMER, "heartbeat.interval.ms", "1000"},
    {MR_ROLE_CONSUMER, "allow.auto.create.topics", "true"},
    {MR_ROLE_CONSUMER, "topic.metadata.refresh.interval.ms", "10000"},
    {MR_ROLE_PRODUCER, "enable.idempotence", "true"},
    {MR_ROLE_PRODUCER, "linger.ms", "1"},
    {MR_ROLE_PRODUCER, "partitioner", "murmur2_random"},
    {MR_ROLE_PRODUCER, "message.timeout.ms", "0"},
    {MR_ROLE_PRODUCER, "topic.metadata.propagation.max.ms", "1000"},
    {MR_ROLE_TRANSACTIONS, "enable.idempotence", "true"},
    {MR_ROLE_TRANSACTIONS, "linger.ms", "1"},
    {MR_ROLE_TRANSACTIONS, "partitioner", "murmur2_random"},
    {MR_ROLE_TRANSACTIONS, "message.timeout.ms", "0"},
    {MR_ROLE_TRANSACTIONS, "topic.metadata.propagation.max.ms", "1000"},
    {MR_ROLE_TRANSACTIONS, "reconnect.backoff.max.ms", "1000"},
    {MR_ROLE_TRANSACTIONS, "message.max.bytes", "1000000000"},
    {MR_ROLE_PRODUCER, "message.max.bytes", "1000000000"},
    {MR_ROLE_CONSUMER, "reconnect.backoff.max.ms", "1000"},
    {MR_ROLE_PRODUCER, "reconnect.backoff.max.ms", "1000"},
    {MR_ROLE_LISTENER, "reconnect.backoff.max.ms", "1000"},
    {MR_ROLE_LISTENER, "enable.partition.eof", "true"},
    {MR_ROLE_LISTENER, "check.crcs", "true"},
    {MR_ROLE_CONSUMER, "socket.nagle.disable", "true"},
    {MR_ROLE_PRODUCER, "socket.nagle.disable", "true"},
    {MR_ROLE_TRANSACTIONS, "socket.nagle.disable", "true"},
    {MR_ROLE_LISTENER, "socket.nagle.disable", "true"},
};

struct applying {
    rd_kafka_conf_t *conf;
    const struct mr_config *config;
    struct mr_errors *errors;
};

void mr_kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                       const char *place, struct mr_errors *errors)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
        mr_errors_add(errors, "%s: %s", place, why);
}

/* Appends the property's name for errors: its origin and its path. */
static void append_place(struct mr_buf *place, const struct mr_config *config, const char *name)
{
    struct mr_buf path = {0};
    mr_config_path_child(&path, "kafka.properties", name);
    const char *origin = mr_config_origin(config, mr_buf_text(&path));
    if (origin[0] != '\0')
        mr_buf_printf(place, "%s: ", origin);
    mr_buf_string(place, mr_buf_text(&path));
    mr_buf_free(&path);
}

static void apply_property(void *context, const char *name, const char *value)
{
    struct applying *applying = context;
    struct mr_buf place = {0};
    const char *why = mr_kafka_reserved(name, value);
    append_place(&place, applying->config, name);
    if (why != NULL)
        mr_errors_add(applying->errors, "%s: cannot be set: %s", mr_buf_text(&place), why);
    else
        mr_kafka_conf_set(applying->conf, name, value, mr_buf_text(&place), applying->errors);
    mr_buf_free(&place);
}

/* Our keys and librdkafka's properties, which are set if the key is set. */
static const struct {
    const char *path, *name;
} copied[] = {
    {"kafka.client_id", "client.id"},
    {"kafka.sasl.username", "sasl.username"},
    {"kafka.sasl.password", "sasl.password"},
    {"kafka.tls.ca", "ssl.ca.location"},
    {"kafka.tls.certificate", "ssl.certificate.location"},
    {"kafka.tls.key", "ssl.key.location"},
    {"kafka.tls.key_password", "ssl.key.password"},
};

static void set_security(rd_kafka_conf_t *conf, const struct mr_config *config,
                         struct mr_errors *errors)
{
    char mechanism[32] = "";
    const char *given = mr_config_string(config, "kafka.sasl.mechanism");
    for (size_t i = 0; given[i] != '\0' && i < sizeof(mechanism) - 1; i++)
        mechanism[i] = (char)(given[i] >= 'a' && given[i] <= 'z' ? given[i] - 'a' + 'A' : given[i]);
    bool sasl = mr_config_is_set(config, "kafka.sasl.username");
    bool tls = mr_config_is_set(config, "kafka.tls.ca") ||
               mr_config_is_set(config, "kafka.tls.certificate");
    if (sasl && mechanism[0] != '\0')
        mr_kafka_conf_set(conf, "sasl.mechanism", mechanism, "kafka.sasl.mechanism", errors);
    if (sasl || tls)
        mr_kafka_conf_set(conf, "security.protocol",
                          sasl ? (tls ? "sasl_ssl" : "sasl_plaintext") : "ssl", "kafka.tls",
                          errors);
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
        const char *value = mr_config_string(config, copied[i].path);
        if (value[0] != '\0')
            mr_kafka_conf_set(conf, copied[i].name, value, copied[i].path, errors);
    }
}

static enum mr_log_level level_of(int syslog_level)
{
    if (syslog_level <= LOG_ERR)
        return MR_LOG_ERROR;
    if (syslog_level == LOG_WARNING)
        return MR_LOG_WARN;
    return syslog_level == LOG_DEBUG ? MR_LOG_DEBUG : MR_LOG_INFO;
}

/* Runs only in our thread: log lines come through the handle's queue. */
void mr_kafka_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    /* A broker that cannot be reached is reported once, as the broker's state. librdkafka's other
     * lines about it are for debugging. */
    bool noise = strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0 ||
                 strcmp(facility, "CONFWARN") == 0;
    mr_log(noise ? MR_LOG_DEBUG : level_of(level), "kafka", MR_S("client", rd_kafka_name(handle)),
           MR_S("facility", facility), MR_S("message", text));
}

void mr_kafka_log_failure(const rd_kafka_t *handle, const char *event, const char *text)
{
    mr_log(MR_LOG_WARN, event, MR_S("client", rd_kafka_name(handle)), MR_S("message", text));
}

/* Runs in a thread of librdkafka, and touches nothing else.
 *
 * Before 2.8, the main thread of a handle rounds its wait down to whole milliseconds and spins for
 * the rest. That is one millisecond per second for each handle of an idle worker. If it wakes up to
 * a millisecond late, there is nothing to spin for. Threads inherit the slack, so threads that send
 * and fetch are set back to the kernel's default.
 *
 * librdkafka makes a pair of pipes per broker, just before it starts the broker's thread. All
 * descriptors are marked close-on-exec here, so that programs started by scripts do not inherit
 * them. */
static rd_kafka_resp_err_t on_thread_start(rd_kafka_t *handle, rd_kafka_thread_type_t type,
                                           const char *name, void *opaque)
{
    enum { DEFAULT_SLACK_NS = 50000, LATE_SLACK_NS = 1000000 };
    (void)handle, (void)name, (void)opaque;
    prctl(PR_SET_TIMERSLACK, type == RD_KAFKA_THREAD_MAIN ? LATE_SLACK_NS : DEFAULT_SLACK_NS);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static _Atomic uint64_t answered; /* ms */

uint64_t mr_kafka_answered(void)
{
    return atomic_load(&answered);
}

/* Runs in librdkafka's threads. Notes the time of every answer, to any client: one broker of
 * several may be silent while the others answer. */
static rd_kafka_resp_err_t on_response(rd_kafka_t *handle, int socket, const char *broker,
                                       int32_t broker_id, int16_t kind, int16_t version,
                                       int32_t number, size_t size, int64_t round_trip,
                                       rd_kafka_resp_err_t error, void *opaque)
{
    (void)handle, (void)socket, (void)broker, (void)broker_id, (void)kind, (void)version;
    (void)number, (void)size, (void)round_trip, (void)opaque;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        atomic_store_explicit(&answered, mr_clock_ms(), memory_order_relaxed);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Runs in librdkafka's threads. Addresses of the configuration have no broker's number. A client
 * connects to a broker only if it needs it: until then the broker is in INIT. */
static rd_kafka_resp_err_t on_broker(rd_kafka_t *handle, int32_t broker, const char *protocol,
                                     const char *host, int port, const char *state, void *opaque)
{
    (void)handle, (void)protocol, (void)opaque;
    bool connected = strcmp(state, "UP") == 0 || strcmp(state, "UPDATE") == 0;
    if (broker >= 0 && strcmp(state, "INIT") != 0)
        mr_addresses_note(broker, host, port, connected);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *handle, const rd_kafka_conf_t *conf, void *opaque,
                                  char *why, size_t size)
{
    (void)conf, (void)opaque, (void)why, (void)size;
    rd_kafka_interceptor_add_on_broker_state_change(handle, "moonroute", on_broker, NULL);
    rd_kafka_interceptor_add_on_response_received(handle, "moonroute", on_response, NULL);
    return rd_kafka_interceptor_add_on_thread_start(handle, "moonroute", on_thread_start, NULL);
}

rd_kafka_conf_t *mr_kafka_conf(const struct mr_config *config, enum mr_kafka_role role,
                               struct mr_errors *errors)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct applying applying = {conf, config, errors};
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        if (defaults[i].role == role)
            mr_kafka_conf_set(conf, defaults[i].name, defaults[i].value, "built-in", errors);
    mr_kafka_conf_set(conf, "bootstrap.servers", mr_config_list_text(config, "kafka.brokers"),
                      "kafka.brokers", errors);
    set_security(conf, config, errors);
    mr_kafka_conf_set(conf, "log.queue", "true", "built-in", errors);
    mr_kafka_conf_set(conf, "log.connection.close", "false", "built-in", errors);
    rd_kafka_conf_set_log_cb(conf, mr_kafka_log);
    rd_kafka_conf_interceptor_add_on_new(conf, "moonroute", on_new, NULL);
    mr_config_map(config, "kafka.properties", apply_property, &applying);
    return conf;
}

rd_kafka_conf_t *mr_kafka_conf_again(const rd_kafka_conf_t *conf)
{
    rd_kafka_conf_t *again = rd_kafka_conf_dup(conf); /* drops the interceptors */
    rd_kafka_conf_interceptor_add_on_new(again, "moonroute", on_new, NULL);
    return again;
}

rd_kafka_t *mr_kafka_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct mr_errors *errors)
{
    char why[512];
    rd_kafka_t *handle = rd_kafka_new(type, conf, why, sizeof(why));
    if (handle == NULL) {
        rd_kafka_conf_destroy(conf);
        mr_errors_add(errors, "kafka: %s", why);
    }
    return handle;
}

bool mr_kafka_failed(rd_kafka_t *handle, char *why, size_t size)
{
    return rd_kafka_fatal_error(handle, why, size) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

void mr_kafka_wake_by(rd_kafka_queue_t *queue, int wake_fd)
{
    static const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue, wake_fd, &one, sizeof(one));
}
