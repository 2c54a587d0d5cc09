#include "cmd/records/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int64_t NOW = 1796077173250; /* 2026-11-30T22:19:33.250Z */

#define TIME_IS(text, wanted)                                                                      \
    do {                                                                                           \
        int64_t time = -1;                                                                         \
        assert_true(mr_time_parse(text, NOW, &time));                                              \
        assert_int_equal(time, wanted);                                                            \
    } while (0)

static void a_time_is_a_date_with_or_without_clock_and_zone(void **state)
{
    (void)state;
    TIME_IS("2026-11-30T22:19:33.250Z", NOW);
    TIME_IS("2026-11-30T22:19:33.25", NOW);
    TIME_IS("2026-11-30 22:19:33.2509", NOW);
    TIME_IS("2026-11-30T23:19:33.250+01:00", NOW);
    TIME_IS("2026-11-30T17:49:33.250-0430", NOW);
    TIME_IS("2026-11-30T22:19Z", NOW - 33250);
    TIME_IS("2026-11-30", NOW - 33250 - (22 * 60 + 19) * 60000);
    TIME_IS("2024-02-29", 1709164800000);
    TIME_IS("1970-01-01", 0);
}

static void a_time_is_a_span_before_now(void **state)
{
    (void)state;
    TIME_IS("-1s", NOW - 1000);
    TIME_IS("-15m", NOW - 900000);
    TIME_IS("-2h", NOW - 7200000);
    TIME_IS("-7d", NOW - 604800000);
    TIME_IS("-100000d", 0); /* no record is older */
}

static void other_texts_are_no_times(void **state)
{
    static const char *const wrong[] = {
        "",
        "-",
        "15m",
        "-15",
        "-m",
        "-15w",
        "-15mm",
        "-1.5h",
        "--15m",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-00-01",
        "2026-02-30",
        "2026-11-30T",
        "2026-11-3",
        "2026-11-30Z",
        "2026-11-30T22",
        "2026-11-30T24:00",
        "2026-11-30T22:60",
        "2026-11-30T22:19:60",
        "2026-11-30T22:19:33.",
        "2026-11-30T22:19+1",
        "2026-11-30T22:19 Z",
        "-9223372036854775807d",
        "-99999999999999999999s",
        "yesterday",
    };
    int64_t time;
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (mr_time_parse(wrong[i], NOW, &time))
            fail_msg("a time: '%s'", wrong[i]);
}

#define PLACE_IS(text, wanted, number)                                                             \
    do {                                                                                           \
        assert_true(mr_place_parse(text, NOW, &place));                                            \
        assert_int_equal(place.kind, wanted);                                                      \
        assert_int_equal(place.value, number);                                                     \
    } while (0)

static void a_place_is_an_end_an_offset_a_count_or_a_time(void **state)
{
    struct mr_place place;
    (void)state;
    PLACE_IS("beginning", MR_PLACE_BEGINNING, 0);
    PLACE_IS("end", MR_PLACE_END, 0);
    PLACE_IS("0", MR_PLACE_OFFSET, 0);
    PLACE_IS("9223372036854775807", MR_PLACE_OFFSET, INT64_MAX);
    PLACE_IS("-10", MR_PLACE_LAST, 10);
    PLACE_IS("-10m", MR_PLACE_TIME, NOW - 600000);
    PLACE_IS("2026-11-30T22:19:33.250Z", MR_PLACE_TIME, NOW);
    assert_false(mr_place_parse("begin", NOW, &place));
    assert_false(mr_place_parse("9223372036854775808", NOW, &place));
    assert_false(mr_place_parse("1e3", NOW, &place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_a_date_with_or_without_clock_and_zone),
        cmocka_unit_test(a_time_is_a_span_before_now),
        cmocka_unit_test(other_texts_are_no_times),
        cmocka_unit_test(a_place_is_an_end_an_offset_a_count_or_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
