/* Design: each record travels with a parcel (worker/job/parcels.h), which names its job. On its way
 * it may wait in three places. In `parcels` it waits while records are gathered, or while the
 * producer's queue is full. In `barrier` it waits for earlier records of its topic, after a batch
 * of them was refused. In `doubted` it waits while the cluster is asked for its topic. Then one of
 * two producers sends it: the first one sends batches, `singles` sends one record per batch. The
 * way out is in sending.c, the way back is in delivery_reports.c. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"
#include "worker/producer/outbox_state.h"

/* In bytes, as mr_outgoing_size() counts them. HIGH_MARK is 24,000 short records, or a few large
 * ones. Without it, librdkafka would hold 100,000 records (queue.buffering.max.messages) and a
 * gigabyte. */
enum { HIGH_MARK = 24 << 20, LOW_MARK = 12 << 20, STUCK_MARK = 72 << 20 };

struct mr_outbox *mr_outbox_new(const struct mr_config *config, uv_loop_t *loop, int wake_fd,
                                struct mr_timers *timers, struct mr_slot *slot,
                                const struct mr_outbox_events *events, void *data,
                                struct mr_errors *errors)
{
    struct mr_outbox *outbox = mr_alloc(sizeof(*outbox));
    *outbox = (struct mr_outbox){.slot = slot, .events = events, .data = data};
    outbox->producer = mr_producer_new(config, wake_fd, &mr_outbox_reports, outbox, errors);
    if (outbox->producer == NULL) {
        free(outbox);
        return NULL;
    }
    outbox->largest = mr_producer_largest(outbox->producer);
    mr_singles_start(&outbox->singles, loop, outbox->producer, wake_fd, &mr_outbox_single_reports,
                     outbox);
    mr_topic_warmup_start(&outbox->warmup, loop, outbox->producer);
    mr_doubted_start(&outbox->doubted, &outbox->warmup, &outbox->singles, timers, wake_fd);
    mr_early_flush_start(&outbox->hurry, config, loop, outbox->producer);
    mr_cell_set(&slot->gauges[MR_ACTIVE_PRODUCERS], 1);
    return outbox;
}

void mr_outbox_hand_to(struct mr_outbox *outbox, mr_outbox_hold_fn *hold, void *data)
{
    outbox->hold = hold;
    outbox->hold_data = data;
}

void mr_outbox_poll(struct mr_outbox *outbox)
{
    outbox->now = mr_clock_ns();
    mr_producer_poll(outbox->producer);
    mr_singles_poll(&outbox->singles);
    mr_barrier_release(&outbox->barrier, &outbox->parcels, false);
    mr_doubted_release(&outbox->doubted, &outbox->parcels);
    mr_outbox_gather(outbox, outbox->now);
}

bool mr_outbox_crowded(struct mr_outbox *outbox, size_t stuck)
{
    size_t bytes = mr_producer_outstanding_bytes(outbox->producer) +
                   mr_singles_outstanding_bytes(&outbox->singles) + outbox->parcels.bytes +
                   outbox->barrier.bytes + outbox->doubted.waiting.bytes;
    if (outbox->full || bytes - stuck >= HIGH_MARK || bytes >= STUCK_MARK)
        outbox->crowded = true;
    else if (bytes - stuck <= LOW_MARK)
        outbox->crowded = false;
    return outbox->crowded;
}

void mr_outbox_expect(struct mr_outbox *outbox, const char *topic)
{
    mr_topic_warmup_topic(&outbox->warmup, topic);
}

bool mr_outbox_failed(const struct mr_outbox *outbox, char *why, size_t size)
{
    return mr_producer_failed(outbox->producer, why, size) ||
           mr_singles_failed(&outbox->singles, why, size);
}

const struct mr_producer *mr_outbox_producer(const struct mr_outbox *outbox)
{
    return outbox->producer;
}

void mr_outbox_reachable(struct mr_outbox *outbox, bool reachable)
{
    mr_topic_warmup_open(&outbox->warmup, reachable);
    mr_singles_reachable(&outbox->singles, reachable);
}

void mr_outbox_drop(struct mr_outbox *outbox)
{
    mr_barrier_release(&outbox->barrier, &outbox->parcels, true);
    mr_parcels_put_ahead(&outbox->doubted.waiting, &outbox->parcels);
    while (outbox->parcels.first != NULL)
        mr_outbox_refuse_first(outbox, MR_SENT_REFUSED, "the worker is stopping");
    outbox->now = mr_clock_ns();
    outbox->dropping = true;
    mr_producer_drop(outbox->producer);
    mr_singles_drop(&outbox->singles);
    outbox->dropping = false;
}

void mr_outbox_free(struct mr_outbox *outbox)
{
    mr_doubted_free(&outbox->doubted);
    mr_topic_warmup_free(&outbox->warmup);
    mr_early_flush_free(&outbox->hurry);
    mr_trace_context_free(&outbox->trace);
    mr_singles_free(&outbox->singles);
    mr_barrier_free(&outbox->barrier);
    mr_producer_free(outbox->producer);
    mr_cell_set(&outbox->slot->gauges[MR_ACTIVE_PRODUCERS], 0);
    mr_parcels_free(&outbox->parcels);
    free(outbox);
}
