/* The scoreboard: memory shared by the master and its workers, a slot each. A slot is written by
 * its worker alone and read by the master at any moment; it outlives the worker, whose successor
 * goes on counting where it stopped. Every field is its own 64-bit word, stored and loaded whole
 * (relaxed atomics: plain moves on the machines we run on). */
#ifndef MR_BASE_SCOREBOARD_H
#define MR_BASE_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/metrics.h"

enum { MR_SLOT_TOPICS = 2048, MR_TOPIC_MAX = 249, MR_SLOT_BREAKERS = 256, MR_BREAKER_MAX = 64 };

enum mr_worker_state {
    MR_WORKER_NONE, /* no process */
    MR_WORKER_STARTING,
    MR_WORKER_LOADED, /* scripts loaded, consumers joining */
    MR_WORKER_READY,  /* every consumer is in its group */
    MR_WORKER_STOPPING,
    MR_WORKER_FINISHED, /* all it did is committed; it leaves its groups when all workers have */
};

enum mr_broker_state { MR_BROKER_UNKNOWN, MR_BROKER_UP, MR_BROKER_DOWN };

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

struct mr_slot {
    mr_cell pid; /* written by the master */
    mr_cell state;
    mr_cell generation;
    mr_cell heartbeat; /* monotonic ms */
    mr_cell broker;    /* enum mr_broker_state */
    mr_cell counters[MR_COUNTERS];
    mr_cell gauges[MR_GAUGES];
    struct mr_histogram histograms[MR_HISTOGRAMS];
    /* The message whose Lua is running right now; topic index + 1, 0 for none; since: monotonic ms.
     */
    mr_cell running_topic, running_partition, running_offset, running_since;
    mr_cell breakers_used;
    struct mr_breaker_row breakers[MR_SLOT_BREAKERS];
    mr_cell topics_used;
    struct mr_topic_row topics[MR_SLOT_TOPICS]; /* the last one collects what had no row: "other" */
};

struct mr_scoreboard {
    int fd; /* of the shared memory; owned */
    uint64_t slot_count;
    struct mr_slot *slots;
};

/* The master makes it (memory starts zeroed; pages are only taken as they are used). Returns 0 or
 * -errno. */
int mr_scoreboard_create(struct mr_scoreboard *board, uint64_t slot_count);
/* A worker maps what it was handed. Returns 0 or -errno. */
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
/* The master, when the slot's worker is gone: what it was doing is over, what it counted stays. */
void mr_slot_vacate(struct mr_slot *slot);

#endif
