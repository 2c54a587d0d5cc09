#include "base/scoreboard.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/panic.h"

enum { ROW_OTHER = MR_SLOT_TOPICS - 1, GROUP_OTHER = MR_SLOT_GROUPS - 1 };

static int map(struct mr_scoreboard *board, int fd, uint64_t slot_count)
{
    void *memory =
        mmap(NULL, slot_count * sizeof(struct mr_slot), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    *board = (struct mr_scoreboard){.fd = fd, .slot_count = slot_count, .slots = memory};
    return 0;
}

int mr_scoreboard_create(struct mr_scoreboard *board, uint64_t slot_count)
{
    MR_ASSERT(slot_count > 0);
    int fd = memfd_create("moonroute-scoreboard", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = ftruncate(fd, (off_t)(slot_count * sizeof(struct mr_slot))) == 0 ? 0 : -errno;
    if (result == 0)
        result = map(board, fd, slot_count);
    if (result != 0) {
        close(fd);
        return result;
    }
    for (uint64_t i = 0; i < slot_count; i++)
        strcpy(board->slots[i].topics[ROW_OTHER].name, "other");
    return 0;
}

int mr_scoreboard_attach(struct mr_scoreboard *board, int fd)
{
    struct stat found;
    if (fstat(fd, &found) != 0)
        return -errno;
    uint64_t size = (uint64_t)found.st_size;
    if (size == 0 || size % sizeof(struct mr_slot) != 0)
        return -EINVAL;
    int result = map(board, fd, size / sizeof(struct mr_slot));
    if (result != 0)
        return result;
    board->fd = -1;
    close(fd);
    return 0;
}

void mr_scoreboard_close(struct mr_scoreboard *board)
{
    if (board->slots != NULL) {
        munmap(board->slots, board->slot_count * sizeof(struct mr_slot));
        if (board->fd >= 0)
            close(board->fd);
    }
    *board = (struct mr_scoreboard){.fd = -1};
}

/* Returns the number of bounds below the time, by binary search. */
static size_t bucket_of(uint64_t nanoseconds)
{
    _Static_assert((MR_BUCKETS & (MR_BUCKETS - 1)) == 0, "halved until one is left");
    size_t bucket = 0;
    for (size_t half = MR_BUCKETS / 2; half > 0; half /= 2)
        bucket += nanoseconds > mr_bucket_bounds[bucket + half - 1] ? half : 0;
    return bucket + (nanoseconds > mr_bucket_bounds[bucket]);
}

void mr_histogram_observe(struct mr_histogram *histogram, uint64_t nanoseconds)
{
    size_t bucket = bucket_of(nanoseconds);
    mr_cell_add(&histogram->buckets[bucket], 1);
    mr_cell_add(&histogram->sum, nanoseconds);
}

uint64_t mr_slot_topics(const struct mr_slot *slot)
{
    uint64_t used = atomic_load_explicit(&slot->topics_used, memory_order_acquire);
    return used < ROW_OTHER ? used : ROW_OTHER;
}

uint64_t mr_slot_topic(struct mr_slot *slot, const char *topic)
{
    uint64_t used = mr_slot_topics(slot);
    for (uint64_t i = 0; i < used; i++)
        if (strcmp(slot->topics[i].name, topic) == 0)
            return i;
    size_t length = strlen(topic);
    if (used == ROW_OTHER || length >= sizeof(slot->topics[0].name))
        return ROW_OTHER;
    memcpy(slot->topics[used].name, topic, length + 1);
    /* a reader that counts the row must see its name */
    atomic_store_explicit(&slot->topics_used, used + 1, memory_order_release);
    return used;
}

uint64_t mr_slot_breakers(const struct mr_slot *slot)
{
    uint64_t used = atomic_load_explicit(&slot->breakers_used, memory_order_acquire);
    return used < MR_SLOT_BREAKERS ? used : MR_SLOT_BREAKERS;
}

struct mr_breaker_row *mr_slot_breaker(struct mr_slot *slot, const char *name)
{
    uint64_t used = mr_slot_breakers(slot);
    for (uint64_t i = 0; i < used; i++)
        if (strcmp(slot->breakers[i].name, name) == 0)
            return &slot->breakers[i];
    size_t length = strlen(name);
    MR_ASSERT(length <= MR_BREAKER_MAX);
    if (used == MR_SLOT_BREAKERS)
        return NULL;
    memcpy(slot->breakers[used].name, name, length + 1);
    atomic_store_explicit(&slot->breakers_used, used + 1, memory_order_release);
    return &slot->breakers[used];
}

uint64_t mr_slot_scripts(const struct mr_slot *slot)
{
    uint64_t used = atomic_load_explicit(&slot->scripts_used, memory_order_acquire);
    return used < MR_SLOT_SCRIPTS ? used : MR_SLOT_SCRIPTS;
}

struct mr_script_row *mr_slot_script(struct mr_slot *slot, const char *name)
{
    uint64_t used = mr_slot_scripts(slot);
    for (uint64_t i = 0; i < used; i++)
        if (strcmp(slot->scripts[i].name, name) == 0)
            return &slot->scripts[i];
    size_t length = strlen(name);
    if (used == MR_SLOT_SCRIPTS || length > MR_SCRIPT_MAX)
        return NULL;
    memcpy(slot->scripts[used].name, name, length + 1);
    atomic_store_explicit(&slot->scripts_used, used + 1, memory_order_release);
    return &slot->scripts[used];
}

uint64_t mr_slot_group(struct mr_slot *slot, const char *group)
{
    uint64_t used = mr_cell_get(&slot->groups_used);
    size_t length = strlen(group);
    used = used < GROUP_OTHER ? used : GROUP_OTHER;
    for (uint64_t i = 0; i < used; i++)
        if (strcmp(slot->groups[i], group) == 0)
            return i;
    if (used == GROUP_OTHER || length >= sizeof(slot->groups[0]))
        return GROUP_OTHER;
    memcpy(slot->groups[used], group, length + 1);
    atomic_store_explicit(&slot->groups_used, used + 1, memory_order_release);
    return used;
}

void mr_run_begins(struct mr_run *run, uint64_t number, uint64_t since, uint64_t time)
{
    mr_cell_set(&run->since, since);
    mr_cell_set(&run->time, time);
    atomic_store_explicit(&run->number, number, memory_order_release);
}

void mr_run_ends(struct mr_run *run)
{
    mr_cell_set(&run->number, 0);
    /* A reader that sees any later change also sees that this run is over. */
    atomic_thread_fence(memory_order_release);
}

static const char *name_at(const char *first, size_t stride, uint64_t row, uint64_t rows)
{
    return row == 0 || row > rows ? "" : first + stride * (row - 1);
}

bool mr_slot_running(const struct mr_slot *slot, struct mr_running *running)
{
    const struct mr_run *run = &slot->run;
    uint64_t number = atomic_load_explicit(&run->number, memory_order_acquire);
    *running = (struct mr_running){
        .number = number,
        .since = mr_cell_get(&run->since),
        .time = mr_cell_get(&run->time),
        .topic = name_at(slot->topics[0].name, sizeof(slot->topics[0]), mr_cell_get(&run->topic),
                         MR_SLOT_TOPICS),
        .group = name_at(slot->groups[0], sizeof(slot->groups[0]), mr_cell_get(&run->group),
                         MR_SLOT_GROUPS),
        .partition = (int32_t)mr_cell_get(&run->partition),
        .offset = (int64_t)mr_cell_get(&run->offset),
    };
    atomic_thread_fence(memory_order_acquire);
    return number != 0 && mr_cell_get(&run->number) == number;
}

const char *mr_slot_fullest(const struct mr_slot *slot)
{
    return name_at(slot->scripts[0].name, sizeof(slot->scripts[0]),
                   mr_cell_get(&slot->fullness.script), MR_SLOT_SCRIPTS);
}

int mr_interrupt(pid_t worker, uint64_t run)
{
    union sigval value = {.sival_ptr = (void *)(uintptr_t)run};
    return sigqueue(worker, SIGUSR2, value) == 0 ? 0 : -errno;
}

static void forget_messages(struct mr_topic_row *row)
{
    for (int state = 0; state < MR_JOB_STATES; state++)
        mr_cell_set(&row->messages[state], mr_cell_get(&row->messages[state]) & 1);
}

void mr_slot_vacate(struct mr_slot *slot)
{
    mr_cell *over[] = {&slot->pid,        &slot->state,           &slot->generation,
                       &slot->heartbeat,  &slot->broker,          &slot->trouble,
                       &slot->run.number, &slot->run.since,       &slot->run.time,
                       &slot->run.topic,  &slot->run.group,       &slot->run.partition,
                       &slot->run.offset, &slot->shortest_budget, &slot->fullness.full};
    for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++)
        mr_cell_set(over[i], 0);
    for (size_t i = 0; i < MR_GAUGES; i++)
        mr_cell_set(&slot->gauges[i], 0);
    for (size_t i = 0; i < MR_SLOT_BREAKERS; i++)
        mr_cell_set(&slot->breakers[i].state, MR_BREAKER_CLOSED);
    for (size_t i = 0; i < MR_SLOT_SCRIPTS; i++)
        mr_cell_set(&slot->scripts[i].bytes, 0);
    for (uint64_t i = mr_slot_topics(slot); i > 0; i--)
        forget_messages(&slot->topics[i - 1]);
    forget_messages(&slot->topics[ROW_OTHER]);
}
