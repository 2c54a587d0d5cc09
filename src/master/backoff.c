#include "master/backoff.h"

uint64_t mr_backoff_next(struct mr_backoff *backoff, uint64_t lived)
{
    if (lived >= MR_BACKOFF_YOUNG)
        backoff->young_deaths = 0;
    else
        backoff->young_deaths++;
    if (backoff->young_deaths < 2)
        return 0;
    uint64_t wait = MR_BACKOFF_FIRST;
    for (uint64_t i = 2; i < backoff->young_deaths && wait < MR_BACKOFF_LAST; i++)
        wait *= 2;
    return wait < MR_BACKOFF_LAST ? wait : MR_BACKOFF_LAST;
}
