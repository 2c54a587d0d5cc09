#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lua/mistakes.h"

static struct mr_bytes text_of(char text[16], int number)
{
    snprintf(text, 16, "mistake %d", number);
    return mr_bytes_of(text);
}

static void only_a_noted_text_is_a_mistake(void **state)
{
    (void)state;
    struct mr_mistakes mistakes = {0};
    assert_false(mr_mistakes_has(&mistakes, MR_BYTES("")));
    mr_mistakes_note(&mistakes, MR_BYTES("one"));
    assert_true(mr_mistakes_has(&mistakes, MR_BYTES("one")));
    assert_false(mr_mistakes_has(&mistakes, MR_BYTES("on")));
    assert_false(mr_mistakes_has(&mistakes, MR_BYTES("one\0")));
    assert_false(mr_mistakes_has(&mistakes, MR_BYTES("")));
}

static void the_last_ones_are_kept(void **state)
{
    (void)state;
    char text[16];
    struct mr_mistakes mistakes = {0};
    for (int i = 0; i < 3 * MR_MISTAKES_KEPT; i++) {
        mr_mistakes_note(&mistakes, text_of(text, i));
        for (int kept = i; kept >= 0 && kept > i - MR_MISTAKES_KEPT; kept--)
            assert_true(mr_mistakes_has(&mistakes, text_of(text, kept)));
    }
    assert_false(mr_mistakes_has(&mistakes, text_of(text, 0)));
}

static void one_that_is_made_again_takes_no_room(void **state)
{
    (void)state;
    struct mr_mistakes mistakes = {0};
    mr_mistakes_note(&mistakes, MR_BYTES("first"));
    for (int i = 0; i < 3 * MR_MISTAKES_KEPT; i++)
        mr_mistakes_note(&mistakes, MR_BYTES("again"));
    assert_true(mr_mistakes_has(&mistakes, MR_BYTES("first")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_noted_text_is_a_mistake),
        cmocka_unit_test(the_last_ones_are_kept),
        cmocka_unit_test(one_that_is_made_again_takes_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
