#include "cmd/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/panic.h"
#include "base/print.h"
#include "base/topic.h"
#include "cmd/dev_file.h"
#include "cmd/dev_settings.h"
#include "lua/document.h"

int mr_client_fail(const struct mr_client *client, int code, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    MR_ASSERT(vasprintf(&text, format, args) >= 0);
    va_end(args);
    mr_print(stderr, "moonroute %s: %s\n", client->command->name, text);
    free(text);
    return code;
}

static int read_input(struct mr_client *client)
{
    ssize_t got;
    while ((got = read(STDIN_FILENO, mr_buf_reserve(&client->text, 65536), 65536)) > 0)
        client->text.length += (size_t)got;
    mr_buf_append(&client->text, "", 0);
    return got < 0 ? mr_client_fail(client, MR_EXIT_DATA, "cannot read standard input") : 0;
}

static int set_value(struct mr_client *client, const char *json)
{
    char why[256];
    if (json == NULL)
        return 0;
    if (strcmp(json, "-") == 0) {
        if (read_input(client) != 0)
            return MR_EXIT_DATA;
    } else {
        mr_buf_string(&client->text, json);
    }
    client->record.value = (struct mr_bytes){client->text.data, client->text.length};
    if (mr_document_check(client->record.value, why, sizeof(why)) == 0)
        return 0;
    return mr_client_fail(client, MR_EXIT_DATA, "the message is not JSON: %s", why);
}

static int set_headers(struct mr_client *client)
{
    for (size_t i = 0; i < client->headers.count; i++) {
        const char *given = client->headers.items[i];
        const char *equals = strchr(given, '=');
        if (equals == NULL || equals == given)
            return mr_client_fail(client, MR_EXIT_USAGE, "--header %s: expected NAME=VALUE", given);
        client->pairs[i] =
            (struct mr_pair){{given, (size_t)(equals - given)}, mr_bytes_of(equals + 1)};
    }
    client->record.headers = client->pairs;
    client->record.header_count = client->headers.count;
    return 0;
}

/* Uses the broker of a `moonroute dev` that runs, if no broker is set. */
static void find_dev(void *context, struct mr_config *config, struct mr_errors *errors)
{
    (void)context;
    char brokers[256];
    if (!mr_config_is_set(config, "kafka.brokers") && mr_dev_file_read(brokers, sizeof(brokers)))
        mr_dev_settings(config, brokers, errors);
}

static int read_config(struct mr_client *client)
{
    struct mr_errors errors = {0};
    client->settings.complete = find_dev;
    client->config = mr_settings_config(&client->settings, &errors);
    if (errors.count == 0)
        client->asker = mr_asker_new(client->config, &errors);
    mr_config_hide_secrets(client->config, &errors);
    mr_print(stderr, "%s", mr_errors_text(&errors));
    mr_errors_free(&errors);
    return client->asker == NULL ? MR_EXIT_CONFIG : 0;
}

static int connect_broker(struct mr_client *client)
{
    int timeout = (int)mr_config_integer(client->config, "kafka.connection_timeout");
    if (mr_asker_reachable(client->asker, timeout))
        return 0;
    return mr_client_fail(client, MR_EXIT_UNAVAILABLE,
                          "no broker answers at %s within %d ms: check kafka.brokers "
                          "(KAFKA_BROKERS) and that Kafka runs",
                          mr_config_list_text(client->config, "kafka.brokers"), timeout);
}

int mr_client_undelivered(const struct mr_client *client, const char *why)
{
    int timeout = (int)mr_config_integer(client->config, "kafka.connection_timeout");
    bool reachable = !mr_asker_silent(client->asker) && mr_asker_reachable(client->asker, timeout);
    return mr_client_fail(client, reachable ? MR_EXIT_DATA : MR_EXIT_UNAVAILABLE,
                          "%s: not delivered: %s", client->record.topic, why);
}

int mr_client_open(struct mr_client *client, const char *topic, const char *json)
{
    int code;
    client->record = (struct mr_outgoing){.topic = topic, .partition = MR_PARTITION_ANY};
    if (!mr_topic_legal(mr_bytes_of(topic)))
        return mr_client_fail(client, MR_EXIT_USAGE,
                              "%s: not a topic name: 1 to 249 of a-z A-Z 0-9 . _ -", topic);
    client->record.key = mr_bytes_of(client->key);
    if ((code = set_headers(client)) != 0 || (code = set_value(client, json)) != 0 ||
        (code = read_config(client)) != 0)
        return code;
    return connect_broker(client);
}

void mr_client_close(struct mr_client *client)
{
    if (client->asker != NULL)
        mr_asker_free(client->asker);
    if (client->config != NULL)
        mr_config_free(client->config);
    mr_buf_free(&client->text);
}
