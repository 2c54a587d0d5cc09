#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "panics.h"

static int tear_down(void **state)
{
    mr_buf_free(*state);
    free(*state);
    return 0;
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct mr_buf));
    return 0;
}

static void an_empty_buffer_has_no_memory_and_an_empty_text(void **state)
{
    struct mr_buf *buf = *state;
    assert_string_equal(mr_buf_text(buf), "");
    assert_null(buf->data);
    mr_buf_consume(buf, 0);
    mr_buf_clear(buf);
    assert_null(buf->data);
}

static void what_is_appended_is_there_and_ends_in_nul(void **state)
{
    struct mr_buf *buf = *state;
    mr_buf_append(buf, "a\0b", 3);
    assert_int_equal(buf->data[3], '\0');
    mr_buf_string(buf, "text");
    assert_int_equal(buf->data[7], '\0');
    mr_buf_printf(buf, "%d-%s", -5, "x");
    assert_int_equal(buf->length, 11);
    assert_memory_equal(buf->data, "a\0btext-5-x", 12);
}

static void appending_nothing_makes_a_text(void **state)
{
    struct mr_buf *buf = *state;
    mr_buf_append(buf, NULL, 0);
    assert_non_null(buf->data);
    assert_string_equal(buf->data, "");
    mr_buf_printf(buf, "%s", "");
    assert_int_equal(buf->length, 0);
}

static void a_buffer_grows_and_keeps_what_it_has(void **state)
{
    struct mr_buf *buf = *state;
    enum { MANY = 100000 };
    for (int i = 0; i < MANY; i++) {
        char byte = (char)(i * 7);
        mr_buf_append(buf, &byte, 1);
        assert_true(buf->length < buf->capacity);
        assert_int_equal(buf->data[buf->length], '\0');
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(buf->data[i], (char)(i * 7));
}

static void a_long_piece_is_printed_whole(void **state)
{
    struct mr_buf *buf = *state;
    char *piece = malloc(5001);
    memset(piece, 'p', 5000);
    piece[5000] = '\0';
    mr_buf_printf(buf, "<%s>", piece);
    assert_int_equal(buf->length, 5002);
    assert_int_equal(buf->data[5001], '>');
    assert_memory_equal(buf->data + 1, piece, 5000);
    free(piece);
}

static void room_is_reserved_behind_what_is_there(void **state)
{
    struct mr_buf *buf = *state;
    mr_buf_string(buf, "head");
    char *room = mr_buf_reserve(buf, 1000);
    assert_ptr_equal(room, buf->data + 4);
    assert_int_equal(buf->length, 4);
    memset(room, 'r', 1000);
    buf->length += 1000;
    mr_buf_string(buf, "tail");
    assert_memory_equal(buf->data, "headrr", 6);
    assert_memory_equal(buf->data + 1003, "rtail", 6);
}

static void bytes_are_consumed_from_the_front(void **state)
{
    struct mr_buf *buf = *state;
    mr_buf_string(buf, "one two");
    mr_buf_consume(buf, 0);
    assert_string_equal(mr_buf_text(buf), "one two");
    mr_buf_consume(buf, 4);
    assert_string_equal(mr_buf_text(buf), "two");
    assert_int_equal(buf->length, 3);
    mr_buf_consume(buf, 3);
    assert_string_equal(mr_buf_text(buf), "");
    assert_int_equal(buf->length, 0);
}

static void consume_too_much(void *buf)
{
    mr_buf_consume(buf, 4);
}

static void more_than_there_is_cannot_be_consumed(void **state)
{
    char said[256];
    mr_buf_string(*state, "abc");
    assert_true(panics(consume_too_much, *state, said, sizeof(said)));
}

static void a_cleared_buffer_keeps_its_memory(void **state)
{
    struct mr_buf *buf = *state;
    mr_buf_string(buf, "text");
    char *memory = buf->data;
    size_t capacity = buf->capacity;
    mr_buf_clear(buf);
    assert_ptr_equal(buf->data, memory);
    assert_int_equal(buf->capacity, capacity);
    assert_int_equal(buf->length, 0);
    assert_string_equal(mr_buf_text(buf), "");
}

static void a_freed_buffer_is_empty_and_may_be_used_again(void **state)
{
    struct mr_buf *buf = *state;
    mr_buf_string(buf, "text");
    mr_buf_free(buf);
    assert_null(buf->data);
    assert_int_equal(buf->length, 0);
    assert_int_equal(buf->capacity, 0);
    mr_buf_free(buf);
    mr_buf_string(buf, "again");
    assert_string_equal(mr_buf_text(buf), "again");
}

static void text_becomes_a_json_string(void **state)
{
    static const struct {
        struct mr_bytes text;
        const char *json;
    } rows[] = {
        {MR_BYTES(""), "\"\""},
        {MR_BYTES_NONE, "\"\""},
        {MR_BYTES("plain / text"), "\"plain / text\""},
        {MR_BYTES("\"quoted\" back\\slash"), "\"\\\"quoted\\\" back\\\\slash\""},
        {MR_BYTES("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {MR_BYTES("\0\x01\x0b\x1b\x1f\x7f"), "\"\\u0000\\u0001\\u000b\\u001b\\u001f\\u007f\""},
        {MR_BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x99"),
         "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x99\""},
        {MR_BYTES("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"), "\"\\u0080\\u009b\\u009f\xc2\xa0\""},
        {MR_BYTES("a\xff"), "\"a\xef\xbf\xbd\""},
        {MR_BYTES("\xc3"), "\"\xef\xbf\xbd\""},
        {MR_BYTES("\xc3\"x"), "\"\xef\xbf\xbd\\\"x\""},
        {MR_BYTES("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {MR_BYTES("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    struct mr_buf *buf = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mr_buf_clear(buf);
        mr_buf_json(buf, rows[i].text.data, rows[i].text.length);
        assert_string_equal(mr_buf_text(buf), rows[i].json);
    }
}

static void no_byte_makes_a_json_string_that_is_none(void **state)
{
    struct mr_buf *buf = *state;
    for (int first = 0; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            /* of its own size, so that a sanitizer sees a read behind it */
            char *text = malloc(2);
            text[0] = (char)first, text[1] = (char)second;
            mr_buf_clear(buf);
            mr_buf_json(buf, text, 2);
            free(text);
            assert_true(mr_utf8_valid(buf->data, buf->length));
            assert_int_equal(buf->data[0], '"');
            assert_int_equal(buf->data[buf->length - 1], '"');
            for (size_t i = 1; i + 1 < buf->length; i++) {
                assert_true((unsigned char)buf->data[i] >= ' ' && buf->data[i] != '"');
                if (buf->data[i] == '\\')
                    assert_non_null(strchr("\"\\bfnrtu", buf->data[++i]));
            }
        }
    }
}

static void put_all(struct mr_buf *buf)
{
    mr_buf_put_u64(buf, 0);
    mr_buf_put_bytes(buf, "a\0b", 3);
    mr_buf_put_u64(buf, UINT64_MAX);
    mr_buf_put_bytes(buf, NULL, 0);
    mr_buf_put_bytes(buf, "end", 3);
}

/* False where one was not as it was put. */
static bool get_all(struct mr_reader *reader)
{
    return mr_reader_u64(reader) == 0 &&
           mr_bytes_equal(mr_reader_bytes(reader), MR_BYTES("a\0b")) &&
           mr_reader_u64(reader) == UINT64_MAX &&
           mr_bytes_equal(mr_reader_bytes(reader), MR_BYTES("")) &&
           mr_bytes_equal(mr_reader_bytes(reader), MR_BYTES("end"));
}

static void fields_are_read_as_they_were_put(void **state)
{
    struct mr_buf *buf = *state;
    put_all(buf);
    struct mr_reader reader = {buf->data, buf->data + buf->length, false};
    assert_true(get_all(&reader));
    assert_false(reader.failed);
    assert_ptr_equal(reader.at, reader.end);
}

static void bytes_are_borrowed_from_the_readers_memory(void **state)
{
    struct mr_buf *buf = *state;
    mr_buf_put_bytes(buf, "text", 4);
    struct mr_reader reader = {buf->data, buf->data + buf->length, false};
    assert_ptr_equal(mr_reader_bytes(&reader).data, buf->data + buf->length - 4);
}

static void fields_that_are_cut_short_fail_wherever_the_cut_is(void **state)
{
    struct mr_buf *buf = *state;
    put_all(buf);
    for (size_t length = 0; length < buf->length; length++) {
        char *cut = malloc(length ? length : 1);
        memcpy(cut, buf->data, length);
        struct mr_reader reader = {cut, cut + length, false};
        assert_false(get_all(&reader));
        assert_true(reader.failed);
        assert_true(reader.at <= reader.end);
        free(cut);
    }
}

static void after_a_read_past_the_end_every_read_gives_nothing(void **state)
{
    struct mr_buf *buf = *state;
    mr_buf_append(buf, "\x01\0\0\0\0", 5);
    struct mr_reader reader = {buf->data, buf->data + buf->length, false};
    assert_true(mr_reader_u64(&reader) == 0);
    assert_true(reader.failed);
    struct mr_bytes bytes = mr_reader_bytes(&reader); /* would have been there */
    assert_non_null(bytes.data);
    assert_int_equal(bytes.length, 0);
    assert_true(mr_reader_u64(&reader) == 0);
    assert_true(reader.failed);
}

static void a_length_beyond_the_end_fails(void **state)
{
    struct mr_buf *buf = *state;
    for (uint32_t length = 5; length != 0; length = length == 5 ? UINT32_MAX : 0) {
        mr_buf_clear(buf);
        mr_buf_append(buf, &length, sizeof(length));
        mr_buf_append(buf, "four", 4);
        struct mr_reader reader = {buf->data, buf->data + buf->length, false};
        assert_int_equal(mr_reader_bytes(&reader).length, 0);
        assert_true(reader.failed);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_buffer_has_no_memory_and_an_empty_text),
        TEST(what_is_appended_is_there_and_ends_in_nul),
        TEST(appending_nothing_makes_a_text),
        TEST(a_buffer_grows_and_keeps_what_it_has),
        TEST(a_long_piece_is_printed_whole),
        TEST(room_is_reserved_behind_what_is_there),
        TEST(bytes_are_consumed_from_the_front),
        TEST(more_than_there_is_cannot_be_consumed),
        TEST(a_cleared_buffer_keeps_its_memory),
        TEST(a_freed_buffer_is_empty_and_may_be_used_again),
        TEST(text_becomes_a_json_string),
        TEST(no_byte_makes_a_json_string_that_is_none),
        TEST(fields_are_read_as_they_were_put),
        TEST(bytes_are_borrowed_from_the_readers_memory),
        TEST(fields_that_are_cut_short_fail_wherever_the_cut_is),
        TEST(after_a_read_past_the_end_every_read_gives_nothing),
        TEST(a_length_beyond_the_end_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
