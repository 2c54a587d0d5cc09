#include "worker/dispatch/poison_list.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/panic.h"
#include "worker/job/failure.h"

/* Returns the id of the job's message. If it comes from a retry topic, the id is that of its first
 * place, because each retry writes it to another offset. */
static struct mr_message_id id_of(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    struct mr_origin origin = mr_job_origin(job);
    return (struct mr_message_id){
        .group = dispatch->slot->groups[job->partition->group_row],
        .topic = origin.topic,
        .partition = origin.partition,
        .offset = origin.offset,
    };
}

bool mr_poison_list_has(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    if (dispatch->poisons.count == 0)
        return false;
    struct mr_message_id id = id_of(dispatch, job);
    return mr_poisons_find(&dispatch->poisons, &id) != NULL;
}

bool mr_poison_list_may_run(struct mr_dispatch *dispatch, const struct mr_job *job,
                            struct mr_result *result, struct mr_poison_list_text *text)
{
    if (dispatch->poisons.count == 0)
        return true;
    struct mr_message_id id = id_of(dispatch, job);
    mr_poisons_tidy(&dispatch->poisons, mr_clock_ms());
    const struct mr_poison *poison = mr_poisons_find(&dispatch->poisons, &id);
    if (poison == NULL || poison->deaths < MR_POISON_DEATHS)
        return true;
    snprintf(text->why, sizeof(text->why), "workers died twice while handling this message: %s",
             poison->cause);
    *result = (struct mr_result){.outcome = MR_OUTCOME_RAISED,
                                 .fault = mr_failure_own(MR_FAULT_CRASH, text->why)};
    return false;
}

void mr_poison_list_settled(struct mr_dispatch *dispatch, const struct mr_job *job)
{
    if (dispatch->poisons.count == 0 || job->status == MR_STATUSES)
        return;
    struct mr_message_id id = id_of(dispatch, job);
    if (mr_poisons_done(&dispatch->poisons, &id, mr_clock_ms()))
        dispatch->buried(dispatch->buried_data, &id);
}

void mr_poison_list_restart(struct mr_dispatch *dispatch, const struct mr_partition *partition)
{
    const struct mr_poison *poison;
    const char *group = dispatch->slot->groups[partition->group_row];
    while ((poison = mr_poisons_in(&dispatch->poisons, group, partition->topic,
                                   partition->number)) != NULL) {
        dispatch->buried(dispatch->buried_data, &poison->id);
        mr_poisons_forget(&dispatch->poisons, poison);
    }
}

void mr_poison_list_frame(struct mr_dispatch *dispatch, const struct mr_frame *frame)
{
    struct mr_poison poison;
    MR_ASSERT(mr_poison_decode(frame->body, &poison));
    if (frame->kind == MR_FRAME_HARMLESS)
        mr_poisons_done(&dispatch->poisons, &poison.id, mr_clock_ms());
    else
        mr_poisons_learn(&dispatch->poisons, &poison);
    mr_poison_free(&poison);
}
