/* The state that the files of the outbox share; no other file uses it. Each of these files may call
 * those below it:
 * - outbox.c makes the outbox, serves both producers, and knows the bounds.
 * - sending.c has the records on their way out.
 * - delivery_reports.c has what the producers report. */
#ifndef MR_WORKER_PRODUCER_OUTBOX_STATE_H
#define MR_WORKER_PRODUCER_OUTBOX_STATE_H

#include "worker/job/parcels.h"
#include "worker/producer/barrier.h"
#include "worker/producer/doubted.h"
#include "worker/producer/early_flush.h"
#include "worker/producer/outbox.h"
#include "worker/producer/pace.h"
#include "worker/producer/singles.h"
#include "worker/producer/topic_warmup.h"
#include "worker/wire/trace_context.h"

struct mr_outbox {
    struct mr_producer *producer;
    struct mr_singles singles;
    mr_outbox_hold_fn *hold;
    void *hold_data;
    struct mr_topic_warmup warmup;
    struct mr_early_flush hurry;
    struct mr_trace_context trace;
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

/* delivery_reports.c: handle the reports of the two producers, with the outbox as data. */
extern const struct mr_producer_events mr_outbox_reports, mr_outbox_single_reports;
/* delivery_reports.c: takes the first record from those in `parcels`, and reports it as refused. */
void mr_outbox_refuse_first(struct mr_outbox *outbox, enum mr_sent how, const char *why);
/* delivery_reports.c: lets a refused record wait while the cluster is asked for its topic. Returns
 * false if the refusal is to be believed. */
bool mr_outbox_doubt(struct mr_outbox *outbox, struct mr_parcel *parcel,
                     const struct mr_outgoing *record, enum mr_sent how);

#endif
