#include "worker/producer/barrier.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

/* A topic's passage: its records in the first producer, and its records that wait. */
struct mr_passage {
    char *topic;
    struct mr_parcel *first, *last; /* that the first producer has, in the order of sending */
    uint64_t sent;                  /* records that it ever took: the number of the next one */
    bool closed;                    /* from a refusal until `first` is NULL */
    struct mr_parcels refused;      /* ordered by number */
    struct mr_parcels held;         /* to be sent behind the refused ones */
    struct mr_passage *next;        /* of the closed topics */
};

static struct mr_passage *find(const struct mr_barrier *barrier, const char *topic)
{
    if (barrier->latest != NULL && strcmp(barrier->latest->topic, topic) == 0)
        return barrier->latest;
    return mr_idmap_get(&barrier->topics, mr_bytes_of(topic));
}

static struct mr_passage *find_or_make(struct mr_barrier *barrier, const char *topic)
{
    struct mr_passage *passage = find(barrier, topic);
    if (passage == NULL) {
        passage = mr_alloc(sizeof(*passage));
        passage->topic = mr_strdup(topic);
        mr_idmap_put(&barrier->topics, mr_bytes_of(passage->topic), passage);
    }
    return barrier->latest = passage;
}

static void forget_if_idle(struct mr_barrier *barrier, struct mr_passage *passage)
{
    if (passage->first != NULL || passage->closed)
        return;
    if (barrier->latest == passage)
        barrier->latest = NULL;
    mr_idmap_remove(&barrier->topics, mr_bytes_of(passage->topic));
    free(passage->topic);
    free(passage);
}

void mr_barrier_sent(struct mr_barrier *barrier, struct mr_parcel *parcel, const char *topic)
{
    struct mr_passage *passage = find_or_make(barrier, topic);
    parcel->passage = passage;
    parcel->number = passage->sent++;
    parcel->earlier = passage->last;
    parcel->later = NULL;
    *(passage->last != NULL ? &passage->last->later : &passage->first) = parcel;
    passage->last = parcel;
}

static void take_out(struct mr_passage *passage, const struct mr_parcel *parcel)
{
    *(parcel->earlier != NULL ? &parcel->earlier->later : &passage->first) = parcel->later;
    *(parcel->later != NULL ? &parcel->later->earlier : &passage->last) = parcel->earlier;
}

void mr_barrier_reported(struct mr_barrier *barrier, struct mr_parcel *parcel)
{
    take_out(parcel->passage, parcel);
    forget_if_idle(barrier, parcel->passage);
}

static void close_passage(struct mr_barrier *barrier, struct mr_passage *passage)
{
    if (passage->closed)
        return;
    passage->closed = true;
    passage->next = barrier->closed;
    barrier->closed = passage;
}

static void add(struct mr_barrier *barrier, const struct mr_outgoing *record)
{
    barrier->count++;
    barrier->bytes += mr_outgoing_size(record);
}

void mr_barrier_refused(struct mr_barrier *barrier, struct mr_parcel *parcel,
                        const struct mr_outgoing *record)
{
    struct mr_passage *passage = parcel->passage;
    close_passage(barrier, passage);
    take_out(passage, parcel);
    add(barrier, record);
    mr_parcels_insert(&passage->refused, parcel, record);
}

bool mr_barrier_holds(const struct mr_barrier *barrier, const char *topic)
{
    const struct mr_passage *passage = barrier->closed == NULL ? NULL : find(barrier, topic);
    return passage != NULL && passage->closed;
}

void mr_barrier_keep(struct mr_barrier *barrier, struct mr_parcel *parcel,
                     const struct mr_outgoing *record)
{
    add(barrier, record);
    mr_parcels_keep(&find(barrier, record->topic)->held, parcel, record);
}

void mr_barrier_move(struct mr_barrier *barrier, struct mr_parcels *parcels)
{
    const struct mr_outgoing *record = parcels->first->record;
    add(barrier, record);
    mr_parcels_move(parcels, &find(barrier, record->topic)->held);
}

static bool may_go(const struct mr_passage *passage, bool all)
{
    const struct mr_parcel *refused = passage->refused.first;
    return refused != NULL &&
           (all || passage->first == NULL || refused->number < passage->first->number);
}

static void let_go(struct mr_passage *passage, bool all, struct mr_parcels *released)
{
    while (may_go(passage, all))
        mr_parcels_move(&passage->refused, released);
    while ((all || passage->first == NULL) && passage->held.first != NULL)
        mr_parcels_move(&passage->held, released);
}

/* Does nothing while a record released earlier is still first in `parcels`, unless `all`. */
void mr_barrier_release(struct mr_barrier *barrier, struct mr_parcels *parcels, bool all)
{
    struct mr_parcels released = {0};
    if (barrier->closed == NULL || (!all && parcels->first != NULL && parcels->first->single))
        return;
    for (struct mr_passage **link = &barrier->closed, *passage; (passage = *link) != NULL;) {
        let_go(passage, all, &released);
        if (!all && passage->first != NULL) {
            link = &passage->next;
            continue;
        }
        *link = passage->next;
        passage->closed = false;
        forget_if_idle(barrier, passage);
    }
    barrier->count -= released.count;
    barrier->bytes -= released.bytes;
    mr_parcels_put_ahead(&released, parcels);
}

void mr_barrier_free(struct mr_barrier *barrier)
{
    MR_ASSERT(barrier->topics.count == 0 && barrier->count == 0);
    mr_idmap_free(&barrier->topics);
}
