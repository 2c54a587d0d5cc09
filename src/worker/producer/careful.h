/* Topics of which a broker has lately refused a whole batch of records, which is no verdict on any
 * of them. A transaction sends each record to such a topic alone, so that a refusal is its own. */
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

/* The topic counts for MR_CAREFUL_MS; if there is no room, instead of the one that would count for
 * the shortest time. */
void mr_careful_add(struct mr_careful *careful, const char *topic, uint64_t now);
bool mr_careful_has(const struct mr_careful *careful, const char *topic);
/* Forgets the topics whose time is over. */
void mr_careful_tick(struct mr_careful *careful, uint64_t now);
void mr_careful_free(struct mr_careful *careful);

#endif
