#include "kafka/consumer/asker.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "kafka/addresses.h"
#include "kafka/consumer/listener.h"
#include "kafka/creation.h"
#include "kafka/endings.h"
#include "kafka/producer.h"

enum { NEW_TOPIC_PARTITIONS = 1, CLIENTS_END_MS = 5000 };

struct mr_asker {
    const struct mr_config *config;
    int wake_fd;
    struct mr_producer *producer;
    struct mr_listener *listener;
    size_t undelivered;
    bool listening;
    bool silent;       /* a leader did not acknowledge a record in time */
    char failure[512]; /* of a delivery, or of the topic listened to */
};

static void on_delivered(void *data, void *opaque, const char *topic, enum mr_sent how,
                         const char *error)
{
    struct mr_asker *asker = data;
    (void)opaque, (void)topic, (void)how;
    asker->undelivered--;
    if (error != NULL)
        snprintf(asker->failure, sizeof(asker->failure), "%s", error);
}

static void on_listening(void *data, const char *topic)
{
    struct mr_asker *asker = data;
    (void)topic;
    asker->listening = true;
}

static void on_fault(void *data, const char *topic, enum mr_listener_fault fault)
{
    struct mr_asker *asker = data;
    if (fault == MR_LISTENER_DENIED)
        snprintf(asker->failure, sizeof(asker->failure),
                 "the topic %s may not be read: allow READ on it", topic);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    (void)data, (void)unreachable;
    mr_log(MR_LOG_DEBUG, "kafka_trouble", MR_S("message", text));
}

static const struct mr_producer_events producer_events = {.delivered = on_delivered,
                                                          .troubled = on_troubled};
static const struct mr_listener_events listener_events = {on_listening, on_fault, on_troubled};

struct mr_asker *mr_asker_new(const struct mr_config *config, struct mr_errors *errors)
{
    struct mr_asker *asker = mr_alloc(sizeof(*asker));
    asker->config = config;
    asker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    MR_ASSERT(asker->wake_fd >= 0);
    asker->producer = mr_producer_new(config, asker->wake_fd, &producer_events, asker, errors);
    if (asker->producer != NULL)
        asker->listener = mr_listener_new(config, asker->wake_fd, &listener_events, asker, errors);
    if (asker->listener == NULL) {
        mr_asker_free(asker);
        return NULL;
    }
    return asker;
}

bool mr_asker_reachable(struct mr_asker *asker, int timeout)
{
    return mr_cluster_reachable(asker->producer, timeout);
}

/* Waits until a client has something to poll, or until `deadline` (monotonic ms). Returns false if
 * the deadline had passed at the call. */
static bool await(struct mr_asker *asker, uint64_t deadline)
{
    uint64_t now = mr_clock_ms(), count;
    struct pollfd wake = {.fd = asker->wake_fd, .events = POLLIN};
    if (now >= deadline)
        return false;
    while (poll(&wake, 1, (int)(deadline - now)) < 0 && errno == EINTR)
        continue;
    ssize_t got = read(asker->wake_fd, &count, sizeof(count));
    (void)got;
    return true;
}

/* Asks for the topic first, which makes it known at once. Otherwise a record would wait up to a
 * second for librdkafka's next look. */
int mr_asker_know(struct mr_asker *asker, const char *topic, int timeout, char *why, size_t size)
{
    return mr_cluster_topic(asker->producer, topic, timeout, why, size) > 0 ? 0 : -1;
}

int mr_asker_post(struct mr_asker *asker, const struct mr_outgoing *record, char *why, size_t size)
{
    if (mr_producer_send(asker->producer, record, NULL, why, size) != MR_SENT)
        return -1;
    asker->undelivered++;
    return 0;
}

bool mr_asker_silent(const struct mr_asker *asker)
{
    return asker->silent;
}

bool mr_asker_failed(const struct mr_asker *asker, char *why, size_t size)
{
    if (asker->failure[0] != '\0')
        snprintf(why, size, "%s", asker->failure);
    return asker->failure[0] != '\0';
}

static bool misses_a_broker(void)
{
    char unreached[8];
    mr_addresses_unreached(unreached, sizeof(unreached));
    return unreached[0] != '\0';
}

/* Explains that a broker has not done something in time. The cluster may advertise addresses that
 * cannot be reached from here, so the text names them. */
static void explain_silence(struct mr_asker *asker, const char *what, int timeout, char *why,
                            size_t size)
{
    char unreached[128];
    asker->silent = true;
    mr_addresses_unreached(unreached, sizeof(unreached));
    snprintf(why, size,
             "%s within %d ms%s%s: check that the addresses that Kafka advertises can be reached "
             "from here",
             what, timeout, unreached[0] != '\0' ? " by " : "", unreached);
}

int mr_asker_send(struct mr_asker *asker, const struct mr_outgoing *record, int timeout, char *why,
                  size_t size)
{
    uint64_t deadline = mr_clock_ms() + (uint64_t)timeout;
    bool known = mr_asker_know(asker, record->topic, timeout, why, size) == 0;
    if (mr_asker_post(asker, record, why, size) != 0)
        return -1;
    for (mr_producer_poll(asker->producer); asker->undelivered > 0;
         mr_producer_poll(asker->producer)) {
        if (!await(asker, deadline)) {
            if (known || misses_a_broker())
                explain_silence(asker, "not acknowledged", timeout, why, size);
            return -1;
        }
    }
    return mr_asker_failed(asker, why, size) ? -1 : 0;
}

/* Reads until all partitions of the topic are listened to. Returns -1 if they are not at the
 * deadline, or if a client has failed. */
static int await_listening(struct mr_asker *asker, uint64_t deadline, char *why, size_t size)
{
    struct mr_message message;
    for (;;) {
        while (mr_listener_poll(asker->listener, &message))
            mr_message_free(&message);
        if (asker->listening)
            return 0;
        if (mr_asker_failed(asker, why, size) || !await(asker, deadline))
            return -1;
    }
}

int mr_asker_listen(struct mr_asker *asker, const char *topic, int timeout, char *why, size_t size)
{
    uint64_t deadline = mr_clock_ms() + (uint64_t)timeout;
    int32_t partitions =
        mr_config_boolean(asker->config, "create_topics")
            ? mr_creation_ensure(asker->producer, topic, NEW_TOPIC_PARTITIONS, timeout, why, size)
            : mr_cluster_topic(asker->producer, topic, timeout, why, size);
    if (partitions > 0 && mr_listener_add(asker->listener, topic, partitions, why, size) == 0 &&
        await_listening(asker, deadline, why, size) == 0)
        return 0;
    if (mr_clock_ms() >= deadline)
        explain_silence(asker, "not possible", timeout, why, size);
    return -1;
}

bool mr_asker_receive(struct mr_asker *asker, struct mr_message *message, int timeout)
{
    uint64_t deadline = mr_clock_ms() + (uint64_t)timeout;
    for (;;) {
        mr_producer_poll(asker->producer);
        if (mr_listener_poll(asker->listener, message))
            return true;
        if (asker->failure[0] != '\0' || !await(asker, deadline))
            return false;
    }
}

void mr_asker_free(struct mr_asker *asker)
{
    if (asker->listener != NULL)
        mr_listener_free(asker->listener);
    if (asker->producer != NULL) {
        mr_producer_drop(asker->producer);
        mr_producer_free(asker->producer);
    }
    mr_endings_await(CLIENTS_END_MS);
    close(asker->wake_fd);
    free(asker);
}
