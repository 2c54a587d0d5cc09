#include "worker/rpc/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/producer/doubts.h"
#include "worker/routing/topic_names.h"
#include "worker/rpc/pending.h"
#include "worker/rpc/reply_inbox.h"
#include "worker/wire/request.h"

static const char stops[] = "Request cancelled: the worker stops";

struct mr_rpc {
    uint64_t number; /* the worker's */
    struct mr_timers *timers;
    struct mr_slot *slot;
    struct mr_outbox *outbox;
    struct mr_inbox *inbox;
    struct mr_calls calls;
    int64_t most_pending;
    bool cancelled; /* no more calls are opened */
    const struct mr_rpc_events *events;
    void *data;
};

static void want_topic(void *context, const char *name, const char *topic)
{
    (void)name;
    mr_inbox_keep(context, topic);
}

static void end_with_error(struct mr_call *call, int status, const char *message, const char *name)
{
    struct mr_rpc *rpc = call->calls->owner;
    struct mr_wait *wait = mr_call_abandon(call);
    mr_wait_failed(wait, status, message, name);
    rpc->events->ended(rpc->data, wait);
}

static void on_timeout(struct mr_timer *timer)
{
    struct mr_call *call = mr_call_of_timer(timer);
    char message[64];
    snprintf(message, sizeof(message), "Request timeout after %lldms", (long long)call->timeout);
    mr_cell_add(&call->calls->slot->counters[MR_RPC_TIMEOUTS], 1);
    end_with_error(call, 504, message, "RequestTimeout");
}

static void on_refused(struct mr_timer *timer)
{
    struct mr_call *call = mr_call_of_timer(timer);
    struct mr_buf message = {0};
    mr_buf_printf(&message, "the request could not be sent: %s", call->refusal);
    end_with_error(call, 502, mr_buf_text(&message), "RequestFailed");
    mr_buf_free(&message);
}

/* Ends the call with an error, from a timer that is due at once. A call must not end from within
 * the function that opened it, or from within a report. */
static void refuse(struct mr_call *call, const char *why)
{
    free(call->refusal);
    call->refusal = mr_strdup(why);
    mr_timers_arm(call->calls->timers, &call->timer, mr_clock_ms(), on_refused);
}

/* Sends the request. The inbox must listen for its answer. */
static void send_call(struct mr_call *call, const struct mr_outgoing *record)
{
    char why[512];
    struct mr_rpc *rpc = call->calls->owner;
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
    mr_ask_address(&full, headers, &own, &terms);
    enum mr_sent sent = mr_outbox_ask(rpc->outbox, call->wait->job, call->wait->number, &full,
                                      mr_clock_ns(), why, sizeof(why));
    free(headers);
    if (sent == MR_SENT)
        return;
    mr_log(MR_LOG_WARN, "request_failed", MR_S("topic", record->topic), MR_S("message", why));
    refuse(call, why);
}

/* Returns true if the call waits for the topic: it is neither sent nor refused. */
static bool waits_for(const struct mr_call *call, const char *topic)
{
    return call->record != NULL && call->refusal == NULL && strcmp(call->reply_to, topic) == 0;
}

/* Refuses the calls that wait for the topic, because their answers could not be read. */
static void on_deaf(void *data, const char *topic, const char *why)
{
    struct mr_rpc *rpc = data;
    for (struct mr_call *call = rpc->calls.open; call != NULL; call = call->next)
        if (waits_for(call, topic))
            refuse(call, why);
}

static bool is_among(const struct mr_buf *names, const char *wanted)
{
    const char *name = mr_buf_text(names), *end = name + names->length;
    while (name < end && strcmp(name, wanted) != 0)
        name += strlen(name) + 1;
    return name < end;
}

/* Refuses the calls that ask a missing topic, after the time for which a record to a missing topic
 * waits. */
static void on_missing(void *data, const char *topic, const struct mr_buf *asked)
{
    char why[320];
    struct mr_rpc *rpc = data;
    uint64_t now = mr_clock_ms();
    for (struct mr_call *call = rpc->calls.open; call != NULL; call = call->next) {
        if (!waits_for(call, topic) || now - call->created < MR_DOUBT_TOPIC_MS ||
            !is_among(asked, call->record->topic))
            continue;
        snprintf(why, sizeof(why), "the topic %s does not exist", call->record->topic);
        refuse(call, why);
    }
}

/* Names the topics that are asked by calls which wait for the topic, each once per run of calls. */
static void on_asked(void *data, const char *topic, struct mr_buf *names)
{
    const struct mr_rpc *rpc = data;
    const char *latest = NULL;
    for (const struct mr_call *call = rpc->calls.open; call != NULL; call = call->next) {
        if (!waits_for(call, topic))
            continue;
        if (latest == NULL || strcmp(latest, call->record->topic) != 0)
            mr_buf_append(names, call->record->topic, strlen(call->record->topic) + 1);
        latest = call->record->topic;
    }
}

/* Sends the calls that wait for the topic. */
static void on_listening(void *data, const char *topic)
{
    struct mr_rpc *rpc = data;
    for (struct mr_call *call = rpc->calls.open; call != NULL; call = call->next) {
        if (!waits_for(call, topic))
            continue;
        send_call(call, call->record);
        mr_call_sent(call);
    }
}

/* Returns true if the message is the expected reply. Then the wait owns the message. */
static bool end_with_reply(struct mr_call *call, const struct mr_message *message,
                           const struct mr_pair *headers, size_t count)
{
    struct mr_rpc *rpc = call->calls->owner;
    struct mr_heard heard = mr_ask_heard(call->dialect, message->value, headers, count);
    if (!heard.is_reply)
        return false;
    struct mr_wait *wait = mr_call_end(call);
    struct mr_arrival *arrival = mr_wait_arrived(wait, count);
    if (count > 0)
        memcpy(arrival->headers, headers, count * sizeof(headers[0]));
    arrival->message = *message;
    arrival->with = (struct mr_resumption){.kind = MR_RESUME_REPLY,
                                           .wait = wait->number,
                                           .value = heard.value,
                                           .codec = heard.bare ? MR_CODEC_BARE : MR_CODEC_JSON,
                                           .enveloped = heard.enveloped,
                                           .is_error = heard.is_error,
                                           .headers = arrival->headers,
                                           .header_count = count};
    rpc->events->ended(rpc->data, wait);
    return true;
}

static void on_reply(void *data, struct mr_message *message)
{
    struct mr_rpc *rpc = data;
    struct mr_pair headers[MR_JOB_HEADERS];
    size_t count = mr_message_headers(message, headers, MR_JOB_HEADERS);
    struct mr_pair *all = headers;
    bool taken = false;
    if (count > MR_JOB_HEADERS) {
        all = mr_alloc(count * sizeof(*all));
        mr_message_headers(message, all, count);
    }
    struct mr_call *call = mr_ask_find(&rpc->calls.by_id, all, count);
    if (call != NULL && call->wait == NULL) {
        mr_cell_add(&rpc->slot->counters[MR_RPC_LATE_REPLIES], 1);
        mr_log(MR_LOG_DEBUG, "late_reply", MR_S("topic", message->topic),
               MR_S("correlation_id", call->id));
    } else if (call != NULL) {
        taken = end_with_reply(call, message, all, count);
    }
    if (all != headers)
        free(all);
    if (!taken)
        mr_message_free(message);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_rpc *rpc = data;
    rpc->events->troubled(rpc->data, unreachable, text);
}

static const struct mr_inbox_events inbox_events = {on_listening, on_asked, on_missing,
                                                    on_deaf,      on_reply, on_troubled};

struct mr_rpc *mr_rpc_new(const struct mr_config *config, uint64_t number, uv_loop_t *loop,
                          int wake_fd, struct mr_timers *timers, struct mr_slot *slot,
                          struct mr_outbox *outbox, const struct mr_rpc_events *events, void *data)
{
    struct mr_rpc *rpc = mr_alloc(sizeof(*rpc));
    *rpc = (struct mr_rpc){.number = number,
                           .most_pending = mr_config_integer(config, "rpc.max_pending"),
                           .timers = timers,
                           .slot = slot,
                           .calls = {.owner = rpc, .timers = timers, .slot = slot},
                           .outbox = outbox,
                           .events = events,
                           .data = data};
    rpc->inbox = mr_inbox_new(config, loop, wake_fd, timers, slot, mr_outbox_producer(outbox),
                              &inbox_events, rpc);
    mr_config_list(config, "rpc.response_topics", want_topic, rpc->inbox);
    return rpc;
}

/* Returns the topic for the reply, or NULL with `why` if the request cannot be opened. */
static const char *reply_topic(const struct mr_rpc *rpc, const struct mr_ask *ask,
                               char responses[MR_TOPIC_ROOM], char *why, size_t size)
{
    if (rpc->cancelled)
        snprintf(why, size, "%s", stops);
    else if (rpc->calls.pending >= rpc->most_pending)
        snprintf(why, size, "%lld requests wait for their replies already (rpc.max_pending)",
                 (long long)rpc->calls.pending);
    else if (ask->reply_to != NULL)
        return ask->reply_to;
    else if (mr_topic_response(ask->record.topic, responses))
        return responses;
    else
        snprintf(
            why, size,
            "the name of the response topic would be too long: name another topic by reply_to");
    return NULL;
}

int mr_rpc_open(struct mr_rpc *rpc, struct mr_wait *wait, const struct mr_ask *ask, int64_t timeout,
                char *why, size_t size)
{
    char responses[MR_TOPIC_ROOM], deaf[MR_NOTE_SIZE];
    size_t *uses;
    const char *reply_to = reply_topic(rpc, ask, responses, why, size);
    if (reply_to == NULL || !mr_outbox_fits(rpc->outbox, &ask->record, why, size))
        return -1;
    const char *dialect = ask->dialect == NULL ? "kafka-client" : ask->dialect;
    struct mr_call *call = mr_call_new(&rpc->calls, mr_dialect_of(dialect), reply_to, timeout);
    mr_call_begin(call, wait);
    mr_timers_arm(rpc->timers, &call->timer, mr_clock_ms() + (uint64_t)timeout, on_timeout);
    enum mr_inbox_says says = mr_inbox_want(rpc->inbox, reply_to, &uses, deaf, sizeof(deaf));
    if (uses != NULL)
        mr_call_use(call, uses);
    if (says == MR_INBOX_LISTENS)
        send_call(call, &ask->record);
    else if (says == MR_INBOX_WAITS)
        call->record = mr_outgoing_copy(&ask->record);
    else
        refuse(call, deaf);
    return 0;
}

void mr_rpc_undelivered(const struct mr_job *job, uint32_t number, const char *why)
{
    for (struct mr_wait *wait = job->waits_for; wait != NULL; wait = wait->next)
        if (wait->number == number && wait->call != NULL)
            refuse(wait->call, why);
}

void mr_rpc_cancel_all(struct mr_rpc *rpc)
{
    rpc->cancelled = true;
    while (rpc->calls.open != NULL)
        end_with_error(rpc->calls.open, 503, stops, "RequestCancelled");
}

size_t mr_rpc_poll(struct mr_rpc *rpc, size_t most)
{
    return mr_inbox_poll(rpc->inbox, most);
}

void mr_rpc_shown(struct mr_rpc *rpc, const struct mr_cluster_fault *faults, size_t count)
{
    mr_inbox_shown(rpc->inbox, faults, count);
}

bool mr_rpc_troubled(const struct mr_rpc *rpc, char *why, size_t size)
{
    return mr_inbox_troubled(rpc->inbox, why, size);
}

void mr_rpc_stop(struct mr_rpc *rpc)
{
    mr_inbox_stop(rpc->inbox);
}

void mr_rpc_free(struct mr_rpc *rpc)
{
    mr_inbox_free(rpc->inbox);
    mr_calls_free(&rpc->calls);
    free(rpc);
}
