#include "kafka/reserved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kafka/check.h"

static void what_the_guarantees_rest_on_is_refused_with_its_reason(void **state)
{
    static const char *const rows[][2] = {
        {"delivery.report.only.error", "true"},
        {"acks", "0"},
        {"acks", "1"},
        {"request.required.acks", "1"},
        {"topic.acks", "0"},
        {"enable.idempotence", "false"},
        {"enable.gapless.guarantee", "true"},
        {"message.timeout.ms", "30000"},
        {"topic.message.timeout.ms", "30000"},
        {"delivery.timeout.ms", "30000"},
        {"retries", "3"},
        {"queuing.strategy", "lifo"},
        {"isolation.level", "read_uncommitted"},
        {"isolation.level", "0"},
        {"enable.auto.commit", "true"},
        {"auto.commit.enable", "true"},
        {"topic.auto.commit.enable", "true"},
        {"enable.auto.offset.store", "true"},
        {"offset.store.method", "file"},
        {"log.queue", "false"},
        {"api.version.request", "false"},
        {"transactional.id", "mine"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (mr_kafka_reserved(rows[i][0], rows[i][1]) == NULL)
            fail_msg("%s = %s is not refused", rows[i][0], rows[i][1]);
}

static void what_changes_nothing_or_only_performance_is_free(void **state)
{
    static const char *const rows[][2] = {
        {"acks", "all"},
        {"acks", "-1"},
        {"enable.idempotence", "True"},
        {"delivery.report.only.error", "false"},
        {"message.timeout.ms", "0"},
        {"isolation.level", "read_committed"},
        {"linger.ms", "20"},
        {"max.in.flight", "1"},
        {"compression.type", "lz4"},
        {"fetch.wait.max.ms", "100"},
        {"partition.assignment.strategy", "range"},
        {"topic.compression.type", "gzip"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (mr_kafka_reserved(rows[i][0], rows[i][1]) != NULL)
            fail_msg("%s = %s is refused", rows[i][0], rows[i][1]);
}

/* Exactly once its offsets, too, would be of open transactions (starts.h); at least once a message
 * that was aborted is no message. A route's delivery may change by a reload, a consumer's isolation
 * may not. */
static void uncommitted_reads_are_refused_whatever_the_delivery(void **state)
{
    static const char *const deliveries[] = {"at-most-once", "at-least-once", "exactly-once"};
    (void)state;
    for (size_t i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++) {
        struct mr_errors errors = {0};
        struct mr_config *config = mr_config_new();
        mr_config_set_text(config, "defaults.delivery", deliveries[i], "test", &errors);
        mr_config_set_text(config, "kafka.properties[\"isolation.level\"]", "Read_Uncommitted",
                           "test", &errors);
        assert_int_equal(errors.count, 0);
        mr_kafka_check(config, &errors);
        assert_int_equal(errors.count, 1);
        assert_non_null(strstr(mr_errors_text(&errors), "messages of aborted transactions"));
        mr_errors_free(&errors);
        mr_config_free(config);
    }
}

static void the_error_names_place_key_and_reason(void **state)
{
    struct mr_errors errors = {0};
    struct mr_config *config = mr_config_new();
    (void)state;
    mr_config_set_text(config, "kafka.properties[\"acks\"]", "0", "file.lua", &errors);
    mr_kafka_check(config, &errors);
    assert_int_equal(errors.count, 1);
    assert_non_null(
        strstr(mr_errors_text(&errors),
               "file.lua: kafka.properties[\"acks\"]: cannot be set: a message is done"));
    mr_errors_free(&errors);
    mr_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_guarantees_rest_on_is_refused_with_its_reason),
        cmocka_unit_test(what_changes_nothing_or_only_performance_is_free),
        cmocka_unit_test(uncommitted_reads_are_refused_whatever_the_delivery),
        cmocka_unit_test(the_error_names_place_key_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
