#include "cmd/client.h"

#include <string.h>
#include <unistd.h>

#include "cmd/broker.h"
#include "cmd/fail.h"
#include "lua/document.h"

static int read_input(struct mr_client *client)
{
    ssize_t got;
    while ((got = read(STDIN_FILENO, mr_buf_reserve(&client->text, 65536), 65536)) > 0)
        client->text.length += (size_t)got;
    mr_buf_append(&client->text, "", 0);
    return got < 0 ? mr_fail(client->command, MR_EXIT_DATA, "cannot read standard input") : 0;
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
    return mr_fail(client->command, MR_EXIT_DATA, "the message is not JSON: %s", why);
}

static int read_config(struct mr_client *client)
{
    struct mr_errors errors = {0};
    client->config = mr_broker_config(&client->settings, &errors);
    if (errors.count == 0)
        client->asker = mr_asker_new(client->config, &errors);
    mr_broker_print(client->config, &errors);
    return client->asker == NULL ? MR_EXIT_CONFIG : 0;
}

static int connect_broker(const struct mr_client *client)
{
    int timeout = (int)mr_config_integer(client->config, "kafka.connection_timeout");
    return mr_asker_reachable(client->asker, timeout)
               ? 0
               : mr_broker_silent(client->command, client->config);
}

int mr_client_undelivered(const struct mr_client *client, const char *why)
{
    int timeout = (int)mr_config_integer(client->config, "kafka.connection_timeout");
    bool reachable = !mr_asker_silent(client->asker) && mr_asker_reachable(client->asker, timeout);
    return mr_fail(client->command, reachable ? MR_EXIT_DATA : MR_EXIT_UNAVAILABLE,
                   "%s: not delivered: %s", client->record.topic, why);
}

int mr_client_open(struct mr_client *client, const char *topic, const char *json)
{
    int code;
    client->record = (struct mr_outgoing){.topic = topic, .partition = MR_PARTITION_ANY};
    client->record.key = mr_bytes_of(client->key);
    client->record.headers = client->pairs;
    client->record.header_count = client->headers.count;
    if ((code = mr_options_topic(client->command, topic)) != 0 ||
        (code = mr_options_headers(client->command, &client->headers, client->pairs)) != 0 ||
        (code = set_value(client, json)) != 0 || (code = read_config(client)) != 0)
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
