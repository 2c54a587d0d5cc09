/* Retries by topic: what a message looks like while it waits in its retry topic: key, value and
 * headers as they came, and behind them where it was first, how often it was retried and when it is
 * due. Pure. */
#ifndef MR_WORKER_FAILURE_RETRY_TOPIC_H
#define MR_WORKER_FAILURE_RETRY_TOPIC_H

#include "worker/failure/dead_letter.h"

/* Addresses the letter and adds that; the next attempt is failure->delay after failure->at. False
 * where the retry topic's name would be too long. */
bool mr_retry_topic_write(struct mr_letter *letter, const struct mr_policy *policy,
                          const struct mr_dead *failed);

struct mr_returned {
    struct mr_origin origin;
    int retries;
    int64_t due; /* wall ms; 0: at once */
    int moves;   /* how often it was written again since */
};

/* Reads it again from the headers of a message of the retry topic, and takes it out of them: what
 * is left are the message's own. Returns how many those are. `returned` holds what is known
 * otherwise, and keeps it where a header is missing or none of ours. */
size_t mr_retry_topic_read(struct mr_pair *headers, size_t count, const struct mr_policy *policy,
                           struct mr_returned *returned);

/* The message of a retry topic is written to the end of it again, to the same partition: as it
 * came, `headers` as they are in its record, and a header of ours, the last one, that counts. */
void mr_retry_topic_again(struct mr_letter *letter, const char *topic, int32_t partition,
                          int moves);

#endif
