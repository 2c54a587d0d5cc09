#include "worker/wire/dialect.h"

#include "worker/wire/headers.h"

static bool is_decimal(struct mr_bytes text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.length > 0;
}

/* Returns the number, or -1 if the text is not decimal or has more than `most_digits` digits (18 at
 * most). */
static int64_t decimal(struct mr_bytes text, size_t most_digits)
{
    int64_t value = 0;
    if (!is_decimal(text) || text.length > most_digits)
        return -1;
    for (size_t i = 0; i < text.length; i++)
        value = value * 10 + (text.data[i] - '0');
    return value;
}

/* Returns a header's milliseconds, of `most_digits` digits at most. Returns `missing` if the header
 * is missing or is no such number. */
static int64_t milliseconds(const struct mr_pair *headers, size_t count, struct mr_bytes name,
                            size_t most_digits, int64_t missing)
{
    struct mr_bytes text;
    int64_t value = mr_header_find(headers, count, name, &text) ? decimal(text, most_digits) : -1;
    return value < 0 ? missing : value;
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

/* Takes a partition in decimal text, or else in four big-endian bytes. Four decimal digits are
 * always text: as bytes they would be a partition beyond 800 million. */
static void take_partition(struct mr_request *request, struct mr_bytes bytes)
{
    int64_t partition = decimal(bytes, 10);
    if (partition < 0 && bytes.length == sizeof(int32_t))
        partition = big_endian(bytes);
    request->bad_reply_partition = partition < 0 || partition > INT32_MAX;
    request->reply_partition = request->bad_reply_partition ? MR_PARTITION_ANY : (int32_t)partition;
}

/* Reads the partition from the row's header, if the row has one. Returns false if the row demands
 * text and the header holds none. */
static bool read_partition(const struct mr_pair *headers, size_t count,
                           const struct mr_dialect_row *row, struct mr_request *request)
{
    struct mr_bytes partition;
    if (row->reply_partition.data == NULL)
        return true;
    if (!mr_header_find(headers, count, row->reply_partition, &partition))
        return !row->partition_in_text;
    take_partition(request, partition);
    return !row->partition_in_text || is_decimal(partition);
}

static bool fits(const struct mr_pair *headers, size_t count, struct mr_bytes type,
                 const struct mr_dialect_row *row, struct mr_request *request)
{
    return (row->request_type.data == NULL || mr_bytes_equal(type, row->request_type)) &&
           find_pair(headers, count, row->correlation_id, row->reply_to, request) &&
           read_partition(headers, count, row, request);
}

/* Returns the first dialect whose row fits the headers, or AUTO. */
static enum mr_dialect recognise(const struct mr_pair *headers, size_t count, struct mr_bytes type,
                                 struct mr_request *request)
{
    for (size_t i = MR_DIALECT_AUTO + 1; i < MR_DIALECTS; i++)
        if (fits(headers, count, type, &mr_dialect_rows[i], request))
            return (enum mr_dialect)i;
    return MR_DIALECT_AUTO;
}

struct mr_request mr_dialect_recognise(enum mr_dialect forced, const struct mr_pair *headers,
                                       size_t count)
{
    struct mr_request request = {.reply_partition = MR_PARTITION_ANY};
    struct mr_bytes type = MR_BYTES_NONE;
    mr_header_find(headers, count, MR_BYTES("message-type"), &type);
    if (mr_bytes_equal(type, MR_BYTES("fire-and-forget")))
        return (struct mr_request){0};
    request.dialect = recognise(headers, count, type, &request);
    if (request.dialect == MR_DIALECT_AUTO)
        return (struct mr_request){0};
    request.is_request = true;
    if (forced != MR_DIALECT_AUTO)
        request.dialect = forced;
    request.sent_at = milliseconds(headers, count, MR_BYTES("timestamp"), 15, 0);
    request.timeout = milliseconds(headers, count, MR_BYTES("timeout"), 18, -1);
    return request;
}
