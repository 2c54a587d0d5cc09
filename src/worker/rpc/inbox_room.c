#include <stdlib.h>

#include "base/log.h"
#include "base/panic.h"
#include "worker/rpc/inbox_state.h"

void mr_inbox_forget(struct mr_inbox_topic *topic)
{
    struct mr_inbox *inbox = topic->inbox;
    struct mr_inbox_topic **link = &inbox->topics;
    MR_ASSERT(topic->uses == 0 && !topic->looking);
    while (*link != topic)
        link = &(*link)->next;
    *link = topic->next;
    mr_timers_cancel(inbox->timers, &topic->again);
    mr_inbox_show(inbox);
    mr_buf_free(&topic->asked);
    free(topic->name);
    free(topic);
}

static bool may_close(const struct mr_inbox_topic *topic)
{
    return !topic->kept && topic->uses == 0 && !topic->looking;
}

static void close_topic(struct mr_inbox_topic *topic)
{
    mr_log(MR_LOG_INFO, "inbox_closed", MR_S("topic", topic->name));
    if (topic->inbox->listener != NULL)
        mr_listener_remove(topic->inbox->listener, topic->name);
    mr_inbox_forget(topic);
}

/* Newer topics come first in the list, so of two that were wanted at once the latter is older. */
bool mr_inbox_make_room(struct mr_inbox *inbox)
{
    struct mr_inbox_topic *oldest = NULL;
    size_t count = 0;
    for (struct mr_inbox_topic *topic = inbox->topics; topic != NULL; topic = topic->next) {
        count += !topic->kept;
        if (may_close(topic) && (oldest == NULL || topic->wanted <= oldest->wanted))
            oldest = topic;
    }
    if (count < MR_INBOX_MOST)
        return true;
    if (oldest != NULL)
        close_topic(oldest);
    return oldest != NULL;
}
