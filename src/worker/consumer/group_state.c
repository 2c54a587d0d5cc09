#include "worker/consumer/group_state.h"

#include "base/panic.h"

const char *const mr_group_state_names[MR_GROUP_STATES] = {
    [MR_GROUP_NEW] = "new",         [MR_GROUP_JOINING] = "joining",
    [MR_GROUP_STEADY] = "steady",   [MR_GROUP_DRAINING] = "draining",
    [MR_GROUP_LEAVING] = "leaving", [MR_GROUP_CLOSING] = "closing",
    [MR_GROUP_GONE] = "gone",
};

#define TO(state) (1u << MR_GROUP_##state)

static const unsigned successors[MR_GROUP_STATES] = {
    [MR_GROUP_NEW] = TO(JOINING) | TO(LEAVING) | TO(GONE),
    [MR_GROUP_JOINING] = TO(STEADY) | TO(DRAINING) | TO(LEAVING) | TO(GONE),
    [MR_GROUP_STEADY] = TO(JOINING) | TO(DRAINING) | TO(LEAVING) | TO(CLOSING) | TO(GONE),
    [MR_GROUP_DRAINING] = TO(JOINING) | TO(STEADY) | TO(GONE),
    [MR_GROUP_LEAVING] = TO(CLOSING) | TO(GONE),
    [MR_GROUP_CLOSING] = TO(GONE),
    [MR_GROUP_GONE] = 0,
};

void mr_group_state_become(enum mr_group_state *state, enum mr_group_state next)
{
    MR_ASSERT(successors[*state] & (1u << next));
    *state = next;
}
