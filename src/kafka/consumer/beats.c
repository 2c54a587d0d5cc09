#include "kafka/consumer/beats.h"

#include "base/clock.h"
#include "base/panic.h"

/* Kinds of requests, by their protocol numbers. */
enum { OFFSET_COMMIT = 8, JOIN_GROUP = 11, HEARTBEAT = 12, SYNC_GROUP = 14 };

static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *handle, int socket, const char *broker,
                                           int32_t broker_id, int16_t kind, int16_t version,
                                           int32_t number, size_t size, void *opaque)
{
    struct mr_beats *beats = opaque;
    (void)handle, (void)socket, (void)broker, (void)broker_id, (void)version, (void)number;
    (void)size;
    if (kind == JOIN_GROUP) {
        atomic_store(&beats->rejoining, true);
        atomic_store(&beats->joining, true);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void note_membership(struct mr_beats *beats, int16_t kind)
{
    if (kind == JOIN_GROUP) {
        atomic_store(&beats->joining, false);
        atomic_store(&beats->ever_joined, true);
    } else if (kind == SYNC_GROUP) {
        atomic_store(&beats->rejoining, false);
    }
}

static rd_kafka_resp_err_t on_response(rd_kafka_t *handle, int socket, const char *broker,
                                       int32_t broker_id, int16_t kind, int16_t version,
                                       int32_t number, size_t size, int64_t round_trip,
                                       rd_kafka_resp_err_t error, void *opaque)
{
    struct mr_beats *beats = opaque;
    (void)handle, (void)socket, (void)broker, (void)broker_id, (void)version, (void)number;
    (void)size, (void)round_trip;
    note_membership(beats, kind);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR &&
        (kind == HEARTBEAT || kind == JOIN_GROUP || kind == SYNC_GROUP || kind == OFFSET_COMMIT))
        atomic_store(&beats->answered, mr_clock_ms());
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *handle, const rd_kafka_conf_t *conf, void *opaque,
                                  char *why, size_t size)
{
    (void)conf, (void)why, (void)size;
    rd_kafka_interceptor_add_on_request_sent(handle, "beats", on_request_sent, opaque);
    return rd_kafka_interceptor_add_on_response_received(handle, "beats", on_response, opaque);
}

struct mr_beats *mr_beats_new(rd_kafka_conf_t *conf)
{
    struct mr_beats *beats = mr_alloc(sizeof(*beats));
    atomic_init(&beats->rejoining, false);
    atomic_init(&beats->joining, false);
    atomic_init(&beats->ever_joined, false);
    atomic_init(&beats->answered, 0);
    rd_kafka_conf_interceptor_add_on_new(conf, "beats", on_new, beats);
    return beats;
}
