#include "worker/transaction/transaction_state.h"

#include "base/panic.h"
#include "worker/transaction/state.h"

#define NEXT(state, next) [MR_TRANSACTION_##state] = (next),
static const unsigned followers[MR_TRANSACTION_STATES] = {MR_TRANSACTION_STATE_TABLE(NEXT)};
#undef NEXT

bool mr_transaction_may_become(enum mr_transaction_state from, enum mr_transaction_state to)
{
    return (followers[from] & 1U << to) != 0;
}

void mr_transaction_become(struct mr_transaction *transaction, enum mr_transaction_state next)
{
    MR_ASSERT(mr_transaction_may_become(transaction->state, next));
    transaction->state = next;
}
