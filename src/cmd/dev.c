#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/print.h"
#include "cmd/dev_file.h"
#include "cmd/dev_settings.h"
#include "cmd/serve.h"
#include "kafka/embedded.h"

/* Enough for workers to share a topic. */
enum { DEV_PARTITIONS = 4 };

struct dev {
    struct mr_settings settings;
    struct mr_embedded *embedded;
};

/* Makes the settings those of the embedded broker, with defaults for one person at a terminal. */
static void complete(void *context, struct mr_config *config, struct mr_errors *errors)
{
    const struct dev *dev = context;
    mr_dev_settings(config, mr_embedded_brokers(dev->embedded), errors);
    mr_config_set_text(config, "workers", "1", "moonroute dev", errors);
    mr_config_set_text(config, "log.format", "text", "moonroute dev", errors);
}

static void create_route_topic(void *context, const char *name, const char *value)
{
    struct dev *dev = context;
    (void)value;
    if (name[0] != '^')
        mr_embedded_topic(dev->embedded, name, DEV_PARTITIONS);
}

/* Writes the topic that a handler file serves. Returns false if the file is a library. */
static bool topic_of(const struct mr_script_file *file, char *topic, size_t size)
{
    size_t length = strlen(file->name);
    if (strchr(file->name, '/') != NULL || length <= 4)
        return false;
    snprintf(topic, size, "%.*s", (int)(length - 4), file->name);
    return true;
}

static struct mr_snapshot *read_snapshot(void *context, uint64_t generation,
                                         struct mr_errors *errors)
{
    struct dev *dev = context;
    char topic[256];
    struct mr_snapshot *snapshot = mr_settings_snapshot(&dev->settings, generation, errors);
    for (size_t i = 0; snapshot != NULL && i < snapshot->file_count; i++)
        if (topic_of(&snapshot->files[i], topic, sizeof(topic)))
            mr_embedded_topic(dev->embedded, topic, DEV_PARTITIONS);
    if (snapshot != NULL)
        mr_config_map(snapshot->config, "routes", create_route_topic, dev);
    return snapshot;
}

static void on_accepted(void *context)
{
    mr_settings_accepted(&((struct dev *)context)->settings);
}

static void print_request(const struct mr_snapshot *snapshot)
{
    static const char example[] = "dashboard-bybit-commands";
    char topic[256] = "", first[256] = "";
    bool has_example = false;
    for (size_t i = 0; i < snapshot->file_count; i++) {
        if (!topic_of(&snapshot->files[i], topic, sizeof(topic)))
            continue;
        has_example = has_example || strcmp(topic, example) == 0;
        if (first[0] == '\0')
            memcpy(first, topic, sizeof(first));
    }
    if (has_example)
        mr_print(stdout,
                 "  ask      %s request %s "
                 "'{\"type\":\"GET_BALANCE\",\"payload\":{\"accountType\":\"UNIFIED\"}}'\n",
                 program_invocation_name, example);
    else if (first[0] != '\0')
        mr_print(stdout, "  ask      %s request %s '{}'\n", program_invocation_name, first);
}

static void print_banner(void *context, const struct mr_snapshot *snapshot)
{
    struct dev *dev = context;
    char topic[256];
    printf("\nMoonroute is serving on an embedded Kafka broker; it reloads as files change, Ctrl-C "
           "ends it.\n"
           "  broker   %s\n",
           mr_embedded_brokers(dev->embedded));
    for (size_t i = 0; i < snapshot->file_count; i++)
        if (topic_of(&snapshot->files[i], topic, sizeof(topic)))
            mr_print(stdout, "  route    %s -> %s\n", topic, snapshot->files[i].place);
    print_request(snapshot);
    printf("\n");
    fflush(stdout);
}

static int serve(struct dev *dev)
{
    struct mr_master_options options = {.read = read_snapshot,
                                        .accepted = on_accepted,
                                        .context = dev,
                                        .watch = true,
                                        .ready = print_banner};
    int written = mr_dev_file_write(mr_embedded_brokers(dev->embedded));
    if (written != 0)
        mr_log(MR_LOG_WARN, "dev_file_failed",
               MR_S("message", "request and publish will need --brokers"));
    int code = mr_serve(&dev->settings, &options);
    if (written == 0)
        mr_dev_file_remove();
    return code;
}

int mr_cmd_dev(const struct mr_command *self, int argc, char **argv)
{
    struct dev dev = {.settings = {.complete = complete, .context = &dev}};
    struct mr_errors errors = {0};
    int code;
    const struct mr_option options[] = {
        MR_SETTINGS_CONFIG_OPTION(&dev.settings),
        MR_SETTINGS_RUN_OPTIONS(&dev.settings, "1", "text"),
        {.name = NULL},
    };
    if (mr_options_parse(self, options, argc, argv, 0, 0, &code) < 0)
        return code;
    dev.embedded = mr_embedded_new(&errors);
    if (dev.embedded == NULL) {
        mr_print(stderr, "%s", mr_errors_text(&errors));
        mr_errors_free(&errors);
        return MR_EXIT_INTERNAL;
    }
    dev.settings.brokers = mr_embedded_brokers(dev.embedded);
    code = serve(&dev);
    mr_embedded_free(dev.embedded);
    return code;
}
