#include "worker/producer/pace.h"

enum { PACE_NS = 200000, HOLD_NS = 25000000, ALONE_NS = 1000000, FEW = 4 };

bool mr_pace_step(struct mr_pace *pace, uint64_t now, size_t outstanding)
{
    uint64_t since = now - pace->latest;
    if (!pace->begun)
        pace->alone = since >= ALONE_NS && outstanding == 0;
    pace->begun = true;
    pace->latest = now;
    return since < PACE_NS;
}

bool mr_pace_may_wait(uint64_t age)
{
    return age < HOLD_NS;
}

bool mr_pace_end_turn(struct mr_pace *pace, size_t outstanding)
{
    bool hurried = pace->begun && pace->alone && outstanding <= FEW;
    pace->begun = false;
    return hurried;
}
