#include "master/respawn.h"

#include "base/backoff.h"

uint64_t mr_respawn_pause(struct mr_respawn *respawn, uint64_t lived)
{
    if (lived >= MR_RESPAWN_YOUNG)
        respawn->young_deaths = 0;
    else
        respawn->young_deaths++;
    uint64_t repeated = respawn->young_deaths > 0 ? respawn->young_deaths - 1 : 0;
    return mr_backoff_after(repeated, MR_RESPAWN_FIRST, MR_RESPAWN_LAST);
}
