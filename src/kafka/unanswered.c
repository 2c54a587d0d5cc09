#include "kafka/unanswered.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/panic.h"

/* Kinds of requests, by their protocol numbers. */
enum {
    PRODUCE = 0,
    ADD_PARTITIONS_TO_TXN = 24,
    ADD_OFFSETS_TO_TXN = 25,
    END_TXN = 26,
    TXN_OFFSET_COMMIT = 28,
};

/* Written by librdkafka's threads, read by the thread that takes a step. */
struct mr_unanswered {
    atomic_long requests;
    atomic_long ends; /* EndTxn requests sent, of all transactions */
    long ends_before; /* of the transactions before this one */
};

/* True in the thread of a broker. Each answer calls on_response twice. The first call comes when
 * the answer arrives, in the thread of the broker that sent the request. The second comes when the
 * answer is served, in the main thread. Only the first call counts, and no other argument tells
 * them apart. */
static _Thread_local bool in_broker_thread;

static rd_kafka_resp_err_t on_thread_start(rd_kafka_t *handle, rd_kafka_thread_type_t type,
                                           const char *name, void *opaque)
{
    (void)handle, (void)name, (void)opaque;
    in_broker_thread = type == RD_KAFKA_THREAD_BROKER;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Returns true if such a request changes what its producer has open, whenever it arrives. */
static bool changes_transactions(int16_t kind)
{
    return kind == PRODUCE || kind == ADD_PARTITIONS_TO_TXN || kind == ADD_OFFSETS_TO_TXN ||
           kind == END_TXN || kind == TXN_OFFSET_COMMIT;
}

/* Runs when the kernel has the last byte. A broker ignores a request that arrives in part. */
static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *handle, int socket, const char *broker,
                                           int32_t broker_id, int16_t kind, int16_t version,
                                           int32_t number, size_t size, void *opaque)
{
    struct mr_unanswered *unanswered = opaque;
    (void)handle, (void)socket, (void)broker, (void)broker_id, (void)version, (void)number;
    (void)size;
    if (changes_transactions(kind))
        atomic_fetch_add(&unanswered->requests, 1);
    if (kind == END_TXN)
        atomic_fetch_add(&unanswered->ends, 1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Also runs with an error, if the connection is lost or the time is up; there is no answer then. */
static rd_kafka_resp_err_t on_response(rd_kafka_t *handle, int socket, const char *broker,
                                       int32_t broker_id, int16_t kind, int16_t version,
                                       int32_t number, size_t size, int64_t round_trip,
                                       rd_kafka_resp_err_t error, void *opaque)
{
    struct mr_unanswered *unanswered = opaque;
    (void)handle, (void)socket, (void)broker, (void)broker_id, (void)version, (void)number;
    (void)size, (void)round_trip;
    if (in_broker_thread && changes_transactions(kind) && error == RD_KAFKA_RESP_ERR_NO_ERROR)
        atomic_fetch_sub(&unanswered->requests, 1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *handle, const rd_kafka_conf_t *conf, void *opaque,
                                  char *why, size_t size)
{
    (void)conf, (void)why, (void)size;
    rd_kafka_interceptor_add_on_thread_start(handle, "unanswered", on_thread_start, opaque);
    rd_kafka_interceptor_add_on_request_sent(handle, "unanswered", on_request_sent, opaque);
    return rd_kafka_interceptor_add_on_response_received(handle, "unanswered", on_response, opaque);
}

struct mr_unanswered *mr_unanswered_new(rd_kafka_conf_t *conf)
{
    struct mr_unanswered *unanswered = mr_alloc(sizeof(*unanswered));
    atomic_init(&unanswered->requests, 0);
    atomic_init(&unanswered->ends, 0);
    unanswered->ends_before = 0;
    rd_kafka_conf_interceptor_add_on_new(conf, "unanswered", on_new, unanswered);
    return unanswered;
}

void mr_unanswered_begin(struct mr_unanswered *unanswered)
{
    unanswered->ends_before = atomic_load(&unanswered->ends);
}

bool mr_unanswered_has_ended(const struct mr_unanswered *unanswered)
{
    return atomic_load(&unanswered->ends) != unanswered->ends_before;
}

bool mr_unanswered_any(const struct mr_unanswered *unanswered)
{
    return atomic_load(&unanswered->requests) != 0;
}

void mr_unanswered_free(struct mr_unanswered *unanswered)
{
    free(unanswered);
}
