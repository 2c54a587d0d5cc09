#include "cmd/client.h"

static int publish(struct mr_client *client)
{
    char why[256];
    int timeout = (int)mr_config_integer(client->config, "kafka.connection_timeout");
    if (mr_asker_send(client->asker, &client->record, timeout, why, sizeof(why)) == 0)
        return MR_EXIT_OK;
    return mr_client_undelivered(client, why);
}

int mr_cmd_publish(const struct mr_command *self, int argc, char **argv)
{
    struct mr_client client = {.command = self};
    int code;
    const struct mr_option options[] = {MR_CLIENT_OPTIONS(&client), {.name = NULL}};
    int count = mr_options_parse(self, options, argc, argv, 1, 2, &code);
    if (count < 0)
        return code;
    code = mr_client_open(&client, argv[1], count > 1 ? argv[2] : NULL);
    if (code == 0)
        code = publish(&client);
    mr_client_close(&client);
    return code;
}
