#include "worker/failure/verdict.h"

#include <math.h>

#include "base/panic.h"

/* The whole policy, by kind of fault. */
static const struct {
    int status;          /* of the error reply; 0: the fault's own */
    bool retried;        /* up to retry.max times */
    bool request_asks;   /* a request is retried only if retry.requests is true */
    bool request_spared; /* a request is only answered: no retry, no dead letter */
    bool unanswerable;
} by_fault[] = {
    [MR_FAULT_STATUS] = {.request_spared = true},
    [MR_FAULT_ERROR] = {500, .retried = true, .request_asks = true},
    [MR_FAULT_RETRY] = {.retried = true},
    [MR_FAULT_REJECT] = {0},
    [MR_FAULT_MISTAKE] = {500},
    [MR_FAULT_UNDECODABLE] = {400},
    [MR_FAULT_TIME] = {504},
    [MR_FAULT_MEMORY] = {500},
    [MR_FAULT_CRASH] = {500},
    [MR_FAULT_REPLY] = {500, .unanswerable = true},
    [MR_FAULT_RECORD] = {500, .retried = true, .request_asks = true},
    [MR_FAULT_ROOM] = {500},
};

/* Up to this number, a double counts whole milliseconds exactly. */
static const double LONGEST_DELAY = 9007199254740992.0;

static struct mr_verdict success(const struct mr_result *result, const struct mr_trial *trial)
{
    struct mr_verdict verdict = {.status = MR_STATUS_SUCCESS};
    if (!trial->is_request || result->reply == MR_REPLY_NONE)
        return verdict;
    verdict.answers = true;
    verdict.answer.raw = trial->raw && result->value_is_string;
    verdict.answer.value = result->reply == MR_REPLY_NULL ? MR_BYTES_NONE : result->value;
    verdict.answer.headers = result->headers;
    verdict.answer.header_count = result->header_count;
    return verdict;
}

int64_t mr_retry_delay(const struct mr_policy *policy, int n, uint64_t random)
{
    double base = (double)policy->retry.base, cap = (double)policy->retry.cap;
    double delay = base > 0 ? base * pow(policy->retry.multiplier, n - 1) : 0;
    double chance = (double)(random >> 11) / 9007199254740992.0; /* [0, 1) */
    delay = fmin(delay, cap) * (1 + policy->retry.jitter * (2 * chance - 1));
    return (int64_t)fmax(0, fmin(delay, LONGEST_DELAY));
}

static struct mr_verdict again(const struct mr_fault *fault, const struct mr_trial *trial)
{
    int64_t delay = fault->kind == MR_FAULT_RETRY
                        ? fault->retry_after
                        : mr_retry_delay(trial->policy, trial->retries + 1, trial->random);
    return (struct mr_verdict){
        .retries = true, .delay = delay, .log = true, .status = MR_STATUS_ERROR};
}

/* Retries the message in its place, while other messages of its script wait for memory, too. The
 * retry does not count. */
static struct mr_verdict repeated(void)
{
    return (struct mr_verdict){
        .retries = true, .uncounted = true, .log = true, .status = MR_STATUS_ERROR};
}

static struct mr_verdict last(const struct mr_trial *trial, int status, struct mr_bytes message,
                              struct mr_bytes name)
{
    return (struct mr_verdict){
        .answers = trial->is_request,
        .answer = {.is_error = true, .status = status, .message = message, .name = name},
        .dead_letters = true,
        .log = true,
        .status = MR_STATUS_DEAD_LETTER,
    };
}

/* Returns true if a retry may mend the fault, and the message may be retried for it. `told` is true
 * for a request that has no answer yet. */
static bool is_temporary(const struct mr_fault *fault, const struct mr_policy *policy, bool told)
{
    if (fault->kind == MR_FAULT_STATUS)
        return !told && fault->status >= 500;
    bool asked = policy->retry.requests || !by_fault[fault->kind].request_asks;
    return by_fault[fault->kind].retried && (!told || asked);
}

static struct mr_verdict raised(const struct mr_fault *fault, const struct mr_trial *trial)
{
    int own = by_fault[fault->kind].status, status = own != 0 ? own : fault->status;
    if (fault->kind == MR_FAULT_ROOM)
        return repeated();
    bool told = trial->is_request && !trial->answered;
    bool spared = told && by_fault[fault->kind].request_spared;
    if (is_temporary(fault, trial->policy, told) && trial->retries < trial->policy->retry.max)
        return again(fault, trial);
    struct mr_verdict verdict = last(trial, status, fault->message, fault->name);
    if (by_fault[fault->kind].unanswerable)
        verdict.answers = false;
    if (spared) {
        verdict.dead_letters = verdict.log = false;
        verdict.status = MR_STATUS_ERROR;
    }
    return verdict;
}

struct mr_verdict mr_verdict_of(const struct mr_result *result, const struct mr_trial *trial)
{
    switch (result->outcome) {
    case MR_OUTCOME_RETURNED:
        return success(result, trial);
    case MR_OUTCOME_UNDECODABLE:
        return last(trial, 400, result->fault.message, MR_BYTES("ValidationError"));
    case MR_OUTCOME_RAISED:
        return raised(&result->fault, trial);
    case MR_OUTCOME_YIELDED:
        break;
    }
    MR_UNREACHABLE("a verdict on a handler that has not ended");
}
