/* The failure policy: from how a handler ended to what becomes of its message. Pure. */
#ifndef MR_WORKER_VERDICT_H
#define MR_WORKER_VERDICT_H

#include <stdbool.h>

#include "base/metrics.h"
#include "lua/vm.h"
#include "worker/dialect.h"

struct mr_verdict {
    bool answers; /* `answer` is sent */
    struct mr_answer answer;
    bool log; /* the fault is the operator's business */
    enum mr_status status;
};

/* `result` has ended (returned, raised or undecodable); the answer borrows from it. */
struct mr_verdict mr_verdict_of(const struct mr_result *result, bool is_request, bool raw);

#endif
