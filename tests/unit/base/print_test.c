#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/print.h"

typedef void print_fn(FILE *to, struct mr_bytes text);

static void assert_prints(print_fn *print, struct mr_bytes text, const char *wanted)
{
    char *printed = NULL;
    size_t length;
    FILE *to = open_memstream(&printed, &length);
    print(to, text);
    fclose(to);
    assert_string_equal(printed, wanted);
    free(printed);
}

static void what_a_terminal_would_obey_is_printed_as_text(void **state)
{
    static const struct {
        struct mr_bytes text;
        const char *wanted;
    } cases[] = {
        {MR_BYTES("plain, \xc3\xa9 and \xf0\x9f\x98\x80"), "plain, \xc3\xa9 and \xf0\x9f\x98\x80"},
        {MR_BYTES("\x1b[2J\x07\r\x7f"), "\\u001b[2J\\u0007\\u000d\\u007f"},
        {MR_BYTES("\xc2\x9b"
                  "31m\xc2\xa0"),
         "\\u009b31m\xc2\xa0"},
        {MR_BYTES("a\0b"), "a\\u0000b"},
        {MR_BYTES("\x9b\xff\xc2"), "\\x9b\\xff\\xc2"},
        {MR_BYTES(""), ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_prints(mr_print_bytes, cases[i].text, cases[i].wanted);
        assert_prints(mr_print_line, cases[i].text, cases[i].wanted);
    }
}

static void line_ends_and_tabs_stay_but_for_a_text_of_one_line(void **state)
{
    (void)state;
    assert_prints(mr_print_bytes, MR_BYTES("a\tb\nc\n"), "a\tb\nc\n");
    assert_prints(mr_print_line, MR_BYTES("a\tb\nc"), "a\\u0009b\\u000ac");
}

static void a_format_s_arguments_are_held_to_it(void **state)
{
    char *printed = NULL;
    size_t length;
    FILE *to = open_memstream(&printed, &length);
    (void)state;
    mr_print(to, "moonroute: %s is not %d\n", "\x1b]0;mine\x07", 7);
    fclose(to);
    assert_string_equal(printed, "moonroute: \\u001b]0;mine\\u0007 is not 7\n");
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_would_obey_is_printed_as_text),
        cmocka_unit_test(line_ends_and_tabs_stay_but_for_a_text_of_one_line),
        cmocka_unit_test(a_format_s_arguments_are_held_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
