/* Shared by request and publish: their options, the broker (or that of a running `moonroute dev`),
 * and the message to send. */
#ifndef MR_CMD_CLIENT_H
#define MR_CMD_CLIENT_H

#include "base/buf.h"
#include "base/record.h"
#include "cmd/options.h"
#include "cmd/settings.h"
#include "kafka/consumer/asker.h"

enum { MR_CLIENT_HEADERS = 256 };

struct mr_client {
    const struct mr_command *command;
    struct mr_settings settings;
    const char *key;               /* --key */
    struct mr_option_list headers; /* --header NAME=VALUE */
    struct mr_config *config;
    struct mr_asker *asker;
    struct mr_buf text; /* the value */
    struct mr_pair pairs[MR_CLIENT_HEADERS];
    struct mr_outgoing record; /* topic, key, value, the headers of the command line */
};

/* Rows for an option table. */
#define MR_CLIENT_OPTIONS(client)                                                                  \
    MR_SETTINGS_FILE_OPTIONS(&(client)->settings),                                                 \
        {"key", MR_OPTION_TEXT, &(client)->key, "KEY", "Key of the message."},                     \
    {                                                                                              \
        "header", MR_OPTION_LIST, &(client)->headers, "NAME=VALUE",                                \
            "Header of the message; may be repeated."                                              \
    }

/* Builds the record from TOPIC and the JSON argument ("-": standard input; NULL: a null value) and
 * connects. Returns 0. If that fails, prints the reason on standard error and returns the enum
 * mr_exit to end with. The client must be {0} except for `command` and the fields that options
 * set. */
int mr_client_open(struct mr_client *client, const char *topic, const char *json);
/* Prints that the record was not delivered, and why. Returns 65 if the record or its topic was
 * refused; 69 if no broker answers, or the leader of the topic does not. */
int mr_client_undelivered(const struct mr_client *client, const char *why);
void mr_client_close(struct mr_client *client);

#endif
