/* One consumer group of a worker: its consumer and its state (group_state.h). Used by groups.c,
 * which has all groups. */
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

/* The settings that all groups of a worker share. */
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
    bool idle;    /* it has no topic to read (yet) */
    bool retired; /* no route names it: it leaves as soon as it may */
    bool given_up;
    bool settled; /* it was steady once */
    struct mr_revocation drain;
    struct mr_start_offsets asking;
    struct mr_timer look; /* looks whether leaving or closing is over: no event reports it */
    uint64_t close_by;    /* ms */
    uint64_t leaves;      /* ms, when it began to leave */
    struct mr_group *next;
};

/* Makes the group and its consumer. `count`: of the consumers that share the memory for messages
 * fetched ahead. Returns NULL, with errors, if the consumer cannot be made. */
struct mr_group *mr_group_new(const struct mr_group_world *world, const char *id, size_t count,
                              struct mr_errors *errors);
/* Subscribes to these topics. If `count` is 0, the consumer leaves its group. Adds errors. */
void mr_group_subscribe(struct mr_group *group, const char *const *topics, size_t count,
                        struct mr_errors *errors);
/* Goes on with the group's questions, revoked partitions, leaving and closing. Call it every turn,
 * after its consumer was polled. */
void mr_group_further(struct mr_group *group);
/* Abandons the group, because its client has fenced itself. Its partitions are lost: jobs at work
 * on them store no offset any more. Another group with its id may take its place at once. */
void mr_group_give_up(struct mr_group *group);
/* Leaves the group, because the worker stops. If it is a static member that `stays`, keeps its
 * place instead. Partitions that drain are given back as they are. */
void mr_group_stop(struct mr_group *group, bool stays);
/* Returns true if it has its part of the group's partitions, or has no topic to read. */
bool mr_group_has_joined(const struct mr_group *group);
/* Returns true if a worker that stops must wait, because the group leaves or its client closes. A
 * group that never was steady is waited for only a moment. Nothing of it was handled, and the
 * broker may hold back its first join for seconds. */
bool mr_group_is_awaited(const struct mr_group *group);
/* Returns true if its client has ended and no message of it is at work: then it may be freed. */
bool mr_group_is_over(const struct mr_group *group);
void mr_group_free(struct mr_group *group);

#endif
