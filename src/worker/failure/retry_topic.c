#include "worker/failure/retry_topic.h"

#include <limits.h>
#include <stdio.h>

#include "worker/routing/topic_names.h"

static const char count_name[] = "retry-count";
static const char due_name[] = "retry-timestamp";
static const char error_name[] = "last-error";
static const char moves_name[] = "retry-moves";

enum { ERROR_SIZE = 512 };

bool mr_retry_topic_write(struct mr_forward_record *letter, const struct mr_policy *policy,
                          const struct mr_dead *failed)
{
    char *const *names = policy->dlq.headers;
    const struct mr_origin *origin = &failed->origin;
    const struct mr_failure *failure = failed->failure;
    struct mr_bytes error =
        mr_failure_cut(failure->fault.message, failure->cut > 0 ? 0 : ERROR_SIZE);
    mr_forward_record_text(letter, names[MR_DLQ_TOPIC], mr_bytes_of(origin->topic));
    mr_forward_record_number(letter, names[MR_DLQ_PARTITION], origin->partition);
    mr_forward_record_number(letter, names[MR_DLQ_OFFSET], origin->offset);
    mr_forward_record_number(letter, names[MR_DLQ_TIMESTAMP], origin->timestamp);
    mr_forward_record_number(letter, count_name, failed->retries + 1);
    mr_forward_record_number(letter, due_name, failure->at + failure->delay);
    mr_forward_record_text(letter, error_name, error);
    letter->record.partition = failure->any_partition ? MR_PARTITION_ANY : origin->partition;
    return mr_topic_retry(origin->topic, letter->topic);
}

/* Reads a decimal number from `least` to `most`. Returns false for any other text. */
static bool read_number(struct mr_bytes text, int64_t least, int64_t most, int64_t *number)
{
    bool negative = text.length > 0 && text.data[0] == '-';
    int64_t value = 0;
    if (text.length <= negative)
        return false;
    for (size_t i = negative; i < text.length; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    if (value < least || value > most)
        return false;
    *number = value;
    return true;
}

/* Takes out the last header of that name, because our headers are behind the message's own. Returns
 * false if there is none. */
static bool take(struct mr_pair *headers, size_t *count, const char *name, struct mr_bytes *value)
{
    for (size_t i = *count; i-- > 0;) {
        if (!mr_bytes_equal(headers[i].name, mr_bytes_of(name)))
            continue;
        *value = headers[i].value;
        (*count)--;
        memmove(&headers[i], &headers[i + 1], (*count - i) * sizeof(headers[0]));
        return true;
    }
    return false;
}

static void take_number(struct mr_pair *headers, size_t *count, const char *name, int64_t least,
                        int64_t most, int64_t *number)
{
    struct mr_bytes text;
    if (take(headers, count, name, &text))
        read_number(text, least, most, number);
}

static bool is_moved(const struct mr_pair *headers, size_t count)
{
    return count > 0 && mr_bytes_equal(headers[count - 1].name, mr_bytes_of(moves_name));
}

void mr_retry_topic_again(struct mr_forward_record *letter, const char *topic, int32_t partition,
                          int moves)
{
    if (is_moved(letter->headers, letter->record.header_count))
        letter->record.header_count--;
    mr_forward_record_number(letter, moves_name, moves);
    letter->record.partition = partition;
    snprintf(letter->topic, sizeof(letter->topic), "%s", topic);
}

size_t mr_retry_topic_read(struct mr_pair *headers, size_t count, const struct mr_policy *policy,
                           struct mr_returned *returned)
{
    char *const *names = policy->dlq.headers;
    struct mr_origin *origin = &returned->origin;
    int64_t partition = origin->partition, retries = returned->retries;
    struct mr_bytes text;
    int64_t moves = 0;
    if (is_moved(headers, count))
        take_number(headers, &count, moves_name, 0, INT_MAX - 1, &moves);
    take(headers, &count, error_name, &text);
    take_number(headers, &count, due_name, 0, INT64_MAX, &returned->due);
    take_number(headers, &count, count_name, 0, INT_MAX - 1, &retries);
    take_number(headers, &count, names[MR_DLQ_TIMESTAMP], INT64_MIN, INT64_MAX, &origin->timestamp);
    take_number(headers, &count, names[MR_DLQ_OFFSET], 0, INT64_MAX, &origin->offset);
    take_number(headers, &count, names[MR_DLQ_PARTITION], 0, INT32_MAX, &partition);
    take(headers, &count, names[MR_DLQ_TOPIC], &text);
    origin->partition = (int32_t)partition;
    returned->retries = (int)retries;
    returned->moves = (int)moves;
    return count;
}
