#include "base/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_text_is_read_as_it_was_written(void **state)
{
    struct mr_note note = {0};
    char text[MR_NOTE_SIZE] = "something";
    (void)state;
    mr_note_read(&note, text);
    assert_string_equal(text, "");
    mr_note_write(&note, "why it is so");
    mr_note_read(&note, text);
    assert_string_equal(text, "why it is so");
    mr_note_write(&note, "");
    mr_note_read(&note, text);
    assert_string_equal(text, "");
}

static void a_long_one_is_cut(void **state)
{
    struct mr_note note = {0};
    char text[MR_NOTE_SIZE], written[2 * MR_NOTE_SIZE];
    (void)state;
    memset(written, 'x', sizeof(written) - 1);
    written[sizeof(written) - 1] = '\0';
    mr_note_write(&note, written);
    mr_note_read(&note, text);
    assert_int_equal(strlen(text), MR_NOTE_SIZE - 1);
}

/* As a worker leaves it that died while it wrote. */
static void one_that_is_half_written_is_none_until_the_next(void **state)
{
    struct mr_note note = {0};
    char text[MR_NOTE_SIZE];
    (void)state;
    mr_note_write(&note, "half");
    atomic_fetch_add(&note.version, 1);
    mr_note_read(&note, text);
    assert_string_equal(text, "");
    mr_note_write(&note, "whole");
    mr_note_read(&note, text);
    assert_string_equal(text, "whole");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_read_as_it_was_written),
        cmocka_unit_test(a_long_one_is_cut),
        cmocka_unit_test(one_that_is_half_written_is_none_until_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
