#include "worker/consumer/partition_state.h"

#include "base/panic.h"

#define TENURE(state, next)   [MR_TENURE_##state] = (next),
#define FULLNESS(state, next) [MR_FULLNESS_##state] = (next),
#define DELIVERY(state, next) [MR_DELIVERY_##state] = (next),
static const unsigned tenures[MR_TENURES] = {MR_TENURE_TABLE(TENURE)};
static const unsigned fullnesses[MR_FULLNESSES] = {MR_FULLNESS_TABLE(FULLNESS)};
static const unsigned deliveries[MR_PARTITION_DELIVERIES] = {MR_DELIVERY_TABLE(DELIVERY)};
#undef TENURE
#undef FULLNESS
#undef DELIVERY

bool mr_tenure_may_become(enum mr_tenure from, enum mr_tenure to)
{
    return (tenures[from] & 1U << to) != 0;
}

bool mr_fullness_may_become(enum mr_partition_fullness from, enum mr_partition_fullness to)
{
    return (fullnesses[from] & 1U << to) != 0;
}

bool mr_delivery_may_become(enum mr_partition_delivery from, enum mr_partition_delivery to)
{
    return (deliveries[from] & 1U << to) != 0;
}

void mr_tenure_become(enum mr_tenure *tenure, enum mr_tenure next)
{
    MR_ASSERT(mr_tenure_may_become(*tenure, next));
    *tenure = next;
}

void mr_fullness_become(enum mr_partition_fullness *fullness, enum mr_partition_fullness next)
{
    MR_ASSERT(mr_fullness_may_become(*fullness, next));
    *fullness = next;
}

void mr_delivery_become(enum mr_partition_delivery *delivery, enum mr_partition_delivery next)
{
    MR_ASSERT(mr_delivery_may_become(*delivery, next));
    *delivery = next;
}
