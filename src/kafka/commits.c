#include "kafka/commits.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"

enum {
    FIRST_PAUSE_MS = 20,
    LONGEST_PAUSE_MS = 1000, /* refused for so long it is told */
    JOIN_GROUP = 11,         /* requests, as the protocol numbers them */
    SYNC_GROUP = 14,
};

static void on_due(struct mr_timer *timer);

/* The coordinator answers one request of a connection after the other: a commit sent while the
 * member joins its group is looked at when the group has a new generation, and refused for being of
 * the old one; for which librdkafka before 2.10 gives up all partitions of the member. So none is
 * sent then. These two are called in librdkafka's threads and touch nothing else. */
static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *handle, int socket, const char *broker,
                                           int32_t broker_id, int16_t kind, int16_t version,
                                           int32_t number, size_t size, void *opaque)
{
    struct mr_joining *joining = opaque;
    (void)handle, (void)socket, (void)broker, (void)broker_id, (void)version, (void)number;
    (void)size;
    if (kind == JOIN_GROUP)
        atomic_store(&joining->now, true);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_response(rd_kafka_t *handle, int socket, const char *broker,
                                       int32_t broker_id, int16_t kind, int16_t version,
                                       int32_t number, size_t size, int64_t round_trip,
                                       rd_kafka_resp_err_t error, void *opaque)
{
    struct mr_joining *joining = opaque;
    (void)handle, (void)socket, (void)broker, (void)broker_id, (void)version, (void)number;
    (void)size, (void)round_trip, (void)error;
    if (kind == JOIN_GROUP)
        atomic_store(&joining->answered, true);
    if (kind == SYNC_GROUP)
        atomic_store(&joining->now, false);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *handle, const rd_kafka_conf_t *conf, void *opaque,
                                  char *why, size_t size)
{
    (void)conf, (void)why, (void)size;
    rd_kafka_interceptor_add_on_request_sent(handle, "joining", on_request_sent, opaque);
    return rd_kafka_interceptor_add_on_response_received(handle, "joining", on_response, opaque);
}

void mr_commits_init(struct mr_commits *commits, struct mr_timers *timers, uint64_t interval,
                     rd_kafka_conf_t *conf)
{
    *commits = (struct mr_commits){.timers = timers, .interval = interval};
    commits->joining = mr_alloc(sizeof(*commits->joining));
    atomic_init(&commits->joining->now, false);
    atomic_init(&commits->joining->answered, false);
    rd_kafka_conf_interceptor_add_on_new(conf, "joining", on_new, commits->joining);
}

static void arm(struct mr_commits *commits, uint64_t wait)
{
    mr_timers_arm(commits->timers, &commits->timer, mr_clock_ms() + wait, on_due);
}

/* A rebalance refuses commits for a while; what a member that is none any more had stored is not
 * its own to commit, and librdkafka forgets it with the partitions. */
static bool is_of_rebalance(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ||
           error == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
           error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           error == RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST;
}

static void refused(struct mr_commits *commits, rd_kafka_resp_err_t error)
{
    bool told = commits->pause == LONGEST_PAUSE_MS;
    commits->pause = commits->pause == 0 ? FIRST_PAUSE_MS : commits->pause * 2;
    if (commits->pause > LONGEST_PAUSE_MS)
        commits->pause = LONGEST_PAUSE_MS;
    commits->hopeless =
        commits->pause == LONGEST_PAUSE_MS && error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    bool telling = commits->pause == LONGEST_PAUSE_MS && !told && !is_of_rebalance(error);
    mr_log(telling ? MR_LOG_WARN : MR_LOG_DEBUG, "commit_refused",
           MR_S("client", rd_kafka_name(commits->handle)),
           MR_S("message", rd_kafka_err2str(error)));
    commits->stored = true;
    arm(commits, commits->pause);
}

static void drop_anew(struct mr_commits *commits)
{
    if (commits->anew != NULL)
        rd_kafka_topic_partition_list_destroy(commits->anew);
    commits->anew = NULL;
}

/* Those that went back stay noted until they are committed, or not the member's any more. */
static void note_gone_back(struct mr_commits *commits,
                           const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; commits->anew != NULL && offsets != NULL && i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *each = &offsets->elems[i];
        const rd_kafka_topic_partition_t *noted =
            rd_kafka_topic_partition_list_find(commits->anew, each->topic, each->partition);
        if (noted != NULL && each->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
            each->offset == noted->offset)
            rd_kafka_topic_partition_list_del(commits->anew, each->topic, each->partition);
    }
    if (commits->anew != NULL && commits->anew->cnt == 0)
        drop_anew(commits);
    if (commits->anew != NULL)
        commits->at_once = false; /* one of them was refused */
}

static void tell(const struct mr_commits *commits, rd_kafka_resp_err_t error,
                 const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; offsets != NULL && commits->accepted != NULL && i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *each = &offsets->elems[i];
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR && each->err == error && each->offset >= 0)
            commits->accepted(commits->data, each->topic, each->partition, each->offset);
    }
}

static void on_answered(rd_kafka_t *handle, rd_kafka_resp_err_t error,
                        rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    struct mr_commits *commits = opaque;
    (void)handle;
    commits->in_flight = false;
    tell(commits, error, offsets);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        note_gone_back(commits, offsets);
    /* After a fatal error none is accepted any more. */
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR__NO_OFFSET &&
        error != RD_KAFKA_RESP_ERR__FATAL) {
        refused(commits, error);
        return;
    }
    commits->pause = 0;
    commits->hopeless = false;
    if (commits->stored)
        arm(commits, commits->at_once ? 0 : commits->interval);
}

/* Without a list librdkafka takes what is stored of the partitions that are assigned when it sends,
 * as far as that is beyond what was committed. So what goes back goes first, by itself. */
static void commit(struct mr_commits *commits)
{
    if (commits->anew == NULL)
        commits->stored = commits->at_once = false;
    commits->in_flight = true;
    rd_kafka_commit_queue(commits->handle, commits->anew, commits->queue, on_answered, commits);
}

static void on_due(struct mr_timer *timer)
{
    struct mr_commits *commits =
        (struct mr_commits *)((char *)timer - offsetof(struct mr_commits, timer));
    if (atomic_load(&commits->joining->now))
        arm(commits, FIRST_PAUSE_MS);
    else
        commit(commits);
}

void mr_commits_stored(struct mr_commits *commits)
{
    if (commits->stored)
        return;
    commits->stored = true;
    if (!commits->in_flight)
        arm(commits, commits->interval);
}

void mr_commits_now(struct mr_commits *commits)
{
    if (!commits->stored || commits->at_once)
        return;
    commits->at_once = true;
    if (commits->in_flight || commits->pause > 0)
        return;
    if (atomic_load(&commits->joining->now))
        arm(commits, FIRST_PAUSE_MS);
    else
        commit(commits);
}

void mr_commits_go_back(struct mr_commits *commits, const char *topic, int32_t partition,
                        int64_t offset)
{
    if (commits->anew == NULL)
        commits->anew = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *noted =
        rd_kafka_topic_partition_list_find(commits->anew, topic, partition);
    if (noted == NULL)
        noted = rd_kafka_topic_partition_list_add(commits->anew, topic, partition);
    noted->offset = offset;
    mr_commits_stored(commits);
    mr_commits_now(commits);
}

void mr_commits_forget(struct mr_commits *commits, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; commits->anew != NULL && i < list->cnt; i++)
        rd_kafka_topic_partition_list_del(commits->anew, list->elems[i].topic,
                                          list->elems[i].partition);
    if (commits->anew != NULL && commits->anew->cnt == 0)
        drop_anew(commits);
}

void mr_commits_hold_off(struct mr_commits *commits)
{
    if (commits->timer.place != 0 && commits->timer.due < mr_clock_ms() + FIRST_PAUSE_MS)
        arm(commits, FIRST_PAUSE_MS);
}

bool mr_commits_done(const struct mr_commits *commits)
{
    return (!commits->stored && !commits->in_flight) || commits->hopeless;
}

void mr_commits_free(struct mr_commits *commits)
{
    if (commits->timers != NULL)
        mr_timers_cancel(commits->timers, &commits->timer);
    drop_anew(commits);
}
