#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/topic.h"

static void a_name_is_of_letters_digits_dots_dashes_and_underscores(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char name[3] = {'x', (char)byte, 'y'};
        bool legal = byte != 0 && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789._-",
                                         byte) != NULL;
        assert_true(mr_topic_legal((struct mr_bytes){name, 3}) == legal);
        assert_true(mr_topic_legal((struct mr_bytes){name + 1, 1}) == (legal && byte != '.'));
    }
}

static void a_name_is_of_1_to_249_characters(void **state)
{
    (void)state;
    for (size_t length = 0; length < 260; length++) {
        char *name = malloc(length ? length : 1);
        memset(name, 'n', length);
        assert_true(mr_topic_legal((struct mr_bytes){name, length}) ==
                    (length >= 1 && length <= 249));
        free(name);
    }
    assert_false(mr_topic_legal(MR_BYTES_NONE));
}

static void names_of_folders_are_none(void **state)
{
    (void)state;
    assert_false(mr_topic_legal(MR_BYTES(".")));
    assert_false(mr_topic_legal(MR_BYTES("..")));
    assert_true(mr_topic_legal(MR_BYTES("...")));
    assert_true(mr_topic_legal(MR_BYTES(".a")));
    assert_false(mr_topic_legal(MR_BYTES("a/b")));
}

static void internal_ones_begin_with_two_underscores(void **state)
{
    (void)state;
    assert_true(mr_topic_by_name_only("__consumer_offsets"));
    assert_true(mr_topic_by_name_only("__"));
    assert_false(mr_topic_by_name_only("_schemas"));
    assert_false(mr_topic_by_name_only("a__b"));
    assert_false(mr_topic_by_name_only(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_of_letters_digits_dots_dashes_and_underscores),
        cmocka_unit_test(a_name_is_of_1_to_249_characters),
        cmocka_unit_test(names_of_folders_are_none),
        cmocka_unit_test(internal_ones_begin_with_two_underscores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
