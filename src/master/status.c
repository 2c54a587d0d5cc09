#include "master/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/health.h"
#include "master/topics.h"

static const char *const state_names[] = {
    [MR_WORKER_NONE] = "dead",         [MR_WORKER_STARTING] = "starting",
    [MR_WORKER_LOADED] = "joining",    [MR_WORKER_READY] = "ready",
    [MR_WORKER_STOPPING] = "stopping", [MR_WORKER_FINISHED] = "finished",
};
static const char *const broker_names[] = {
    [MR_BROKER_UNKNOWN] = "unknown",
    [MR_BROKER_UP] = "up",
    [MR_BROKER_DOWN] = "down",
};

/* A slot belongs to another process, so its values are checked before they become an index. */
#define NAME_OF(names, cell) name_of(names, sizeof(names) / sizeof((names)[0]), mr_cell_get(cell))

static const char *name_of(const char *const *names, size_t count, uint64_t value)
{
    return value < count ? names[value] : "unknown";
}

static uint64_t processed(const struct mr_slot *slot)
{
    uint64_t sum = 0;
    uint64_t topics = mr_slot_topics(slot);
    for (uint64_t row = 0; row <= topics; row++)
        for (int status = 0; status < MR_STATUSES; status++)
            sum += mr_cell_get(
                &slot->topics[row < topics ? row : MR_SLOT_TOPICS - 1].processed[status]);
    return sum;
}

/* Returns the age of the slot's worker in seconds, 0 if there is none. */
static uint64_t age(const struct mr_view *view, uint64_t slot)
{
    bool there = mr_cell_get(&view->board->slots[slot].pid) != 0;
    return there ? (view->now - view->histories[slot].started) / 1000 : 0;
}

/* Writes the message whose Lua runs right now, if there is one. */
static void running_json(const struct mr_view *view, const struct mr_slot *row, struct mr_buf *out)
{
    struct mr_running running;
    if (!mr_slot_running(row, &running) || running.topic[0] == '\0')
        return;
    mr_buf_string(out, ",\"running\":{\"topic\":");
    mr_buf_json(out, running.topic, strlen(running.topic));
    mr_buf_printf(out, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"ms\":%" PRIu64 "}",
                  running.partition, running.offset, view->now - running.since);
}

/* Writes the name under which the worker is a static member of its groups, if it has one. */
static void instance_json(const struct mr_slot *row, struct mr_buf *out)
{
    char name[MR_NOTE_SIZE];
    mr_note_read(&row->membership.name, name);
    if (name[0] == '\0')
        return;
    mr_buf_string(out, ",\"instance\":");
    mr_buf_json(out, name, strlen(name));
}

static void worker_json(const struct mr_view *view, uint64_t slot, struct mr_buf *out)
{
    const struct mr_slot *row = &view->board->slots[slot];
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"generation", mr_cell_get(&row->generation)},
        {"uptime_seconds", age(view, slot)},
        {"restarts", view->histories[slot].restarts},
        {"messages_in_flight", mr_cell_get(&row->gauges[MR_MESSAGES_IN_FLIGHT])},
        {"oldest_handler_seconds", mr_cell_get(&row->gauges[MR_OLDEST_HANDLER_SECONDS])},
        {"messages_received", mr_cell_get(&row->counters[MR_MESSAGES_RECEIVED])},
        {"messages_processed", processed(row)},
        {"messages_sent", mr_cell_get(&row->counters[MR_MESSAGES_SENT])},
        {"active_consumers", mr_cell_get(&row->gauges[MR_ACTIVE_CONSUMERS])},
        {"lua_memory_bytes", mr_cell_get(&row->gauges[MR_LUA_MEMORY_BYTES])},
    };
    mr_buf_printf(out,
                  "{\"slot\":%" PRIu64 ",\"pid\":%" PRIu64 ",\"state\":\"%s\",\"broker\":\"%s\"",
                  slot, mr_cell_get(&row->pid), NAME_OF(state_names, &row->state),
                  NAME_OF(broker_names, &row->broker));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        mr_buf_printf(out, ",\"%s\":%" PRIu64, numbers[i].name, numbers[i].value);
    instance_json(row, out);
    running_json(view, row, out);
    mr_buf_string(out, "}");
}

/* Writes how many messages the workers have now, per state that has any. */
static void messages_json(const struct mr_topic_sums *sums, struct mr_buf *out)
{
    const char *before = "";
    mr_buf_string(out, ",\"messages\":{");
    for (int state = 0; state < MR_JOB_SETTLED; state++) {
        if (sums->messages[state] == 0)
            continue;
        mr_buf_printf(out, "%s\"%s\":%" PRIu64, before, mr_job_state_names[state],
                      sums->messages[state]);
        before = ",";
    }
    mr_buf_string(out, "}");
}

static void topics_json(const struct mr_view *view, struct mr_buf *out)
{
    struct mr_topic_sums *sums;
    size_t count = mr_topics_sum(view->board, &sums);
    for (size_t i = 0; i < count; i++) {
        mr_buf_string(out, i ? ",{\"topic\":" : "{\"topic\":");
        mr_buf_json(out, sums[i].name, strlen(sums[i].name));
        for (int status = 0; status < MR_STATUSES; status++)
            mr_buf_printf(out, ",\"%s\":%" PRIu64, mr_status_names[status],
                          sums[i].processed[status]);
        messages_json(&sums[i], out);
        mr_buf_string(out, "}");
    }
    free(sums);
}

void mr_status_json(const struct mr_view *view, struct mr_buf *out)
{
    mr_buf_string(out, "{\"service\":");
    mr_buf_json(out, view->service, strlen(view->service));
    mr_buf_string(out, ",\"version\":");
    mr_buf_json(out, view->version, strlen(view->version));
    mr_buf_printf(out,
                  ",\"pid\":%d,\"uptime_seconds\":%" PRIu64 ",\"generation\":%" PRIu64
                  ",\"reloads\":{\"ok\":%" PRIu64 ",\"failed\":%" PRIu64 "},\"health\":",
                  (int)view->pid, (view->now - view->started) / 1000, view->generation,
                  view->reloads[MR_RELOAD_OK], view->reloads[MR_RELOAD_FAILED]);
    mr_health_json(view, MR_HEALTH_BOTH, out);
    out->length--; /* the newline */
    mr_buf_string(out, ",\"workers\":[");
    for (uint64_t slot = 0; slot < view->board->slot_count; slot++) {
        mr_buf_string(out, slot ? "," : "");
        worker_json(view, slot, out);
    }
    mr_buf_string(out, "],\"topics\":[");
    topics_json(view, out);
    mr_buf_string(out, "]}\n");
}

/* Writes a time in its two largest units: "3 d 4 h", "2 min 5 s". */
static void span_text(uint64_t seconds, char *text, size_t size)
{
    static const struct {
        const char *unit;
        uint64_t seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    size_t unit = 0;
    while (unit < 3 && seconds < units[unit].seconds)
        unit++;
    if (unit == 3)
        snprintf(text, size, "%" PRIu64 " s", seconds);
    else
        snprintf(text, size, "%" PRIu64 " %s %" PRIu64 " %s", seconds / units[unit].seconds,
                 units[unit].unit, seconds % units[unit].seconds / units[unit + 1].seconds,
                 units[unit + 1].unit);
}

static void worker_text(const struct mr_view *view, uint64_t slot, struct mr_buf *out)
{
    const struct mr_slot *row = &view->board->slots[slot];
    char up[48], pid[24] = "-";
    span_text(age(view, slot), up, sizeof(up));
    if (mr_cell_get(&row->pid) != 0)
        snprintf(pid, sizeof(pid), "%" PRIu64, mr_cell_get(&row->pid));
    mr_buf_printf(out,
                  "%-6" PRIu64 "  %-8s  %-8s  %-7s  %10" PRIu64 "  %-12s  %8" PRIu64 "  %9" PRIu64
                  "  %10" PRIu64 "  %12" PRIu64 "  %12" PRIu64 "  %9.1f\n",
                  slot, pid, NAME_OF(state_names, &row->state), NAME_OF(broker_names, &row->broker),
                  mr_cell_get(&row->generation), pid[0] == '-' ? "-" : up,
                  view->histories[slot].restarts, mr_cell_get(&row->gauges[MR_MESSAGES_IN_FLIGHT]),
                  mr_cell_get(&row->gauges[MR_OLDEST_HANDLER_SECONDS]),
                  mr_cell_get(&row->counters[MR_MESSAGES_RECEIVED]), processed(row),
                  (double)mr_cell_get(&row->gauges[MR_LUA_MEMORY_BYTES]) / (1 << 20));
}

static void messages_text(const struct mr_topic_sums *sums, struct mr_buf *out)
{
    const char *before = "  ";
    for (int state = 0; state < MR_JOB_SETTLED; state++) {
        if (sums->messages[state] == 0)
            continue;
        mr_buf_printf(out, "%s%" PRIu64 " %s", before, sums->messages[state],
                      mr_job_state_names[state]);
        before = ", ";
    }
    mr_buf_string(out, before[0] == ' ' ? "  -\n" : "\n");
}

static void topics_text(const struct mr_view *view, struct mr_buf *out)
{
    struct mr_topic_sums *sums;
    size_t count = mr_topics_sum(view->board, &sums);
    if (count > 0)
        mr_buf_printf(out, "\n%-48s  %12s  %12s  %12s  %12s  %s\n", "TOPIC", "SUCCESS", "ERROR",
                      "DEAD LETTER", "EXPIRED", "MESSAGES");
    for (size_t i = 0; i < count; i++) {
        mr_buf_printf(out, "%-48s  %12" PRIu64 "  %12" PRIu64 "  %12" PRIu64 "  %12" PRIu64,
                      sums[i].name, sums[i].processed[MR_STATUS_SUCCESS],
                      sums[i].processed[MR_STATUS_ERROR], sums[i].processed[MR_STATUS_DEAD_LETTER],
                      sums[i].processed[MR_STATUS_EXPIRED]);
        messages_text(&sums[i], out);
    }
    free(sums);
}

void mr_status_text(const struct mr_view *view, struct mr_buf *out)
{
    char up[48];
    span_text((view->now - view->started) / 1000, up, sizeof(up));
    mr_buf_printf(out,
                  "%s: moonroute %s, pid %d, up %s, generation %" PRIu64 ", reloads: %" PRIu64
                  " done, %" PRIu64 " refused\n\n",
                  view->service, view->version, (int)view->pid, up, view->generation,
                  view->reloads[MR_RELOAD_OK], view->reloads[MR_RELOAD_FAILED]);
    mr_buf_printf(out, "%-6s  %-8s  %-8s  %-7s  %10s  %-12s  %8s  %9s  %10s  %12s  %12s  %9s\n",
                  "WORKER", "PID", "STATE", "BROKER", "GENERATION", "UP", "RESTARTS", "IN FLIGHT",
                  "OLDEST (s)", "RECEIVED", "PROCESSED", "LUA (MiB)");
    for (uint64_t slot = 0; slot < view->board->slot_count; slot++)
        worker_text(view, slot, out);
    topics_text(view, out);
    if (!mr_health_well(view, MR_HEALTH_BOTH)) {
        mr_buf_string(out, "\nnot ready:\n");
        mr_health_text(view, MR_HEALTH_BOTH, out);
    }
}
