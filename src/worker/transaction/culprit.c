#include "worker/transaction/culprit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/panic.h"
#include "worker/job/failure.h"
#include "worker/job/job_state.h"

/* Jobs per transaction while the jobs to blame are looked for. At most so many jobs are repeated
 * per job to blame. */
enum { SMALL = 16 };

void mr_culprit_note(struct mr_culprit *blame, enum mr_sent how, const char *why)
{
    blame->how = how;
    snprintf(blame->why, sizeof(blame->why), "%s", why);
}

static void count_down(size_t *left, size_t by)
{
    *left -= by < *left ? by : *left;
}

typedef void visit_fn(void *data, struct mr_pending_records *held);

/* The job waits for the next transaction, or is in this one. */
static bool is_finished(const struct mr_job *job)
{
    return job->state == MR_JOB_COMMITTABLE || job->state == MR_JOB_IN_TRANSACTION;
}

/* Calls `each` for the records of all finished jobs. These are in this transaction, or wait for the
 * next one. */
static void visit(const struct mr_partitions *partitions, visit_fn *each, void *data)
{
    for (const struct mr_partition *p = partitions->all; p != NULL; p = p->next)
        for (const struct mr_job *job = p->line.first; job != NULL; job = job->after)
            for (struct mr_pending_records *held = is_finished(job) ? job->held : NULL;
                 held != NULL; held = held->next)
                each(data, held);
}

struct search {
    struct mr_culprit *blame;
    const struct mr_partitions *partitions;
    const struct mr_pending_records *of; /* the record that others are compared with */
    const char *topic, *why;
    size_t count;
    bool careful; /* a topic was added to the careful ones */
};

static bool same_topic(const struct search *search, const struct mr_pending_records *held)
{
    return strcmp(held->record->topic, search->topic) == 0;
}

static void refuse(void *data, struct mr_pending_records *held)
{
    const struct search *search = data;
    if (held->how == MR_SENT && same_topic(search, held))
        mr_pending_records_fail(held, MR_SENT_DENIED, search->why);
}

void mr_culprit_topic(const struct mr_partitions *partitions, const char *topic, const char *why)
{
    struct search search = {.topic = topic, .why = why};
    visit(partitions, refuse, &search);
}

static void count_suspect(void *data, struct mr_pending_records *held)
{
    struct search *search = data;
    search->count += held->suspect && same_topic(search, held) ? 1 : 0;
}

/* Judges a record that was refused with its batch. If no other such record has its topic, it was
 * alone in the batch, and the refusal is its own. */
static void judge_suspect(void *data, struct mr_pending_records *held)
{
    struct search *search = data;
    if (!held->suspect)
        return;
    struct search others = {.topic = held->record->topic};
    visit(search->partitions, count_suspect, &others);
    if (others.count == 1) {
        held->how = held->suspected;
        held->suspect = false;
        return;
    }
    mr_careful_add(&search->blame->careful, held->record->topic, mr_clock_ms());
    search->careful = true;
}

static size_t bytes_of(const struct mr_outgoing *record)
{
    size_t bytes = record->key.length + record->value.length;
    for (size_t i = 0; i < record->header_count; i++)
        bytes += record->headers[i].name.length + record->headers[i].value.length;
    return bytes;
}

static void infer_from(struct mr_pending_records *held, const struct mr_pending_records *of)
{
    mr_pending_records_fail(held, of->how, of->why);
    held->inferred = true;
}

/* Returns true if the refusal shows that the topic takes no record at all. */
static bool tells_of_topic(const struct mr_pending_records *held)
{
    return held->how == MR_SENT_NO_TOPIC || held->how == MR_SENT_DENIED;
}

/* Marks a record as refused if the refusal of another record implies it. */
static void judge_like(void *data, struct mr_pending_records *held)
{
    const struct search *search = data;
    const struct mr_pending_records *of = search->of;
    if (held->how != MR_SENT || !same_topic(search, held))
        return;
    if (of->how == MR_SENT_TOO_LARGE && held->record->single)
        return;
    if (tells_of_topic(of) || bytes_of(held->record) >= bytes_of(of->record))
        infer_from(held, of);
}

/* Returns true if the refusal shows that the topic takes no record of this size. If records are
 * compressed, as dead letters are, a larger record may compress to less. */
static bool tells_of_size(const struct search *search, const struct mr_pending_records *held)
{
    return held->how == MR_SENT_TOO_LARGE && !search->blame->compressed && !held->record->single;
}

static void infer(void *data, struct mr_pending_records *held)
{
    struct search *search = data;
    bool tells = tells_of_topic(held) || tells_of_size(search, held);
    if (!tells || held->inferred)
        return;
    struct search others = {.of = held, .topic = held->record->topic};
    visit(search->partitions, judge_like, &others);
}

static void forget_suspicion(void *data, struct mr_pending_records *held)
{
    (void)data;
    held->suspect = false;
}

static void take_back(struct mr_job *job, struct mr_job_list *list)
{
    bool forwarded = job->failure != NULL && job->failure->aside != MR_ASIDE_NONE;
    mr_job_become(job, forwarded ? MR_JOB_FORWARDING : MR_JOB_DELIVERING, NULL);
    mr_job_list_push(list, job);
}

static void collect(const struct mr_partitions *partitions, struct mr_job_list *list)
{
    for (const struct mr_partition *p = partitions->all; p != NULL; p = p->next)
        for (struct mr_job *job = p->line.first; job != NULL; job = job->after)
            if (is_finished(job) && mr_pending_records_failed(job) != NULL)
                take_back(job, list);
}

/* Handles a refusal of the transaction for which no record is known to be the cause. If the
 * transaction had one job, blames the first record of that job, if it has any. Else lets its jobs
 * run one per transaction. */
static void blame_alone(struct mr_culprit *blame, const struct mr_batch *batch)
{
    MR_ASSERT(batch->members != NULL);
    const struct mr_job *first = batch->members->line.first;
    if (batch->jobs > 1 || first->held == NULL)
        blame->alone = batch->jobs;
    else
        mr_pending_records_fail(first->held, blame->how, blame->why);
}

/* Keeps the next transactions small while records are judged one by one. Nothing else needs another
 * pass. */
static void look_at_each(struct mr_culprit *blame, size_t jobs)
{
    if (jobs > blame->few)
        blame->few = jobs;
}

bool mr_culprit_find(struct mr_culprit *blame, const struct mr_batch *batch,
                     const struct mr_partitions *partitions, struct mr_job_list *list)
{
    struct search search = {.blame = blame, .partitions = partitions};
    count_down(&blame->alone, 1);
    mr_careful_tick(&blame->careful, mr_clock_ms());
    visit(partitions, judge_suspect, &search);
    visit(partitions, forget_suspicion, &search);
    visit(partitions, infer, &search);
    collect(partitions, list);
    bool blamed = blame->how != MR_SENT && blame->how != MR_SENT_BACK;
    if (list->first == NULL && !search.careful && blamed) {
        blame_alone(blame, batch);
        collect(partitions, list);
    }
    if (search.careful)
        look_at_each(blame, batch->jobs);
    blame->how = MR_SENT; /* the noted reason is of this transaction only */
    return list->first != NULL || search.careful || blame->alone > 0;
}

void mr_culprit_committed(struct mr_culprit *blame, size_t jobs)
{
    count_down(&blame->alone, 1);
    count_down(&blame->few, jobs);
}

size_t mr_culprit_limit(const struct mr_culprit *blame, size_t most)
{
    if (blame->alone > 0)
        return 1;
    return blame->few > 0 && most > SMALL ? SMALL : most;
}

void mr_culprit_free(struct mr_culprit *blame)
{
    mr_careful_free(&blame->careful);
}
