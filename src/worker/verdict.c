#include "worker/verdict.h"

#include "base/panic.h"

static const struct {
    int status;
    bool log; /* a raised status is an answer, the rest are failures */
} by_fault[] = {
    [MR_FAULT_STATUS] = {0, false}, /* the fault's own */
    [MR_FAULT_ERROR] = {500, true},
    [MR_FAULT_RETRY] = {503, true},
    [MR_FAULT_REJECT] = {500, true},
    [MR_FAULT_TIME] = {504, true},
    [MR_FAULT_MEMORY] = {500, true},
};

static struct mr_verdict success(const struct mr_result *result, bool is_request, bool raw)
{
    struct mr_verdict verdict = {.status = MR_STATUS_SUCCESS};
    if (!is_request || result->reply == MR_REPLY_NONE)
        return verdict;
    verdict.answers = true;
    verdict.answer.raw = raw && result->value_is_string;
    verdict.answer.value = result->reply == MR_REPLY_NULL ? MR_BYTES_NONE : result->value;
    verdict.answer.headers = result->headers;
    verdict.answer.header_count = result->header_count;
    return verdict;
}

static struct mr_verdict failure(bool is_request, int status, struct mr_bytes message,
                                 struct mr_bytes name)
{
    return (struct mr_verdict){
        .answers = is_request,
        .answer = {.is_error = true, .status = status, .message = message, .name = name},
        .status = MR_STATUS_ERROR,
        .log = true,
    };
}

struct mr_verdict mr_verdict_of(const struct mr_result *result, bool is_request, bool raw)
{
    const struct mr_fault *fault = &result->fault;
    switch (result->outcome) {
    case MR_OUTCOME_RETURNED:
        return success(result, is_request, raw);
    case MR_OUTCOME_UNDECODABLE:
        return failure(is_request, 400, fault->message, MR_BYTES("ValidationError"));
    case MR_OUTCOME_RAISED: {
        int own = by_fault[fault->kind].status;
        struct mr_verdict verdict =
            failure(is_request, own ? own : fault->status, fault->message, fault->name);
        verdict.log = by_fault[fault->kind].log || !is_request;
        return verdict;
    }
    case MR_OUTCOME_YIELDED:
        break;
    }
    MR_UNREACHABLE("a verdict on a handler that has not ended");
}
