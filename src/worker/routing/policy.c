#include "worker/routing/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

static const char *const header_keys[MR_DLQ_HEADERS] = {
    [MR_DLQ_TOPIC] = "dlq.headers[\"original-topic\"]",
    [MR_DLQ_PARTITION] = "dlq.headers[\"original-partition\"]",
    [MR_DLQ_OFFSET] = "dlq.headers[\"original-offset\"]",
    [MR_DLQ_TIMESTAMP] = "dlq.headers[\"original-timestamp\"]",
    [MR_DLQ_ERROR] = "dlq.headers.error",
    [MR_DLQ_STACK] = "dlq.headers[\"error-stack\"]",
    [MR_DLQ_FAILED_AT] = "dlq.headers[\"failed-at\"]",
    [MR_DLQ_RETRIES] = "dlq.headers[\"total-retries\"]",
    [MR_DLQ_REASON] = "dlq.headers.reason",
};

static enum mr_delivery delivery_of(const char *name)
{
    static const char *const names[] = {
        [MR_AT_LEAST_ONCE] = "at-least-once",
        [MR_EXACTLY_ONCE] = "exactly-once",
        [MR_AT_MOST_ONCE] = "at-most-once",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0)
            return (enum mr_delivery)i;
    MR_UNREACHABLE("a delivery that the configuration let pass");
}

static bool is(const struct mr_config *config, const char *route, const char *key,
               const char *value)
{
    return strcmp(mr_config_route_string(config, route, key), value) == 0;
}

struct mr_policy mr_policy_of(const struct mr_config *config, const char *route)
{
    struct mr_policy policy = {
        .delivery = delivery_of(mr_config_route_string(config, route, "delivery")),
        .window = (size_t)mr_config_route_integer(config, route, "window"),
        .retry = {.max = mr_config_route_integer(config, route, "retry.max"),
                  .base = mr_config_route_integer(config, route, "retry.base"),
                  .cap = mr_config_route_integer(config, route, "retry.cap"),
                  .multiplier = mr_config_route_number(config, route, "retry.multiplier"),
                  .jitter = mr_config_route_number(config, route, "retry.jitter"),
                  .requests = mr_config_route_boolean(config, route, "retry.requests"),
                  .by_topic = is(config, route, "retry.mode", "topic")},
        .dlq = {.topic = mr_strdup(mr_config_route_string(config, route, "dlq.topic")),
                .spring = is(config, route, "dlq.dialect", "spring")},
        .budget = {.time = mr_config_route_integer(config, route, "budget.time"),
                   .total = mr_config_route_integer(config, route, "budget.total"),
                   .memory = mr_config_route_integer(config, route, "budget.memory")},
    };
    for (size_t i = 0; i < MR_DLQ_HEADERS; i++)
        policy.dlq.headers[i] = mr_strdup(mr_config_route_string(config, route, header_keys[i]));
    return policy;
}

void mr_policy_free(struct mr_policy *policy)
{
    free(policy->dlq.topic);
    for (size_t i = 0; i < MR_DLQ_HEADERS; i++)
        free(policy->dlq.headers[i]);
}
