#include "master/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "master/wedge.h"

static const struct {
    const char *name, *message;
    bool alive; /* no reason to restart the router */
} table[] = {
    [MR_HEALTH_OK] = {"ok", "", true},
    [MR_HEALTH_DEAD] = {"dead", "the worker died and waits to be started again", true},
    [MR_HEALTH_WEDGED] = {"wedged", "the worker's loop stands still; it is killed soon", true},
    [MR_HEALTH_STUCK] = {"wedged", "the worker's loop stands still and it cannot be killed", false},
    [MR_HEALTH_STOPPING] = {"stopping", "the worker was asked to stop", true},
    [MR_HEALTH_STARTING] = {"starting", "the worker is loading its scripts", true},
    [MR_HEALTH_BROKER_DOWN] = {"broker_down", "no broker can be reached", true},
    [MR_HEALTH_GROUP_DENIED] = {"group_denied", "a consumer group may not be read", true},
    [MR_HEALTH_TOPIC_DENIED] = {"topic_denied", "a topic may not be read", true},
    [MR_HEALTH_COORDINATOR] = {"coordinator_silent", "a group's coordinator does not answer", true},
    [MR_HEALTH_LEADER] = {"leader_missing", "a partition has no leader", true},
    [MR_HEALTH_RESPONSES] = {"response_topic_unavailable", "a response topic is not read", true},
    [MR_HEALTH_JOINING] = {"joining", "the worker's consumers are joining their groups", true},
    [MR_HEALTH_BLOCKED] = {"dead_letter_blocked",
                           "a dead letter cannot be written, its partition waits; the log says why",
                           true},
    [MR_HEALTH_DAMAGED] = {"partition_damaged",
                           "the next batch of a partition is damaged, the partition waits; the log "
                           "says where",
                           true},
    [MR_HEALTH_STALLED] = {"transactions_stalled",
                           "transactions stand still, or an output topic does not acknowledge its "
                           "records; the log says why",
                           true},
    [MR_HEALTH_UNACKNOWLEDGED] = {"records_unacknowledged",
                                  "a record has not been acknowledged for 10 s or longer; the log "
                                  "says for which partition",
                                  true},
};

enum mr_health mr_health_of(const struct mr_view *view, uint64_t slot)
{
    const struct mr_slot *row = &view->board->slots[slot];
    uint64_t state = mr_cell_get(&row->state);
    uint64_t silence = mr_wedge_silence(row, view->now);
    if (silence >= MR_WEDGED_AFTER)
        return silence >= MR_WEDGED_STUCK ? MR_HEALTH_STUCK : MR_HEALTH_WEDGED;
    if (view->stopping || state == MR_WORKER_STOPPING || state == MR_WORKER_FINISHED)
        return MR_HEALTH_STOPPING;
    if (state == MR_WORKER_NONE)
        return MR_HEALTH_DEAD;
    if (state == MR_WORKER_STARTING)
        return MR_HEALTH_STARTING;
    if (mr_cell_get(&row->broker) == MR_BROKER_DOWN)
        return MR_HEALTH_BROKER_DOWN;
    uint64_t trouble = mr_cell_get(&row->trouble);
    if (trouble != MR_OUTAGE_NONE && trouble <= MR_OUTAGE_RESPONSES)
        return (enum mr_health)(MR_HEALTH_GROUP_DENIED + trouble - MR_OUTAGE_GROUP_DENIED);
    if (state != MR_WORKER_READY)
        return MR_HEALTH_JOINING;
    if (mr_cell_get(&row->gauges[MR_DLQ_BLOCKED]) > 0)
        return MR_HEALTH_BLOCKED;
    if (mr_cell_get(&row->gauges[MR_PARTITIONS_DAMAGED]) > 0)
        return MR_HEALTH_DAMAGED;
    if (mr_cell_get(&row->gauges[MR_TRANSACTIONS_STALLED]) > 0)
        return MR_HEALTH_STALLED;
    return mr_cell_get(&row->gauges[MR_UNACKNOWLEDGED_SECONDS]) >= MR_UNACKNOWLEDGED_S
               ? MR_HEALTH_UNACKNOWLEDGED
               : MR_HEALTH_OK;
}

/* Returns true if this state makes the answer negative. */
static bool counts(enum mr_health health, enum mr_health_question question)
{
    if (question == MR_HEALTH_LIVE)
        return !table[health].alive;
    bool serves = health == MR_HEALTH_OK || health >= MR_HEALTH_BLOCKED;
    return health != MR_HEALTH_OK && (question == MR_HEALTH_BOTH || !serves);
}

static bool lacks_memory(const struct mr_view *view, uint64_t slot,
                         enum mr_health_question question)
{
    const struct mr_fullness *fullness = &view->board->slots[slot].fullness;
    uint64_t replaced = mr_cell_get(&fullness->replaced);
    bool recently = replaced != 0 && view->now < replaced + MR_MEMORY_RECENT;
    return question == MR_HEALTH_BOTH && (recently || mr_cell_get(&fullness->full) != 0);
}

enum { MEMORY_TEXT = 400 };

static void memory_text(const struct mr_view *view, uint64_t slot, char text[MEMORY_TEXT])
{
    static const double MIB = 1 << 20;
    const struct mr_slot *row = &view->board->slots[slot];
    snprintf(
        text, MEMORY_TEXT,
        "scripts fill their memory of %.1f MiB: %s keeps most, %.1f MiB; its messages wait, or "
        "the worker is replaced",
        (double)mr_cell_get(&row->fullness.room) / MIB, mr_slot_fullest(row),
        (double)mr_cell_get(&row->fullness.bytes) / MIB);
}

static bool was_fenced(const struct mr_view *view, uint64_t slot, enum mr_health_question question)
{
    uint64_t fenced = mr_cell_get(&view->board->slots[slot].membership.fenced);
    return question == MR_HEALTH_BOTH && fenced != 0 && view->now < fenced + MR_FENCED_RECENT;
}

static void fenced_text(const struct mr_view *view, uint64_t slot, char text[MR_NOTE_SIZE])
{
    char lost[MR_NOTE_SIZE];
    mr_note_read(&view->board->slots[slot].membership.lost, lost);
    snprintf(text, MR_NOTE_SIZE,
             "another member has the worker's name %.200s in a group; the worker goes on under "
             "another name. Give each router its own name",
             lost);
}

bool mr_health_well(const struct mr_view *view, enum mr_health_question question)
{
    for (uint64_t slot = 0; slot < view->board->slot_count; slot++)
        if (counts(mr_health_of(view, slot), question) || lacks_memory(view, slot, question) ||
            was_fenced(view, slot, question))
            return false;
    return true;
}

/* Writes the worker's own note if it has one, otherwise the message of the table. */
static void message_of(const struct mr_view *view, uint64_t slot, enum mr_health health,
                       char text[MR_NOTE_SIZE])
{
    const struct mr_slot *row = &view->board->slots[slot];
    text[0] = '\0';
    if (health >= MR_HEALTH_GROUP_DENIED && health <= MR_HEALTH_RESPONSES)
        mr_note_read(&row->trouble_note, text);
    else if (health == MR_HEALTH_JOINING)
        mr_note_read(&row->joining_note, text);
    else if (health == MR_HEALTH_BLOCKED)
        mr_note_read(&row->blocked_note, text);
    if (text[0] == '\0')
        snprintf(text, MR_NOTE_SIZE, "%s", table[health].message);
}

static void reason_json(uint64_t slot, const char *reason, const char *message, bool first,
                        struct mr_buf *out)
{
    mr_buf_printf(out, "%s{\"worker\":%" PRIu64 ",\"reason\":\"%s\",\"message\":", first ? "" : ",",
                  slot, reason);
    mr_buf_json(out, message, strlen(message));
    mr_buf_string(out, "}");
}

static void memory_json(const struct mr_view *view, uint64_t slot, bool first, struct mr_buf *out)
{
    char text[MEMORY_TEXT];
    const char *script = mr_slot_fullest(&view->board->slots[slot]);
    memory_text(view, slot, text);
    reason_json(slot, "memory", text, first, out);
    out->length--; /* the closing brace */
    mr_buf_string(out, ",\"script\":");
    mr_buf_json(out, script, strlen(script));
    mr_buf_string(out, "}");
}

void mr_health_json(const struct mr_view *view, enum mr_health_question question,
                    struct mr_buf *out)
{
    bool first = true;
    char text[MR_NOTE_SIZE];
    mr_buf_printf(out, "{\"status\":\"%s\",\"reasons\":[",
                  mr_health_well(view, question) ? "ok" : "unavailable");
    for (uint64_t slot = 0; slot < view->board->slot_count; slot++) {
        enum mr_health health = mr_health_of(view, slot);
        bool counted = counts(health, question), full = lacks_memory(view, slot, question);
        bool fenced = was_fenced(view, slot, question);
        message_of(view, slot, health, text);
        if (counted)
            reason_json(slot, table[health].name, text, first, out);
        if (full)
            memory_json(view, slot, first && !counted, out);
        fenced_text(view, slot, text);
        if (fenced)
            reason_json(slot, "fenced", text, first && !counted && !full, out);
        first = first && !counted && !full && !fenced;
    }
    mr_buf_string(out, "]}\n");
}

void mr_health_text(const struct mr_view *view, enum mr_health_question question,
                    struct mr_buf *out)
{
    char text[MR_NOTE_SIZE];
    for (uint64_t slot = 0; slot < view->board->slot_count; slot++) {
        char memory[MEMORY_TEXT];
        enum mr_health health = mr_health_of(view, slot);
        message_of(view, slot, health, text);
        if (counts(health, question))
            mr_buf_printf(out, "worker %" PRIu64 ": %s: %s\n", slot, table[health].name, text);
        memory_text(view, slot, memory);
        if (lacks_memory(view, slot, question))
            mr_buf_printf(out, "worker %" PRIu64 ": memory: %s\n", slot, memory);
        fenced_text(view, slot, text);
        if (was_fenced(view, slot, question))
            mr_buf_printf(out, "worker %" PRIu64 ": fenced: %s\n", slot, text);
    }
    if (mr_health_well(view, question))
        mr_buf_string(out, "ok\n");
}
