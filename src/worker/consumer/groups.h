/* The consumers of a worker, one per consumer group that its routes name. */
#ifndef MR_WORKER_CONSUMER_GROUPS_H
#define MR_WORKER_CONSUMER_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/scoreboard.h"
#include "config/config.h"
#include "kafka/cluster.h"
#include "kafka/consumer/consumer.h"
#include "worker/routing/routes.h"

struct mr_groups;

struct mr_groups_events {
    /* Returns true if there is room for a message; called before each message. */
    bool (*has_room)(void *data, const struct mr_consumer *consumer);
    void (*message)(void *data, struct mr_consumer *consumer,
                    struct mr_message *message); /* takes the message over */
    /* These are as the consumer's events of the same names. */
    void (*ended)(void *data, struct mr_consumer *consumer, const struct mr_message *end);
    void (*revoked)(void *data, struct mr_consumer *consumer, const char *topic, int32_t partition,
                    bool lost);
    void (*revocation)(void *data);
    void (*committed)(void *data, struct mr_consumer *consumer, const char *topic,
                      int32_t partition, int64_t next);
    /* As `let_go` of mr_revocation_further(). */
    bool (*let_go)(void *data, struct mr_consumer *consumer, bool late);
    /* The consumer has left its group. Returns true if none of its messages is at work, so that it
     * may be freed. */
    bool (*closed)(void *data, struct mr_consumer *consumer);
    void (*joined)(void *data);
    /* A group has ended for which another group with its id waits, or a group was abandoned. Call
     * mr_groups_use() again. */
    void (*room)(void *data);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

/* Makes the groups, which have no consumers yet. `number` is the worker's: static members differ by
 * it (worker/consumer/instance.h). */
struct mr_groups *mr_groups_new(const struct mr_config *config, uint64_t number, uv_loop_t *loop,
                                int wake_fd, struct mr_timers *timers, struct mr_slot *slot,
                                const struct mr_groups_events *events, void *data);
/* Makes the consumers that these routes need, changes subscriptions that differ, and leaves groups
 * that no route names any more. If a group's subscription stays the same, the group notices
 * nothing. `topics` is NULL while the cluster's topics are not known: groups with patterns wait
 * then. Returns 0, or -1 with errors. */
int mr_groups_use(struct mr_groups *groups, struct mr_routes *routes,
                  const struct mr_cluster_topics *topics, struct mr_errors *errors);
/* Takes up to `most` messages per group until `ends` (mr_clock_ns()), beginning with the groups
 * that were left out last time. Returns how many it took. Sets `more` if messages may be left. */
size_t mr_groups_take(struct mr_groups *groups, size_t most, uint64_t ends, bool *more);
/* Serves the answers to commits, whether or not there is room for messages. Call it every turn. */
void mr_groups_serve(struct mr_groups *groups);
/* Goes on with partitions that are assigned or revoked, and with groups that leave. Call it every
 * turn, after the polls. */
void mr_groups_further(struct mr_groups *groups);
/* Sets for how many ms handlers on revoked partitions may run on, also in drains that are under
 * way. */
void mr_groups_limit_drains(struct mr_groups *groups, uint64_t ms);
/* Holds or resumes all groups. While they are held, nothing is fetched; polling goes on. */
void mr_groups_hold(struct mr_groups *groups, bool held);
/* Returns true, with the reason, if a consumer has failed for good. If it has fenced itself, that
 * does not count: another one takes its place (mr_groups_further). */
bool mr_groups_failed(const struct mr_groups *groups, char *why, size_t size);
/* Returns true if another member has taken the worker's name; call it if a consumer has failed. The
 * slot's next worker gets another name then. So when this worker stops, it leaves its other groups
 * for good. */
bool mr_groups_fenced(struct mr_groups *groups);
/* Returns the first trouble that keeps a group from serving. `why` is "" before, and names each
 * group in trouble, or how many more there are. Call it every second or so. */
enum mr_outage mr_groups_trouble(struct mr_groups *groups, char *why, size_t size);
/* Returns how many partitions wait because their next batch is damaged. Call it every second or
 * so. */
size_t mr_groups_damaged(struct mr_groups *groups);
/* Returns true if every consumer is in its group, or has no topic for now because nothing matches
 * its patterns. */
bool mr_groups_joined(const struct mr_groups *groups);
/* Commits the stored offsets: poll until mr_groups_committed(). */
void mr_groups_commit(struct mr_groups *groups);
bool mr_groups_committed(const struct mr_groups *groups);
/* Leaves all groups: poll until mr_groups_closed(). `returns`: another worker takes this one's
 * place at once, so a static member keeps its place for it. */
void mr_groups_close(struct mr_groups *groups, bool returns);
bool mr_groups_closed(const struct mr_groups *groups);
/* Asks no more questions in the background. A question under way ends within a second or so. */
void mr_groups_stop(struct mr_groups *groups);
/* Frees all groups. First the loop must have run until nothing is under way; no message may be
 * left. */
void mr_groups_free(struct mr_groups *groups);

#endif
