/* Design: a record goes as far as it can in one call. While it follows others closely, it is
 * gathered in `parcels`. Else the records that wait there are sent first, so that the order stays.
 * Then the barrier may hold it, or the doubt about its topic; only then a producer gets it. If the
 * producer's queue is full, the record waits in `parcels`, too. Nothing is reported during a
 * handler's attempt: a refusal is returned to the handler. The next flush reports a waiting record
 * that is refused. */
#include <stdlib.h>

#include "worker/consumer/stuck.h"
#include "worker/producer/outbox_state.h"
#include "worker/wire/sendable.h"

size_t mr_outbox_outstanding(const struct mr_outbox *outbox)
{
    return mr_producer_outstanding(outbox->producer) + mr_singles_outstanding(&outbox->singles) +
           outbox->parcels.count + outbox->barrier.count + outbox->doubted.waiting.count;
}

/* Decides which producer sends the record. */
static void choose_way(struct mr_outbox *outbox, const struct mr_outgoing *record,
                       struct mr_parcel *parcel)
{
    parcel->single =
        parcel->single || record->single || mr_singles_has(&outbox->singles, record->topic);
}

/* Hands the record to its producer. A producer that has failed takes no record any more, like one
 * whose queue is full: the record waits until the worker stops. */
static enum mr_sent hand_over(struct mr_outbox *outbox, const struct mr_outgoing *record,
                              struct mr_parcel *parcel, char *why, size_t size)
{
    parcel->timestamp = record->timestamp;
    enum mr_sent sent = parcel->single
                            ? mr_singles_send(&outbox->singles, record, parcel, why, size)
                            : mr_producer_send(outbox->producer, record, parcel, why, size);
    if (sent == MR_SENT && !parcel->single)
        mr_barrier_sent(&outbox->barrier, parcel, record->topic);
    return sent == MR_SENT_BACK ? MR_SENT_FULL : sent;
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
    return sent != MR_SENT && mr_outbox_doubt(outbox, parcel, record, sent) ? MR_SENT : sent;
}

/* Sends the parcel's record, or keeps a copy. Takes the parcel over, also if the record is
 * refused. */
static enum mr_sent send_parcel(struct mr_outbox *outbox, struct mr_parcel *parcel,
                                const struct mr_outgoing *record, char *why, size_t size)
{
    uint64_t now = parcel->sent;
    struct mr_job *job = parcel->job;
    parcel->partition = record->partition;
    mr_topic_warmup_topic(&outbox->warmup, record->topic);
    enum mr_sent sent =
        may_wait(outbox, record, now) ? MR_SENT_FULL : send_now(outbox, record, parcel, why, size);
    if (sent != MR_SENT && sent != MR_SENT_FULL) {
        mr_parcels_release(&outbox->parcels, parcel);
        mr_topic_warmup_doubt(&outbox->warmup, record->topic);
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
        record = mr_trace_context_pass(&outbox->trace, job->headers, job->header_count, record);
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
    record = mr_trace_context_pass(&outbox->trace, job->headers, job->header_count, record);
    return send_parcel(outbox, parcel, record, why, size);
}

void mr_outbox_flush(struct mr_outbox *outbox)
{
    char why[512];
    enum mr_sent sent;
    while ((sent = send_waiting(outbox, why, sizeof(why))) != MR_SENT && sent != MR_SENT_FULL)
        mr_outbox_refuse_first(outbox, sent, why);
    outbox->full = sent == MR_SENT_FULL;
    if (mr_pace_end_turn(&outbox->pace, mr_outbox_outstanding(outbox)))
        mr_early_flush(&outbox->hurry);
}

void mr_outbox_gather(struct mr_outbox *outbox, uint64_t now)
{
    bool all_reported = mr_producer_outstanding(outbox->producer) == 0;
    if (all_reported || outbox->full || !mr_pace_may_wait(mr_parcels_age(&outbox->parcels, now)))
        mr_outbox_flush(outbox);
}
