/* Records that wait on their job until its handler has ended: what an attempt sends counts only
 * with the attempt. */
#ifndef MR_WORKER_TRANSACTION_PENDING_RECORDS_H
#define MR_WORKER_TRANSACTION_PENDING_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/record.h"
#include "kafka/producer.h"
#include "worker/job/job.h"
#include "worker/producer/outbox.h"

struct mr_held {
    struct mr_job *job;
    enum mr_purpose purpose;
    struct mr_outgoing *record;
    uint64_t sent;    /* ns, by the latest transaction */
    bool reported;    /* since then */
    enum mr_sent how; /* SENT unless it can never be delivered */
    char *why;        /* not, where that is so, or may be so */
    bool suspect;     /* a batch was refused that it was in, as follows: not believed yet */
    enum mr_sent suspected;
    bool inferred; /* `how` follows from what became of another record */
    struct mr_held *next;
};

void mr_held_add(struct mr_job *job, enum mr_purpose purpose, const struct mr_outgoing *record);
size_t mr_held_count(const struct mr_job *job);
/* The first one that can never be delivered; NULL where all may be. */
struct mr_held *mr_held_failed(const struct mr_job *job);
void mr_held_fail(struct mr_held *held, enum mr_sent how, const char *why);
void mr_held_suspect(struct mr_held *held, enum mr_sent how, const char *why);
/* It is sent anew: what is known of it is forgotten. */
void mr_held_acquit(struct mr_held *held);
void mr_held_take_out(struct mr_held *held); /* of its job, and frees it */
/* They are no more; a reply among them has not been given. Fine where there are none. */
void mr_held_drop(struct mr_job *job);

#endif
