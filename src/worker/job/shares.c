#include "worker/job/shares.h"

#include "base/panic.h"

static void put(struct mr_shares *shares, struct mr_share *share, size_t at)
{
    shares->heap[at] = share;
    share->place = at;
}

/* Moves the share up the heap from `at`. The newest of equal shares goes first, because it comes
 * seldom. */
static void sift_up(struct mr_shares *shares, struct mr_share *share, size_t at)
{
    for (; at > 1 && share->key <= shares->heap[at / 2]->key; at /= 2)
        put(shares, shares->heap[at / 2], at);
    put(shares, share, at);
}

static void sift_down(struct mr_shares *shares, struct mr_share *share, size_t at)
{
    for (size_t child; (child = at * 2) <= shares->count; at = child) {
        if (child < shares->count && shares->heap[child + 1]->key < shares->heap[child]->key)
            child++;
        if (share->key <= shares->heap[child]->key)
            break;
        put(shares, shares->heap[child], at);
    }
    put(shares, share, at);
}

void mr_shares_add(struct mr_shares *shares, struct mr_share *share, uint64_t key)
{
    if (shares->count + 1 >= shares->capacity) {
        shares->capacity = shares->capacity ? shares->capacity * 2 : 8;
        shares->heap = mr_realloc(shares->heap, shares->capacity * sizeof(shares->heap[0]));
    }
    share->key = key;
    shares->count++;
    sift_up(shares, share, shares->count);
}

void mr_shares_take_out(struct mr_shares *shares, struct mr_share *share)
{
    size_t at = share->place;
    struct mr_share *last = shares->heap[shares->count--];
    share->place = 0;
    if (last == share)
        return;
    if (at > 1 && last->key < shares->heap[at / 2]->key)
        sift_up(shares, last, at);
    else
        sift_down(shares, last, at);
}

void mr_shares_advance(struct mr_shares *shares, struct mr_share *share, uint64_t spent)
{
    if (share->place == 0 || spent < share->key + MR_SCHEDULE_STEP)
        return;
    share->key = spent;
    sift_down(shares, share, share->place);
}
