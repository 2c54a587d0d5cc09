#include "kafka/consumer/rebalance.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/conf.h"

static void log_error(const struct mr_rebalance *rebalance, const char *event,
                      rd_kafka_error_t *error)
{
    if (error == NULL)
        return;
    mr_kafka_log_failure(rebalance->handle, event, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

static void note_membership(struct mr_rebalance *rebalance, bool lost)
{
    mr_membership_release(rebalance->membership);
    rebalance->membership = lost ? NULL : mr_membership_of(rebalance->handle, rebalance->group_id);
}

/* Returns true if the group's protocol is cooperative. False for a closed client, which has no
 * protocol. */
static bool is_cooperative(const struct mr_rebalance *rebalance)
{
    const char *protocol = rd_kafka_rebalance_protocol(rebalance->handle);
    return protocol != NULL && strcmp(protocol, "COOPERATIVE") == 0;
}

static void note_starts(struct mr_rebalance *rebalance,
                        const rd_kafka_topic_partition_list_t *partitions)
{
    if (rebalance->taken == NULL)
        rebalance->taken = rd_kafka_topic_partition_list_new(partitions->cnt);
    for (int i = 0; i < partitions->cnt; i++)
        rd_kafka_topic_partition_list_add(rebalance->taken, partitions->elems[i].topic,
                                          partitions->elems[i].partition)
            ->offset = partitions->elems[i].offset;
}

static void forget_starts(struct mr_rebalance *rebalance)
{
    const rd_kafka_topic_partition_list_t *revoked = rebalance->revoked;
    for (int i = 0; rebalance->taken != NULL && i < revoked->cnt; i++)
        rd_kafka_topic_partition_list_del(rebalance->taken, revoked->elems[i].topic,
                                          revoked->elems[i].partition);
}

int64_t mr_rebalance_start(const struct mr_rebalance *rebalance, const char *topic,
                           int32_t partition)
{
    const rd_kafka_topic_partition_t *found =
        rebalance->taken == NULL
            ? NULL
            : rd_kafka_topic_partition_list_find(rebalance->taken, topic, partition);
    return found == NULL ? RD_KAFKA_OFFSET_INVALID : found->offset;
}

void mr_rebalance_give_back(struct mr_rebalance *rebalance)
{
    if (rebalance->revoked == NULL)
        return;
    mr_commits_hold_off(rebalance->commits);
    mr_commits_forget(rebalance->commits, rebalance->revoked);
    mr_pauses_revoked(rebalance->pauses, rebalance->revoked);
    forget_starts(rebalance);
    if (is_cooperative(rebalance))
        log_error(rebalance, "unassign_failed",
                  rd_kafka_incremental_unassign(rebalance->handle, rebalance->revoked));
    else
        rd_kafka_assign(rebalance->handle, NULL);
    rd_kafka_topic_partition_list_destroy(rebalance->revoked);
    rebalance->revoked = NULL;
}

static void take(struct mr_rebalance *rebalance, rd_kafka_topic_partition_list_t *partitions)
{
    if (is_cooperative(rebalance))
        log_error(rebalance, "assign_failed",
                  rd_kafka_incremental_assign(rebalance->handle, partitions));
    else
        rd_kafka_assign(rebalance->handle, partitions);
    mr_pauses_assigned(rebalance->pauses, partitions);
    note_starts(rebalance, partitions);
    if (!rebalance->leaving)
        rebalance->events->assigned(rebalance->data, (size_t)partitions->cnt);
}

/* Takes the partitions that mr_starts returned, and destroys the list. */
static void take_over(struct mr_rebalance *rebalance, rd_kafka_topic_partition_list_t *partitions)
{
    if (partitions == NULL)
        return;
    mr_commits_hold_off(rebalance->commits);
    take(rebalance, partitions);
    rd_kafka_topic_partition_list_destroy(partitions);
}

/* Adds partitions to the revoked ones. While a client closes, more may be revoked before the first
 * are given back. */
static void add_revoked(struct mr_rebalance *rebalance,
                        const rd_kafka_topic_partition_list_t *partitions)
{
    if (rebalance->revoked == NULL)
        rebalance->revoked = rd_kafka_topic_partition_list_new(partitions->cnt);
    for (int i = 0; i < partitions->cnt; i++)
        rd_kafka_topic_partition_list_add(rebalance->revoked, partitions->elems[i].topic,
                                          partitions->elems[i].partition);
}

static void on_revoked(struct mr_rebalance *rebalance,
                       const rd_kafka_topic_partition_list_t *partitions)
{
    bool lost = rd_kafka_assignment_lost(rebalance->handle) != 0;
    note_membership(rebalance, lost);
    take_over(rebalance, mr_starts_give_up(&rebalance->starts));
    add_revoked(rebalance, partitions);
    for (int i = 0; i < partitions->cnt; i++)
        rebalance->events->revoked(rebalance->data, partitions->elems[i].topic,
                                   partitions->elems[i].partition, lost);
    rebalance->events->revocation(rebalance->data, (size_t)partitions->cnt, lost);
    if (lost)
        mr_rebalance_give_back(rebalance);
    if (lost)
        rebalance->lost = mr_clock_ms();
}

static void on_assigned(struct mr_rebalance *rebalance, rd_kafka_topic_partition_list_t *partitions)
{
    note_membership(rebalance, false);
    rebalance->ever = true;
    if (partitions->cnt == 0 || rebalance->leaving)
        take(rebalance, partitions);
    else
        mr_starts_ask(&rebalance->starts, partitions);
}

void mr_rebalance_begin(struct mr_rebalance *rebalance, rd_kafka_t *handle,
                        struct mr_timers *timers)
{
    rebalance->handle = handle;
    mr_starts_init(&rebalance->starts, handle, rebalance->group_id, timers);
}

void mr_rebalance_answered(struct mr_rebalance *rebalance, const struct mr_question *question)
{
    take_over(rebalance, mr_starts_answered(&rebalance->starts, question));
}

void mr_rebalance_serve(struct mr_rebalance *rebalance, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t *partitions)
{
    mr_commits_hold_off(rebalance->commits);
    rebalance->stirred = true;
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        on_assigned(rebalance, partitions);
    else
        on_revoked(rebalance, partitions);
}

void mr_rebalance_leave(struct mr_rebalance *rebalance)
{
    rebalance->leaving = rebalance->stirred = true;
    take_over(rebalance, mr_starts_give_up(&rebalance->starts));
}

static bool owns_any(const struct mr_rebalance *rebalance)
{
    rd_kafka_topic_partition_list_t *owned = NULL;
    if (rd_kafka_assignment(rebalance->handle, &owned) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    bool any = owned->cnt > 0;
    rd_kafka_topic_partition_list_destroy(owned);
    return any;
}

/* Returns true if the client has a member id. librdkafka drops the id when it sends LeaveGroup,
 * after every rebalance in progress. */
static bool is_member(const struct mr_rebalance *rebalance)
{
    char *id = rd_kafka_memberid(rebalance->handle);
    bool member = id != NULL && id[0] != '\0';
    rd_kafka_mem_free(rebalance->handle, id);
    return member;
}

bool mr_rebalance_left(struct mr_rebalance *rebalance)
{
    bool stirred = rebalance->stirred;
    rebalance->stirred = false;
    return !stirred && rebalance->revoked == NULL && !owns_any(rebalance) && !is_member(rebalance);
}

void mr_rebalance_free(struct mr_rebalance *rebalance)
{
    if (rebalance->handle != NULL)
        mr_starts_free(&rebalance->starts);
    if (rebalance->revoked != NULL)
        rd_kafka_topic_partition_list_destroy(rebalance->revoked);
    if (rebalance->taken != NULL)
        rd_kafka_topic_partition_list_destroy(rebalance->taken);
    mr_membership_release(rebalance->membership);
    free(rebalance->group_id);
}
