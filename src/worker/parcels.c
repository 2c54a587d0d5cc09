#include "worker/parcels.h"

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

void mr_parcels_keep(struct mr_parcels *parcels, struct mr_parcel *parcel,
                     const struct mr_outgoing *record)
{
    parcel->record = mr_outgoing_copy(record);
    parcel->next = NULL;
    if (parcels->first == NULL)
        parcels->first = parcel;
    else
        parcels->last->next = parcel;
    parcels->last = parcel;
    parcels->count++;
    parcels->bytes += mr_outgoing_size(record);
}

struct mr_parcel *mr_parcels_pop(struct mr_parcels *parcels)
{
    struct mr_parcel *parcel = parcels->first;
    parcels->first = parcel->next;
    parcels->count--;
    parcels->bytes -= mr_outgoing_size(parcel->record);
    return parcel;
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
