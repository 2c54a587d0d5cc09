/* The bytes of a configuration, as a worker takes them from its master. */
#include "fuzz.h"

#include "config/config.h"

static void read_value(void *context, const char *name, const char *value)
{
    (void)context;
    PROMISED(name != NULL && value != NULL);
}

static void read_route(void *config, const char *name, const char *value)
{
    PROMISED(value[0] == '\0');
    mr_config_route_string(config, name, "script");
    mr_config_route_string(config, name, "group_id");
    PROMISED(mr_config_route_integer(config, name, "concurrency") > 0);
    PROMISED(mr_config_route_integer(config, name, "retry.max") >= 0);
    PROMISED(mr_config_route_number(config, name, "retry.jitter") >= 0);
}

static void read_all(struct mr_config *config)
{
    struct mr_errors errors = {0};
    mr_config_check(config, "nowhere", &errors);
    mr_errors_free(&errors);
    mr_config_map(config, "routes", read_route, config);
    mr_config_map(config, "topics", read_value, NULL);
    mr_config_map(config, "kafka.properties", read_value, NULL);
    mr_config_list(config, "kafka.brokers", read_value, NULL);
    mr_config_pending(config, read_value, NULL);
    PROMISED(mr_config_integer(config, "workers") >= 0);
    PROMISED(mr_config_integer(config, "defaults.budget.memory") > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mr_config *config = mr_config_decode((struct mr_bytes){(const char *)data, size});
    if (config == NULL)
        return 0;
    read_all(config);
    struct mr_buf once = {0}, twice = {0};
    mr_config_encode(config, &once);
    struct mr_config *again = mr_config_decode((struct mr_bytes){once.data, once.length});
    PROMISED(again != NULL);
    mr_config_encode(again, &twice);
    PROMISED(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    mr_config_restart_differences(config, again, read_value, NULL);
    mr_config_free(again);
    mr_config_free(config);
    mr_buf_free(&once);
    mr_buf_free(&twice);
    return 0;
}
