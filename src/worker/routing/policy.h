/* A route's settings beyond its handler: retries, dead letters, the limits of a handler, and the
 * effect of a crash on messages. */
#ifndef MR_WORKER_ROUTING_POLICY_H
#define MR_WORKER_ROUTING_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum mr_delivery { MR_AT_LEAST_ONCE, MR_EXACTLY_ONCE, MR_AT_MOST_ONCE };

/* The headers that a dead letter has beyond the message's own; their names are the user's choice.
 */
enum mr_dlq_header {
    MR_DLQ_TOPIC,
    MR_DLQ_PARTITION,
    MR_DLQ_OFFSET,
    MR_DLQ_TIMESTAMP,
    MR_DLQ_ERROR,
    MR_DLQ_STACK,
    MR_DLQ_FAILED_AT,
    MR_DLQ_RETRIES,
    MR_DLQ_REASON,
    MR_DLQ_HEADERS
};

struct mr_policy {
    enum mr_delivery delivery;
    size_t window; /* messages */
    struct {
        int max;           /* retries after the first attempt */
        int64_t base, cap; /* ms */
        double multiplier, jitter;
        bool requests; /* a request that fails with an ordinary error is retried, too */
        bool by_topic; /* retries wait in `<topic>-retry`, not in their partition */
    } retry;
    struct {
        char *topic; /* a template: {topic}, {base} */
        bool spring;
        char *headers[MR_DLQ_HEADERS];
    } dlq;
    struct {
        int64_t time;   /* ms */
        int64_t total;  /* ms; 0: no limit */
        int64_t memory; /* bytes */
    } budget;
};

/* Returns the settings of a route, which is a topic or a pattern. The caller frees them with
 * mr_policy_free(). */
struct mr_policy mr_policy_of(const struct mr_config *config, const char *route);
void mr_policy_free(struct mr_policy *policy);

#endif
