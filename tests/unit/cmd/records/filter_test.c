#include "cmd/records/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct mr_pair headers[] = {
    {MR_BYTES("source"), MR_BYTES("shell")},
    {MR_BYTES("source"), MR_BYTES("script")},
    {MR_BYTES("empty"), MR_BYTES("")},
    {MR_BYTES("none"), MR_BYTES_NONE},
};
enum { HEADERS = sizeof(headers) / sizeof(headers[0]) };

static bool passes(const struct mr_record_filter *filter, struct mr_bytes key,
                   struct mr_bytes value)
{
    const struct mr_message message = {.key = key, .value = value};
    return mr_record_passes(filter, &message, headers, HEADERS);
}

static void a_filter_without_wishes_passes_everything(void **state)
{
    const struct mr_record_filter filter = {0};
    (void)state;
    assert_true(passes(&filter, MR_BYTES_NONE, MR_BYTES_NONE));
}

static void a_key_is_compared_as_a_whole(void **state)
{
    const struct mr_record_filter filter = {.key = "7"}, empty = {.key = ""};
    (void)state;
    assert_true(passes(&filter, MR_BYTES("7"), MR_BYTES_NONE));
    assert_false(passes(&filter, MR_BYTES("77"), MR_BYTES_NONE));
    assert_false(passes(&filter, MR_BYTES_NONE, MR_BYTES_NONE));
    assert_true(passes(&empty, MR_BYTES(""), MR_BYTES_NONE));
    assert_false(passes(&empty, MR_BYTES_NONE, MR_BYTES_NONE));
}

static void a_text_is_found_anywhere_in_the_value(void **state)
{
    const struct mr_record_filter filter = {.grep = "two"}, empty = {.grep = ""};
    (void)state;
    assert_true(passes(&filter, MR_BYTES_NONE, MR_BYTES("one\0two\0three")));
    assert_false(passes(&filter, MR_BYTES("two"), MR_BYTES("one")));
    assert_false(passes(&filter, MR_BYTES_NONE, MR_BYTES_NONE));
    assert_false(passes(&empty, MR_BYTES_NONE, MR_BYTES_NONE));
}

static bool passes_with(struct mr_bytes name, struct mr_bytes value)
{
    const struct mr_pair wanted[] = {{MR_BYTES("source"), MR_BYTES("script")}, {name, value}};
    const struct mr_record_filter filter = {.headers = wanted, .header_count = 2};
    return passes(&filter, MR_BYTES_NONE, MR_BYTES_NONE);
}

static void every_header_must_be_there_and_one_of_several_is_enough(void **state)
{
    (void)state;
    assert_true(passes_with(MR_BYTES("source"), MR_BYTES("shell")));
    assert_true(passes_with(MR_BYTES("empty"), MR_BYTES("")));
    assert_false(passes_with(MR_BYTES("source"), MR_BYTES("she")));
    assert_false(passes_with(MR_BYTES("Source"), MR_BYTES("shell")));
    assert_false(passes_with(MR_BYTES("none"), MR_BYTES("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_without_wishes_passes_everything),
        cmocka_unit_test(a_key_is_compared_as_a_whole),
        cmocka_unit_test(a_text_is_found_anywhere_in_the_value),
        cmocka_unit_test(every_header_must_be_there_and_one_of_several_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
