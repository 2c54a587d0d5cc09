/* Retries by topic: the form of a message while it waits in its retry topic. It has its key, value
 * and headers as they came. Our headers follow: its first place, its retries, its due time and its
 * last error. Pure. */
#ifndef MR_WORKER_FAILURE_RETRY_TOPIC_H
#define MR_WORKER_FAILURE_RETRY_TOPIC_H

#include "worker/failure/dead_letter.h"

/* Addresses the letter and adds our headers. The next attempt is due failure->delay after
 * failure->at. Returns false if the name of the retry topic would be too long. */
bool mr_retry_topic_write(struct mr_forward_record *letter, const struct mr_policy *policy,
                          const struct mr_dead *failed);

struct mr_returned {
    struct mr_origin origin;
    int retries;
    int64_t due; /* wall ms; 0: at once */
    int moves;   /* how often it was written to the retry topic again */
};

/* Reads our headers of a message from a retry topic, and removes them from `headers`. Returns how
 * many headers are left, which are the message's own. If a header is missing or malformed, its
 * value in `returned` stays as it was. */
size_t mr_retry_topic_read(struct mr_pair *headers, size_t count, const struct mr_policy *policy,
                           struct mr_returned *returned);

/* Addresses the letter to the same partition of the same retry topic. `letter` must have all
 * headers of the record as it came. Our last header, which counts the moves, is added or
 * replaced. */
void mr_retry_topic_again(struct mr_forward_record *letter, const char *topic, int32_t partition,
                          int moves);

#endif
