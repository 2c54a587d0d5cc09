/* A client for commands, which asks and waits. A call with `timeout` blocks, for at most that many
 * ms. */
#ifndef MR_KAFKA_CONSUMER_ASKER_H
#define MR_KAFKA_CONSUMER_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errors.h"
#include "base/record.h"
#include "config/config.h"
#include "kafka/message.h"

struct mr_asker;

/* Returns NULL with errors added if it fails. */
struct mr_asker *mr_asker_new(const struct mr_config *config, struct mr_errors *errors);
bool mr_asker_reachable(struct mr_asker *asker, int timeout); /* true if a broker answers */
/* Sends the record and waits for its acknowledgement. Returns 0, or -1 with `why`. */
int mr_asker_send(struct mr_asker *asker, const struct mr_outgoing *record, int timeout, char *why,
                  size_t size);
/* Returns true if mr_asker_send failed since no leader of the topic acknowledged the record. */
bool mr_asker_silent(const struct mr_asker *asker);
/* Makes the topic known, so that records posted to it leave at once. Returns 0, or -1 with
 * `why`. */
int mr_asker_know(struct mr_asker *asker, const char *topic, int timeout, char *why, size_t size);
/* Sends the record without waiting. Returns 0, or -1 with `why`; mr_asker_failed reports later
 * refusals. */
int mr_asker_post(struct mr_asker *asker, const struct mr_outgoing *record, char *why, size_t size);
/* Returns true with `why` if the broker has refused a record, or the topic may not be read. */
bool mr_asker_failed(const struct mr_asker *asker, char *why, size_t size);
/* Listens to the topic from its end. Creates the topic if it is missing and create_topics is set.
 * Returns 0 when it listens, or -1 with `why`. */
int mr_asker_listen(struct mr_asker *asker, const char *topic, int timeout, char *why, size_t size);
/* Takes the next record of that topic; the caller frees it. Returns false if none came in time, or
 * after a failure. */
bool mr_asker_receive(struct mr_asker *asker, struct mr_message *message, int timeout);
/* Frees the asker. Waits at most 5 s for its clients to end. */
void mr_asker_free(struct mr_asker *asker);

#endif
