#include "kafka/consumer/fetcher.h"

#include <stdlib.h>

#include "base/panic.h"

static char *setting(const rd_kafka_conf_t *conf, const char *name)
{
    size_t size = 0;
    if (rd_kafka_conf_get(conf, name, NULL, &size) != RD_KAFKA_CONF_OK || size == 0)
        return mr_strdup("");
    char *value = mr_alloc(size);
    rd_kafka_conf_get(conf, name, value, &size);
    return value;
}

void mr_fetcher_begin(struct mr_fetcher *fetcher, rd_kafka_t *handle)
{
    const rd_kafka_conf_t *conf = rd_kafka_conf(handle);
    *fetcher = (struct mr_fetcher){.handle = handle,
                                   .username = setting(conf, "sasl.username"),
                                   .password = setting(conf, "sasl.password")};
}

void mr_fetcher_wake(const struct mr_fetcher *fetcher)
{
    rd_kafka_error_t *error =
        rd_kafka_sasl_set_credentials(fetcher->handle, fetcher->username, fetcher->password);
    if (error != NULL)
        rd_kafka_error_destroy(error);
}

void mr_fetcher_free(struct mr_fetcher *fetcher)
{
    free(fetcher->username);
    free(fetcher->password);
    *fetcher = (struct mr_fetcher){0};
}
