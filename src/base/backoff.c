#include "base/backoff.h"

uint64_t mr_backoff_next(uint64_t pause, uint64_t first, uint64_t longest)
{
    if (pause == 0)
        return first < longest ? first : longest;
    return pause < longest / 2 ? pause * 2 : longest;
}

uint64_t mr_backoff_after(uint64_t failures, uint64_t first, uint64_t longest)
{
    uint64_t pause = 0;
    for (uint64_t i = 0; i < failures && pause < longest; i++)
        pause = mr_backoff_next(pause, first, longest);
    return pause;
}
