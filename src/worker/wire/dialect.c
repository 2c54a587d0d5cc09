#include "worker/wire/dialect.h"

#include <string.h>

#include "worker/wire/headers.h"

static const char *const names[MR_DIALECTS] = {
    [MR_DIALECT_AUTO] = "",         [MR_DIALECT_KAFKA_CLIENT] = "kafka-client",
    [MR_DIALECT_PLAIN] = "plain",   [MR_DIALECT_NESTJS] = "nestjs",
    [MR_DIALECT_SPRING] = "spring",
};

enum mr_dialect mr_dialect_of(const char *name)
{
    for (size_t i = MR_DIALECT_AUTO + 1; i < MR_DIALECTS; i++)
        if (strcmp(names[i], name) == 0)
            return (enum mr_dialect)i;
    return MR_DIALECT_AUTO;
}

static bool is_decimal(struct mr_bytes text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.length > 0;
}

/* -1 where the text is no decimal number, or one of more digits than that (18 at most). */
static int64_t decimal(struct mr_bytes text, size_t most_digits)
{
    int64_t value = 0;
    if (!is_decimal(text) || text.length > most_digits)
        return -1;
    for (size_t i = 0; i < text.length; i++)
        value = value * 10 + (text.data[i] - '0');
    return value;
}

/* A number of milliseconds, of so many digits at most; 0 where the header is missing or is none. */
static int64_t milliseconds(const struct mr_pair *headers, size_t count, struct mr_bytes name,
                            size_t most_digits)
{
    struct mr_bytes text;
    int64_t value = mr_header_find(headers, count, name, &text) ? decimal(text, most_digits) : 0;
    return value < 0 ? 0 : value;
}

static bool find_pair(const struct mr_pair *headers, size_t count, struct mr_bytes id,
                      struct mr_bytes topic, struct mr_request *request)
{
    return mr_header_find(headers, count, id, &request->correlation_id) &&
           mr_header_find(headers, count, topic, &request->reply_to) &&
           request->reply_to.length > 0;
}

static int64_t big_endian(struct mr_bytes bytes)
{
    uint32_t value = 0;
    for (size_t i = 0; i < sizeof(value); i++)
        value = value << 8 | (unsigned char)bytes.data[i];
    return (int32_t)value;
}

/* No four decimal digits are a partition's number in big-endian bytes: it would be beyond 800
 * million. */
static void take_partition(struct mr_request *request, struct mr_bytes bytes)
{
    int64_t partition = decimal(bytes, 10);
    if (partition < 0 && bytes.length == sizeof(int32_t))
        partition = big_endian(bytes);
    request->bad_reply_partition = partition < 0 || partition > INT32_MAX;
    request->reply_partition = request->bad_reply_partition ? MR_PARTITION_ANY : (int32_t)partition;
}

/* The family of kafka_correlationId. Returns the dialect that its partition speaks. */
static enum mr_dialect read_partition(const struct mr_pair *headers, size_t count,
                                      struct mr_request *request)
{
    struct mr_bytes partition;
    if (!mr_header_find(headers, count, MR_BYTES("kafka_replyPartition"), &partition))
        return MR_DIALECT_SPRING;
    take_partition(request, partition);
    return is_decimal(partition) ? MR_DIALECT_NESTJS : MR_DIALECT_SPRING;
}

struct mr_request mr_dialect_recognise(enum mr_dialect forced, const struct mr_pair *headers,
                                       size_t count)
{
    struct mr_request request = {.reply_partition = MR_PARTITION_ANY};
    struct mr_bytes type = MR_BYTES_NONE;
    mr_header_find(headers, count, MR_BYTES("message-type"), &type);
    if (mr_bytes_equal(type, MR_BYTES("fire-and-forget")))
        return (struct mr_request){0};
    if (find_pair(headers, count, MR_BYTES("correlation-id"), MR_BYTES("reply-to"), &request))
        request.dialect = mr_bytes_equal(type, MR_BYTES("request-reply")) ? MR_DIALECT_KAFKA_CLIENT
                                                                          : MR_DIALECT_PLAIN;
    else if (find_pair(headers, count, MR_BYTES("kafka_correlationId"),
                       MR_BYTES("kafka_replyTopic"), &request))
        request.dialect = read_partition(headers, count, &request);
    else
        return (struct mr_request){0};
    request.is_request = true;
    if (forced != MR_DIALECT_AUTO)
        request.dialect = forced;
    request.sent_at = milliseconds(headers, count, MR_BYTES("timestamp"), 15);
    request.timeout = milliseconds(headers, count, MR_BYTES("timeout"), 18);
    return request;
}
