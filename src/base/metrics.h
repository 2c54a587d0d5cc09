/* The table of metrics: what is counted, its name (behind the service's prefix), kind and help. The scoreboard has room for
 * each, workers count there, the admin listener prints from here. */
#ifndef MR_BASE_METRICS_H
#define MR_BASE_METRICS_H

#include <stddef.h>

/* Counted by every worker for itself. */
enum mr_counter {
    MR_MESSAGES_RECEIVED,
    MR_RETRY_ATTEMPTS,
    MR_MESSAGES_SENT,
    MR_DLQ_MESSAGES,
    MR_RPC_TIMEOUTS,
    MR_RPC_LATE_REPLIES,
    MR_COUNTERS
};

/* What a worker has right now. */
enum mr_gauge {
    MR_ACTIVE_CONSUMERS,
    MR_ACTIVE_PRODUCERS,
    MR_MESSAGES_IN_FLIGHT,
    MR_RPC_PENDING,
    MR_LUA_MEMORY_BYTES,
    MR_GAUGES
};

/* How long things took, in seconds when printed, nanoseconds when observed. */
enum mr_histogram_id { MR_PROCESSING_DURATION, MR_PUBLISH_DURATION, MR_HISTOGRAMS };

/* The status label of _messages_processed_total. */
enum mr_status { MR_STATUS_SUCCESS, MR_STATUS_ERROR, MR_STATUS_DEAD_LETTER, MR_STATUS_EXPIRED, MR_STATUSES };

extern const char *const mr_status_names[MR_STATUSES];

/* Upper bounds of the buckets in nanoseconds, ascending; one more bucket (+Inf) follows. */
enum { MR_BUCKETS = 16 };
extern const unsigned long long mr_bucket_bounds[MR_BUCKETS];

#endif
