#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errors.h"

static void an_empty_list_has_an_empty_text(void **state)
{
    (void)state;
    struct mr_errors errors = {0};
    assert_string_equal(mr_errors_text(&errors), "");
    mr_errors_free(&errors);
}

static void every_error_is_a_line_and_counted(void **state)
{
    (void)state;
    struct mr_errors errors = {0};
    mr_errors_add(&errors, "%s:%d: %s", "a.lua", 3, "100% wrong");
    mr_errors_add(&errors, "second");
    assert_int_equal(errors.count, 2);
    assert_string_equal(mr_errors_text(&errors), "a.lua:3: 100% wrong\nsecond\n");
    mr_errors_free(&errors);
}

static void a_long_error_is_told_whole(void **state)
{
    (void)state;
    struct mr_errors errors = {0};
    char *text = malloc(10001);
    memset(text, 'e', 10000);
    text[10000] = '\0';
    mr_errors_add(&errors, "%s", text);
    assert_int_equal(strlen(mr_errors_text(&errors)), 10001);
    assert_memory_equal(mr_errors_text(&errors), text, 10000);
    assert_int_equal(mr_errors_text(&errors)[10000], '\n');
    mr_errors_free(&errors);
    free(text);
}

static void a_freed_list_is_empty(void **state)
{
    (void)state;
    struct mr_errors errors = {0};
    mr_errors_add(&errors, "one");
    mr_errors_free(&errors);
    assert_int_equal(errors.count, 0);
    assert_string_equal(mr_errors_text(&errors), "");
    mr_errors_free(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_has_an_empty_text),
        cmocka_unit_test(every_error_is_a_line_and_counted),
        cmocka_unit_test(a_long_error_is_told_whole),
        cmocka_unit_test(a_freed_list_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
