/* Design: mr_forward() counts one delivery on the job, which keeps the job open until its record is
 * acknowledged. Then put() writes the record to the dead-letter topic or the retry topic, or, for a
 * move, to the end of its own partition. With exactly-once delivery the job only holds the record
 * until a transaction commits both. If the record is refused, refused() decides. A record that is
 * too large, or whose partition does not exist, is written again in another form. Otherwise a
 * refused retry waits in its place, and a refused move on the shelf. A refused dead letter blocks
 * its partition until it is written. If the worker stops or the partition leaves, the job is
 * abandoned instead. */
#include "worker/failure/forward.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/dispatch/completion.h"
#include "worker/dispatch/partition_route.h"
#include "worker/dispatch/waiters.h"
#include "worker/failure/dead_letter.h"
#include "worker/failure/retry.h"
#include "worker/failure/retry_topic.h"
#include "worker/job/job_state.h"

enum { FIRST_PAUSE_MS = 1000, LONGEST_PAUSE_MS = 30000, WHY_SIZE = 512 };

static void log_state(enum mr_log_level level, const char *event, const struct mr_job *job,
                      const char *to, const char *why)
{
    mr_log(level, event, MR_S("topic", job->partition->topic),
           MR_I("partition", job->partition->number), MR_I("offset", job->message.offset),
           MR_S("to", to), MR_S("message", why));
}

bool mr_forward_is(const struct mr_job *job)
{
    return job->failure != NULL && job->failure->aside != MR_ASIDE_NONE;
}

static void count_blocked(struct mr_dispatch *dispatch, int by)
{
    mr_cell_add(&dispatch->slot->gauges[MR_DLQ_BLOCKED], (uint64_t)(int64_t)by);
}

/* Ends the job's block of its partition. If no other job blocks the partition, the partition's
 * messages go on. */
static void unblock(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_partition *partition = job->partition;
    if (!job->failure->blocks)
        return;
    job->failure->blocks = false;
    if (--partition->blocked > 0)
        return;
    count_blocked(dispatch, -1);
    mr_schedule_return(&dispatch->schedule, &partition->flow, &partition->held);
}

/* Ends the forwarding of the message. Its record has kept the job open since mr_forward(). */
static void end(struct mr_dispatch *dispatch, struct mr_job *job)
{
    unblock(dispatch, job);
    MR_ASSERT(job->deliveries > 0);
    job->deliveries--;
    mr_settle(dispatch, job);
}

static void give_up(struct mr_dispatch *dispatch, struct mr_job *job)
{
    mr_job_become(job, MR_JOB_ABANDONED, NULL);
    end(dispatch, job);
}

static void refused(struct mr_dispatch *dispatch, struct mr_job *job, const char *topic,
                    enum mr_sent how, const char *why);

/* Lets the job be committed together with the record that it holds. */
static void held(struct mr_dispatch *dispatch, struct mr_job *job)
{
    job->deliveries--;
    mr_settle(dispatch, job);
}

static void on_again(struct mr_timer *timer);

/* Waits for the route, which names the topic: it may come back while the partition is ours.
 * Otherwise abandons the job. */
static void await_route(struct mr_dispatch *dispatch, struct mr_job *job)
{
    if (dispatch->stopping || job->partition->tenure != MR_TENURE_SERVING) {
        give_up(dispatch, job);
        return;
    }
    mr_job_become(job, MR_JOB_FORWARD_RETRY, &dispatch->unwritten);
    mr_timers_arm(dispatch->timers, &job->timer, mr_clock_ms() + FIRST_PAUSE_MS, on_again);
}

static enum mr_sent post(struct mr_dispatch *dispatch, struct mr_job *job,
                         const struct mr_forward_record *letter, char why[WHY_SIZE])
{
    return mr_outbox_send(dispatch->outbox, job, MR_FOR_ASIDE, &letter->record, mr_clock_ns(), why,
                          WHY_SIZE);
}

static void after_post(struct mr_dispatch *dispatch, struct mr_job *job, const char *topic,
                       enum mr_sent how, const char *why)
{
    if (how != MR_SENT)
        refused(dispatch, job, topic, how, why);
    else if (job->line != NULL)
        held(dispatch, job);
}

/* Writes the message to the end of its partition of the retry topic again. */
static void put_again(struct mr_dispatch *dispatch, struct mr_job *job)
{
    char why[WHY_SIZE];
    struct mr_forward_record letter;
    size_t count = mr_message_headers(&job->message, NULL, 0);
    struct mr_pair *headers = mr_alloc((count + 1) * sizeof(headers[0]));
    mr_message_headers(&job->message, headers, count);
    mr_forward_record_begin(&letter, job->message.key, job->message.value, headers, count);
    mr_retry_topic_again(&letter, job->partition->topic, job->partition->number, job->moves + 1);
    after_post(dispatch, job, letter.topic, post(dispatch, job, &letter, why), why);
    mr_forward_record_free(&letter);
    free(headers);
}

static void put(struct mr_dispatch *dispatch, struct mr_job *job)
{
    char why[WHY_SIZE] = "this is not a topic name";
    struct mr_forward_record letter;
    if (job->failure->aside == MR_ASIDE_LATER) {
        put_again(dispatch, job);
        return;
    }
    struct mr_route *route = mr_partition_route(dispatch, job->partition);
    if (route == NULL) {
        await_route(dispatch, job);
        return;
    }
    const struct mr_dead dead = {.origin = mr_job_origin(job),
                                 .group_id = route->group_id,
                                 .failure = job->failure,
                                 .retries = job->retries};
    enum mr_sent how = MR_SENT_REFUSED;
    mr_forward_record_begin(&letter, job->message.key, job->message.value, job->headers,
                            job->header_count);
    if (job->failure->aside == MR_ASIDE_RETRY
            ? mr_retry_topic_write(&letter, &route->policy, &dead)
            : mr_dead_letter_write(&letter, &route->policy, &dead))
        how = post(dispatch, job, &letter, why);
    after_post(dispatch, job, letter.topic, how, why);
    mr_forward_record_free(&letter);
}

static void on_again(struct mr_timer *timer)
{
    struct mr_job *job = mr_job_of_timer(timer);
    struct mr_dispatch *dispatch = job->owner;
    mr_job_become(job, MR_JOB_FORWARDING, NULL);
    put(dispatch, job);
}

/* Returns the bytes that the record may take without compression, with some for the batch and for
 * our headers. */
static size_t size_of(const struct mr_job *job)
{
    enum { OWN = 2048, EACH = 16 };
    size_t size = OWN + job->message.key.length + job->message.value.length;
    for (size_t i = 0; i < job->header_count; i++)
        size += EACH + job->headers[i].name.length + job->headers[i].value.length;
    return size;
}

/* Writes the text for the log and for health. */
static void explain(const struct mr_job *job, const char *topic, enum mr_sent how, const char *why,
                    char text[MR_NOTE_SIZE])
{
    int length = snprintf(
        text, MR_NOTE_SIZE,
        "a dead letter cannot be written, its partition waits: %s [%d] offset %lld to "
        "%s: %s",
        job->partition->topic, job->partition->number, (long long)job->message.offset, topic, why);
    if (how == MR_SENT_TOO_LARGE && length < MR_NOTE_SIZE)
        snprintf(text + length, MR_NOTE_SIZE - (size_t)length,
                 "; set that topic's max.message.bytes to %zu", size_of(job));
}

static void block(struct mr_dispatch *dispatch, struct mr_job *job, const char *topic,
                  enum mr_sent how, const char *why)
{
    char text[MR_NOTE_SIZE];
    uint64_t pause =
        mr_backoff_after((uint64_t)++job->failure->refused, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    mr_job_become(job, MR_JOB_FORWARD_RETRY, &dispatch->unwritten);
    mr_timers_arm(dispatch->timers, &job->timer, mr_clock_ms() + pause, on_again);
    if (job->failure->blocks)
        return;
    job->failure->blocks = true;
    if (job->partition->blocked++ > 0)
        return;
    explain(job, topic, how, why, text);
    mr_note_write(&dispatch->slot->blocked_note, text);
    count_blocked(dispatch, 1);
    log_state(MR_LOG_ERROR, "dead_letter_blocked", job, topic, text);
}

/* Leaves the message at its old offset, because its move was refused. Logs that once a minute,
 * because there may be thousands of such messages. */
static void stay_later(struct mr_dispatch *dispatch, struct mr_job *job, const char *topic,
                       const char *why)
{
    enum { TELL_MS = 60000 };
    uint64_t now = mr_clock_ms();
    if (dispatch->later.told == 0 || now - dispatch->later.told >= TELL_MS) {
        dispatch->later.told = now;
        log_state(MR_LOG_WARN, "retry_not_moved", job, topic, why);
    }
    job->deliveries--;
    mr_waiters_stay(dispatch, job);
}

/* Retries the message in its place, because its retry topic does not take it. */
static void stay(struct mr_dispatch *dispatch, struct mr_job *job, const char *topic,
                 const char *why)
{
    int64_t delay = job->failure->delay;
    log_state(MR_LOG_WARN, "delivery_failed", job, topic, why);
    free(job->failure);
    job->failure = NULL;
    job->deliveries--;
    mr_retry_in_place(dispatch, job, delay);
}

/* Changes the form of the record. Returns false if no other form may help. */
static bool reshape(struct mr_failure *failure, enum mr_sent how)
{
    if (failure->aside == MR_ASIDE_LATER)
        return false;
    if (how == MR_SENT_NO_PARTITION && !failure->any_partition)
        return failure->any_partition = true;
    if (how != MR_SENT_TOO_LARGE || failure->cut == MR_DEAD_LETTER_CUTS)
        return false;
    failure->cut++;
    return true;
}

static void refused(struct mr_dispatch *dispatch, struct mr_job *job, const char *topic,
                    enum mr_sent how, const char *why)
{
    bool reshaped = reshape(job->failure, how);
    if (how != MR_SENT_TOO_LARGE && dispatch->doubted != NULL)
        dispatch->doubted(dispatch->doubted_data);
    bool too_late = reshaped ? dispatch->abandoned
                             : dispatch->stopping || job->partition->tenure != MR_TENURE_SERVING;
    if (too_late)
        give_up(dispatch, job);
    else if (reshaped)
        put(dispatch, job);
    else if (job->failure->aside == MR_ASIDE_LATER)
        stay_later(dispatch, job, topic, why);
    else if (job->failure->aside == MR_ASIDE_RETRY)
        stay(dispatch, job, topic, why);
    else
        block(dispatch, job, topic, how, why);
}

void mr_forward(struct mr_dispatch *dispatch, struct mr_job *job)
{
    mr_job_become(job, MR_JOB_FORWARDING, NULL);
    job->failure->at = mr_clock_wall_ms();
    job->deliveries++;
    put(dispatch, job);
}

static void written(struct mr_dispatch *dispatch, const struct mr_job *job, const char *topic)
{
    if (job->failure->aside == MR_ASIDE_DEAD_LETTER)
        mr_cell_add(&dispatch->slot->counters[MR_DLQ_MESSAGES], 1);
    if (job->failure->aside == MR_ASIDE_LATER)
        mr_cell_add(&dispatch->slot->counters[MR_RETRY_MOVES], 1);
    if (job->failure->blocks && job->partition->blocked == 1)
        log_state(MR_LOG_INFO, "dead_letter_unblocked", job, topic,
                  "the dead letter is written, the partition goes on");
}

void mr_forward_reported(struct mr_dispatch *dispatch, struct mr_job *job,
                         const struct mr_report *report)
{
    if (report->error != NULL) {
        if (job->line != NULL)
            job->deliveries++; /* undoes held(): the job no longer holds the record */
        refused(dispatch, job, report->topic, report->how, report->error);
        return;
    }
    written(dispatch, job, report->topic);
    end(dispatch, job);
}

void mr_forward_left(struct mr_dispatch *dispatch, struct mr_job *job)
{
    if (!mr_forward_is(job))
        return;
    if (job->state != MR_JOB_ABANDONED)
        written(dispatch, job, "its dead-letter topic");
    unblock(dispatch, job);
}

void mr_forward_drop(struct mr_dispatch *dispatch)
{
    for (struct mr_job *job = dispatch->unwritten.first, *next; job != NULL; job = next) {
        next = job->next;
        if (!dispatch->stopping && job->partition->tenure == MR_TENURE_SERVING)
            continue;
        mr_timers_cancel(dispatch->timers, &job->timer);
        give_up(dispatch, job);
    }
}
