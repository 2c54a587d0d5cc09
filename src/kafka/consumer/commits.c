#include "kafka/consumer/commits.h"

#include <stdlib.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "base/panic.h"

enum {
    FIRST_PAUSE_MS = 20,
    LONGEST_PAUSE_MS = 1000, /* a warning is logged if refusals last so long */
};

static void on_due(struct mr_timer *timer);

void mr_commits_init(struct mr_commits *commits, struct mr_timers *timers, uint64_t interval,
                     const struct mr_beats *beats)
{
    *commits = (struct mr_commits){.timers = timers, .interval = interval, .beats = beats};
}

/* Returns true while the member joins its group, when nothing may be committed. A coordinator
 * answers the requests of a connection in order. It would see the commit only when the group has a
 * new generation, and refuse it because of its old one. If that happens, librdkafka before 2.10
 * abandons all partitions of the member. */
static bool is_rejoining(const struct mr_commits *commits)
{
    return atomic_load(&commits->beats->rejoining);
}

static void arm(struct mr_commits *commits, uint64_t wait)
{
    mr_timers_arm(commits->timers, &commits->timer, mr_clock_ms() + wait, on_due);
}

/* Returns true if the refusal comes from a rebalance. A rebalance refuses commits for a while. A
 * client that is no longer a member may not commit its offsets, and librdkafka drops them with the
 * partitions. */
static bool is_of_rebalance(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ||
           error == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
           error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           error == RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST;
}

/* Returns true if Kafka refuses the commit until somebody changes topics or permissions. */
static bool is_lasting(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
}

static void refused(struct mr_commits *commits, rd_kafka_resp_err_t error)
{
    bool told = commits->pause == LONGEST_PAUSE_MS;
    commits->pause = mr_backoff_next(commits->pause, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    commits->hopeless = commits->pause == LONGEST_PAUSE_MS && is_lasting(error);
    bool telling = commits->pause == LONGEST_PAUSE_MS && !told && !is_of_rebalance(error);
    mr_log(telling ? MR_LOG_WARN : MR_LOG_DEBUG, "commit_refused",
           MR_S("client", rd_kafka_name(commits->handle)),
           MR_S("message", rd_kafka_err2str(error)));
    arm(commits, commits->pause);
}

static void drop_list(rd_kafka_topic_partition_list_t **list)
{
    if (*list != NULL)
        rd_kafka_topic_partition_list_destroy(*list);
    *list = NULL;
}

static bool has(const rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition)
{
    return list != NULL && rd_kafka_topic_partition_list_find(list, topic, partition) != NULL;
}

/* Keeps a refused offset, to send it again. Drops it if a later offset has replaced it, or if the
 * partition was given back. */
static void keep(struct mr_commits *commits, const rd_kafka_topic_partition_t *refused)
{
    if (has(commits->left, refused->topic, refused->partition) ||
        has(commits->stored, refused->topic, refused->partition))
        return;
    if (commits->stored == NULL)
        commits->stored = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(commits->stored, refused->topic, refused->partition)->offset =
        refused->offset;
}

/* Keeps the refused offsets, and reports the accepted ones. Returns the reason if some were
 * refused. */
static rd_kafka_resp_err_t take_answer(struct mr_commits *commits, rd_kafka_resp_err_t error,
                                       const rd_kafka_topic_partition_list_t *offsets)
{
    rd_kafka_resp_err_t why = error;
    for (int i = 0; offsets != NULL && i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *each = &offsets->elems[i];
        rd_kafka_resp_err_t its = each->err != RD_KAFKA_RESP_ERR_NO_ERROR ? each->err : error;
        if (its != RD_KAFKA_RESP_ERR_NO_ERROR) {
            keep(commits, each);
            why = its;
        } else if (commits->accepted != NULL) {
            commits->accepted(commits->data, each->topic, each->partition, each->offset);
        }
    }
    return why;
}

/* Returns true if librdkafka accepts no more commits, since the client has failed. */
static bool has_failed(rd_kafka_t *handle)
{
    return rd_kafka_fatal_error(handle, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void on_answered(rd_kafka_t *handle, rd_kafka_resp_err_t error,
                        rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    struct mr_commits *commits = opaque;
    commits->in_flight = false;
    mr_pulse_committed(commits->pulse, error, offsets);
    error = take_answer(commits, error, offsets);
    drop_list(&commits->left);
    if (has_failed(handle))
        drop_list(&commits->stored);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && commits->stored != NULL) {
        refused(commits, error);
        return;
    }
    commits->pause = 0;
    commits->hopeless = false;
    if (commits->stored != NULL)
        arm(commits, commits->at_once ? 0 : commits->interval);
}

static void commit(struct mr_commits *commits)
{
    mr_timers_cancel(commits->timers, &commits->timer);
    commits->at_once = false;
    commits->in_flight = true;
    rd_kafka_commit_queue(commits->handle, commits->stored, commits->queue, on_answered, commits);
    drop_list(&commits->stored);
}

static void on_due(struct mr_timer *timer)
{
    struct mr_commits *commits = MR_CONTAINER(timer, struct mr_commits, timer);
    if (commits->stored == NULL)
        return;
    if (is_rejoining(commits))
        arm(commits, FIRST_PAUSE_MS);
    else
        commit(commits);
}

void mr_commits_store(struct mr_commits *commits, const char *topic, int32_t partition,
                      int64_t next)
{
    bool first = commits->stored == NULL;
    if (first)
        commits->stored = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *noted =
        rd_kafka_topic_partition_list_find(commits->stored, topic, partition);
    if (noted == NULL)
        noted = rd_kafka_topic_partition_list_add(commits->stored, topic, partition);
    noted->offset = next;
    if (first && !commits->in_flight)
        arm(commits, commits->interval);
}

void mr_commits_now(struct mr_commits *commits)
{
    if (commits->stored == NULL || commits->at_once)
        return;
    commits->at_once = true;
    if (commits->in_flight || commits->pause > 0)
        return;
    if (is_rejoining(commits))
        arm(commits, FIRST_PAUSE_MS);
    else
        commit(commits);
}

static void forget(rd_kafka_topic_partition_list_t **from,
                   const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; *from != NULL && i < list->cnt; i++)
        rd_kafka_topic_partition_list_del(*from, list->elems[i].topic, list->elems[i].partition);
    if (*from != NULL && (*from)->cnt == 0)
        drop_list(from);
}

void mr_commits_forget(struct mr_commits *commits, const rd_kafka_topic_partition_list_t *list)
{
    forget(&commits->stored, list);
    if (!commits->in_flight)
        return;
    if (commits->left == NULL)
        commits->left = rd_kafka_topic_partition_list_new(list->cnt);
    for (int i = 0; i < list->cnt; i++)
        rd_kafka_topic_partition_list_add(commits->left, list->elems[i].topic,
                                          list->elems[i].partition);
}

void mr_commits_hold_off(struct mr_commits *commits)
{
    if (mr_timer_armed(&commits->timer) && commits->timer.due < mr_clock_ms() + FIRST_PAUSE_MS)
        arm(commits, FIRST_PAUSE_MS);
}

void mr_commits_drop(struct mr_commits *commits)
{
    mr_timers_cancel(commits->timers, &commits->timer);
    drop_list(&commits->stored);
}

bool mr_commits_done(const struct mr_commits *commits)
{
    return (commits->stored == NULL && !commits->in_flight) || commits->hopeless;
}

void mr_commits_free(struct mr_commits *commits)
{
    if (commits->timers != NULL)
        mr_timers_cancel(commits->timers, &commits->timer);
    drop_list(&commits->stored);
    drop_list(&commits->left);
}
