#include "worker/failure/dead_letter.h"

#include "worker/routing/topic_names.h"

/* The largest error and error-stack headers, in bytes, by how often the record was cut. */
static const struct {
    size_t message, trace;
} limits[MR_DEAD_LETTER_CUTS + 1] = {{MR_FAILURE_MESSAGE, MR_FAILURE_TRACE}, {512, 512}, {64, 0}};

/* The header `reason`, by kind of fault. */
static const char *const reasons[] = {
    [MR_FAULT_ERROR] = "error",          [MR_FAULT_STATUS] = "status",
    [MR_FAULT_RETRY] = "error",          [MR_FAULT_REJECT] = "rejected",
    [MR_FAULT_MISTAKE] = "error",        [MR_FAULT_UNDECODABLE] = "undecodable",
    [MR_FAULT_TIME] = "budget",          [MR_FAULT_MEMORY] = "budget",
    [MR_FAULT_CRASH] = "crash",          [MR_FAULT_REPLY] = "undeliverable",
    [MR_FAULT_RECORD] = "undeliverable", [MR_FAULT_ROOM] = "budget",
};

static struct mr_bytes message_of(const struct mr_failure *failure)
{
    return mr_failure_cut(failure->fault.message, limits[failure->cut].message);
}

/* Returns the traceback. If the fault has none, returns its message. */
static struct mr_bytes trace_of(const struct mr_failure *failure)
{
    const struct mr_fault *fault = &failure->fault;
    return mr_failure_cut(fault->trace.length > 0 ? fault->trace : fault->message,
                          limits[failure->cut].trace);
}

/* Adds the headers of Spring Kafka's DeadLetterPublishingRecoverer. The fault's name stands for the
 * class of the exception. */
static void write_spring(struct mr_forward_record *letter, const struct mr_dead *dead)
{
    const struct mr_origin *origin = &dead->origin;
    const char *type = origin->timestamp < 0    ? "NoTimestampType"
                       : origin->broker_s_clock ? "LogAppendTime"
                                                : "CreateTime";
    mr_forward_record_text(letter, "kafka_dlt-original-topic", mr_bytes_of(origin->topic));
    mr_forward_record_binary(letter, "kafka_dlt-original-partition", origin->partition, 4);
    mr_forward_record_binary(letter, "kafka_dlt-original-offset", origin->offset, 8);
    mr_forward_record_binary(letter, "kafka_dlt-original-timestamp", origin->timestamp, 8);
    mr_forward_record_text(letter, "kafka_dlt-original-timestamp-type", mr_bytes_of(type));
    mr_forward_record_text(letter, "kafka_dlt-original-consumer-group",
                           mr_bytes_of(dead->group_id));
    mr_forward_record_text(letter, "kafka_dlt-exception-fqcn", dead->failure->fault.name);
    mr_forward_record_text(letter, "kafka_dlt-exception-message", message_of(dead->failure));
    mr_forward_record_text(letter, "kafka_dlt-exception-stacktrace", trace_of(dead->failure));
}

bool mr_dead_letter_write(struct mr_forward_record *letter, const struct mr_policy *policy,
                          const struct mr_dead *dead)
{
    char *const *names = policy->dlq.headers;
    const struct mr_origin *origin = &dead->origin;
    mr_forward_record_text(letter, names[MR_DLQ_TOPIC], mr_bytes_of(origin->topic));
    mr_forward_record_number(letter, names[MR_DLQ_PARTITION], origin->partition);
    mr_forward_record_number(letter, names[MR_DLQ_OFFSET], origin->offset);
    mr_forward_record_number(letter, names[MR_DLQ_TIMESTAMP], origin->timestamp);
    mr_forward_record_text(letter, names[MR_DLQ_ERROR], message_of(dead->failure));
    mr_forward_record_text(letter, names[MR_DLQ_STACK], trace_of(dead->failure));
    mr_forward_record_number(letter, names[MR_DLQ_FAILED_AT], dead->failure->at);
    mr_forward_record_number(letter, names[MR_DLQ_RETRIES], dead->retries);
    mr_forward_record_text(letter, names[MR_DLQ_REASON],
                           mr_bytes_of(reasons[dead->failure->fault.kind]));
    if (policy->dlq.spring)
        write_spring(letter, dead);
    letter->record.single = true;
    letter->record.partition = dead->failure->any_partition ? MR_PARTITION_ANY : origin->partition;
    return mr_topic_dead_letter(policy->dlq.topic, origin->topic, letter->topic);
}
