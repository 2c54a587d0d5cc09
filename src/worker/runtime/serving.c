#include "worker/runtime/serving.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/consumer/partitions.h"
#include "worker/job/parcels.h"
#include "worker/routing/routing.h"

enum { LOOK_MS = 500 };

/* Looks at the topics that messages are taken from. The outbox cares for the topics that records go
 * to. */
static enum mr_outage look_at_topics(const struct mr_broker_health *broker,
                                     struct mr_routes *routes, char *why, size_t size)
{
    for (size_t i = 0; routes != NULL && i < broker->fault_count; i++) {
        const struct mr_cluster_fault *fault = &broker->faults[i];
        if (mr_routing_find(routes, fault->topic) == NULL)
            continue;
        if (fault->partition < 0) {
            snprintf(why, size, "the topic %s may not be described: allow READ on it",
                     fault->topic);
            return MR_OUTAGE_TOPIC_DENIED;
        }
        snprintf(why, size, "partition %d of the topic %s has no leader", fault->partition,
                 fault->topic);
        return MR_OUTAGE_LEADER;
    }
    return MR_OUTAGE_NONE;
}

/* Shows the age of the oldest record that is not acknowledged. */
static void look_at_output(struct mr_serving *serving, struct mr_slot *slot,
                           const struct mr_partitions *partitions)
{
    enum { NS_PER_S = 1000000000 };
    const struct mr_partition *longest = mr_stuck_longest(partitions);
    uint64_t age = longest == NULL ? 0 : (mr_clock_ns() - longest->dues.first->sent) / NS_PER_S;
    mr_cell_set(&slot->gauges[MR_UNACKNOWLEDGED_SECONDS], age);
    bool unacknowledged = age >= MR_UNACKNOWLEDGED_S;
    if (unacknowledged == serving->unacknowledged)
        return;
    serving->unacknowledged = unacknowledged;
    if (unacknowledged)
        mr_log(MR_LOG_ERROR, "records_unacknowledged", MR_S("topic", longest->topic),
               MR_I("partition", longest->number), MR_I("seconds", age),
               MR_S("message", "a record that was sent for a message of this partition is not "
                               "acknowledged. A leader is not reachable, or too few replicas are "
                               "in sync"));
    else
        mr_log(MR_LOG_INFO, "records_acknowledged",
               MR_S("message", "no record has waited long for its acknowledgement any more"));
}

void mr_serving_look(struct mr_serving *serving, struct mr_slot *slot, struct mr_groups *groups,
                     const struct mr_broker_health *broker, struct mr_routes *routes,
                     struct mr_rpc *rpc, const struct mr_partitions *partitions)
{
    char why[MR_NOTE_SIZE] = "";
    uint64_t now = mr_clock_ms();
    if (now < serving->again)
        return;
    serving->again = now + LOOK_MS;
    mr_cell_set(&slot->gauges[MR_PARTITIONS_DAMAGED], mr_groups_damaged(groups));
    look_at_output(serving, slot, partitions);
    enum mr_outage trouble = mr_groups_trouble(groups, why, sizeof(why));
    if (trouble == MR_OUTAGE_NONE)
        trouble = look_at_topics(broker, routes, why, sizeof(why));
    if (broker->state == MR_BROKER_UP) /* otherwise it has reported nothing */
        mr_rpc_shown(rpc, broker->faults, broker->fault_count);
    if (trouble == MR_OUTAGE_NONE && mr_rpc_troubled(rpc, why, sizeof(why)))
        trouble = MR_OUTAGE_RESPONSES;
    if (trouble == MR_OUTAGE_NONE)
        why[0] = '\0';
    if (trouble == serving->trouble && strcmp(why, serving->why) == 0)
        return;
    serving->trouble = trouble;
    snprintf(serving->why, sizeof(serving->why), "%s", why);
    mr_note_write(&slot->trouble_note, why);
    mr_cell_set(&slot->trouble, trouble);
    if (trouble == MR_OUTAGE_NONE)
        mr_log(MR_LOG_INFO, "serving_again", MR_S("message", "the cause of not_serving is over"));
    else
        mr_log(MR_LOG_ERROR, "not_serving", MR_S("message", why));
}
