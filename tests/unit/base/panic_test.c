#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/panic.h"
#include "panics.h"

static void assert_what_is_not_so(void *unused)
{
    (void)unused;
    MR_ASSERT(1 + 1 == 3);
}

static void come_where_nothing_comes(void *unused)
{
    (void)unused;
    MR_UNREACHABLE("a case that the configuration let pass");
}

static void a_failed_assertion_tells_its_place_and_its_text_and_aborts(void **state)
{
    (void)state;
    char said[512];
    assert_true(panics(assert_what_is_not_so, NULL, said, sizeof(said)));
    assert_non_null(strstr(said, "panic_test.c:"));
    assert_non_null(strstr(said, ": assertion failed: 1 + 1 == 3\n"));
}

static void the_unreachable_tells_what_came(void **state)
{
    (void)state;
    char said[512];
    assert_true(panics(come_where_nothing_comes, NULL, said, sizeof(said)));
    assert_non_null(strstr(said, ": unreachable: a case that the configuration let pass\n"));
}

static void panic_at_a_place(void *unused)
{
    (void)unused;
    mr_panic("some/file.c", 42, "why");
}

static void a_panic_is_one_line(void **state)
{
    (void)state;
    char said[512];
    assert_true(panics(panic_at_a_place, NULL, said, sizeof(said)));
    assert_string_equal(said, "moonroute: panic at some/file.c:42: why\n");
}

static void an_assertion_that_holds_does_nothing_and_looks_once(void **state)
{
    (void)state;
    int looks = 0;
    MR_ASSERT(++looks == 1);
    assert_int_equal(looks, 1);
}

static void memory_comes_zeroed(void **state)
{
    (void)state;
    static const char zeros[4096];
    for (int round = 0; round < 8; round++) {
        char *memory = mr_alloc(sizeof(zeros));
        assert_memory_equal(memory, zeros, sizeof(zeros));
        memset(memory, 0xa5, sizeof(zeros)); /* for the round after, should it get the same */
        free(memory);
    }
}

static void no_memory_is_memory_too(void **state)
{
    (void)state;
    char *memory = mr_alloc(0);
    assert_non_null(memory);
    memory = mr_realloc(memory, 0);
    assert_non_null(memory);
    free(memory);
}

static void what_was_there_is_kept_where_memory_grows(void **state)
{
    (void)state;
    char *memory = mr_realloc(NULL, 4);
    memcpy(memory, "kept", 4);
    memory = mr_realloc(memory, 100000);
    assert_memory_equal(memory, "kept", 4);
    free(memory);
}

static void texts_are_copied(void **state)
{
    (void)state;
    const char text[] = "text";
    char *copy = mr_strdup(text);
    assert_string_equal(copy, "text");
    assert_ptr_not_equal(copy, text);
    free(copy);
}

static void exactly_so_many_bytes_are_copied_and_a_nul(void **state)
{
    (void)state;
    char *bytes = malloc(3); /* no NUL behind them */
    memcpy(bytes, "a\0b", 3);
    char *copy = mr_strndup(bytes, 3);
    assert_memory_equal(copy, "a\0b", 4);
    free(copy);
    copy = mr_strndup(bytes, 1);
    assert_string_equal(copy, "a");
    free(copy);
    copy = mr_strndup(NULL, 0);
    assert_string_equal(copy, "");
    free(copy);
    free(bytes);
}

#ifndef __SANITIZE_ADDRESS__ /* which ends the process itself */
static void take_all(void *size)
{
    free(mr_alloc(*(const size_t *)size));
}

static void take_all_anew(void *size)
{
    free(mr_realloc(NULL, *(const size_t *)size));
}

static void memory_that_is_not_to_be_had_is_a_panic(void **state)
{
    (void)state;
    char said[512];
    size_t size = SIZE_MAX / 2;
    assert_true(panics(take_all, &size, said, sizeof(said)));
    assert_non_null(strstr(said, ": out of memory\n"));
    assert_true(panics(take_all_anew, &size, said, sizeof(said)));
    assert_non_null(strstr(said, ": out of memory\n"));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_assertion_tells_its_place_and_its_text_and_aborts),
        cmocka_unit_test(the_unreachable_tells_what_came),
        cmocka_unit_test(a_panic_is_one_line),
        cmocka_unit_test(an_assertion_that_holds_does_nothing_and_looks_once),
        cmocka_unit_test(memory_comes_zeroed),
        cmocka_unit_test(no_memory_is_memory_too),
        cmocka_unit_test(what_was_there_is_kept_where_memory_grows),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(exactly_so_many_bytes_are_copied_and_a_nul),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(memory_that_is_not_to_be_had_is_a_panic),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
