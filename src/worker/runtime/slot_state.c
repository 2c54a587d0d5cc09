#include <unistd.h>

#include "base/log.h"
#include "worker/runtime/internal.h"

void mr_worker_show_state(struct mr_worker *worker)
{
    bool ready = worker->groups != NULL && mr_groups_joined(worker->groups) &&
                 worker->broker.state == MR_BROKER_UP;
    enum mr_worker_state state = worker->phase >= MR_PHASE_FINISHED  ? MR_WORKER_FINISHED
                                 : worker->phase != MR_PHASE_WORKING ? MR_WORKER_STOPPING
                                 : ready                             ? MR_WORKER_READY
                                 : worker->dispatch.routes           ? MR_WORKER_LOADED
                                                                     : MR_WORKER_STARTING;
    if (mr_cell_get(&worker->slot->state) == state)
        return;
    mr_cell_set(&worker->slot->state, state);
    if (state == MR_WORKER_READY || state == MR_WORKER_STARTING)
        mr_note_write(&worker->slot->joining_note, "");
    if (state == MR_WORKER_READY)
        mr_log(MR_LOG_INFO, "worker_ready", MR_I("pid", getpid()));
}
