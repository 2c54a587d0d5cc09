/* Design: each record travels with a parcel (worker/job/parcels.h), which names its job. On its way
 * it may wait in three places. In `parcels` it waits while records are gathered, or while the
 * producer's queue is full. In `barrier` it waits for earlier records of its topic, after a batch
 * of them was refused. In `doubted` it waits while the cluster is asked for its topic. Then one of
 * two producers sends it: the first one sends batches, `singles` sends one record per batch. A
 * refused record may go this way again; else finish() reports it, counts down job->deliveries and
 * releases the parcel. During a handler's attempt nothing is reported: if a record is refused at
 * once, the sending function returns the refusal. */
#include "worker/producer/outbox.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"
#include "worker/consumer/stuck.h"
#include "worker/job/parcels.h"
#include "worker/producer/barrier.h"
#include "worker/producer/doubted.h"
#include "worker/producer/early_flush.h"
#include "worker/producer/pace.h"
#include "worker/producer/singles.h"
#include "worker/producer/topic_warmup.h"
#include "worker/wire/sendable.h"
#include "worker/wire/trace_context.h"

/* In bytes, as mr_outgoing_size() counts them. HIGH_MARK is 24,000 short records, or a few large
 * ones. Without it, librdkafka would hold 100,000 records (queue.buffering.max.messages) and a
 * gigabyte. */
enum { HIGH_MARK = 24 << 20, LOW_MARK = 12 << 20, STUCK_MARK = 72 << 20 };

struct mr_outbox {
    struct mr_producer *producer;
    struct mr_singles singles;
    mr_outbox_hold_fn *hold;
    void *hold_data;
    struct mr_warmup warmup;
    struct mr_hurry hurry;
    struct mr_trace trace;
    struct mr_slot *slot;
    const struct mr_outbox_events *events;
    void *data;
    struct mr_parcels parcels;
    struct mr_barrier barrier;
    struct mr_doubted doubted;
    size_t largest; /* bytes that a record may have */
    bool full;      /* the producer's queue was full at the last flush */
    bool dropping;
    bool crowded;
    struct mr_pace pace;
    uint64_t now; /* ns, when the last poll began: reports come in batches */
};

static void finish(struct mr_outbox *outbox, struct mr_parcel *parcel, const char *topic,
                   enum mr_sent how, const char *error)
{
    struct mr_job *job = parcel->job;
    const struct mr_report report = {.purpose = parcel->purpose,
                                     .wait = parcel->wait,
                                     .topic = topic,
                                     .how = how,
                                     .error = error};
    if (error != NULL) {
        mr_warmup_doubt(&outbox->warmup, topic);
        mr_singles_doubt(&outbox->singles, topic);
    }
    mr_stuck_reported(job->partition, parcel, outbox->now);
    mr_parcels_release(&outbox->parcels, parcel);
    MR_ASSERT(job->deliveries > 0);
    job->deliveries--;
    outbox->events->delivered(outbox->data, job, &report);
}

static void settle(struct mr_outbox *outbox, struct mr_parcel *parcel, const char *topic,
                   enum mr_sent how, const char *error)
{
    if (error == NULL) {
        mr_cell_add(&outbox->slot->counters[MR_MESSAGES_SENT], 1);
        mr_histogram_observe(&outbox->slot->histograms[MR_PUBLISH_DURATION],
                             outbox->now - parcel->sent);
    }
    finish(outbox, parcel, topic, how, error);
}

static void on_delivered(void *data, void *opaque, const char *topic, enum mr_sent how,
                         const char *error)
{
    struct mr_outbox *outbox = data;
    mr_barrier_reported(&outbox->barrier, opaque);
    settle(outbox, opaque, topic, how, error);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_outbox *outbox = data;
    outbox->events->troubled(outbox->data, unreachable, text);
}

static void on_single_delivered(void *data, void *opaque, const char *topic, enum mr_sent how,
                                const char *error)
{
    struct mr_outbox *outbox = data;
    mr_singles_reported(&outbox->singles, topic, error == NULL);
    settle(outbox, opaque, topic, how, error);
}

/* Decides which producer sends the record. */
static void choose_way(struct mr_outbox *outbox, const struct mr_outgoing *record,
                       struct mr_parcel *parcel)
{
    parcel->single =
        parcel->single || record->single || mr_singles_has(&outbox->singles, record->topic);
}

static enum mr_sent hand_over(struct mr_outbox *outbox, const struct mr_outgoing *record,
                              struct mr_parcel *parcel, char *why, size_t size)
{
    parcel->timestamp = record->timestamp;
    if (parcel->single)
        return mr_singles_send(&outbox->singles, record, parcel, why, size);
    enum mr_sent sent = mr_producer_send(outbox->producer, record, parcel, why, size);
    if (sent == MR_SENT)
        mr_barrier_sent(&outbox->barrier, parcel, record->topic);
    return sent;
}

/* Lets the record go once more, alone. Returns false if it cannot: then the refusal stands. */
static bool on_refused_with_batch(void *data, void *opaque, const struct mr_outgoing *record,
                                  enum mr_sent how, const char *error)
{
    struct mr_outbox *outbox = data;
    struct mr_parcel *parcel = opaque;
    (void)error;
    if (outbox->dropping)
        return false;
    mr_singles_blame(&outbox->singles, record->topic, how == MR_SENT_TOO_LARGE);
    parcel->single = true;
    struct mr_outgoing again = *record;
    again.timestamp = parcel->timestamp;
    mr_barrier_refused(&outbox->barrier, parcel, &again);
    return true;
}

/* Lets the record wait. Returns false if the refusal is to be believed. */
static bool doubt(struct mr_outbox *outbox, struct mr_parcel *parcel,
                  const struct mr_outgoing *record, enum mr_sent how)
{
    if (outbox->dropping || !mr_doubted_raise(&outbox->doubted, parcel, record->topic, how))
        return false;
    struct mr_outgoing again = *record;
    again.timestamp = parcel->timestamp;
    again.partition = parcel->partition;
    mr_parcels_keep(&outbox->doubted.waiting, parcel, &again);
    return true;
}

static bool on_unknown(void *data, void *opaque, const struct mr_outgoing *record, enum mr_sent how,
                       const char *error)
{
    struct mr_outbox *outbox = data;
    (void)error;
    if (!doubt(outbox, opaque, record, how))
        return false;
    mr_barrier_reported(&outbox->barrier, opaque);
    return true;
}

static bool on_single_unknown(void *data, void *opaque, const struct mr_outgoing *record,
                              enum mr_sent how, const char *error)
{
    struct mr_outbox *outbox = data;
    (void)error;
    if (!doubt(outbox, opaque, record, how))
        return false;
    mr_singles_reported(&outbox->singles, record->topic, false);
    return true;
}

static const struct mr_producer_events producer_events = {
    .delivered = on_delivered,
    .troubled = on_troubled,
    .refused_with_batch = on_refused_with_batch,
    .unknown = on_unknown,
};
static const struct mr_producer_events single_events = {
    .delivered = on_single_delivered, .troubled = on_troubled, .unknown = on_single_unknown};

struct mr_outbox *mr_outbox_new(const struct mr_config *config, uv_loop_t *loop, int wake_fd,
                                struct mr_timers *timers, struct mr_slot *slot,
                                const struct mr_outbox_events *events, void *data,
                                struct mr_errors *errors)
{
    struct mr_outbox *outbox = mr_alloc(sizeof(*outbox));
    *outbox = (struct mr_outbox){.slot = slot, .events = events, .data = data};
    outbox->producer = mr_producer_new(config, wake_fd, &producer_events, outbox, errors);
    if (outbox->producer == NULL) {
        free(outbox);
        return NULL;
    }
    outbox->largest = mr_producer_largest(outbox->producer);
    mr_singles_start(&outbox->singles, loop, outbox->producer, wake_fd, &single_events, outbox);
    mr_warmup_start(&outbox->warmup, loop, outbox->producer);
    mr_doubted_start(&outbox->doubted, &outbox->warmup, &outbox->singles, timers, wake_fd);
    mr_hurry_start(&outbox->hurry, config, loop, outbox->producer);
    mr_cell_set(&slot->gauges[MR_ACTIVE_PRODUCERS], 1);
    return outbox;
}

void mr_outbox_hand_to(struct mr_outbox *outbox, mr_outbox_hold_fn *hold, void *data)
{
    outbox->hold = hold;
    outbox->hold_data = data;
}

static bool is_held(const struct mr_outbox *outbox, const struct mr_outgoing *record,
                    const struct mr_parcel *parcel)
{
    return !parcel->single && mr_barrier_holds(&outbox->barrier, record->topic);
}

/* Moves the first waiting record to the barrier or to the doubted records, if it must wait there.
 * Returns false if it may be sent now. */
static bool set_aside(struct mr_outbox *outbox)
{
    struct mr_parcel *parcel = outbox->parcels.first;
    if (is_held(outbox, parcel->record, parcel)) {
        mr_barrier_move(&outbox->barrier, &outbox->parcels);
        return true;
    }
    choose_way(outbox, parcel->record, parcel);
    if (!mr_doubted_holds(&outbox->doubted, parcel, parcel->record->topic))
        return false;
    mr_parcels_move(&outbox->parcels, &outbox->doubted.waiting);
    return true;
}

static enum mr_sent send_first(struct mr_outbox *outbox, char *why, size_t size)
{
    struct mr_parcel *parcel = outbox->parcels.first;
    struct mr_outgoing *record = parcel->record;
    if (set_aside(outbox))
        return MR_SENT;
    enum mr_sent sent = hand_over(outbox, record, parcel, why, size);
    if (sent != MR_SENT && mr_doubted_raise(&outbox->doubted, parcel, record->topic, sent)) {
        mr_parcels_move(&outbox->parcels, &outbox->doubted.waiting);
        return MR_SENT;
    }
    if (sent != MR_SENT)
        return sent;
    mr_parcels_pop(&outbox->parcels)->record = NULL;
    free(record);
    return MR_SENT;
}

/* Returns MR_SENT if no record waits in `parcels` any more. Else returns how the first record that
 * is left was refused. */
static enum mr_sent send_waiting(struct mr_outbox *outbox, char *why, size_t size)
{
    enum mr_sent sent = MR_SENT;
    while (outbox->parcels.first != NULL && sent == MR_SENT)
        sent = send_first(outbox, why, size);
    return sent;
}

/* Returns true if the record may be gathered. A record for a partition number is sent at once,
 * because only sending shows whether that partition exists. */
static bool may_wait(struct mr_outbox *outbox, const struct mr_outgoing *record, uint64_t now)
{
    bool close = mr_pace_step(&outbox->pace, now, mr_outbox_outstanding(outbox));
    return close && mr_pace_may_wait(mr_parcels_age(&outbox->parcels, now)) &&
           record->partition < 0;
}

/* Sends the record after all that wait; returns MR_SENT_FULL if these cannot all be sent. If a
 * waiting record is refused, the next flush reports it, because nothing is reported during a
 * handler's attempt. */
static enum mr_sent send_now(struct mr_outbox *outbox, const struct mr_outgoing *record,
                             struct mr_parcel *parcel, char *why, size_t size)
{
    if (send_waiting(outbox, why, size) != MR_SENT)
        return MR_SENT_FULL;
    if (is_held(outbox, record, parcel)) {
        mr_barrier_keep(&outbox->barrier, parcel, record);
        return MR_SENT;
    }
    choose_way(outbox, record, parcel);
    if (mr_doubted_holds(&outbox->doubted, parcel, record->topic)) {
        mr_parcels_keep(&outbox->doubted.waiting, parcel, record);
        return MR_SENT;
    }
    enum mr_sent sent = hand_over(outbox, record, parcel, why, size);
    return sent != MR_SENT && doubt(outbox, parcel, record, sent) ? MR_SENT : sent;
}

/* Sends the parcel's record, or keeps a copy. Takes the parcel over, also if the record is
 * refused. */
static enum mr_sent send_parcel(struct mr_outbox *outbox, struct mr_parcel *parcel,
                                const struct mr_outgoing *record, char *why, size_t size)
{
    uint64_t now = parcel->sent;
    struct mr_job *job = parcel->job;
    parcel->partition = record->partition;
    mr_warmup_topic(&outbox->warmup, record->topic);
    enum mr_sent sent =
        may_wait(outbox, record, now) ? MR_SENT_FULL : send_now(outbox, record, parcel, why, size);
    if (sent != MR_SENT && sent != MR_SENT_FULL) {
        mr_parcels_release(&outbox->parcels, parcel);
        mr_warmup_doubt(&outbox->warmup, record->topic);
        return sent;
    }
    if (sent == MR_SENT_FULL)
        mr_parcels_keep(&outbox->parcels, parcel, record);
    parcel->size = mr_outgoing_size(record);
    mr_stuck_sent(job->partition, parcel);
    job->deliveries++;
    return MR_SENT;
}

bool mr_outbox_fits(const struct mr_outbox *outbox, const struct mr_outgoing *record, char *why,
                    size_t size)
{
    return mr_sendable_by_size(record, outbox->largest, why, size);
}

enum mr_sent mr_outbox_send(struct mr_outbox *outbox, struct mr_job *job, enum mr_purpose purpose,
                            const struct mr_outgoing *record, uint64_t now, char *why, size_t size)
{
    if (!mr_sendable_to_topic(record, why, size))
        return MR_SENT_DENIED;
    if (purpose != MR_FOR_ASIDE && !mr_outbox_fits(outbox, record, why, size))
        return MR_SENT_TOO_LARGE;
    if (purpose != MR_FOR_ASIDE) /* MR_FOR_ASIDE: the record has all the message's headers */
        record = mr_trace_pass(&outbox->trace, job->headers, job->header_count, record);
    if (job->line != NULL) {
        outbox->hold(outbox->hold_data, job, purpose, record);
        return MR_SENT;
    }
    return send_parcel(outbox, mr_parcels_new(&outbox->parcels, job, purpose, now), record, why,
                       size);
}

enum mr_sent mr_outbox_ask(struct mr_outbox *outbox, struct mr_job *job, uint32_t wait,
                           const struct mr_outgoing *record, uint64_t now, char *why, size_t size)
{
    if (!mr_sendable_to_topic(record, why, size))
        return MR_SENT_DENIED;
    struct mr_parcel *parcel = mr_parcels_new(&outbox->parcels, job, MR_FOR_REQUEST, now);
    parcel->wait = wait;
    record = mr_trace_pass(&outbox->trace, job->headers, job->header_count, record);
    return send_parcel(outbox, parcel, record, why, size);
}

void mr_outbox_flush(struct mr_outbox *outbox)
{
    char why[512];
    enum mr_sent sent;
    while ((sent = send_waiting(outbox, why, sizeof(why))) != MR_SENT && sent != MR_SENT_FULL) {
        struct mr_parcel *parcel = mr_parcels_pop(&outbox->parcels);
        struct mr_outgoing *record = parcel->record;
        parcel->record = NULL;
        finish(outbox, parcel, record->topic, sent, why);
        free(record);
    }
    outbox->full = sent == MR_SENT_FULL;
    if (mr_pace_end_turn(&outbox->pace, mr_outbox_outstanding(outbox)))
        mr_hurry(&outbox->hurry);
}

void mr_outbox_gather(struct mr_outbox *outbox, uint64_t now)
{
    bool all_reported = mr_producer_outstanding(outbox->producer) == 0;
    if (all_reported || outbox->full || !mr_pace_may_wait(mr_parcels_age(&outbox->parcels, now)))
        mr_outbox_flush(outbox);
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

size_t mr_outbox_outstanding(const struct mr_outbox *outbox)
{
    return mr_producer_outstanding(outbox->producer) + mr_singles_outstanding(&outbox->singles) +
           outbox->parcels.count + outbox->barrier.count + outbox->doubted.waiting.count;
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
    mr_warmup_topic(&outbox->warmup, topic);
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
    mr_warmup_open(&outbox->warmup, reachable);
    mr_singles_reachable(&outbox->singles, reachable);
}

void mr_outbox_drop(struct mr_outbox *outbox)
{
    mr_barrier_release(&outbox->barrier, &outbox->parcels, true);
    mr_parcels_put_ahead(&outbox->doubted.waiting, &outbox->parcels);
    while (outbox->parcels.first != NULL) {
        struct mr_parcel *parcel = mr_parcels_pop(&outbox->parcels);
        struct mr_outgoing *record = parcel->record;
        parcel->record = NULL;
        finish(outbox, parcel, record->topic, MR_SENT_REFUSED, "the worker is stopping");
        free(record);
    }
    outbox->now = mr_clock_ns();
    outbox->dropping = true;
    mr_producer_drop(outbox->producer);
    mr_singles_drop(&outbox->singles);
    outbox->dropping = false;
}

void mr_outbox_free(struct mr_outbox *outbox)
{
    mr_doubted_free(&outbox->doubted);
    mr_warmup_free(&outbox->warmup);
    mr_hurry_free(&outbox->hurry);
    mr_trace_free(&outbox->trace);
    mr_singles_free(&outbox->singles);
    mr_barrier_free(&outbox->barrier);
    mr_producer_free(outbox->producer);
    mr_cell_set(&outbox->slot->gauges[MR_ACTIVE_PRODUCERS], 0);
    mr_parcels_free(&outbox->parcels);
    free(outbox);
}
