#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/uuid.h"

static void a_uuid_is_lower_case_text_of_version_4(void **state)
{
    (void)state;
    for (int round = 0; round < 1000; round++) {
        char text[MR_UUID_SIZE + 1];
        text[MR_UUID_SIZE] = '#';
        mr_uuid_text(text);
        assert_int_equal(text[MR_UUID_SIZE], '#');
        assert_int_equal(strlen(text), 36);
        for (int i = 0; i < 36; i++) {
            if (i == 8 || i == 13 || i == 18 || i == 23)
                assert_int_equal(text[i], '-');
            else
                assert_non_null(strchr(i == 14   ? "4"
                                       : i == 19 ? "89ab"
                                                 : "0123456789abcdef",
                                       text[i]));
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void no_two_are_the_same(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    char(*all)[MR_UUID_SIZE] = calloc(MANY, sizeof(*all));
    for (size_t i = 0; i < MANY; i++)
        mr_uuid_text(all[i]);
    qsort(all, MANY, sizeof(*all), by_text);
    for (size_t i = 1; i < MANY; i++)
        assert_string_not_equal(all[i - 1], all[i]);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uuid_is_lower_case_text_of_version_4),
        cmocka_unit_test(no_two_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
