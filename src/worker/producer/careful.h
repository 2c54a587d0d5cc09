/* Topics of which a broker has lately refused a whole batch of records. Such a refusal is no
 * verdict on any single record. So a transaction sends each record to such a topic alone: a refusal
 * then concerns that record only. */
#ifndef MR_WORKER_PRODUCER_CAREFUL_H
#define MR_WORKER_PRODUCER_CAREFUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MR_CAREFUL_TOPICS = 32, MR_CAREFUL_MS = 60000 };

/* {0} is empty. */
struct mr_careful {
    struct {
        char *topic;
        uint64_t until; /* ms */
    } topics[MR_CAREFUL_TOPICS];
    size_t count;
};

/* Lists the topic for MR_CAREFUL_MS; `now` in ms. If the list is full, replaces the topic that has
 * the shortest time left. */
void mr_careful_add(struct mr_careful *careful, const char *topic, uint64_t now);
bool mr_careful_has(const struct mr_careful *careful, const char *topic);
/* Removes the topics whose time is over. */
void mr_careful_tick(struct mr_careful *careful, uint64_t now);
void mr_careful_free(struct mr_careful *careful);

#endif
