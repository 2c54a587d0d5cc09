#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "base/print.h"
#include "base/topic.h"
#include "cmd/asking.h"
#include "cmd/client.h"
#include "cmd/fail.h"
#include "cmd/latency.h"
#include "worker/routing/topic_names.h"

enum { TIMEOUT_MOST = 86400000, COUNT_MOST = 100000000, CONCURRENCY_MOST = 100000 };

struct request {
    struct mr_client client;
    struct mr_asking asking;
    const char *reply_to, *timeout, *dialect, *count, *concurrency; /* as given */
    struct mr_buf bare;
    char response_topic[256];
};

/* Sets the numbers of the command line. The timeout stays 0 if it was not given. */
static int set_numbers(struct request *request)
{
    int code;
    const struct mr_command *command = request->client.command;
    int64_t timeout = 0, count = 1, concurrency = 1;
    if ((code = mr_options_number(command, "timeout", request->timeout, 1, TIMEOUT_MOST,
                                  &timeout)) != 0 ||
        (code = mr_options_number(command, "count", request->count, 1, COUNT_MOST, &count)) != 0 ||
        (code = mr_options_number(command, "concurrency", request->concurrency, 1, CONCURRENCY_MOST,
                                  &concurrency)) != 0)
        return code;
    request->asking.timeout = (int)timeout;
    request->asking.count = (size_t)count;
    request->asking.concurrency = (size_t)concurrency;
    return 0;
}

static int set_dialect(struct request *request)
{
    const char *name = request->dialect == NULL ? "kafka-client" : request->dialect;
    request->asking.dialect = mr_dialect_of(name);
    if (request->asking.dialect != MR_DIALECT_AUTO)
        return 0;
    return mr_fail(request->client.command, MR_EXIT_USAGE,
                   "--dialect %s: expected one of " MR_DIALECT_NAMES, name);
}

static int set_reply_to(struct request *request, const char *topic)
{
    if (request->reply_to == NULL)
        mr_topic_response(topic, request->response_topic);
    else
        snprintf(request->response_topic, sizeof(request->response_topic), "%s", request->reply_to);
    request->asking.reply_to = request->response_topic;
    if (mr_topic_legal(mr_bytes_of(request->response_topic)))
        return 0;
    return mr_fail(request->client.command, MR_EXIT_USAGE, "%s: not a topic name%s",
                   request->reply_to != NULL ? request->reply_to : topic,
                   request->reply_to != NULL ? ""
                                             : ", or too long for the name of a response topic");
}

/* Unquotes the value if the dialect is bare: a string is sent as it is, and null as a null
 * value. */
static void set_bare(struct request *request)
{
    struct mr_outgoing *record = &request->client.record;
    if (!mr_dialect_rows[request->asking.dialect].bare || record->value.data == NULL)
        return;
    record->value = mr_document_bare(record->value, &request->bare)
                        ? (struct mr_bytes){mr_buf_text(&request->bare), request->bare.length}
                        : MR_BYTES_NONE;
}

/* --- one answer --- */

static void print_answer(const struct mr_heard *heard, const struct mr_pair *headers, size_t count)
{
    struct mr_bytes value = heard->value.data == NULL ? MR_BYTES("null") : heard->value;
    for (size_t i = 0; i < count; i++) {
        mr_print_line(stderr, headers[i].name);
        fputs(": ", stderr);
        mr_print_line(stderr, headers[i].value);
        fputc('\n', stderr);
    }
    fwrite(value.data, 1, value.length, stdout);
    fputc('\n', stdout);
}

/* --- */

static int result_of(const struct request *request)
{
    const struct mr_asking *asking = &request->asking;
    if (asking->timeouts == 0)
        return asking->errors > 0 ? MR_EXIT_FAILED : MR_EXIT_OK;
    if (asking->count > 1)
        return MR_EXIT_TIMEOUT;
    return mr_fail(request->client.command, MR_EXIT_TIMEOUT,
                   "no reply on %s within %d ms: is a handler serving %s?", asking->reply_to,
                   asking->timeout, request->client.record.topic);
}

static int ask(struct request *request)
{
    char why[256];
    struct mr_asking *asking = &request->asking;
    struct mr_client *client = &request->client;
    int patience = (int)mr_config_integer(client->config, "kafka.connection_timeout");
    if (mr_asker_know(client->asker, client->record.topic, patience, why, sizeof(why)) != 0)
        return mr_client_undelivered(client, why);
    if (mr_asker_listen(client->asker, asking->reply_to, patience, why, sizeof(why)) != 0)
        return mr_fail(client->command, MR_EXIT_UNAVAILABLE, "%s: cannot listen: %s",
                       asking->reply_to, why);
    if (mr_asking_run(asking, why, sizeof(why)) != 0)
        return mr_client_undelivered(client, why);
    if (asking->count > 1)
        mr_latency_print(asking);
    return result_of(request);
}

static int serve(struct request *request, const char *topic, const char *json)
{
    int code = set_dialect(request);
    if (code == 0)
        code = set_reply_to(request, topic);
    if (code == 0)
        code = set_numbers(request);
    if (code == 0)
        code = mr_client_open(&request->client, topic, json);
    if (code != 0)
        return code;
    if (request->timeout == NULL)
        request->asking.timeout = (int)mr_config_integer(request->client.config, "rpc.timeout");
    request->asking.client = &request->client;
    request->asking.answered = request->asking.count == 1 ? print_answer : NULL;
    set_bare(request);
    return ask(request);
}

int mr_cmd_request(const struct mr_command *self, int argc, char **argv)
{
    struct request *request = mr_alloc(sizeof(*request));
    int code;
    const struct mr_option options[] = {
        MR_CLIENT_OPTIONS(&request->client),
        {"dialect", MR_OPTION_TEXT, &request->dialect, "NAME",
         "Wire format: one of " MR_DIALECT_NAMES " (default: kafka-client)."},
        {"reply-to", MR_OPTION_TEXT, &request->reply_to, "TOPIC",
         "Topic of the reply (default: x-responses for x-commands, else TOPIC-responses)."},
        {"timeout", MR_OPTION_TEXT, &request->timeout, "MS",
         "Longest time to wait for a reply (default: rpc.timeout, 30000)."},
        {"count", MR_OPTION_TEXT, &request->count, "N",
         "Number of requests; if there are several, print a table of latencies (default: 1)."},
        {"concurrency", MR_OPTION_TEXT, &request->concurrency, "C",
         "Largest number of requests that are open at once (default: 1)."},
        {.name = NULL},
    };
    request->client.command = self;
    int count = mr_options_parse(self, options, argc, argv, 1, 2, &code);
    if (count >= 0) {
        code = serve(request, argv[1], count > 1 ? argv[2] : NULL);
        mr_asking_free(&request->asking);
        mr_client_close(&request->client);
        mr_buf_free(&request->bare);
    }
    free(request);
    return code;
}
