/* The consumers of a worker, one for each consumer group that its routes name. */
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
    /* Asked before each message. */
    bool (*has_room)(void *data, const struct mr_consumer *consumer);
    void (*message)(void *data, struct mr_consumer *consumer,
                    struct mr_message *message); /* takes it over */
    /* As the consumer's events of these names. */
    void (*revoked)(void *data, struct mr_consumer *consumer, const char *topic, int32_t partition,
                    bool lost);
    void (*revocation)(void *data);
    void (*committed)(void *data, struct mr_consumer *consumer, const char *topic,
                      int32_t partition, int64_t next);
    /* As mr_drain_further's. */
    bool (*let_go)(void *data, struct mr_consumer *consumer, bool late);
    /* The consumer has left its group: true when none of its messages is at work, and it may be
     * freed. */
    bool (*closed)(void *data, struct mr_consumer *consumer);
    void (*joined)(void *data);
    /* A group has gone whose id another one waits for, or was given up: use the routes again. */
    void (*room)(void *data);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

/* `number` is the worker's: it tells static members apart (worker/consumer/instance.h). */
struct mr_groups *mr_groups_new(const struct mr_config *config, uint64_t number, uv_loop_t *loop,
                                int wake_fd, struct mr_timers *timers, struct mr_slot *slot,
                                const struct mr_groups_events *events, void *data);
/* Makes the consumers that these routes need, changes subscriptions that differ and leaves groups
 * that no route is in any more. A group that is served as before notices nothing. While `topics` is
 * NULL, those there are being not known yet, a group with patterns waits. Returns 0, or -1 with
 * errors. */
int mr_groups_use(struct mr_groups *groups, struct mr_routes *routes,
                  const struct mr_cluster_topics *topics, struct mr_errors *errors);
/* Takes up to `most` messages of each group, beginning with those that were left out the last
 * time, until it is `ends` (mr_clock_ns()). Returns how many it took; `more` is set where some may
 * be left. */
size_t mr_groups_take(struct mr_groups *groups, size_t most, uint64_t ends, bool *more);
/* Answers to commits, whatever there is room for. Call it every turn. */
void mr_groups_serve(struct mr_groups *groups);
/* Goes on with partitions that are given or taken away and with groups that leave; call it every
 * turn, after the polls. */
void mr_groups_further(struct mr_groups *groups);
/* How long handlers have, in ms, whose partitions are taken away; also now. */
void mr_groups_limit_drains(struct mr_groups *groups, uint64_t ms);
/* While held, nothing is fetched; polling goes on. */
void mr_groups_hold(struct mr_groups *groups, bool held);
/* Returns true with the reason if a consumer is of no use any more. One that has fenced itself is
 * not meant: another one takes its place (mr_groups_further). */
bool mr_groups_failed(const struct mr_groups *groups, char *why, size_t size);
/* One has failed. Returns true if another member has taken its name; the slot's next worker then
 * has another one, so that the other groups are left for good when the worker stops. */
bool mr_groups_fenced(struct mr_groups *groups);
/* What keeps a group of them from serving, with the reason. Call it every second or so. */
enum mr_outage mr_groups_trouble(struct mr_groups *groups, char *why, size_t size);
/* Every consumer is in its group, or has no topic for now: nothing matches its patterns. */
bool mr_groups_joined(const struct mr_groups *groups);
/* What is stored is committed: poll until all of it is. */
void mr_groups_commit(struct mr_groups *groups);
bool mr_groups_committed(const struct mr_groups *groups);
/* Leaves all groups, poll until closed. `returns`: another worker takes this one's place at once,
 * and a static member keeps it for that one. */
void mr_groups_close(struct mr_groups *groups, bool returns);
bool mr_groups_closed(const struct mr_groups *groups);
/* Asks nothing in the background any more; what is under way ends within a second or so. */
void mr_groups_stop(struct mr_groups *groups);
/* The loop has run until nothing was under way, and no message of any is left. */
void mr_groups_free(struct mr_groups *groups);

#endif
