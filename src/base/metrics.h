/* The table of metrics: each metric's name (behind the service's prefix), kind and help. The
 * scoreboard has room for each metric. Workers count in the scoreboard, and the admin listener
 * prints by this table. */
#ifndef MR_BASE_METRICS_H
#define MR_BASE_METRICS_H

#include <stddef.h>

#include "base/job_states.h"

/* Counters per worker. */
enum mr_counter {
    MR_MESSAGES_RECEIVED,
    MR_RETRY_ATTEMPTS,
    MR_RETRY_MOVES,
    MR_MESSAGES_SENT,
    MR_DLQ_MESSAGES,
    MR_RPC_TIMEOUTS,
    MR_RPC_LATE_REPLIES,
    MR_LOG_LINES_DROPPED,
    MR_COUNTERS
};

/* The current state of a worker. */
enum mr_gauge {
    MR_ACTIVE_CONSUMERS,
    MR_ACTIVE_PRODUCERS,
    MR_MESSAGES_IN_FLIGHT,
    MR_OLDEST_HANDLER_SECONDS,
    MR_RPC_PENDING,
    MR_LUA_MEMORY_BYTES,
    MR_TOPICS_MISSING,
    MR_DLQ_BLOCKED,
    MR_PARTITIONS_DAMAGED,
    MR_TRANSACTIONS_STALLED,
    MR_UNACKNOWLEDGED_SECONDS,
    MR_CLIENTS_ENDING,
    MR_RESPONSE_TOPICS_DEAF,
    MR_GAUGES
};

/* Durations: observed in nanoseconds, printed in seconds. */
enum mr_histogram_id { MR_PROCESSING_DURATION, MR_PUBLISH_DURATION, MR_HISTOGRAMS };

/* Counters of the master, which outlives every worker. */
enum mr_death {
    MR_DEATH_SIGNAL,
    MR_DEATH_EXIT,
    MR_DEATH_BUDGET,
    MR_DEATH_WEDGED,
    MR_DEATH_MEMORY,
    MR_DEATH_FENCED,
    MR_DEATHS
};
enum mr_reload_result { MR_RELOAD_OK, MR_RELOAD_FAILED, MR_RELOAD_RESULTS };

extern const char *const mr_death_names[MR_DEATHS];                 /* the label reason */
extern const char *const mr_reload_result_names[MR_RELOAD_RESULTS]; /* the label result */

/* The status label of _messages_processed_total. */
enum mr_status {
    MR_STATUS_SUCCESS,
    MR_STATUS_ERROR,
    MR_STATUS_DEAD_LETTER,
    MR_STATUS_EXPIRED,
    MR_STATUSES
};

extern const char *const mr_status_names[MR_STATUSES];
extern const char *const mr_job_state_names[MR_JOB_STATES]; /* the label state; also in the log */

/* Upper bounds of the buckets in nanoseconds, ascending; one more bucket (+Inf) follows. */
enum { MR_BUCKETS = 16 };
extern const unsigned long long mr_bucket_bounds[MR_BUCKETS];

/* One row per metric, in the order of output. */
enum mr_metric_kind { MR_METRIC_COUNTER, MR_METRIC_GAUGE, MR_METRIC_HISTOGRAM };
enum mr_metric_source {
    MR_FROM_COUNTER,    /* index: enum mr_counter, summed over the slots */
    MR_FROM_GAUGE,      /* index: enum mr_gauge, summed over the slots */
    MR_FROM_EACH_GAUGE, /* index: enum mr_gauge, one line per slot with the label worker */
    MR_FROM_HISTOGRAM,  /* index: enum mr_histogram_id, summed over the slots */
    MR_FROM_TOPICS,     /* the slots' topic rows, labels topic and status */
    MR_FROM_MESSAGES,   /* the slots' topic rows, labels topic and state */
    MR_FROM_BREAKERS,   /* the slots' breaker rows: one line per row, labels name and worker */
    MR_FROM_REJECTED,   /* the slots' breaker rows: the number of refused calls */
    MR_FROM_SCRIPTS,    /* the slots' script rows: one line per row, labels script and worker */
    MR_FROM_UPTIME,
    MR_FROM_RELOADS, /* label result */
    MR_FROM_DEATHS,  /* label reason */
};

struct mr_metric {
    const char *name; /* behind the service's name: "messages_received_total" */
    enum mr_metric_kind kind;
    enum mr_metric_source source;
    int index; /* of the counter, gauge or histogram, as `source` says */
    const char *help;
};

extern const struct mr_metric mr_metrics[]; /* ends with a NULL name */

#endif
