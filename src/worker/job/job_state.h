/* The life of a job: its states, the list that holds a job in each state, and the moves between
 * states. Every move is made by mr_job_become() or mr_job_become_first(), which assert that the
 * table (base/job_states.h) allows the move.
 *
 * A job comes from intake (worker/handler/intake.h) as QUEUED. Its handler starts from READY. When
 * the handler has ended, the job leaves its chain and becomes DELIVERING. If the message is not
 * done, it goes to another topic (FORWARDING), or its handler starts once more. An exactly-once job
 * then waits in its commit line. An ABANDONED job stores no offset: the next owner of the partition
 * handles the message again. */
#ifndef MR_WORKER_JOB_JOB_STATE_H
#define MR_WORKER_JOB_JOB_STATE_H

#include "worker/job/job.h"

bool mr_job_may_become(enum mr_job_state from, enum mr_job_state to);
/* Moves the job to the state, and from its list to the end of `list`. `list` is NULL if no list
 * holds jobs in that state. Counts jobs per state in the job's pool, and per topic and state in the
 * scoreboard. Calls nothing back. */
void mr_job_become(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list);
/* Does the same, but puts the job first in the list. */
void mr_job_become_first(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list);
/* Returns true if the job's handler is still to start, for the first time or again. */
bool mr_job_is_to_start(const struct mr_job *job);

#endif
