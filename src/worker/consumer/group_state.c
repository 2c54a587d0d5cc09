#include "worker/consumer/group_state.h"

#include "base/panic.h"

#define NAME(state, name, next) [MR_GROUP_##state] = (name),
#define NEXT(state, name, next) [MR_GROUP_##state] = (next),
const char *const mr_group_state_names[MR_GROUP_STATES] = {MR_GROUP_STATE_TABLE(NAME)};
static const unsigned followers[MR_GROUP_STATES] = {MR_GROUP_STATE_TABLE(NEXT)};
#undef NAME
#undef NEXT

void mr_group_state_become(enum mr_group_state *state, enum mr_group_state next)
{
    MR_ASSERT((followers[*state] & 1U << next) != 0);
    *state = next;
}
