/* The scoreboard: memory shared by the master and its workers, one slot per worker. Only its worker
 * writes a slot; the master may read it at any moment. The slot outlives the worker, and the next
 * worker continues its counters. Every field is a 64-bit word of its own, stored and loaded whole
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
    MR_WORKER_LOADED, /* scripts are loaded, consumers are joining */
    MR_WORKER_READY,  /* every consumer is in its group */
    MR_WORKER_STOPPING,
    MR_WORKER_FINISHED, /* all is committed; it leaves its groups when all workers have finished */
};

enum mr_broker_state { MR_BROKER_UNKNOWN, MR_BROKER_UP, MR_BROKER_DOWN };

/* From this age on, a record that is not acknowledged is a trouble. */
enum { MR_UNACKNOWLEDGED_S = 10 };

/* Why a running worker serves nothing, or less than it should. */
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
    char name[MR_TOPIC_MAX + 7]; /* written once, before `topics_used` counts the row */
    mr_cell processed[MR_STATUSES];
    /* Per state: twice the number of the worker's messages, plus 1 if the state was ever entered.
     * The cell of SETTLED saves a condition, and is not read. */
    mr_cell messages[MR_JOB_STATES];
};

/* A circuit breaker of scripts. */
struct mr_breaker_row {
    char name[MR_BREAKER_MAX + 8]; /* written once, before `breakers_used` counts the row */
    mr_cell state;                 /* enum mr_breaker_state */
    mr_cell rejected;              /* calls */
};

/* A script that holds memory. */
struct mr_script_row {
    char name[MR_SCRIPT_MAX + 8]; /* written once, before `scripts_used` counts the row */
    mr_cell bytes;                /* approximate */
};

/* Shows whether scripts fill Lua's memory. It outlives the worker, and the next worker reads it. */
struct mr_fullness {
    mr_cell full;     /* 1: full right now */
    mr_cell script;   /* row + 1 of the script that holds most, now or when memory was last full */
    mr_cell bytes;    /* that the script held */
    mr_cell room;     /* bytes: the script's own budget if outgrown, else that of all together */
    mr_cell replaced; /* monotonic ms, when a worker was last replaced for this reason; 0: never */
    mr_cell times;    /* how many replacements followed each other closely */
};

/* The worker as a static member of its groups (worker/consumer/instance.h). The row outlives the
 * worker. */
struct mr_membership_row {
    struct mr_note name;
    mr_cell number;      /* appended to the host's name; written by the master */
    mr_cell other;       /* added to the name after another member took it; 0: nothing */
    mr_cell fenced;      /* monotonic ms, when another member last took the name; 0: never */
    struct mr_note lost; /* the name that the other member took */
};

/* The run of Lua in progress, from a resume to its yield or return. */
struct mr_run {
    mr_cell number; /* 0: no run; unique among this worker's runs */
    mr_cell since;  /* monotonic ms */
    mr_cell time;   /* the run's budget, ms; 0: none */
    /* The message: topic and group are row + 1. If topic is 0, there is no message: scripts are
     * being loaded. */
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
    struct mr_note joining_note; /* the latest error of a client while consumers join */
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
    mr_cell shortest_budget; /* ms; the shortest of all budgets in use; 0 if there is none */
    mr_cell groups_used;
    char groups[MR_SLOT_GROUPS][256]; /* written as topic names are */
    mr_cell topics_used;
    struct mr_topic_row topics[MR_SLOT_TOPICS]; /* the last row, "other", counts the rest */
};

struct mr_scoreboard {
    int fd; /* the shared memory, for later workers; owned; -1 in a worker */
    uint64_t slot_count;
    struct mr_slot *slots;
};

/* Creates the scoreboard, in the master. (Memory starts zeroed; pages are taken only when used.)
 * Returns 0 or -errno. */
int mr_scoreboard_create(struct mr_scoreboard *board, uint64_t slot_count);
/* Maps the scoreboard in a worker and closes the descriptor, so that no program that the worker
 * starts inherits it. Returns 0, or -errno with the descriptor still open. */
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
/* Counts a new message. */
static inline void mr_messages_enter(struct mr_topic_row *row, enum mr_job_state state)
{
    mr_cell_set(&row->messages[state], (mr_cell_get(&row->messages[state]) + 2) | 1);
}
/* Counts a message that leaves a state for the next one, which may be the same or SETTLED. */
static inline void mr_messages_move(struct mr_topic_row *row, enum mr_job_state from,
                                    enum mr_job_state to)
{
    mr_cell_set(&row->messages[from], mr_cell_get(&row->messages[from]) - 2);
    mr_messages_enter(row, to);
}
/* Returns the number of the worker's messages in the state. */
static inline uint64_t mr_messages_in(const struct mr_topic_row *row, enum mr_job_state state)
{
    return mr_cell_get(&row->messages[state]) / 2;
}
/* Returns true if a message of the topic ever entered the state, in this worker of the slot or in
 * an earlier one. */
static inline bool mr_messages_seen(const struct mr_topic_row *row, enum mr_job_state state)
{
    return mr_cell_get(&row->messages[state]) != 0;
}
void mr_histogram_observe(struct mr_histogram *histogram, uint64_t nanoseconds);
/* Returns the row of a topic, made at its first use; 0 <= row < MR_SLOT_TOPICS. */
uint64_t mr_slot_topic(struct mr_slot *slot, const char *topic);
/* Returns how many rows have a topic's name, for readers. The last row ("other") is not among
 * them. */
uint64_t mr_slot_topics(const struct mr_slot *slot);
/* Returns the row of a circuit breaker, made at its first use. Returns NULL if no row is left:
 * names from earlier workers of the slot stay. */
struct mr_breaker_row *mr_slot_breaker(struct mr_slot *slot, const char *name);
uint64_t mr_slot_breakers(const struct mr_slot *slot); /* how many rows have a name */
/* Returns the row of a script, made at its first use; NULL if no row is left. */
struct mr_script_row *mr_slot_script(struct mr_slot *slot, const char *name);
uint64_t mr_slot_scripts(const struct mr_slot *slot); /* how many rows have a name */
/* Returns the script that holds most, by `fullness`; "" if none is known. */
const char *mr_slot_fullest(const struct mr_slot *slot);
uint64_t mr_slot_group(struct mr_slot *slot, const char *group); /* the row of a group */

/* Shows the run to the master. Set the run's message before the call. */
void mr_run_begins(struct mr_run *run, uint64_t number, uint64_t since, uint64_t time);
void mr_run_ends(struct mr_run *run);
/* A run as the master read it; its fields belong together. */
struct mr_running {
    uint64_t number, since, time;
    const char *topic, *group; /* borrowed from the slot; "" if no message is handled */
    int32_t partition;
    int64_t offset;
};
/* Returns false if no run is in progress. Safe even if the worker died in the middle of a
 * change. */
bool mr_slot_running(const struct mr_slot *slot, struct mr_running *running);
/* Sends the signal that interrupts the run with that number, by sigqueue(3). Returns 0 or -errno.
 * Safe in a signal handler, as is mr_slot_running. */
int mr_interrupt(pid_t worker, uint64_t run);
/* When a worker that does not stop is killed, in ms. A run over its budget may use as much CPU time
 * again, at least MR_OVERRUN_PATIENCE. A stop may take shutdown_timeout and MR_STOP_GRACE. The
 * master enforces these bounds; if the master has died, the worker does so itself
 * (worker/runtime/orphan.h).
 *
 * Leaving the groups takes at most a second. So does the end of each librdkafka client: its threads
 * may check only once a second whether they are to end (issue 1690 of librdkafka). */
enum { MR_OVERRUN_PATIENCE = 100, MR_STOP_GRACE = 5000 };
/* Clears, after the slot's worker has ended, what the worker was doing and the messages that it
 * had. Its counters stay. Only the master calls this. */
void mr_slot_vacate(struct mr_slot *slot);

#endif
