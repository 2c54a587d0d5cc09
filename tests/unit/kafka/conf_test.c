/* Our defaults for librdkafka, by role, and what kafka.properties make of them. */
#include "kafka/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_set(const struct mr_config *config, enum mr_kafka_role role, const char *name,
                       const char *expected)
{
    struct mr_errors errors = {0};
    char value[64];
    size_t size = sizeof(value);
    rd_kafka_conf_t *conf = mr_kafka_conf(config, role, &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    assert_int_equal(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(value, expected);
    rd_kafka_conf_destroy(conf);
}

static struct mr_config *config_with(const char *path, const char *value)
{
    struct mr_errors errors = {0};
    struct mr_config *config = mr_config_new();
    if (path != NULL)
        mr_config_set_text(config, path, value, "test", &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    return config;
}

static void all_that_produces_chooses_partitions_as_java_does(void **state)
{
    (void)state;
    struct mr_config *config = config_with(NULL, NULL);
    assert_set(config, MR_ROLE_PRODUCER, "partitioner", "murmur2_random");
    assert_set(config, MR_ROLE_TRANSACTIONS, "partitioner", "murmur2_random");
    mr_config_free(config);
}

static void another_partitioner_may_be_set(void **state)
{
    (void)state;
    struct mr_config *config =
        config_with("kafka.properties[\"partitioner\"]", "consistent_random");
    assert_set(config, MR_ROLE_PRODUCER, "partitioner", "consistent_random");
    assert_set(config, MR_ROLE_TRANSACTIONS, "partitioner", "consistent_random");
    mr_config_free(config);
}

/* A topic that is gone would be believed for 30 s (docs/LIBRDKAFKA.md). */
static void all_that_produces_hears_soon_of_a_missing_topic(void **state)
{
    static const char name[] = "topic.metadata.propagation.max.ms";
    (void)state;
    struct mr_config *config = config_with(NULL, NULL);
    assert_set(config, MR_ROLE_PRODUCER, name, "1000");
    assert_set(config, MR_ROLE_TRANSACTIONS, name, "1000");
    mr_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_produces_chooses_partitions_as_java_does),
        cmocka_unit_test(another_partitioner_may_be_set),
        cmocka_unit_test(all_that_produces_hears_soon_of_a_missing_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
