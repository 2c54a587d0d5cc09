/* A record that takes a message to another topic: its key, value and headers as they came, followed
 * by headers of ours. */
#ifndef MR_WORKER_FAILURE_FORWARD_RECORD_H
#define MR_WORKER_FAILURE_FORWARD_RECORD_H

#include "base/record.h"
#include "worker/routing/topic_names.h"

enum { MR_LETTER_OWN = 20 }; /* of our headers, at most */

/* Begin it with mr_forward_record_begin(). It borrows from the message and from itself, so it must
 * not move. */
struct mr_forward_record {
    struct mr_outgoing record;
    struct mr_pair *headers;
    char topic[MR_TOPIC_ROOM];
    char texts[MR_LETTER_OWN][24];
    size_t own;
};

void mr_forward_record_begin(struct mr_forward_record *letter, struct mr_bytes key,
                             struct mr_bytes value, const struct mr_pair *headers, size_t count);
void mr_forward_record_text(struct mr_forward_record *letter, const char *name,
                            struct mr_bytes value);
void mr_forward_record_number(struct mr_forward_record *letter, const char *name,
                              int64_t value); /* in decimal */
/* Adds the lowest `size` bytes of the value, 8 at most, the highest byte first. */
void mr_forward_record_binary(struct mr_forward_record *letter, const char *name, int64_t value,
                              size_t size);
void mr_forward_record_free(struct mr_forward_record *letter);

#endif
