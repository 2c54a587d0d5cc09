#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/uuid.h"

enum { COUNT = 3000 }; /* the entropy is had anew several times */

static void a_uuid_is_random_and_of_version_four(void **state)
{
    (void)state;
    char text[MR_UUID_SIZE];
    for (int i = 0; i < COUNT; i++) {
        mr_uuid_text(text);
        assert_int_equal(strlen(text), 36);
        assert_int_equal(strspn(text, "0123456789abcdef-"), 36);
        assert_true(text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-');
        assert_int_equal(text[14], '4');
        assert_non_null(strchr("89ab", text[19]));
    }
}

static int by_text(const void *a, const void *b)
{
    return memcmp(a, b, MR_UUID_SIZE);
}

static void no_two_are_alike(void **state)
{
    (void)state;
    static char texts[COUNT][MR_UUID_SIZE];
    for (int i = 0; i < COUNT; i++)
        mr_uuid_text(texts[i]);
    qsort(texts, COUNT, MR_UUID_SIZE, by_text);
    for (int i = 1; i < COUNT; i++)
        assert_string_not_equal(texts[i - 1], texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uuid_is_random_and_of_version_four),
        cmocka_unit_test(no_two_are_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
