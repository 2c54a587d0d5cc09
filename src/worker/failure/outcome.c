#include "worker/failure/outcome.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/topic.h"
#include "worker/dispatch/completion.h"
#include "worker/dispatch/partition_route.h"
#include "worker/failure/forward.h"
#include "worker/failure/retry.h"
#include "worker/failure/verdict.h"
#include "worker/job/job_state.h"
#include "worker/transaction/pending_records.h"

enum { NS_PER_MS = 1000000, WHY_SIZE = 1024 };

static void log_undelivered(const struct mr_job *job, const char *topic, const char *why)
{
    mr_log(MR_LOG_WARN, "delivery_failed", MR_S("topic", job->partition->topic),
           MR_I("partition", job->partition->number), MR_I("offset", job->message.offset),
           MR_S("to", topic), MR_S("message", why));
}

static void log_fault(const struct mr_job *job, const struct mr_verdict *verdict,
                      const struct mr_fault *fault)
{
    char then[64] = "dead letter";
    if (verdict->retries)
        snprintf(then, sizeof(then), "retried in %lld ms", (long long)verdict->delay);
    mr_log(verdict->retries ? MR_LOG_WARN : MR_LOG_ERROR, "handler_failed",
           MR_S("topic", job->partition->topic), MR_I("partition", job->partition->number),
           MR_I("offset", job->message.offset), MR_I("attempt", job->retries + 1),
           MR_S("then", then), MR_B("message", fault->message), MR_B("trace", fault->trace));
}

/* Returns the reason why no answer can ever reach the sender of the request; NULL if one may. */
static const char *unanswerable(const struct mr_request *request)
{
    if (!mr_topic_legal(request->reply_to))
        return "the request's reply-to is not a topic name";
    if (request->bad_reply_partition)
        return "the request's kafka_replyPartition is not a partition: neither a decimal number "
               "nor 4 bytes, big-endian";
    return NULL;
}

/* An answer that can never be delivered. */
struct refusal {
    const char *to; /* its topic; NULL: the request's reply-to is at fault */
    char why[512];
};

/* Sends the answer. Returns false, with the refusal, if it can never be delivered. */
static bool send_answer(struct mr_dispatch *dispatch, struct mr_job *job,
                        const struct mr_answer *answer, uint64_t now, struct refusal *refusal)
{
    const char *nowhere = unanswerable(&job->request);
    if (nowhere != NULL) {
        refusal->to = NULL;
        snprintf(refusal->why, sizeof(refusal->why), "%s", nowhere);
        return false;
    }
    mr_compose(&dispatch->reply, &job->request, job->message.key, answer,
               (int64_t)(now / NS_PER_MS) + dispatch->wall_offset);
    refusal->to = dispatch->reply.record.topic;
    return mr_outbox_send(dispatch->outbox, job, MR_FOR_REPLY, &dispatch->reply.record, now,
                          refusal->why, sizeof(refusal->why)) == MR_SENT;
}

/* Logs the refusal, and writes it as the message of a fault. */
static void tell_refusal(const struct mr_job *job, const struct refusal *refusal, char *why)
{
    log_undelivered(job, refusal->to == NULL ? "reply-to" : refusal->to, refusal->why);
    snprintf(why, WHY_SIZE, "the reply cannot be delivered%s%s: %s",
             refusal->to == NULL ? "" : " to ", refusal->to == NULL ? "" : refusal->to,
             refusal->why);
}

static struct mr_verdict judge(struct mr_dispatch *dispatch, const struct mr_job *job,
                               const struct mr_route *route, const struct mr_result *result)
{
    struct mr_trial trial = {.is_request = job->request.is_request,
                             .answered = job->answered,
                             .raw = route->codec == MR_CODEC_RAW,
                             .retries = job->retries,
                             .policy = &route->policy};
    if (result->outcome != MR_OUTCOME_RETURNED)
        trial.random = mr_random(&dispatch->random);
    return mr_verdict_of(result, &trial);
}

static void keep(struct mr_job *job, const struct mr_fault *fault)
{
    struct mr_failure *kept = fault == NULL ? NULL : mr_failure_new(fault);
    free(job->failure);
    job->failure = kept;
}

/* Returns the next step for the message, and keeps its fault if that step needs it. If an earlier
 * attempt has answered the request, a retry stays in its place: the retry topic would not show the
 * answer. */
static struct mr_sequel sequel_of(struct mr_job *job, const struct mr_route *route,
                                  const struct mr_verdict *verdict, const struct mr_fault *fault)
{
    bool later =
        verdict->retries && !verdict->uncounted && route->policy.retry.by_topic && !job->answered;
    keep(job, verdict->dead_letters || later ? fault : NULL);
    if (verdict->retries && !later)
        return (struct mr_sequel){MR_SEQUEL_RETRY, verdict->delay, verdict->uncounted};
    if (job->failure == NULL)
        return (struct mr_sequel){.kind = MR_SEQUEL_SETTLE};
    job->failure->aside = later ? MR_ASIDE_RETRY : MR_ASIDE_DEAD_LETTER;
    job->failure->delay = verdict->delay;
    job->status = later ? MR_STATUSES : job->status;
    return (struct mr_sequel){.kind = MR_SEQUEL_FORWARD};
}

static struct mr_sequel carry_out(struct mr_dispatch *dispatch, struct mr_job *job,
                                  const struct mr_route *route, const struct mr_result *result,
                                  uint64_t now)
{
    char why[WHY_SIZE];
    struct refusal refusal;
    struct mr_result unanswerable;
    if (result->outcome != MR_OUTCOME_RETURNED)
        mr_pending_records_drop(job);
    struct mr_verdict verdict = judge(dispatch, job, route, result);
    if (verdict.answers && !job->answered) {
        job->answered = send_answer(dispatch, job, &verdict.answer, now, &refusal);
        if (!job->answered)
            tell_refusal(job, &refusal, why);
        if (!job->answered && !verdict.dead_letters) {
            unanswerable = (struct mr_result){.outcome = MR_OUTCOME_RAISED,
                                              .fault = mr_failure_own(MR_FAULT_REPLY, why)};
            result = &unanswerable;
            mr_pending_records_drop(job);
            verdict = judge(dispatch, job, route, result);
        }
    }
    job->status = verdict.status;
    if (verdict.log)
        log_fault(job, &verdict, &result->fault);
    return sequel_of(job, route, &verdict, &result->fault);
}

bool mr_outcome_answered(struct mr_dispatch *dispatch, struct mr_job *job,
                         const struct mr_route *route, const struct mr_result *result, uint64_t now)
{
    struct refusal refusal; /* the end of the handler tries again, and logs it */
    struct mr_verdict verdict = judge(dispatch, job, route, result);
    if (verdict.answers && !job->answered)
        job->answered = send_answer(dispatch, job, &verdict.answer, now, &refusal);
    return !verdict.answers || job->answered;
}

struct mr_sequel mr_outcome_ended(struct mr_dispatch *dispatch, struct mr_job *job,
                                  const struct mr_route *route, const struct mr_result *result,
                                  uint64_t now)
{
    struct mr_result undelivered = {.outcome = MR_OUTCOME_RAISED};
    if (job->failure != NULL && result->outcome == MR_OUTCOME_RETURNED) {
        undelivered.fault = job->failure->fault;
        result = &undelivered;
    }
    return carry_out(dispatch, job, route, result, now);
}

void mr_outcome_follow(struct mr_dispatch *dispatch, struct mr_job *job,
                       const struct mr_sequel *sequel)
{
    if (sequel->kind == MR_SEQUEL_RETRY) {
        mr_retry_in_place(dispatch, job, sequel->delay);
        job->retries -= sequel->uncounted;
        return;
    }
    if (job->state == MR_JOB_RUNNING)
        mr_settle_leave(dispatch, job);
    if (sequel->kind == MR_SEQUEL_FORWARD)
        mr_forward(dispatch, job);
    else
        mr_settle(dispatch, job);
}

void mr_outcome_undelivered(struct mr_dispatch *dispatch, struct mr_job *job,
                            const struct mr_report *report)
{
    char why[WHY_SIZE];
    bool is_reply = report->purpose == MR_FOR_REPLY;
    bool over = mr_job_is_to_start(job); /* its attempt has failed already */
    if (dispatch->abandoned && job->state == MR_JOB_DELIVERING)
        mr_job_become(job, MR_JOB_ABANDONED, NULL);
    if (job->state == MR_JOB_ABANDONED)
        return;
    log_undelivered(job, report->topic, report->error);
    if (over || report->purpose == MR_FOR_REQUEST || mr_forward_is(job))
        return;
    snprintf(why, sizeof(why), "%s cannot be delivered to %s: %s",
             is_reply ? "the reply" : "a record that the handler published", report->topic,
             report->error);
    if (is_reply || job->failure == NULL) {
        struct mr_fault fault = mr_failure_own(is_reply ? MR_FAULT_REPLY : MR_FAULT_RECORD, why);
        keep(job, &fault);
    }
}

/* Waits for the route, which decides what follows: it may come back while the partition is ours.
 * Otherwise abandons the job. */
static void await_route(struct mr_dispatch *dispatch, struct mr_job *job)
{
    if (!dispatch->stopping && job->partition->tenure == MR_TENURE_SERVING) {
        mr_job_become(job, MR_JOB_UNJUDGED, &job->partition->parked);
        return;
    }
    mr_job_become(job, MR_JOB_ABANDONED, NULL);
    mr_settle(dispatch, job);
}

void mr_outcome_failed_late(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_route *route = mr_partition_route(dispatch, job->partition);
    if (route == NULL) {
        await_route(dispatch, job);
        return;
    }
    const struct mr_result result = {.outcome = MR_OUTCOME_RAISED, .fault = job->failure->fault};
    const struct mr_sequel sequel = carry_out(dispatch, job, route, &result, mr_clock_ns());
    mr_outcome_follow(dispatch, job, &sequel);
}
