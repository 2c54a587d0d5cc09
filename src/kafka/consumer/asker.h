/* A client that asks and waits, for the commands. Every call but mr_asker_post blocks, within its
 * time limit. */
#ifndef MR_KAFKA_CONSUMER_ASKER_H
#define MR_KAFKA_CONSUMER_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errors.h"
#include "base/record.h"
#include "config/config.h"
#include "kafka/message.h"

struct mr_asker;

/* NULL with errors added. */
struct mr_asker *mr_asker_new(const struct mr_config *config, struct mr_errors *errors);
bool mr_asker_reachable(struct mr_asker *asker, int timeout); /* a broker answers */
/* Sends the record and waits for its acknowledgement. Returns 0, or -1 with `why`. */
int mr_asker_send(struct mr_asker *asker, const struct mr_outgoing *record, int timeout, char *why,
                  size_t size);
/* Makes the topic known, so that what is posted to it leaves at once. Returns 0, or -1 with `why`.
 */
int mr_asker_know(struct mr_asker *asker, const char *topic, int timeout, char *why, size_t size);
/* Sends the record. Returns 0, or -1 with `why`; mr_asker_failed tells of what is refused later. */
int mr_asker_post(struct mr_asker *asker, const struct mr_outgoing *record, char *why, size_t size);
/* True with `why` where the broker has refused a record. */
bool mr_asker_failed(const struct mr_asker *asker, char *why, size_t size);
/* Listens to the topic from its end, creating it where it is missing and create_topics allows.
 * Returns 0 once it listens, or -1. */
int mr_asker_listen(struct mr_asker *asker, const char *topic, int timeout, char *why, size_t size);
/* The next record of that topic; the caller frees it. False when none came in time, or a record has
 * been refused. */
bool mr_asker_receive(struct mr_asker *asker, struct mr_message *message, int timeout);
/* Waits until its clients are ended, for 5 s at most. */
void mr_asker_free(struct mr_asker *asker);

#endif
