#include "cmd/broker.h"

#include <stdio.h>

#include "base/print.h"
#include "cmd/dev_file.h"
#include "cmd/dev_settings.h"
#include "cmd/fail.h"
#include "kafka/addresses.h"

/* Uses the broker of a `moonroute dev` that runs, if no broker is set. */
static void find_dev(void *context, struct mr_config *config, struct mr_errors *errors)
{
    (void)context;
    char brokers[256];
    if (!mr_config_is_set(config, "kafka.brokers") && mr_dev_file_read(brokers, sizeof(brokers)))
        mr_dev_settings(config, brokers, errors);
}

struct mr_config *mr_broker_config(struct mr_settings *settings, struct mr_errors *errors)
{
    settings->complete = find_dev;
    return mr_settings_config(settings, errors);
}

void mr_broker_print(const struct mr_config *config, struct mr_errors *errors)
{
    mr_config_hide_secrets(config, errors);
    mr_print(stderr, "%s", mr_errors_text(errors));
    mr_errors_free(errors);
}

int mr_broker_silent(const struct mr_command *command, const struct mr_config *config)
{
    char unreached[128];
    mr_addresses_unreached(unreached, sizeof(unreached));
    return mr_fail(command, MR_EXIT_UNAVAILABLE,
                   "no broker answers at %s within %lld ms: check kafka.brokers (KAFKA_BROKERS) "
                   "and that Kafka runs%s%s",
                   mr_config_list_text(config, "kafka.brokers"),
                   (long long)mr_config_integer(config, "kafka.connection_timeout"),
                   unreached[0] != '\0' ? "; Kafka advertises, and nobody answers at " : "",
                   unreached);
}
