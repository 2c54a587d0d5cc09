#include "master/workers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/machine/claim.h"
#include "base/machine/host.h"
#include "base/panic.h"
#include "master/line.h"
#include "master/obituary.h"
#include "master/respawn.h"
#include "master/spawn.h"

struct slot {
    struct mr_workers *workers;
    pid_t pid; /* 0: no process */
    enum mr_forced forced;
    struct mr_line *line; /* to that process; NULL: none */
    struct mr_respawn respawn;
    struct mr_claim place; /* in the groups; held while this process or the worker lives */
    uv_timer_t timer;      /* until the next process starts */
};

struct mr_workers {
    uv_loop_t *loop;
    struct mr_scoreboard *board;
    struct mr_workers_host host;
    void *context;
    bool stopping;
    uint64_t alive;
    uint64_t deaths[MR_DEATHS];
    struct mr_worker_history *histories;
    struct slot *slots;
    uint64_t open_timers;
};

static uint64_t number_of(const struct slot *slot)
{
    return (uint64_t)(slot - slot->workers->slots);
}

struct mr_workers *mr_workers_new(uv_loop_t *loop, struct mr_scoreboard *board,
                                  const struct mr_workers_host *host, void *context)
{
    struct mr_workers *workers = mr_alloc(sizeof(*workers));
    *workers = (struct mr_workers){.loop = loop, .board = board, .host = *host, .context = context};
    workers->histories = mr_alloc(board->slot_count * sizeof(workers->histories[0]));
    workers->slots = mr_alloc(board->slot_count * sizeof(workers->slots[0]));
    workers->open_timers = board->slot_count;
    for (uint64_t i = 0; i < board->slot_count; i++) {
        workers->slots[i].workers = workers;
        MR_ASSERT(uv_timer_init(loop, &workers->slots[i].timer) == 0);
        workers->slots[i].timer.data = &workers->slots[i];
    }
    return workers;
}

void mr_workers_claim_places(struct mr_workers *workers)
{
    char host[MR_HOST_SIZE], name[MR_HOST_SIZE + 32];
    mr_host_name(host);
    snprintf(name, sizeof(name), "group member %s", host);
    for (uint64_t i = 0; i < workers->board->slot_count; i++) {
        struct mr_claim *place = &workers->slots[i].place;
        mr_claim_from(place, name, (unsigned)i);
        mr_cell_set(&workers->board->slots[i].membership.number, place->number);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct mr_workers *workers = ((struct slot *)handle->data)->workers;
    if (--workers->open_timers > 0)
        return;
    free(workers->slots);
    free(workers->histories);
    free(workers);
}

void mr_workers_free(struct mr_workers *workers)
{
    if (workers == NULL)
        return;
    MR_ASSERT(workers->alive == 0);
    for (uint64_t i = 0; i < workers->board->slot_count; i++) {
        mr_claim_release(&workers->slots[i].place);
        uv_close((uv_handle_t *)&workers->slots[i].timer, on_timer_closed);
    }
}

void mr_workers_send(struct mr_workers *workers, uint64_t slot, enum mr_frame_kind kind,
                     struct mr_bytes body)
{
    if (workers->slots[slot].line != NULL)
        mr_line_send(workers->slots[slot].line, kind, body);
}

void mr_workers_send_all(struct mr_workers *workers, enum mr_frame_kind kind)
{
    for (uint64_t slot = 0; slot < workers->board->slot_count; slot++)
        mr_workers_send(workers, slot, kind, MR_BYTES_NONE);
}

/* --- starting --- */

static void note_start(struct slot *slot)
{
    struct mr_slot *row = &slot->workers->board->slots[number_of(slot)];
    uint64_t now = mr_clock_ms();
    mr_cell_set(&row->state, MR_WORKER_STARTING);
    mr_cell_set(&row->heartbeat, now);
    mr_cell_set(&row->pid, (uint64_t)slot->pid);
    slot->workers->histories[number_of(slot)].started = now;
    mr_log(MR_LOG_DEBUG, "worker_started", MR_I("worker", number_of(slot)), MR_I("pid", slot->pid));
}

static int start(struct slot *slot)
{
    struct mr_workers *workers = slot->workers;
    int fd;
    int result =
        mr_spawn_worker(number_of(slot), workers->board->fd, slot->place.fd, &slot->pid, &fd);
    if (result != 0) {
        slot->pid = 0;
        return result;
    }
    slot->forced = MR_FORCED_NOT;
    slot->line = mr_line_new(workers->loop, fd, number_of(slot), slot->pid, workers->host.frame,
                             workers->context);
    workers->alive++;
    note_start(slot);
    workers->host.started(workers->context, number_of(slot));
    return 0;
}

static void on_timer(uv_timer_t *timer);

static void start_in(struct slot *slot, uint64_t wait)
{
    uv_timer_start(&slot->timer, on_timer, wait, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct slot *slot = timer->data;
    int result = start(slot);
    if (result == 0)
        return;
    mr_log(MR_LOG_ERROR, "worker_start_failed", MR_I("worker", number_of(slot)),
           MR_S("message", strerror(-result)));
    start_in(slot, mr_respawn_pause(&slot->respawn, 0));
}

int mr_workers_start(struct mr_workers *workers)
{
    int result = 0;
    for (uint64_t i = 0; result == 0 && i < workers->board->slot_count; i++)
        result = start(&workers->slots[i]);
    return result;
}

/* --- ending --- */

static enum mr_death death_of(const struct slot *slot, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == MR_EXIT_FULL)
        return MR_DEATH_MEMORY;
    if (WIFEXITED(status) && WEXITSTATUS(status) == MR_EXIT_FENCED)
        return MR_DEATH_FENCED;
    if (slot->forced == MR_FORCED_WEDGED)
        return MR_DEATH_WEDGED;
    if (slot->forced == MR_FORCED_OVERRAN ||
        (WIFEXITED(status) && WEXITSTATUS(status) == MR_EXIT_MEMORY))
        return MR_DEATH_BUDGET;
    return WIFSIGNALED(status) ? MR_DEATH_SIGNAL : MR_DEATH_EXIT;
}

static void count_death(struct slot *slot, int status)
{
    struct mr_workers *workers = slot->workers;
    workers->deaths[death_of(slot, status)]++;
    workers->histories[number_of(slot)].restarts++;
}

/* Logs how the worker ended. If it did not end in order, calls the host's `died`. */
static void notice(struct slot *slot, int status, const struct mr_slot *row)
{
    struct mr_workers *workers = slot->workers;
    char cause[MR_OBITUARY_CAUSE];
    bool in_order = mr_obituary_in_order(status, workers->stopping);
    mr_obituary_cause(status, slot->forced, cause);
    mr_obituary_log(number_of(slot), slot->pid, cause, row, in_order);
    if (!in_order)
        workers->host.died(workers->context, number_of(slot), cause);
}

/* Returns true if somebody else killed the worker while it served. Then its successor need not
 * wait, however young the worker was. A worker that crashes by itself, or while it loads, does so
 * again. */
static bool was_killed_at_work(const struct slot *slot, int status, const struct mr_slot *row)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && slot->forced == MR_FORCED_NOT &&
           mr_cell_get(&row->state) == MR_WORKER_READY;
}

static void bury(struct slot *slot, int status)
{
    struct mr_workers *workers = slot->workers;
    struct mr_slot *row = &workers->board->slots[number_of(slot)];
    uint64_t lived = was_killed_at_work(slot, status, row)
                         ? MR_RESPAWN_YOUNG
                         : mr_clock_ms() - workers->histories[number_of(slot)].started;
    mr_line_drain(slot->line); /* its last frames */
    mr_line_free(slot->line);
    slot->line = NULL;
    notice(slot, status, row);
    mr_slot_vacate(row);
    slot->pid = 0;
    workers->alive--;
    if (!workers->stopping) {
        count_death(slot, status);
        /* A worker that ended because of its scripts' memory has seen to the pauses itself. */
        bool full = death_of(slot, status) == MR_DEATH_MEMORY;
        start_in(slot, full ? 0 : mr_respawn_pause(&slot->respawn, lived));
    }
    workers->host.ended(workers->context, number_of(slot), status);
}

static struct slot *find(struct mr_workers *workers, pid_t pid)
{
    for (uint64_t i = 0; i < workers->board->slot_count; i++)
        if (workers->slots[i].pid == pid)
            return &workers->slots[i];
    return NULL;
}

void mr_workers_reap(struct mr_workers *workers)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
        struct slot *slot = pid > 0 ? find(workers, pid) : NULL;
        if (slot != NULL)
            bury(slot, status);
    }
}

void mr_workers_retire(struct mr_workers *workers, uint64_t slot)
{
    mr_workers_send(workers, slot, MR_FRAME_RETIRE, MR_BYTES_NONE);
}

void mr_workers_stop(struct mr_workers *workers)
{
    workers->stopping = true;
    for (uint64_t i = 0; i < workers->board->slot_count; i++)
        uv_timer_stop(&workers->slots[i].timer);
    mr_workers_send_all(workers, MR_FRAME_STOP);
}

void mr_workers_kill(struct mr_workers *workers, const char *why)
{
    for (uint64_t i = 0; i < workers->board->slot_count; i++) {
        pid_t pid = workers->slots[i].pid;
        if (pid == 0)
            continue;
        mr_log(MR_LOG_ERROR, "worker_killed", MR_I("worker", i), MR_I("pid", pid),
               MR_S("message", why));
        kill(pid, SIGKILL);
    }
}

void mr_workers_interrupt(struct mr_workers *workers, uint64_t slot, uint64_t run)
{
    if (workers->slots[slot].pid != 0)
        mr_interrupt(workers->slots[slot].pid, run);
}

void mr_workers_end(struct mr_workers *workers, uint64_t slot, enum mr_forced why)
{
    if (workers->slots[slot].pid == 0)
        return;
    workers->slots[slot].forced = why;
    kill(workers->slots[slot].pid, SIGKILL);
}

uint64_t mr_workers_alive(const struct mr_workers *workers)
{
    return workers->alive;
}

const struct mr_worker_history *mr_workers_histories(const struct mr_workers *workers)
{
    return workers->histories;
}

uint64_t mr_workers_deaths(const struct mr_workers *workers, enum mr_death death)
{
    return workers->deaths[death];
}
