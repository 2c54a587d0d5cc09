#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/wire/headers.h"

#define NULL_VALUE MR_BYTES_NONE
#define HEADER(name, value)                                                                        \
    {                                                                                              \
        MR_BYTES(name), MR_BYTES(value)                                                            \
    }

static void assert_bytes(struct mr_bytes bytes, struct mr_bytes expected)
{
    if ((bytes.data == NULL) != (expected.data == NULL) || !mr_bytes_equal(bytes, expected))
        fail_msg("'%.*s', not '%.*s'", (int)bytes.length, bytes.data, (int)expected.length,
                 expected.data);
}

static void a_header_is_found_by_its_name_and_its_last_value(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {HEADER("Trace", "1"),
                                             HEADER("trace", "2"),
                                             HEADER("gone", "3"),
                                             {MR_BYTES("gone"), NULL_VALUE},
                                             HEADER("empty", "")};
    struct mr_bytes value = MR_BYTES("as before");
    assert_true(mr_header_find(headers, 5, MR_BYTES("TRACE"), &value));
    assert_true(mr_bytes_equal(value, MR_BYTES("2")));
    assert_true(mr_header_find(headers, 5, MR_BYTES("empty"), &value));
    assert_int_equal(value.length, 0);
    assert_non_null(value.data);
    value = MR_BYTES("as before");
    assert_false(mr_header_find(headers, 5, MR_BYTES("gone"), &value));
    assert_false(mr_header_find(headers, 5, MR_BYTES("tracer"), &value));
    assert_false(mr_header_find(headers, 5, MR_BYTES("trac"), &value));
    assert_false(mr_header_find(headers, 0, MR_BYTES("trace"), &value));
    assert_true(mr_bytes_equal(value, MR_BYTES("as before")));
}

static void headers_that_are_there_already_are_not_appended(void **state)
{
    (void)state;
    static const struct mr_pair extra[] = {
        HEADER("b", "1"), HEADER("OWN", "2"), HEADER("b", "3"), {MR_BYTES("n"), NULL_VALUE}};
    struct mr_pair headers[8] = {HEADER("own", "0")};
    assert_int_equal(mr_headers_append(headers, 1, extra, 4), 4);
    assert_bytes(headers[0].value, MR_BYTES("0"));
    assert_bytes(headers[1].value, MR_BYTES("1"));
    assert_bytes(headers[2].value, MR_BYTES("3")); /* a script may repeat its own */
    assert_null(headers[3].value.data);
    assert_int_equal(mr_headers_append(headers, 1, extra, 0), 1);
    assert_int_equal(mr_headers_append(headers, 0, extra, 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_found_by_its_name_and_its_last_value),
        cmocka_unit_test(headers_that_are_there_already_are_not_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
