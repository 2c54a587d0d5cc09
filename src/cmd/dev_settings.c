#include "cmd/dev_settings.h"

void mr_dev_settings(struct mr_config *config, const char *brokers, struct mr_errors *errors)
{
    mr_config_set_text(config, "kafka.brokers", brokers, "moonroute dev", errors);
    /* If a fetch finds nothing, the embedded broker answers it after this time, not when a record
     * comes. */
    mr_config_set_text(config, "kafka.properties[\"fetch.wait.max.ms\"]", "10", "moonroute dev",
                       errors);
    /* The embedded cluster knows no static members. */
    mr_config_set_text(config, "kafka.group_instance_id", "", "moonroute dev", errors);
}
