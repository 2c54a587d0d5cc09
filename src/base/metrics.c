#include "base/metrics.h"

const char *const mr_death_names[MR_DEATHS] = {
    [MR_DEATH_SIGNAL] = "signal", [MR_DEATH_EXIT] = "exit",     [MR_DEATH_BUDGET] = "budget",
    [MR_DEATH_WEDGED] = "wedged", [MR_DEATH_MEMORY] = "memory", [MR_DEATH_FENCED] = "fenced",
};

const char *const mr_reload_result_names[MR_RELOAD_RESULTS] = {
    [MR_RELOAD_OK] = "ok",
    [MR_RELOAD_FAILED] = "failed",
};

const char *const mr_status_names[MR_STATUSES] = {
    [MR_STATUS_SUCCESS] = "success",
    [MR_STATUS_ERROR] = "error",
    [MR_STATUS_DEAD_LETTER] = "dead_letter",
    [MR_STATUS_EXPIRED] = "expired",
};

#define NAME(state, name, listed, next) [MR_JOB_##state] = (name),
const char *const mr_job_state_names[MR_JOB_STATES] = {MR_JOB_STATE_TABLE(NAME)};
#undef NAME

/* 0.1 ms to 10 s. A handler that does not wait takes far less than the first bound; a request with
 * the default timeout times out beyond the last. */
const unsigned long long mr_bucket_bounds[MR_BUCKETS] = {
    100000,   250000,    500000,    1000000,   2500000,    5000000,    10000000,   25000000,
    50000000, 100000000, 250000000, 500000000, 1000000000, 2500000000, 5000000000, 10000000000,
};

#define COUNTER(name, index, help)                                                                 \
    {                                                                                              \
        name, MR_METRIC_COUNTER, MR_FROM_COUNTER, index, help                                      \
    }
#define GAUGE(name, index, help)                                                                   \
    {                                                                                              \
        name, MR_METRIC_GAUGE, MR_FROM_GAUGE, index, help                                          \
    }
#define HISTOGRAM(name, index, help)                                                               \
    {                                                                                              \
        name, MR_METRIC_HISTOGRAM, MR_FROM_HISTOGRAM, index, help                                  \
    }

const struct mr_metric mr_metrics[] = {
    COUNTER("messages_received_total", MR_MESSAGES_RECEIVED,
            "Messages consumed from Kafka, those of retry topics included."),
    {"messages_processed_total", MR_METRIC_COUNTER, MR_FROM_TOPICS, 0,
     "Messages that are done, by topic and outcome."},
    HISTOGRAM("message_processing_duration_seconds", MR_PROCESSING_DURATION,
              "Time from the start of a handler to its end, per attempt. Its waits count; "
              "acknowledgements of its records do not."),
    COUNTER("retry_attempts_total", MR_RETRY_ATTEMPTS,
            "Handlers that were started for a retry of their message."),
    COUNTER("retry_moves_total", MR_RETRY_MOVES,
            "Messages that wait for their retry and were moved to the end of their retry topic."),
    COUNTER("messages_sent_total", MR_MESSAGES_SENT,
            "Records that Kafka acknowledged. Records of a transaction count when it commits."),
    HISTOGRAM("message_publish_duration_seconds", MR_PUBLISH_DURATION,
              "Time from sending a record to its acknowledgement by Kafka."),
    COUNTER("dlq_messages_total", MR_DLQ_MESSAGES,
            "Messages that were written to a dead-letter topic."),
    GAUGE("dlq_blocked_partitions", MR_DLQ_BLOCKED,
          "Partitions that wait because one of their dead letters cannot be written."),
    GAUGE("damaged_partitions", MR_PARTITIONS_DAMAGED,
          "Partitions that wait because their next batch is damaged."),
    GAUGE("transactions_stalled", MR_TRANSACTIONS_STALLED,
          "Workers whose transactions make no progress, or whose messages wait for an output "
          "topic."),
    {"oldest_unacknowledged_seconds", MR_METRIC_GAUGE, MR_FROM_EACH_GAUGE,
     MR_UNACKNOWLEDGED_SECONDS,
     "Age of the oldest record that was sent and is not acknowledged, by worker; 0 if there is "
     "none."},
    GAUGE("active_consumers", MR_ACTIVE_CONSUMERS,
          "Consumers that workers have, one per group and worker. A consumer that has not joined "
          "its group counts, too."),
    GAUGE("active_producers", MR_ACTIVE_PRODUCERS,
          "Producers that workers have: one per worker, and one more for its transactions."),
    GAUGE("clients_ending", MR_CLIENTS_ENDING,
          "Kafka clients that are being closed. A client that stays in this state hangs in "
          "librdkafka."),
    {"uptime_seconds", MR_METRIC_GAUGE, MR_FROM_UPTIME, 0, "Time since the master started."},
    GAUGE("messages_in_flight", MR_MESSAGES_IN_FLIGHT,
          "Messages whose handler runs or waits. Queued messages do not count, nor do messages "
          "whose handler has ended."),
    {"oldest_handler_seconds", MR_METRIC_GAUGE, MR_FROM_EACH_GAUGE, MR_OLDEST_HANDLER_SECONDS,
     "Age of the oldest handler that has not ended, its waits included, by worker; 0 if there is "
     "none."},
    {"messages", MR_METRIC_GAUGE, MR_FROM_MESSAGES, 0,
     "Messages consumed and not settled, by topic and state."},
    {"circuit_breaker_state", MR_METRIC_GAUGE, MR_FROM_BREAKERS, 0,
     "State of a circuit breaker, by name and worker: 0 closed, 1 half-open, 2 open."},
    {"circuit_breaker_rejected_total", MR_METRIC_COUNTER, MR_FROM_REJECTED, 0,
     "Calls that a circuit breaker refused, by name and worker."},
    {"reloads_total", MR_METRIC_COUNTER, MR_FROM_RELOADS, 0,
     "Reloads of configuration and scripts, by result."},
    {"worker_restarts_total", MR_METRIC_COUNTER, MR_FROM_DEATHS, 0,
     "Workers that ended before the router stopped, by reason. Each of them is replaced."},
    {"lua_memory_bytes", MR_METRIC_GAUGE, MR_FROM_EACH_GAUGE, MR_LUA_MEMORY_BYTES,
     "Memory that Lua uses, by worker."},
    {"lua_script_memory_bytes", MR_METRIC_GAUGE, MR_FROM_SCRIPTS, 0,
     "Approximate memory that a script holds, by script and worker."},
    GAUGE("topics_missing", MR_TOPICS_MISSING,
          "Dead-letter and retry topics that are needed and do not exist."),
    GAUGE("response_topics_unavailable", MR_RESPONSE_TOPICS_DEAF,
          "Response topics that a worker does not read, or reads only in part. Each worker counts "
          "its own."),
    GAUGE("rpc_pending", MR_RPC_PENDING, "Requests of handlers that wait for their replies."),
    COUNTER("rpc_timeouts_total", MR_RPC_TIMEOUTS,
            "Requests of handlers that got no reply in time."),
    COUNTER("rpc_late_replies_total", MR_RPC_LATE_REPLIES,
            "Replies that came after the wait for them had ended, up to a minute later."),
    COUNTER("log_lines_dropped_total", MR_LOG_LINES_DROPPED,
            "Log lines of workers that were dropped, because their reader was too slow."),
    {0},
};
