#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "lua/document.h"

static bool is_json(struct mr_bytes text)
{
    char why[256] = "nothing was said";
    int result = mr_document_check(text, why, sizeof(why));
    assert_true(result == 0 || result == -1);
    assert_true((result == 0) == (strcmp(why, "nothing was said") == 0));
    assert_true(why[0] != '\0');
    return result == 0;
}

static void json_of_every_kind_is_json(void **state)
{
    static const char *const texts[] = {"{}",
                                        "[]",
                                        "null",
                                        "true",
                                        "-1.5e3",
                                        "\"\"",
                                        " [ 1 , {\"a\" : [ ] } ]\n",
                                        "9223372036854775807",
                                        "\"\\u0000\\ud83c\\udf19\"",
                                        "\"\xf0\x9f\x8c\x99\"",
                                        "0"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!is_json(mr_bytes_of(texts[i])))
            fail_msg("refused: %s", texts[i]);
}

static void what_is_none_is_refused(void **state)
{
    static const struct mr_bytes texts[] = {
        MR_BYTES(""),         MR_BYTES_NONE,
        MR_BYTES("{"),        MR_BYTES("{} {}"),
        MR_BYTES("nil"),      MR_BYTES("'a'"),
        MR_BYTES("{a:1}"),    MR_BYTES("[1,]"),
        MR_BYTES("\"\xff\""), MR_BYTES("\xef\xbb\xbf{}"),
        MR_BYTES("{}\0"),     MR_BYTES("{}\0{}"),
        MR_BYTES("\0{}"),     MR_BYTES("\"a\0b\""),
        MR_BYTES("NaN"),      MR_BYTES("\"\\x\""),
        MR_BYTES("01"),       MR_BYTES("0x10"),
        MR_BYTES("+1"),       MR_BYTES("\"\\ud800\""),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (is_json(texts[i]))
            fail_msg("taken: number %zu, '%s'", i, texts[i].data);
}

static struct mr_buf nested(size_t levels)
{
    struct mr_buf text = {0};
    for (size_t i = 0; i < levels; i++)
        mr_buf_string(&text, "[");
    for (size_t i = 0; i < levels; i++)
        mr_buf_string(&text, "]");
    return text;
}

static void more_than_512_levels_are_refused(void **state)
{
    (void)state;
    for (size_t levels = 510; levels <= 514; levels++) {
        struct mr_buf text = nested(levels);
        assert_true(is_json((struct mr_bytes){text.data, text.length}) == (levels <= 512));
        mr_buf_free(&text);
    }
    struct mr_buf text = nested(1000000);
    assert_false(is_json((struct mr_bytes){text.data, text.length}));
    mr_buf_free(&text);
}

static void what_is_wrong_is_said_in_the_room_for_it(void **state)
{
    (void)state;
    char why[9] = "########";
    assert_int_equal(mr_document_check(MR_BYTES("{"), why, 8), -1);
    assert_int_equal(why[7], '\0');
    assert_int_equal(why[8], '\0');
    assert_true(strlen(why) > 0);
}

static void an_envelope_of_an_error_says_failure(void **state)
{
    static const struct {
        struct mr_bytes text;
        bool fails;
    } rows[] = {
        {MR_BYTES("{\"success\":false,\"statusCode\":400}"), true},
        {MR_BYTES("{\"success\":false}"), true},
        {MR_BYTES("{\"success\":true,\"data\":1}"), false},
        {MR_BYTES("{\"success\":null}"), false},
        {MR_BYTES("{\"success\":0}"), false},
        {MR_BYTES("{\"success\":\"false\"}"), false},
        {MR_BYTES("{\"data\":{\"success\":false}}"), false},
        {MR_BYTES("{}"), false},
        {MR_BYTES("[false]"), false},
        {MR_BYTES("false"), false},
        {MR_BYTES("null"), false},
        {MR_BYTES("\"success\""), false},
        {MR_BYTES("{\"success\":false"), false},
        {MR_BYTES(""), false},
        {MR_BYTES_NONE, false},
    };
    struct mr_documents *documents = mr_documents_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (mr_documents_say_failure(documents, rows[i].text) != rows[i].fails)
            fail_msg("row %zu: '%s'", i, rows[i].text.data);
    mr_documents_free(documents);
}

static void a_bare_document_is_the_text_of_a_string_and_else_itself(void **state)
{
    static const char *const rows[][2] = {
        {"\"a \\\"b\\\"\"", "a \"b\""}, {"\"\"", ""},        {"42", "42"}, {"[ 1 ]", "[ 1 ]"},
        {"{\"a\":1}", "{\"a\":1}"},     {" \t42\r\n", "42"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mr_buf bare = {0};
        assert_true(mr_document_bare(mr_bytes_of(rows[i][0]), &bare));
        assert_string_equal(mr_buf_text(&bare), rows[i][1]);
        mr_buf_free(&bare);
    }
    struct mr_buf bare = {0};
    assert_false(mr_document_bare(MR_BYTES(" null\n"), &bare));
    mr_buf_free(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_of_every_kind_is_json),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(more_than_512_levels_are_refused),
        cmocka_unit_test(what_is_wrong_is_said_in_the_room_for_it),
        cmocka_unit_test(an_envelope_of_an_error_says_failure),
        cmocka_unit_test(a_bare_document_is_the_text_of_a_string_and_else_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
