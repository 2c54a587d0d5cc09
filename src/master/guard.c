#include "master/guard.h"

#include "base/clock.h"
#include "base/log.h"

static void tell(struct mr_guard *guard, uint64_t slot, enum mr_frame_kind kind,
                 const struct mr_poison *poison)
{
    struct mr_buf body = {0};
    mr_poison_encode(&poison->id, poison->cause, &body);
    guard->host.send(guard->context, slot, kind, (struct mr_bytes){body.data, body.length});
    mr_buf_free(&body);
}

static void tell_all(struct mr_guard *guard, enum mr_frame_kind kind,
                     const struct mr_poison *poison)
{
    for (uint64_t slot = 0; slot < guard->slot_count; slot++)
        tell(guard, slot, kind, poison);
}

void mr_guard_free(struct mr_guard *guard)
{
    mr_poisons_free(&guard->poisons);
}

void mr_guard_started(struct mr_guard *guard, uint64_t slot)
{
    mr_poisons_tidy(&guard->poisons, mr_clock_ms());
    for (size_t i = 0; i < guard->poisons.count; i++)
        if (guard->poisons.all[i].deaths >= MR_POISON_DEATHS)
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
    if (poison->deaths < MR_POISON_DEATHS)
        return;
    mr_log(MR_LOG_ERROR, "message_poisoned", MR_S("group", id.group), MR_S("topic", id.topic),
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
