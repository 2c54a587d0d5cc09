#include "master/guard.h"

#include "base/clock.h"
#include "base/log.h"

static void tell(struct mr_guard *guard, uint64_t slot, enum mr_frame_kind kind,
                 const struct mr_poison *poison)
{
    struct mr_buf body = {0};
    mr_poison_encode(poison, &body);
    guard->host.send(guard->context, slot, kind, (struct mr_bytes){body.data, body.length});
    mr_buf_free(&body);
}

static void tell_all(struct mr_guard *guard, enum mr_frame_kind kind,
                     const struct mr_poison *poison)
{
    for (uint64_t slot = 0; slot < guard->slot_count; slot++)
        tell(guard, slot, kind, poison);
}

void mr_guard_keep(struct mr_guard *guard, const char *name)
{
    mr_guard_file_begin(&guard->file, "/dev/shm", name);
    mr_guard_file_read(&guard->file, &guard->poisons, mr_clock_wall_ms());
}

static void keep(struct mr_guard *guard)
{
    mr_guard_file_write(&guard->file, &guard->poisons, mr_clock_wall_ms());
}

void mr_guard_free(struct mr_guard *guard)
{
    mr_poisons_tidy(&guard->poisons, UINT64_MAX); /* settled messages are committed at a stop */
    keep(guard);
    mr_guard_file_end(&guard->file);
    mr_poisons_free(&guard->poisons);
}

void mr_guard_started(struct mr_guard *guard, uint64_t slot)
{
    mr_poisons_tidy(&guard->poisons, mr_clock_ms());
    for (size_t i = 0; i < guard->poisons.count; i++)
        tell(guard, slot, MR_FRAME_POISON, &guard->poisons.all[i]);
}

void mr_guard_died(struct mr_guard *guard, const struct mr_slot *row, const char *cause)
{
    struct mr_running running;
    if (!mr_slot_running(row, &running) || running.topic[0] == '\0')
        return;
    const struct mr_message_id id = {running.group, running.topic, running.partition,
                                     running.offset};
    mr_poisons_tidy(&guard->poisons, mr_clock_ms());
    const struct mr_poison *poison = mr_poisons_note(&guard->poisons, &id, cause);
    keep(guard);
    if (poison->deaths >= MR_POISON_DEATHS)
        mr_log(
            MR_LOG_ERROR, "message_poisoned", MR_S("group", id.group), MR_S("topic", id.topic),
            MR_I("partition", id.partition), MR_I("offset", id.offset), MR_S("cause", cause),
            MR_S("message", "workers died twice while handling this message: it is not run again"));
    tell_all(guard, MR_FRAME_POISON, poison);
}

void mr_guard_frame(struct mr_guard *guard, const struct mr_frame *frame)
{
    struct mr_poison poison;
    if (frame->kind != MR_FRAME_BURIED || !mr_poison_decode(frame->body, &poison))
        return;
    if (mr_poisons_done(&guard->poisons, &poison.id, mr_clock_ms()))
        tell_all(guard, MR_FRAME_HARMLESS, &poison);
    mr_poison_free(&poison);
}
