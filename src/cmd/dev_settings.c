#include "cmd/dev_settings.h"

/* Settings for another broker: this one knows no users, no TLS and no static members. */
static const char *const foreign[] = {"kafka.sasl.",
                                      "kafka.tls.",
                                      "kafka.group_instance_id",
                                      "kafka.properties[\"sasl.",
                                      "kafka.properties[\"security.protocol\"",
                                      "kafka.properties[\"ssl."};

void mr_dev_settings(struct mr_config *config, const char *brokers, struct mr_errors *errors)
{
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        mr_config_unset(config, foreign[i]);
    mr_config_set_text(config, "kafka.group_instance_id", "", "moonroute dev", errors);
    mr_config_set_text(config, "kafka.brokers", brokers, "moonroute dev", errors);
    /* If a fetch finds nothing, the embedded broker answers it after this time, not when a record
     * comes. */
    mr_config_set_text(config, "kafka.properties[\"fetch.wait.max.ms\"]", "10", "moonroute dev",
                       errors);
}
