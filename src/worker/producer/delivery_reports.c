/* Design: every record that was handed to a producer comes back here, once. If the record is
 * acknowledged, it is counted, and finish() reports it. If it is refused with its batch, or
 * if its producer failed, it goes once more, alone. If nobody knows its topic, it waits while the
 * cluster is asked, and goes again then. Any other refusal is final, and finish() reports it.
 * finish() counts down job->deliveries and releases the parcel. The owner of the outbox may send
 * more from within its report. */
#include <stdlib.h>

#include "base/panic.h"
#include "worker/consumer/stuck.h"
#include "worker/producer/outbox_state.h"

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
        mr_topic_warmup_doubt(&outbox->warmup, topic);
        mr_singles_doubt(&outbox->singles, topic);
    }
    mr_stuck_reported(job->partition, parcel, outbox->now);
    mr_parcels_release(&outbox->parcels, parcel);
    MR_ASSERT(job->deliveries > 0);
    job->deliveries--;
    outbox->events->delivered(outbox->data, job, &report);
}

void mr_outbox_refuse_first(struct mr_outbox *outbox, enum mr_sent how, const char *why)
{
    struct mr_parcel *parcel = mr_parcels_pop(&outbox->parcels);
    struct mr_outgoing *record = parcel->record;
    parcel->record = NULL;
    finish(outbox, parcel, record->topic, how, why);
    free(record);
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

/* Lets the record go once more, alone. Returns false if it cannot: then the refusal stands. */
static bool on_returned(void *data, void *opaque, const struct mr_outgoing *record,
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

/* Lets the record go once more if its producer failed. The record was alone: any other refusal is
 * its own. */
static bool on_single_returned(void *data, void *opaque, const struct mr_outgoing *record,
                               enum mr_sent how, const char *error)
{
    struct mr_outbox *outbox = data;
    struct mr_parcel *parcel = opaque;
    (void)error;
    if (outbox->dropping || how != MR_SENT_BACK)
        return false;
    mr_singles_reported(&outbox->singles, record->topic, false);
    struct mr_outgoing again = *record;
    again.timestamp = parcel->timestamp;
    mr_parcels_keep(&outbox->parcels, parcel, &again);
    return true;
}

bool mr_outbox_doubt(struct mr_outbox *outbox, struct mr_parcel *parcel,
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
    if (!mr_outbox_doubt(outbox, opaque, record, how))
        return false;
    mr_barrier_reported(&outbox->barrier, opaque);
    return true;
}

static bool on_single_unknown(void *data, void *opaque, const struct mr_outgoing *record,
                              enum mr_sent how, const char *error)
{
    struct mr_outbox *outbox = data;
    (void)error;
    if (!mr_outbox_doubt(outbox, opaque, record, how))
        return false;
    mr_singles_reported(&outbox->singles, record->topic, false);
    return true;
}

const struct mr_producer_events mr_outbox_reports = {
    .delivered = on_delivered,
    .troubled = on_troubled,
    .returned = on_returned,
    .unknown = on_unknown,
};
const struct mr_producer_events mr_outbox_single_reports = {
    .delivered = on_single_delivered,
    .troubled = on_troubled,
    .returned = on_single_returned,
    .unknown = on_single_unknown,
};
