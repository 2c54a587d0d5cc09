#include "worker/rpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/idmap.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/uuid.h"
#include "worker/ask.h"
#include "worker/headers.h"
#include "worker/inbox.h"
#include "worker/topic_names.h"

/* For how long a reply to a call that timed out is told apart from somebody else's. */
enum { LATE_MS = 60000 };

static const char stops[] = "Request cancelled: the worker stops";

struct mr_call {
    struct mr_rpc *rpc;
    char id[37];
    struct mr_wait *wait;       /* NULL once it timed out or was cancelled */
    struct mr_outgoing *record; /* NULL once it is sent */
    enum mr_dialect dialect;
    char *reply_to;
    int64_t timeout;
    struct mr_timer timer;
    struct mr_call *previous, *next; /* of those somebody waits for */
};

struct mr_rpc {
    uint64_t number; /* the worker's */
    struct mr_timers *timers;
    struct mr_slot *slot;
    struct mr_outbox *outbox;
    struct mr_inbox *inbox;
    struct mr_idmap calls; /* by id */
    struct mr_call *open;  /* those somebody waits for */
    int64_t pending, most_pending;
    bool cancelled; /* no more are opened */
    const struct mr_rpc_events *events;
    void *data;
};

static void want_topic(void *context, const char *name, const char *topic)
{
    (void)name;
    mr_inbox_want(context, topic);
}

static void set_pending(struct mr_rpc *rpc, int by)
{
    rpc->pending += by;
    mr_cell_set(&rpc->slot->gauges[MR_RPC_PENDING], (uint64_t)rpc->pending);
}

static void begin_waiting(struct mr_call *call, struct mr_wait *wait)
{
    struct mr_rpc *rpc = call->rpc;
    call->next = rpc->open;
    if (rpc->open != NULL)
        rpc->open->previous = call;
    rpc->open = call;
    wait->call = call;
    set_pending(rpc, 1);
}

static struct mr_wait *end_waiting(struct mr_call *call)
{
    struct mr_wait *wait = call->wait;
    if (call->next != NULL)
        call->next->previous = call->previous;
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        call->rpc->open = call->next;
    wait->call = NULL;
    call->wait = NULL;
    set_pending(call->rpc, -1);
    return wait;
}

static void drop_record(struct mr_call *call)
{
    free(call->record);
    call->record = NULL;
}

static void drop_call(void *value)
{
    struct mr_call *call = value;
    drop_record(call);
    mr_timers_cancel(call->rpc->timers, &call->timer);
    free(call->reply_to);
    free(call);
}

static void free_call(struct mr_call *call)
{
    mr_idmap_remove(&call->rpc->calls, mr_bytes_of(call->id));
    drop_call(call);
}

static struct mr_call *call_of(struct mr_timer *timer)
{
    return (struct mr_call *)((char *)timer - offsetof(struct mr_call, timer));
}

static void on_forgotten(struct mr_timer *timer)
{
    free_call(call_of(timer));
}

/* The handler no longer waits; the id is remembered for a while so that a late reply is known for
 * one. */
static struct mr_wait *abandon(struct mr_call *call)
{
    struct mr_wait *wait = end_waiting(call);
    drop_record(call);
    mr_timers_arm(call->rpc->timers, &call->timer, mr_clock_ms() + LATE_MS, on_forgotten);
    return wait;
}

static void wake(struct mr_rpc *rpc, struct mr_wait *wait, struct mr_resumption *with)
{
    struct mr_job *job = wait->job;
    with->wait = wait->number;
    mr_wait_free(wait);
    rpc->events->ended(rpc->data, job, with);
}

static void end_with_error(struct mr_call *call, int status, const char *message, const char *name)
{
    struct mr_rpc *rpc = call->rpc;
    struct mr_resumption with = {.kind = MR_RESUME_STATUS_ERROR,
                                 .status = status,
                                 .message = mr_bytes_of(message),
                                 .name = mr_bytes_of(name)};
    wake(rpc, abandon(call), &with);
}

static void on_timeout(struct mr_timer *timer)
{
    struct mr_call *call = call_of(timer);
    char message[64];
    snprintf(message, sizeof(message), "Request timeout after %lldms", (long long)call->timeout);
    mr_cell_add(&call->rpc->slot->counters[MR_RPC_TIMEOUTS], 1);
    end_with_error(call, 504, message, "RequestTimeout");
}

static void on_no_topic(struct mr_timer *timer)
{
    struct mr_call *call = call_of(timer);
    end_with_error(call, 502, "the request could not be sent", "RequestFailed");
}

/* Sends the request; the caller sees to it that its answer will be heard. */
static int send_call(struct mr_call *call, const struct mr_outgoing *record, char *why, size_t size)
{
    struct mr_rpc *rpc = call->rpc;
    struct mr_ask_headers own;
    struct mr_pair *headers = mr_alloc((MR_ASK_HEADERS + record->header_count) * sizeof(*headers));
    struct mr_outgoing full = *record;
    const struct mr_ask_terms terms = {
        .dialect = call->dialect,
        .correlation_id = mr_bytes_of(call->id),
        .reply_to = call->reply_to,
        .reply_partition = mr_inbox_partition(rpc->inbox, call->reply_to, rpc->number),
        .now = mr_clock_wall_ms(),
        .timeout = call->timeout};
    mr_ask_compose(&own, &terms);
    memcpy(headers, own.pairs, own.count * sizeof(own.pairs[0]));
    full.headers = headers;
    full.header_count =
        mr_headers_append(headers, own.count, record->headers, record->header_count);
    if (full.key.data == NULL)
        full.key = mr_ask_key(&terms);
    enum mr_sent sent = mr_outbox_send(rpc->outbox, call->wait->job, MR_FOR_REQUEST, &full,
                                       mr_clock_ns(), why, size);
    free(headers);
    return sent == MR_SENT ? 0 : -1;
}

/* Those waiting for this topic go out. A record that is refused ends its call from a timer that is
 * due at once, since nothing may end from within the call that opened it. */
static void on_listening(void *data, const char *topic)
{
    struct mr_rpc *rpc = data;
    char why[256];
    for (struct mr_call *call = rpc->open; call != NULL; call = call->next) {
        if (call->record == NULL || strcmp(call->reply_to, topic) != 0)
            continue;
        int sent = send_call(call, call->record, why, sizeof(why));
        drop_record(call);
        if (sent == 0)
            continue;
        mr_log(MR_LOG_WARN, "request_failed", MR_S("topic", topic), MR_S("message", why));
        mr_timers_arm(rpc->timers, &call->timer, mr_clock_ms(), on_no_topic);
    }
}

static struct mr_call *call_with(struct mr_rpc *rpc, const struct mr_pair *headers, size_t count)
{
    struct mr_call *call = NULL;
    struct mr_bytes id;
    for (size_t i = 0; i < MR_ID_HEADERS && call == NULL; i++)
        if (mr_header_find(headers, count, mr_id_headers[i], &id))
            call = mr_idmap_get(&rpc->calls, id);
    return call;
}

static void end_with_reply(struct mr_call *call, const struct mr_message *message,
                           const struct mr_pair *headers, size_t count)
{
    struct mr_rpc *rpc = call->rpc;
    struct mr_heard heard = mr_ask_heard(call->dialect, message->value, headers, count);
    if (!heard.is_reply)
        return;
    struct mr_resumption with = {.kind = MR_RESUME_REPLY,
                                 .value = heard.value,
                                 .codec = heard.bare ? MR_CODEC_BARE : MR_CODEC_JSON,
                                 .enveloped = heard.enveloped,
                                 .is_error = heard.is_error,
                                 .headers = headers,
                                 .header_count = count};
    struct mr_wait *wait = end_waiting(call);
    free_call(call);
    wake(rpc, wait, &with);
}

static void on_reply(void *data, const struct mr_message *message)
{
    struct mr_rpc *rpc = data;
    struct mr_pair headers[MR_JOB_HEADERS];
    size_t count = mr_message_headers(message, headers, MR_JOB_HEADERS);
    struct mr_pair *all = headers;
    if (count > MR_JOB_HEADERS) {
        all = mr_alloc(count * sizeof(*all));
        mr_message_headers(message, all, count);
    }
    struct mr_call *call = call_with(rpc, all, count);
    if (call != NULL && call->wait == NULL) {
        mr_cell_add(&rpc->slot->counters[MR_RPC_LATE_REPLIES], 1);
        mr_log(MR_LOG_DEBUG, "late_reply", MR_S("topic", message->topic),
               MR_S("correlation_id", call->id));
    } else if (call != NULL) {
        end_with_reply(call, message, all, count);
    }
    if (all != headers)
        free(all);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_rpc *rpc = data;
    rpc->events->troubled(rpc->data, unreachable, text);
}

static const struct mr_inbox_events inbox_events = {on_listening, on_reply, on_troubled};

struct mr_rpc *mr_rpc_new(const struct mr_config *config, uint64_t number, uv_loop_t *loop,
                          int wake_fd, struct mr_timers *timers, struct mr_slot *slot,
                          struct mr_outbox *outbox, const struct mr_rpc_events *events, void *data)
{
    struct mr_rpc *rpc = mr_alloc(sizeof(*rpc));
    *rpc = (struct mr_rpc){.number = number,
                           .most_pending = mr_config_integer(config, "rpc.max_pending"),
                           .timers = timers,
                           .slot = slot,
                           .outbox = outbox,
                           .events = events,
                           .data = data};
    rpc->inbox =
        mr_inbox_new(config, loop, wake_fd, timers, mr_outbox_producer(outbox), &inbox_events, rpc);
    mr_config_list(config, "rpc.response_topics", want_topic, rpc->inbox);
    return rpc;
}

static struct mr_call *new_call(struct mr_rpc *rpc, struct mr_wait *wait, const struct mr_ask *ask,
                                const char *reply_to, int64_t timeout)
{
    struct mr_call *call = mr_alloc(sizeof(*call));
    call->rpc = rpc;
    call->wait = wait;
    call->dialect = mr_dialect_of(ask->dialect == NULL ? "kafka-client" : ask->dialect);
    call->timeout = timeout;
    call->reply_to = mr_strdup(reply_to);
    mr_uuid_text(call->id);
    mr_idmap_put(&rpc->calls, mr_bytes_of(call->id), call);
    return call;
}

int mr_rpc_open(struct mr_rpc *rpc, struct mr_wait *wait, const struct mr_ask *ask, int64_t timeout,
                char *why, size_t size)
{
    char responses[MR_TOPIC_ROOM];
    MR_ASSERT(wait->call == NULL);
    if (rpc->cancelled) {
        snprintf(why, size, "%s", stops);
        return -1;
    }
    if (rpc->pending >= rpc->most_pending) {
        snprintf(why, size, "%lld requests wait for their replies already (rpc.max_pending)",
                 (long long)rpc->pending);
        return -1;
    }
    if (ask->reply_to == NULL && !mr_topic_response(ask->record.topic, responses)) {
        snprintf(why, size,
                 "the name of its response topic would be too long: name one by reply_to");
        return -1;
    }
    struct mr_call *call =
        new_call(rpc, wait, ask, ask->reply_to != NULL ? ask->reply_to : responses, timeout);
    if (!mr_inbox_want(rpc->inbox, call->reply_to)) {
        call->record = mr_outgoing_copy(&ask->record);
    } else if (send_call(call, &ask->record, why, size) != 0) {
        free_call(call);
        return -1;
    }
    begin_waiting(call, wait);
    mr_timers_arm(rpc->timers, &call->timer, mr_clock_ms() + (uint64_t)timeout, on_timeout);
    return 0;
}

void mr_rpc_cancel(struct mr_wait *wait)
{
    if (wait->call != NULL)
        abandon(wait->call);
}

void mr_rpc_cancel_all(struct mr_rpc *rpc)
{
    rpc->cancelled = true;
    while (rpc->open != NULL)
        end_with_error(rpc->open, 503, stops, "RequestCancelled");
}

void mr_rpc_poll(struct mr_rpc *rpc)
{
    mr_inbox_poll(rpc->inbox);
}

void mr_rpc_stop(struct mr_rpc *rpc)
{
    mr_inbox_stop(rpc->inbox);
}

void mr_rpc_free(struct mr_rpc *rpc)
{
    mr_inbox_free(rpc->inbox);
    mr_idmap_drain(&rpc->calls, drop_call);
    free(rpc);
}
