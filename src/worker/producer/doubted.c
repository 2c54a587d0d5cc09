#include "worker/producer/doubted.h"

#include <sys/eventfd.h>

/* Wakes the worker: the next turn releases the records that wait, and arms the next question's
 * timer. */
static void on_answered(void *data)
{
    const struct mr_doubted *doubted = data;
    eventfd_write(doubted->wake_fd, 1);
}

void mr_doubted_start(struct mr_doubted *doubted, struct mr_topic_warmup *warmup,
                      struct mr_singles *singles, struct mr_timers *timers, int wake_fd)
{
    *doubted = (struct mr_doubted){.wake_fd = wake_fd};
    mr_doubts_start(&doubted->first, warmup, timers, on_answered, doubted);
    mr_doubts_start(&doubted->single, &singles->warmup, timers, on_answered, doubted);
}

static enum mr_doubt doubt_of(const struct mr_doubted *doubted, const struct mr_parcel *parcel,
                              const char *topic)
{
    return mr_doubts_of(parcel->single ? &doubted->single : &doubted->first, topic,
                        parcel->partition);
}

bool mr_doubted_holds(const struct mr_doubted *doubted, const struct mr_parcel *parcel,
                      const char *topic)
{
    return parcel->purpose != MR_FOR_ASIDE && !parcel->confirmed &&
           doubt_of(doubted, parcel, topic) == MR_DOUBT_WAITS;
}

bool mr_doubted_raise(struct mr_doubted *doubted, const struct mr_parcel *parcel, const char *topic,
                      enum mr_sent how)
{
    if (how != MR_SENT_NO_TOPIC && how != MR_SENT_NO_PARTITION)
        return false;
    if (parcel->purpose == MR_FOR_ASIDE || parcel->confirmed)
        return false;
    return mr_doubts_raise(parcel->single ? &doubted->single : &doubted->first, topic,
                           parcel->partition);
}

void mr_doubted_release(struct mr_doubted *doubted, struct mr_parcels *parcels)
{
    struct mr_parcels over = {0};
    for (size_t count = doubted->waiting.count; count > 0; count--) {
        struct mr_parcel *parcel = doubted->waiting.first;
        enum mr_doubt doubt = doubt_of(doubted, parcel, parcel->record->topic);
        parcel->confirmed = doubt == MR_DOUBT_CONFIRMED;
        mr_parcels_move(&doubted->waiting, doubt == MR_DOUBT_WAITS ? &doubted->waiting : &over);
    }
    mr_parcels_put_ahead(&over, parcels);
}

void mr_doubted_free(struct mr_doubted *doubted)
{
    mr_doubts_free(&doubted->first);
    mr_doubts_free(&doubted->single);
}
