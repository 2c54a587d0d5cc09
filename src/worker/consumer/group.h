/* One consumer group of a worker: its consumer, and its life (group_state.h). Used by groups.c,
 * which has all of them. */
#ifndef MR_WORKER_CONSUMER_GROUP_H
#define MR_WORKER_CONSUMER_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/errors.h"
#include "base/timers.h"
#include "config/config.h"
#include "kafka/consumer/consumer.h"
#include "worker/consumer/group_state.h"
#include "worker/consumer/instance.h"
#include "worker/consumer/revocation.h"
#include "worker/consumer/start_offsets.h"

struct mr_groups_events;

/* What the groups of a worker have in common. */
struct mr_group_world {
    const struct mr_config *config;
    struct mr_instance instance;
    uv_loop_t *loop;
    int wake_fd;
    struct mr_timers *timers;
    uint64_t drain_timeout; /* ms */
    bool held;              /* nothing is fetched */
    const struct mr_groups_events *events;
    void *data;
};

struct mr_group {
    const struct mr_group_world *world;
    enum mr_group_state state;
    char *id;
    struct mr_consumer *consumer;
    bool idle;    /* there is no topic for it (yet) */
    bool retired; /* no route is in it: it leaves as soon as it may */
    bool given_up;
    struct mr_drain drain;
    struct mr_asking asking;
    struct mr_timer look; /* while it leaves and closes, which nothing tells of */
    uint64_t close_by;    /* ms */
    struct mr_group *next;
};

/* `count`: of the consumers that share the memory for what is fetched ahead. NULL with errors. */
struct mr_group *mr_group_new(const struct mr_group_world *world, const char *id, size_t count,
                              struct mr_errors *errors);
/* Subscribes to these; to none: it leaves what it has. Adds errors. */
void mr_group_subscribe(struct mr_group *group, const char *const *topics, size_t count,
                        struct mr_errors *errors);
/* Goes on with what the group is about: its questions, partitions taken away, leaving, closing.
 * Call it once a turn, after its consumer was polled. */
void mr_group_further(struct mr_group *group);
/* Its client has fenced itself, and another group of its id may take its place at once: its
 * partitions are lost, what is at work on them stores nothing any more. */
void mr_group_give_up(struct mr_group *group);
/* The worker stops: leaves, or as a static member `stays` and keeps its place. Partitions that are
 * being taken away are given back as they are. */
void mr_group_stop(struct mr_group *group, bool stays);
/* It has its part of the group's partitions. */
bool mr_group_has_joined(const struct mr_group *group);
/* Its client has ended and no message of it is at work: it may be freed. */
bool mr_group_is_over(const struct mr_group *group);
void mr_group_free(struct mr_group *group);

#endif
