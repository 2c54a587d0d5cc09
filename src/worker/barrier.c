#include "worker/barrier.h"

uint32_t mr_barrier_raise(struct mr_barrier *barrier, size_t outstanding)
{
    barrier->number++;
    if (barrier->before == 0)
        barrier->first = barrier->number;
    barrier->before = outstanding;
    return barrier->number;
}

void mr_barrier_stamp(const struct mr_barrier *barrier, struct mr_parcel *parcel)
{
    parcel->barrier = barrier->number;
}

void mr_barrier_reported(struct mr_barrier *barrier, const struct mr_parcel *parcel)
{
    if (parcel->barrier == barrier->number || barrier->before == 0)
        return;
    barrier->before--;
}

bool mr_barrier_holds(const struct mr_barrier *barrier, uint32_t refusal)
{
    return barrier->before > 0 && refusal >= barrier->first;
}

void mr_barrier_release(struct mr_barrier *barrier, struct mr_parcels *parcels)
{
    if (barrier->waiting.first != NULL)
        mr_parcels_put_ahead(&barrier->waiting, parcels);
}
