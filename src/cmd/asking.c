#include "cmd/asking.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"
#include "base/uuid.h"

enum { NS_PER_MS = 1000000 };

struct mr_asked {
    char id[37];
    uint64_t sent; /* ns */
    struct mr_asked *older, *newer;
};

static void open_asked(struct mr_asking *asking, struct mr_asked *asked)
{
    asked->sent = mr_clock_ns();
    asked->older = asking->newest;
    if (asking->newest != NULL)
        asking->newest->newer = asked;
    else
        asking->oldest = asked;
    asking->newest = asked;
    asking->open_count++;
    mr_idmap_put(&asking->open, mr_bytes_of(asked->id), asked);
}

static void close_asked(struct mr_asking *asking, struct mr_asked *asked)
{
    if (asked->older != NULL)
        asked->older->newer = asked->newer;
    else
        asking->oldest = asked->newer;
    if (asked->newer != NULL)
        asked->newer->older = asked->older;
    else
        asking->newest = asked->older;
    asking->open_count--;
    mr_idmap_remove(&asking->open, mr_bytes_of(asked->id));
    free(asked);
}

/* Sends a request with its own headers, then those of the command line. */
static int send_asked(struct mr_asking *asking, const struct mr_asked *asked, char *why,
                      size_t size)
{
    struct mr_ask_headers own;
    struct mr_pair pairs[MR_ASK_HEADERS + MR_CLIENT_HEADERS];
    struct mr_outgoing record = asking->client->record;
    const struct mr_ask_terms terms = {.dialect = asking->dialect,
                                       .correlation_id = mr_bytes_of(asked->id),
                                       .reply_to = asking->reply_to,
                                       .now = mr_clock_wall_ms(),
                                       .timeout = asking->timeout};
    mr_ask_address(&record, pairs, &own, &terms);
    return mr_asker_post(asking->client->asker, &record, why, size);
}

static int ask_one(struct mr_asking *asking, char *why, size_t size)
{
    struct mr_asked *asked = mr_alloc(sizeof(*asked));
    mr_uuid_text(asked->id);
    open_asked(asking, asked);
    asking->begun++;
    return send_asked(asking, asked, why, size);
}

static void note(struct mr_asking *asking, struct mr_asked *asked, const struct mr_message *message,
                 const struct mr_pair *headers, size_t count)
{
    struct mr_heard heard = mr_ask_heard(asking->dialect, message->value, headers, count);
    if (!heard.is_reply)
        return;
    heard.is_error = heard.is_error ||
                     (heard.enveloped && mr_documents_say_failure(asking->documents, heard.value));
    asking->latencies[asking->answers++] = mr_clock_ns() - asked->sent;
    asking->errors += heard.is_error;
    if (asking->answered != NULL)
        asking->answered(&heard, headers, count);
    close_asked(asking, asked);
}

static void take(struct mr_asking *asking, const struct mr_message *message)
{
    size_t count = mr_message_headers(message, NULL, 0);
    struct mr_pair *headers = mr_alloc(count * sizeof(*headers));
    mr_message_headers(message, headers, count);
    struct mr_asked *asked = mr_ask_find(&asking->open, headers, count);
    if (asked != NULL)
        note(asking, asked, message, headers, count);
    free(headers);
}

/* Closes and counts the requests whose time is over. Returns the ms until the next time-out, 0 if
 * no request is open. */
static int time_left(struct mr_asking *asking)
{
    uint64_t now = mr_clock_ns(), limit = (uint64_t)asking->timeout * NS_PER_MS;
    while (asking->oldest != NULL && now - asking->oldest->sent >= limit) {
        asking->timeouts++;
        close_asked(asking, asking->oldest);
    }
    if (asking->oldest == NULL)
        return 0;
    return (int)((asking->oldest->sent + limit - now) / NS_PER_MS) + 1;
}

int mr_asking_run(struct mr_asking *asking, char *why, size_t size)
{
    struct mr_message message;
    asking->latencies = mr_alloc(asking->count * sizeof(asking->latencies[0]));
    asking->documents = mr_documents_new();
    asking->began = mr_clock_ns();
    while (asking->begun < asking->count || asking->open_count > 0) {
        while (asking->begun < asking->count && asking->open_count < asking->concurrency)
            if (ask_one(asking, why, size) != 0)
                return -1;
        int left = time_left(asking);
        if (left > 0 && mr_asker_receive(asking->client->asker, &message, left)) {
            take(asking, &message);
            mr_message_free(&message);
        }
        if (mr_asker_failed(asking->client->asker, why, size))
            return -1;
    }
    asking->ended = mr_clock_ns();
    return 0;
}

void mr_asking_free(struct mr_asking *asking)
{
    while (asking->oldest != NULL)
        close_asked(asking, asking->oldest);
    mr_idmap_free(&asking->open);
    mr_documents_free(asking->documents);
    free(asking->latencies);
}
