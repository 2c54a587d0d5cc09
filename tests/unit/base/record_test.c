#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/record.h"

static char *bytes_of(const char *text, size_t length)
{
    char *bytes = malloc(length ? length : 1);
    memcpy(bytes, text, length);
    return bytes;
}

static void a_copy_outlives_what_it_was_made_of(void **state)
{
    (void)state;
    char *pieces[] = {strdup("orders"), bytes_of("k\0y", 3), bytes_of("{\"a\":1}", 7),
                      bytes_of("trace-id", 8), bytes_of("\0\xff", 2)};
    struct mr_pair *headers = malloc(2 * sizeof(*headers));
    headers[0] = (struct mr_pair){{pieces[3], 8}, {pieces[4], 2}};
    headers[1] = (struct mr_pair){{pieces[3], 5}, MR_BYTES_NONE};
    const struct mr_outgoing record = {
        .topic = pieces[0],
        .partition = 7,
        .key = {pieces[1], 3},
        .value = {pieces[2], 7},
        .timestamp = 1700000000123,
        .headers = headers,
        .header_count = 2,
    };
    struct mr_outgoing *copy = mr_outgoing_copy(&record);
    free(headers);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        free(pieces[i]);
    assert_string_equal(copy->topic, "orders");
    assert_int_equal(copy->partition, 7);
    assert_true(copy->timestamp == 1700000000123);
    assert_true(mr_bytes_equal(copy->key, MR_BYTES("k\0y")));
    assert_true(mr_bytes_equal(copy->value, MR_BYTES("{\"a\":1}")));
    assert_int_equal(copy->header_count, 2);
    assert_true(mr_bytes_equal(copy->headers[0].name, MR_BYTES("trace-id")));
    assert_true(mr_bytes_equal(copy->headers[0].value, MR_BYTES("\0\xff")));
    assert_true(mr_bytes_equal(copy->headers[1].name, MR_BYTES("trace")));
    assert_null(copy->headers[1].value.data);
    free(copy);
}

static void null_stays_null_and_empty_stays_empty(void **state)
{
    (void)state;
    const struct mr_pair headers[] = {{MR_BYTES("a"), MR_BYTES("")},
                                      {MR_BYTES("b"), MR_BYTES_NONE}};
    struct mr_outgoing record = {.topic = "t", .partition = MR_PARTITION_ANY};
    record.headers = headers;
    record.header_count = 2;
    struct mr_outgoing *copy = mr_outgoing_copy(&record);
    assert_null(copy->key.data);
    assert_null(copy->value.data);
    assert_non_null(copy->headers[0].value.data);
    assert_int_equal(copy->headers[0].value.length, 0);
    assert_null(copy->headers[1].value.data);
    free(copy);
    record.key = record.value = MR_BYTES("");
    copy = mr_outgoing_copy(&record);
    assert_non_null(copy->key.data);
    assert_non_null(copy->value.data);
    assert_int_equal(copy->key.length + copy->value.length, 0);
    free(copy);
}

static void a_record_without_headers_is_copied_too(void **state)
{
    (void)state;
    const struct mr_outgoing record = {.topic = "", .partition = 0};
    struct mr_outgoing *copy = mr_outgoing_copy(&record);
    assert_string_equal(copy->topic, "");
    assert_int_equal(copy->header_count, 0);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_outlives_what_it_was_made_of),
        cmocka_unit_test(null_stays_null_and_empty_stays_empty),
        cmocka_unit_test(a_record_without_headers_is_copied_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
