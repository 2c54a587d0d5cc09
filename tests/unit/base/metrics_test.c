#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/metrics.h"

static void bounds_ascend(void **state)
{
    (void)state;
    for (int i = 1; i < MR_BUCKETS; i++)
        assert_true(mr_bucket_bounds[i - 1] < mr_bucket_bounds[i]);
}

static void every_metric_has_a_good_name_and_help(void **state)
{
    (void)state;
    for (const struct mr_metric *metric = mr_metrics; metric->name != NULL; metric++) {
        for (const char *at = metric->name; *at; at++)
            assert_true(islower((unsigned char)*at) || *at == '_');
        assert_true(strlen(metric->help) > 0);
        assert_null(strpbrk(metric->help, "\\\n"));
        for (const struct mr_metric *other = mr_metrics; other != metric; other++)
            assert_string_not_equal(metric->name, other->name);
    }
}

static void counters_and_only_they_end_in_total(void **state)
{
    (void)state;
    for (const struct mr_metric *metric = mr_metrics; metric->name != NULL; metric++) {
        size_t length = strlen(metric->name);
        int is_total = length > 6 && strcmp(metric->name + length - 6, "_total") == 0;
        assert_int_equal(is_total, metric->kind == MR_METRIC_COUNTER);
    }
}

static int rows_of(enum mr_metric_source source, int index)
{
    int rows = 0;
    for (const struct mr_metric *metric = mr_metrics; metric->name != NULL; metric++)
        rows += metric->source == source && metric->index == index;
    return rows;
}

static void everything_counted_is_printed_once(void **state)
{
    (void)state;
    for (int i = 0; i < MR_COUNTERS; i++)
        assert_int_equal(rows_of(MR_FROM_COUNTER, i), 1);
    for (int i = 0; i < MR_GAUGES; i++)
        assert_int_equal(rows_of(MR_FROM_GAUGE, i) + rows_of(MR_FROM_EACH_GAUGE, i), 1);
    for (int i = 0; i < MR_HISTOGRAMS; i++)
        assert_int_equal(rows_of(MR_FROM_HISTOGRAM, i), 1);
}

static void every_label_value_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < MR_STATUSES; i++)
        assert_non_null(mr_status_names[i]);
    for (int i = 0; i < MR_JOB_STATES; i++)
        assert_non_null(mr_job_state_names[i]);
    for (int i = 0; i < MR_DEATHS; i++)
        assert_non_null(mr_death_names[i]);
    for (int i = 0; i < MR_RELOAD_RESULTS; i++)
        assert_non_null(mr_reload_result_names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_ascend),
        cmocka_unit_test(every_metric_has_a_good_name_and_help),
        cmocka_unit_test(counters_and_only_they_end_in_total),
        cmocka_unit_test(everything_counted_is_printed_once),
        cmocka_unit_test(every_label_value_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
