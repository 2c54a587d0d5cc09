#include "worker/transaction/stall.h"

#include "base/log.h"

static void tell(struct mr_stall *stall, struct mr_slot *slot, bool stands, const char *why)
{
    if (stands == stall->told)
        return;
    stall->told = stands;
    if (stands)
        mr_log(MR_LOG_ERROR, "transactions_stalled", MR_S("message", why));
    else
        mr_log(MR_LOG_INFO, "transactions_resumed", MR_S("message", "transactions go on"));
    mr_cell_set(&slot->gauges[MR_TRANSACTIONS_STALLED], stands ? 1 : 0);
}

void mr_stall_look(struct mr_stall *stall, struct mr_slot *slot, bool busy, bool held_out,
                   const char *why, uint64_t now)
{
    if (!busy)
        stall->since = 0;
    else if (stall->since == 0)
        stall->since = now;
    bool stands = held_out || (busy && now - stall->since >= MR_STALL_MS);
    tell(stall, slot, stands, held_out ? "messages wait for an output topic" : why);
}

void mr_stall_progress(struct mr_stall *stall)
{
    stall->since = 0;
}
