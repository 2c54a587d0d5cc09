#include "kafka/refusal.h"

#include <string.h>

#include "base/panic.h"
#include "kafka/view.h"

/* librdkafka has no name for it up to 2.2. */
enum { INVALID_DIFFERENT_RECORD = -138 };

bool mr_kafka_refuses_batch(rd_kafka_resp_err_t error)
{
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN: /* any failure of the broker or of a plug-in */
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case INVALID_DIFFERENT_RECORD:
        return true;
    default:
        return false;
    }
}

/* librdkafka reports these for a record whose producer has failed. It also reports them if the
 * producer got a new id while the record was on its way. Otherwise it retries most of them. */
bool mr_kafka_is_no_verdict(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT: /* the request did: records have no time limit */
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
        return true;
    default:
        return false;
    }
}

bool mr_kafka_forbids_topic(const char *error)
{
    static const rd_kafka_resp_err_t of_topics[] = {
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
    };
    bool found = false;
    for (size_t i = 0; i < sizeof(of_topics) / sizeof(of_topics[0]); i++)
        found = found || strcmp(error, rd_kafka_err2str(of_topics[i])) == 0;
    return found;
}

/* Returns true if a record in a transaction may be the cause of the error. All other errors belong
 * to the transaction: purged with it, fenced, timed out. */
static bool is_of_record(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        return true;
    default:
        return false;
    }
}

enum mr_sent mr_kafka_sent(rd_kafka_resp_err_t error, bool transactional)
{
    if (mr_kafka_is_no_verdict(error))
        return MR_SENT_BACK;
    if (transactional && error != RD_KAFKA_RESP_ERR_NO_ERROR &&
        error != RD_KAFKA_RESP_ERR__QUEUE_FULL && !is_of_record(error))
        return MR_SENT_BACK;
    switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return MR_SENT;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        return MR_SENT_FULL;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return MR_SENT_TOO_LARGE;
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return MR_SENT_NO_PARTITION;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return MR_SENT_NO_TOPIC;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return MR_SENT_DENIED;
    default:
        return MR_SENT_REFUSED;
    }
}

static struct mr_pair *headers_of(const rd_kafka_message_t *message, size_t *count)
{
    *count = mr_kafka_headers(message, NULL, 0);
    if (*count == 0)
        return NULL;
    struct mr_pair *headers = mr_alloc(*count * sizeof(*headers));
    mr_kafka_headers(message, headers, *count);
    return headers;
}

struct mr_outgoing mr_kafka_record_of(const rd_kafka_message_t *message, struct mr_pair **headers)
{
    size_t count;
    *headers = headers_of(message, &count);
    return (struct mr_outgoing){
        .topic = rd_kafka_topic_name(message->rkt),
        .partition = message->partition,
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
        .headers = *headers,
        .header_count = count,
    };
}
