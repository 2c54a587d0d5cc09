#include "base/clock.h"
#include "base/log.h"
#include "worker/rpc/inbox_state.h"

enum { RECENT_MS = 60000 };

void mr_inbox_describe(const struct mr_inbox_topic *topic, char *text, size_t size)
{
    mr_deaf_text(topic->told, topic->name, topic->detail, text, size);
}

void mr_inbox_show(const struct mr_inbox *inbox)
{
    uint64_t deaf = 0;
    for (const struct mr_inbox_topic *topic = inbox->topics; topic != NULL; topic = topic->next)
        deaf += topic->told != MR_DEAF_NOT;
    mr_cell_set(&inbox->slot->gauges[MR_RESPONSE_TOPICS_DEAF], deaf);
}

void mr_inbox_judge(struct mr_inbox_topic *topic)
{
    char text[MR_NOTE_SIZE];
    struct mr_inbox *inbox = topic->inbox;
    enum mr_deaf deaf = mr_deaf_worst(&topic->deafness);
    if (deaf == topic->told)
        return;
    topic->told = deaf;
    mr_inbox_show(inbox);
    mr_inbox_describe(topic, text, sizeof(text));
    if (deaf == MR_DEAF_NOT)
        mr_log(MR_LOG_INFO, "response_topic_available", MR_S("topic", topic->name),
               MR_S("message", text));
    else
        mr_log(MR_LOG_ERROR, "response_topic_unavailable", MR_S("topic", topic->name),
               MR_S("message", text));
    if (mr_deaf_lasts(deaf))
        inbox->events->deaf(inbox->data, topic->name, text);
}

bool mr_inbox_is_recent(const struct mr_inbox_topic *topic)
{
    return topic->kept || mr_clock_ms() - topic->wanted < RECENT_MS;
}

/* The producer and the consumers were made with the same properties, so this fails only if the
 * machine does. */
struct mr_listener *mr_inbox_listener(struct mr_inbox *inbox)
{
    struct mr_errors errors = {0};
    if (inbox->listener == NULL)
        inbox->listener =
            mr_listener_new(inbox->config, inbox->wake_fd, inbox->hears, inbox, &errors);
    if (inbox->listener == NULL)
        mr_log(MR_LOG_ERROR, "inbox_failed", MR_S("message", mr_errors_text(&errors)));
    mr_errors_free(&errors);
    return inbox->listener;
}
