/* Decides if the router is healthy, and writes the reasons if it is not. */
#ifndef MR_MASTER_HEALTH_H
#define MR_MASTER_HEALTH_H

#include <stdbool.h>

#include "base/buf.h"
#include "master/view.h"

enum mr_health_question {
    MR_HEALTH_LIVE,  /* does it work at all, or should it be restarted? It works unless a wedged
                      * worker is left that the master could not kill */
    MR_HEALTH_READY, /* does it take messages? Every worker's consumers have joined their groups */
    MR_HEALTH_BOTH,
};

enum mr_health {
    MR_HEALTH_OK,
    MR_HEALTH_DEAD,
    MR_HEALTH_WEDGED,
    MR_HEALTH_STUCK, /* wedged, and could not be killed */
    MR_HEALTH_STOPPING,
    MR_HEALTH_STARTING,
    MR_HEALTH_BROKER_DOWN,
    MR_HEALTH_GROUP_DENIED, /* these five in the order of enum mr_outage */
    MR_HEALTH_TOPIC_DENIED,
    MR_HEALTH_COORDINATOR,
    MR_HEALTH_LEADER,
    MR_HEALTH_RESPONSES,
    MR_HEALTH_JOINING,
    MR_HEALTH_BLOCKED, /* from here on, the worker takes messages */
    MR_HEALTH_DAMAGED,
    MR_HEALTH_STALLED,
    MR_HEALTH_UNACKNOWLEDGED,
};

/* How long it stays a reason that a worker was replaced because its scripts kept too much memory:
 * it may recur. Counts for MR_HEALTH_BOTH only. */
enum { MR_MEMORY_RECENT = 60000 }; /* ms */

/* How long it stays a reason that another member took a worker's name in a group. Counts for
 * MR_HEALTH_BOTH only. */
enum { MR_FENCED_RECENT = 60000 }; /* ms */

/* Returns the state of a slot's worker; if there are several problems, the gravest. */
enum mr_health mr_health_of(const struct mr_view *view, uint64_t slot);
bool mr_health_well(const struct mr_view *view, enum mr_health_question question);
/* Writes {"status":"ok","reasons":[]}, or "unavailable" with the reasons of each unhealthy
 * worker. */
void mr_health_json(const struct mr_view *view, enum mr_health_question question,
                    struct mr_buf *out);
/* Writes the same for a terminal: "ok", or one line per reason. */
void mr_health_text(const struct mr_view *view, enum mr_health_question question,
                    struct mr_buf *out);

#endif
