/* The scoreboard: memory shared by the master and its workers, a slot each. A slot is written by
 * its worker alone and read by the master at any moment; it outlives the worker, whose successor
 * goes on counting where it stopped. Every field is its own 64-bit word, stored and loaded whole
 * (relaxed atomics: plain moves on the machines we run on). */
#ifndef MR_BASE_SCOREBOARD_H
#define MR_BASE_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/metrics.h"
#include "base/note.h"

enum { MR_SLOT_TOPICS = 2048, MR_TOPIC_MAX = 249, MR_SLOT_GROUPS = 64 };
enum { MR_SLOT_BREAKERS = 256, MR_BREAKER_MAX = 64 };
enum { MR_SLOT_SCRIPTS = 256, MR_SCRIPT_MAX = 248 };

enum mr_worker_state {
    MR_WORKER_NONE, /* no process */
    MR_WORKER_STARTING,
    MR_WORKER_LOADED, /* scripts loaded, consumers joining */
    MR_WORKER_READY,  /* every consumer is in its group */
    MR_WORKER_STOPPING,
    MR_WORKER_FINISHED, /* all it did is committed; it leaves its groups when all workers have */
};

enum mr_broker_state { MR_BROKER_UNKNOWN, MR_BROKER_UP, MR_BROKER_DOWN };

/* Why a worker that runs serves nothing, or less than it should. */
enum mr_outage {
    MR_OUTAGE_NONE,
    MR_OUTAGE_GROUP_DENIED,
    MR_OUTAGE_TOPIC_DENIED,
    MR_OUTAGE_COORDINATOR,
    MR_OUTAGE_LEADER,
    MR_OUTAGE_RESPONSES, /* a response topic is not read: requests of handlers fail */
};

enum mr_breaker_state { MR_BREAKER_CLOSED, MR_BREAKER_HALF_OPEN, MR_BREAKER_OPEN };

typedef _Atomic uint64_t mr_cell;

struct mr_histogram {
    mr_cell buckets[MR_BUCKETS + 1];
    mr_cell sum; /* nanoseconds */
};

struct mr_topic_row {
    char name[MR_TOPIC_MAX + 7]; /* written once, before `used` counts it */
    mr_cell processed[MR_STATUSES];
};

/* A circuit breaker of scripts. */
struct mr_breaker_row {
    char name[MR_BREAKER_MAX + 8]; /* written once, before `used` counts it */
    mr_cell state;                 /* enum mr_breaker_state */
    mr_cell rejected;              /* calls */
};

/* A script that holds memory. */
struct mr_script_row {
    char name[MR_SCRIPT_MAX + 8]; /* written once, before `used` counts it */
    mr_cell bytes;                /* about */
};

/* Lua's memory when scripts fill it. It outlives the worker: the next one looks at it. */
struct mr_fullness {
    mr_cell full;     /* 1: right now */
    mr_cell script;   /* the row + 1 of the one that holds most, then or at the last time */
    mr_cell bytes;    /* that it held */
    mr_cell room;     /* bytes for all scripts together */
    mr_cell replaced; /* monotonic ms, when a worker was last replaced for it; 0: never */
    mr_cell times;    /* how often, one soon after the other */
};

/* The worker as a static member of its groups (worker/consumer/instance.h). The row outlives the
 * worker. */
struct mr_membership_row {
    struct mr_note name;
    mr_cell number;      /* behind the host's name; the master writes it */
    mr_cell other;       /* is added to the name since another member took it; 0: nothing */
    mr_cell fenced;      /* monotonic ms, when that was last; 0: never */
    struct mr_note lost; /* the name that the other member has */
};

/* The Lua that runs right now, from a resume to its yield or return. */
struct mr_run {
    mr_cell number; /* 0: none runs; no other run of this worker has the same */
    mr_cell since;  /* monotonic ms */
    mr_cell time;   /* its budget, ms; 0: none */
    /* Its message: rows + 1; topic 0: none, scripts are loaded. */
    mr_cell topic, group, partition, offset;
};

struct mr_slot {
    mr_cell pid; /* written by the master */
    mr_cell state;
    mr_cell generation;
    mr_cell heartbeat; /* monotonic ms */
    mr_cell broker;    /* enum mr_broker_state */
    mr_cell trouble;   /* enum mr_outage */
    struct mr_note trouble_note;
    struct mr_note blocked_note; /* why a dead letter cannot be written */
    struct mr_membership_row membership;
    mr_cell counters[MR_COUNTERS];
    mr_cell gauges[MR_GAUGES];
    struct mr_histogram histograms[MR_HISTOGRAMS];
    mr_cell breakers_used;
    struct mr_breaker_row breakers[MR_SLOT_BREAKERS];
    mr_cell scripts_used;
    struct mr_script_row scripts[MR_SLOT_SCRIPTS];
    struct mr_fullness fullness;
    struct mr_run run;
    mr_cell shortest_budget; /* ms; of all that may run; 0 while nothing may */
    mr_cell groups_used;
    char groups[MR_SLOT_GROUPS][256]; /* as the topics */
    mr_cell topics_used;
    struct mr_topic_row topics[MR_SLOT_TOPICS]; /* the last one collects what had no row: "other" */
};

struct mr_scoreboard {
    int fd; /* of the shared memory, for workers to come; owned; -1 in a worker */
    uint64_t slot_count;
    struct mr_slot *slots;
};

/* The master makes it (memory starts zeroed; pages are only taken as they are used). Returns 0 or
 * -errno. */
int mr_scoreboard_create(struct mr_scoreboard *board, uint64_t slot_count);
/* A worker maps the memory that it was handed and closes the descriptor, which no program that the
 * worker starts is to have. Returns 0, or -errno with the descriptor still open. */
int mr_scoreboard_attach(struct mr_scoreboard *board, int fd);
void mr_scoreboard_close(struct mr_scoreboard *board);

static inline uint64_t mr_cell_get(const mr_cell *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}
static inline void mr_cell_set(mr_cell *cell, uint64_t value)
{
    atomic_store_explicit(cell, value, memory_order_relaxed);
}
/* Only the slot's one writer may call this. */
static inline void mr_cell_add(mr_cell *cell, uint64_t by)
{
    mr_cell_set(cell, mr_cell_get(cell) + by);
}
void mr_histogram_observe(struct mr_histogram *histogram, uint64_t nanoseconds);
/* The row of a topic, made at its first use; 0 <= index < MR_SLOT_TOPICS. */
uint64_t mr_slot_topic(struct mr_slot *slot, const char *topic);
/* How many rows have a name, for readers; the last row ("other") is beside these. */
uint64_t mr_slot_topics(const struct mr_slot *slot);
/* The row of a circuit breaker, made at its first use. NULL where none is left: names that an
 * earlier worker of the slot had stay. */
struct mr_breaker_row *mr_slot_breaker(struct mr_slot *slot, const char *name);
uint64_t mr_slot_breakers(const struct mr_slot *slot); /* how many rows have a name */
/* The row of a script, made at its first use; NULL when none is left. */
struct mr_script_row *mr_slot_script(struct mr_slot *slot, const char *name);
uint64_t mr_slot_scripts(const struct mr_slot *slot); /* how many rows have a name */
/* The script that holds most, by `fullness`; "" when none is known. */
const char *mr_slot_fullest(const struct mr_slot *slot);
uint64_t mr_slot_group(struct mr_slot *slot, const char *group); /* likewise */

/* Written by the worker, its message beforehand. */
void mr_run_begins(struct mr_run *run, uint64_t number, uint64_t since, uint64_t time);
void mr_run_ends(struct mr_run *run);
/* A run as the master saw it, all of one piece. */
struct mr_running {
    uint64_t number, since, time;
    const char *topic, *group; /* the slot's; "" where no message is handled */
    int32_t partition;
    int64_t offset;
};
/* False while none runs. The worker may have died amid anything, but what it shows is safe to use.
 */
bool mr_slot_running(const struct mr_slot *slot, struct mr_running *running);
/* The signal that interrupts a run: by sigqueue(3), with the run's number. Safe in a signal's
 * handler, as is mr_slot_running. */
int mr_interrupt(pid_t worker, uint64_t run);
/* What ends a worker that does not end what it does, ms: a run that is over its budget has the CPU
 * for the same time again, at least MR_OVERRUN_PATIENCE; a stop has shutdown_timeout and
 * MR_STOP_GRACE. The master sees to it; without a master the worker itself does
 * (worker/runtime/orphan.h). Leaving the groups takes a second at most, and so does ending each of
 * librdkafka's clients: its threads may look only once a second whether they are to end (issue 1690
 * of librdkafka). */
enum { MR_OVERRUN_PATIENCE = 100, MR_STOP_GRACE = 5000 };
/* The master, when the slot's worker is gone: what it was doing is over, what it counted stays. */
void mr_slot_vacate(struct mr_slot *slot);

#endif
