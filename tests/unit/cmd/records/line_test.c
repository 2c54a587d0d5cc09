#include "cmd/records/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct mr_message usual = {.topic = "orders",
                                        .partition = 2,
                                        .offset = 9007199254740993,
                                        .timestamp = 1796077173250,
                                        .key = MR_BYTES("7"),
                                        .value = MR_BYTES("{\"id\":7}")};

#define LINE_IS(message, headers, count, wanted)                                                   \
    do {                                                                                           \
        struct mr_buf line = {0};                                                                  \
        mr_record_line(&line, *state, message, headers, count);                                    \
        assert_string_equal(mr_buf_text(&line), wanted);                                           \
        mr_buf_free(&line);                                                                        \
    } while (0)

static void a_line_has_the_record_s_fields_in_their_order(void **state)
{
    static const struct mr_pair headers[] = {{MR_BYTES("b"), MR_BYTES("1")},
                                             {MR_BYTES("a"), MR_BYTES_NONE},
                                             {MR_BYTES("b"), MR_BYTES("")}};
    LINE_IS(&usual, headers, 3,
            "{\"topic\":\"orders\",\"partition\":2,\"offset\":9007199254740993,"
            "\"timestamp\":1796077173250,\"key\":\"7\","
            "\"headers\":[[\"b\",\"1\"],[\"a\",null],[\"b\",\"\"]],\"value\":{\"id\":7}}");
}

static void what_is_missing_is_null(void **state)
{
    const struct mr_message message = {.topic = "t", .timestamp = -1};
    LINE_IS(&message, NULL, 0,
            "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"timestamp\":null,\"key\":null,"
            "\"headers\":[],\"value\":null,\"tombstone\":true}");
}

#define VALUE_IS(text, wanted)                                                                     \
    do {                                                                                           \
        struct mr_message message = {.topic = "t", .value = MR_BYTES(text)};                       \
        LINE_IS(&message, NULL, 0,                                                                 \
                "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"timestamp\":0,\"key\":null,"      \
                "\"headers\":[]," wanted "}");                                                     \
    } while (0)

static void json_is_written_as_it_is_on_one_line(void **state)
{
    VALUE_IS("null", "\"value\":null");
    VALUE_IS(" { \"b\" : 1.50 ,\r\n\t\"a\\\" \" : [ 12345678901234567890, 1E300 ] } ",
             "\"value\":{\"b\":1.50,\"a\\\" \":[12345678901234567890,1E300]}");
    VALUE_IS("\"a\\\\\"", "\"value\":\"a\\\\\"");
    VALUE_IS("{\"x\":1,\"x\":2}", "\"value\":{\"x\":1,\"x\":2}");
    VALUE_IS("\"\xc3\xa9 \xc2\x9b\x7f\"", "\"value\":\"\xc3\xa9 \\u009b\\u007f\"");
}

static void other_text_is_a_string_and_other_bytes_are_base64(void **state)
{
    VALUE_IS("", "\"text\":\"\"");
    VALUE_IS("1E400", "\"text\":\"1E400\""); /* no handler can read it */
    VALUE_IS("{\"id\":7", "\"text\":\"{\\\"id\\\":7\"");
    VALUE_IS("hello\n\x1b[2J", "\"text\":\"hello\\n\\u001b[2J\"");
    VALUE_IS("\xff", "\"base64\":\"/w==\"");
    VALUE_IS("\"\xff\"", "\"base64\":\"Iv8i\"");
}

static void a_key_that_is_no_text_is_base64(void **state)
{
    const struct mr_pair headers[] = {{MR_BYTES("h"), MR_BYTES("\xfe")}};
    struct mr_message message = {.topic = "t", .key = MR_BYTES("\0\xff"), .value = MR_BYTES("1")};
    LINE_IS(&message, headers, 1,
            "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"timestamp\":0,"
            "\"key\":{\"base64\":\"AP8=\"},\"headers\":[[\"h\",{\"base64\":\"/g==\"}]],"
            "\"value\":1}");
}

static int open_documents(void **state)
{
    *state = mr_documents_new();
    return 0;
}

static int close_documents(void **state)
{
    mr_documents_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_the_record_s_fields_in_their_order),
        cmocka_unit_test(what_is_missing_is_null),
        cmocka_unit_test(json_is_written_as_it_is_on_one_line),
        cmocka_unit_test(other_text_is_a_string_and_other_bytes_are_base64),
        cmocka_unit_test(a_key_that_is_no_text_is_base64),
    };
    return cmocka_run_group_tests(tests, open_documents, close_documents);
}
