#include "worker/job/parcels.h"

#include <stdlib.h>

#include "base/panic.h"

struct mr_parcel *mr_parcels_new(struct mr_parcels *parcels, struct mr_job *job,
                                 enum mr_purpose purpose, uint64_t now)
{
    struct mr_parcel *parcel = parcels->free;
    if (parcel == NULL)
        parcel = mr_alloc(sizeof(*parcel));
    else
        parcels->free = parcel->next;
    *parcel = (struct mr_parcel){.job = job, .purpose = purpose, .sent = now};
    return parcel;
}

void mr_parcels_release(struct mr_parcels *parcels, struct mr_parcel *parcel)
{
    parcel->next = parcels->free;
    parcels->free = parcel;
}

static void count(struct mr_parcels *parcels, const struct mr_parcel *parcel)
{
    parcels->count++;
    parcels->bytes += mr_outgoing_size(parcel->record);
}

static void append(struct mr_parcels *parcels, struct mr_parcel *parcel)
{
    parcel->next = NULL;
    if (parcels->first == NULL)
        parcels->first = parcel;
    else
        parcels->last->next = parcel;
    parcels->last = parcel;
    count(parcels, parcel);
}

void mr_parcels_keep(struct mr_parcels *parcels, struct mr_parcel *parcel,
                     const struct mr_outgoing *record)
{
    parcel->record = mr_outgoing_copy(record);
    append(parcels, parcel);
}

/* Checks the end first, because most records belong there. */
void mr_parcels_insert(struct mr_parcels *parcels, struct mr_parcel *parcel,
                       const struct mr_outgoing *record)
{
    struct mr_parcel **link = &parcels->first;
    if (parcels->first == NULL || parcels->last->number < parcel->number) {
        mr_parcels_keep(parcels, parcel, record);
        return;
    }
    while ((*link)->number < parcel->number)
        link = &(*link)->next;
    parcel->record = mr_outgoing_copy(record);
    parcel->next = *link;
    *link = parcel;
    count(parcels, parcel);
}

void mr_parcels_move(struct mr_parcels *parcels, struct mr_parcels *to)
{
    append(to, mr_parcels_pop(parcels));
}

void mr_parcels_put_ahead(struct mr_parcels *parcels, struct mr_parcels *to)
{
    if (parcels->first == NULL)
        return;
    parcels->last->next = to->first;
    if (to->first == NULL)
        to->last = parcels->last;
    to->first = parcels->first;
    to->count += parcels->count;
    to->bytes += parcels->bytes;
    parcels->first = parcels->last = NULL;
    parcels->count = parcels->bytes = 0;
}

struct mr_parcel *mr_parcels_pop(struct mr_parcels *parcels)
{
    struct mr_parcel *parcel = parcels->first;
    parcels->first = parcel->next;
    parcels->count--;
    parcels->bytes -= mr_outgoing_size(parcel->record);
    return parcel;
}

uint64_t mr_parcels_age(const struct mr_parcels *parcels, uint64_t now)
{
    return parcels->first == NULL ? 0 : now - parcels->first->sent;
}

void mr_parcels_free(struct mr_parcels *parcels)
{
    MR_ASSERT(parcels->first == NULL);
    while (parcels->free != NULL) {
        struct mr_parcel *parcel = parcels->free;
        parcels->free = parcel->next;
        free(parcel);
    }
}
