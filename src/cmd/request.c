#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/panic.h"
#include "base/topic.h"
#include "base/uuid.h"
#include "cmd/client.h"
#include "lua/document.h"
#include "worker/ask.h"
#include "worker/headers.h"
#include "worker/topic_names.h"

struct asking {
    struct mr_client client;
    const char *reply_to; /* --reply-to */
    const char *timeout;  /* --timeout */
    int timeout_ms;
    char response_topic[256];
    char id[37];
};

static int set_timeout(struct asking *asking)
{
    char *end;
    if (asking->timeout == NULL) {
        asking->timeout_ms = (int)mr_config_integer(asking->client.config, "rpc.timeout");
        return 0;
    }
    long value = strtol(asking->timeout, &end, 10);
    if (*end != '\0' || value < 1 || value > 86400000)
        return mr_client_fail(&asking->client, MR_EXIT_USAGE,
                              "--timeout %s: expected milliseconds, 1 to 86400000",
                              asking->timeout);
    asking->timeout_ms = (int)value;
    return 0;
}

static int set_reply_to(struct asking *asking, const char *topic)
{
    if (asking->reply_to == NULL)
        mr_topic_response(topic, asking->response_topic);
    else
        snprintf(asking->response_topic, sizeof(asking->response_topic), "%s", asking->reply_to);
    if (mr_topic_legal(mr_bytes_of(asking->response_topic)))
        return 0;
    return mr_client_fail(&asking->client, MR_EXIT_USAGE, "%s: not the name of a topic%s",
                          asking->reply_to != NULL ? asking->reply_to : topic,
                          asking->reply_to != NULL ? "" : " with a response topic");
}

/* To be ready to ask is one thing, to be answered another: only for the latter --timeout counts. */
static int connection_timeout(const struct asking *asking)
{
    return (int)mr_config_integer(asking->client.config, "kafka.connection_timeout");
}

/* The headers of a request, then those of the command line. */
static int send_request(struct asking *asking, char *why, size_t size)
{
    struct mr_ask_headers own;
    struct mr_pair pairs[MR_ASK_HEADERS + MR_CLIENT_HEADERS];
    struct mr_outgoing record = asking->client.record;
    mr_uuid_text(asking->id);
    const struct mr_ask_terms terms = {.dialect = MR_DIALECT_KAFKA_CLIENT,
                                       .correlation_id = mr_bytes_of(asking->id),
                                       .reply_to = asking->response_topic,
                                       .now = mr_clock_wall_ms(),
                                       .timeout = asking->timeout_ms};
    mr_ask_compose(&own, &terms);
    memcpy(pairs, own.pairs, own.count * sizeof(own.pairs[0]));
    record.header_count = mr_headers_append(pairs, own.count, record.headers, record.header_count);
    record.headers = pairs;
    if (record.key.data == NULL)
        record.key = mr_ask_key(&terms);
    return mr_asker_send(asking->client.asker, &record, connection_timeout(asking), why, size);
}

/* Every error reply of ours says so by status-code, a plain one by its message-type; another's may
 * only by its envelope. */
static bool is_error(const struct mr_message *message, const struct mr_pair *headers, size_t count)
{
    struct mr_bytes value = MR_BYTES_NONE;
    if (mr_header_find(headers, count, MR_BYTES("status-code"), &value))
        return true;
    mr_header_find(headers, count, MR_BYTES("message-type"), &value);
    return mr_bytes_equal(value, MR_BYTES("error")) || mr_document_says_failure(message->value);
}

/* True when the message is the answer; *code then tells how it came out, and it is printed. */
static bool take_answer(const struct asking *asking, const struct mr_message *message, int *code)
{
    struct mr_bytes id = MR_BYTES_NONE;
    size_t count = mr_message_headers(message, NULL, 0);
    struct mr_pair *headers = mr_alloc(count * sizeof(*headers));
    mr_message_headers(message, headers, count);
    mr_header_find(headers, count, MR_BYTES("correlation-id"), &id);
    bool ours = mr_bytes_equal(id, mr_bytes_of(asking->id));
    if (ours) {
        *code = is_error(message, headers, count) ? MR_EXIT_FAILED : MR_EXIT_OK;
        fwrite(message->value.data, 1, message->value.length, stdout);
        fputc('\n', stdout);
    }
    free(headers);
    return ours;
}

static int await_answer(const struct asking *asking)
{
    uint64_t now, deadline = mr_clock_ms() + (uint64_t)asking->timeout_ms;
    struct mr_message message;
    while ((now = mr_clock_ms()) < deadline &&
           mr_asker_receive(asking->client.asker, &message, (int)(deadline - now))) {
        int code;
        bool ours = take_answer(asking, &message, &code);
        mr_message_free(&message);
        if (ours)
            return code;
    }
    return mr_client_fail(&asking->client, MR_EXIT_TIMEOUT,
                          "no reply on %s within %d ms: is a handler serving %s?",
                          asking->response_topic, asking->timeout_ms, asking->client.record.topic);
}

static int ask(struct asking *asking)
{
    char why[256];
    int code = set_timeout(asking);
    if (code != 0)
        return code;
    if (mr_asker_listen(asking->client.asker, asking->response_topic, connection_timeout(asking),
                        why, sizeof(why)) != 0)
        return mr_client_fail(&asking->client, MR_EXIT_UNAVAILABLE, "%s: cannot listen: %s",
                              asking->response_topic, why);
    if (send_request(asking, why, sizeof(why)) != 0)
        return mr_client_fail(&asking->client, MR_EXIT_UNAVAILABLE, "%s: not delivered: %s",
                              asking->client.record.topic, why);
    return await_answer(asking);
}

int mr_cmd_request(const struct mr_command *self, int argc, char **argv)
{
    struct asking *asking = mr_alloc(sizeof(*asking));
    int code;
    const struct mr_option options[] = {
        MR_CLIENT_OPTIONS(&asking->client),
        {"reply-to", MR_OPTION_TEXT, &asking->reply_to, "TOPIC",
         "Where the reply comes (default: x-responses for x-commands, else TOPIC-responses)."},
        {"timeout", MR_OPTION_TEXT, &asking->timeout, "MS",
         "How long to wait for the reply (default: rpc.timeout, 30000)."},
        {.name = NULL},
    };
    asking->client.command = self;
    int count = mr_options_parse(self, options, argc, argv, 1, 2, &code);
    if (count >= 0) {
        code = set_reply_to(asking, argv[1]);
        if (code == 0)
            code = mr_client_open(&asking->client, argv[1], count > 1 ? argv[2] : NULL);
        if (code == 0)
            code = ask(asking);
        mr_client_close(&asking->client);
    }
    free(asking);
    return code;
}
