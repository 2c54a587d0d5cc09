#include "worker/gate.h"

#include <stdlib.h>

#include "base/panic.h"

struct mr_gate *mr_gates_hold(struct mr_gates *gates, const char *name)
{
    struct mr_gate *gate = mr_idmap_get(&gates->by_name, mr_bytes_of(name));
    if (gate == NULL) {
        gate = mr_alloc(sizeof(*gate));
        gate->owner = gates;
        gate->name = mr_strdup(name);
        mr_idmap_put(&gates->by_name, mr_bytes_of(gate->name), gate);
    }
    gate->holders++;
    return gate;
}

void mr_gate_release(struct mr_gate *gate)
{
    MR_ASSERT(gate->holders > 0);
    if (--gate->holders > 0)
        return;
    MR_ASSERT(gate->running == 0 && gate->waiting.first == NULL && gate->woken == 0);
    mr_idmap_remove(&gate->owner->by_name, mr_bytes_of(gate->name));
    free(gate->name);
    free(gate);
}

bool mr_gate_pass(struct mr_gate *gate, struct mr_job *job, size_t concurrency)
{
    bool was_woken = mr_gate_leave(job) == gate;
    bool next = was_woken || (gate->waiting.first == NULL && gate->woken == 0);
    if (next && gate->running < concurrency)
        return true;
    if (was_woken)
        mr_job_list_push_front(&gate->waiting, job);
    else
        mr_job_list_push(&gate->waiting, job);
    return false;
}

struct mr_job *mr_gate_wake(struct mr_gate *gate)
{
    struct mr_job *job = mr_job_list_pop(&gate->waiting);
    if (job == NULL)
        return NULL;
    job->woken = gate;
    gate->woken++;
    return job;
}

struct mr_gate *mr_gate_leave(struct mr_job *job)
{
    struct mr_gate *gate = job->woken;
    job->woken = NULL;
    if (gate != NULL)
        gate->woken--;
    return gate;
}

void mr_gates_free(struct mr_gates *gates)
{
    MR_ASSERT(gates->by_name.count == 0);
    mr_idmap_free(&gates->by_name);
}
