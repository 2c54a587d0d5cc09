/* Records that wait on their job until its handler has ended. If an attempt fails, the records that
 * it sent are dropped. While a record is held, its bytes count for the job's partition
 * (worker/consumer/fullness.h). */
#ifndef MR_WORKER_TRANSACTION_PENDING_RECORDS_H
#define MR_WORKER_TRANSACTION_PENDING_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/record.h"
#include "kafka/producer.h"
#include "worker/job/job.h"
#include "worker/producer/outbox.h"

struct mr_pending_records {
    struct mr_job *job;
    enum mr_purpose purpose;
    struct mr_outgoing *record;
    uint64_t sent;    /* ns, when the latest transaction sent it */
    bool reported;    /* it was reported since then */
    enum mr_sent how; /* MR_SENT unless it can never be delivered */
    char *why;        /* why it is refused, or suspect */
    bool suspect;     /* refused with its batch, as `suspected` says: not believed yet */
    enum mr_sent suspected;
    bool inferred; /* `how` follows from the refusal of another record */
    struct mr_pending_records *next;
};

void mr_pending_records_add(struct mr_job *job, enum mr_purpose purpose,
                            const struct mr_outgoing *record);
size_t mr_pending_records_count(const struct mr_job *job);
/* Returns the first record that can never be delivered; NULL if there is none. */
struct mr_pending_records *mr_pending_records_failed(const struct mr_job *job);
void mr_pending_records_fail(struct mr_pending_records *held, enum mr_sent how, const char *why);
void mr_pending_records_suspect(struct mr_pending_records *held, enum mr_sent how, const char *why);
/* Forgets the refusal of a record that is sent anew. */
void mr_pending_records_acquit(struct mr_pending_records *held);
/* Takes the record out of its job, and frees it. */
void mr_pending_records_take_out(struct mr_pending_records *held);
/* Frees all records of the job, if there are any. If a reply is among them, the job's request
 * counts as not answered. */
void mr_pending_records_drop(struct mr_job *job);

#endif
