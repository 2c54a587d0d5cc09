#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "master/guard_file.h"

enum { NOW = 1000000, HOUR = 3600000 };
static const struct mr_message_id first = {"shop", "orders", 3, 17},
                                  second = {"shop", "events", 0, 4};

struct kept {
    char directory[64];
    struct mr_guard_file file;
    struct mr_poisons poisons;
};

static int set_up(void **state)
{
    static struct kept kept;
    kept = (struct kept){.directory = "/tmp/guard_file_test.XXXXXX"};
    assert_non_null(mkdtemp(kept.directory));
    assert_int_equal(mr_log_open("/dev/null", MR_LOG_TEXT, MR_LOG_ERROR, "test"), 0);
    mr_guard_file_begin(&kept.file, kept.directory, "shop at broker:9092");
    *state = &kept;
    return 0;
}

static int tear_down(void **state)
{
    struct kept *kept = *state;
    mr_poisons_free(&kept->poisons);
    unlink(kept->file.path);
    mr_guard_file_end(&kept->file);
    rmdir(kept->directory);
    return 0;
}

/* Another master of the same name, after the first one has ended. */
static void start_again(struct kept *kept, int64_t now)
{
    mr_poisons_free(&kept->poisons);
    mr_guard_file_end(&kept->file);
    mr_guard_file_begin(&kept->file, kept->directory, "shop at broker:9092");
    mr_guard_file_read(&kept->file, &kept->poisons, now);
}

static void note_two(struct kept *kept)
{
    mr_poisons_note(&kept->poisons, &first, "signal SIGKILL");
    mr_poisons_note(&kept->poisons, &first, "signal SIGSEGV");
    mr_poisons_note(&kept->poisons, &second, "signal SIGABRT");
    mr_guard_file_write(&kept->file, &kept->poisons, NOW);
}

static void the_next_master_has_the_list(void **state)
{
    struct kept *kept = *state;
    note_two(kept);
    start_again(kept, NOW + HOUR - 1);
    assert_int_equal(kept->poisons.count, 2);
    const struct mr_poison *deadly = mr_poisons_find(&kept->poisons, &first);
    assert_int_equal(deadly->deaths, 2);
    assert_string_equal(deadly->cause, "signal SIGSEGV");
    assert_int_equal(mr_poisons_find(&kept->poisons, &second)->deaths, 1);
}

static void an_old_list_is_not_read(void **state)
{
    struct kept *kept = *state;
    note_two(kept);
    start_again(kept, NOW + HOUR);
    assert_int_equal(kept->poisons.count, 0);
}

static void an_empty_list_leaves_no_file(void **state)
{
    struct kept *kept = *state;
    note_two(kept);
    assert_int_equal(access(kept->file.path, F_OK), 0);
    mr_poisons_free(&kept->poisons);
    mr_guard_file_write(&kept->file, &kept->poisons, NOW);
    assert_int_not_equal(access(kept->file.path, F_OK), 0);
    start_again(kept, NOW);
    assert_int_equal(kept->poisons.count, 0);
}

static void two_masters_of_one_name_have_a_file_each(void **state)
{
    struct kept *kept = *state;
    struct mr_guard_file other = {0};
    mr_guard_file_begin(&other, kept->directory, "shop at broker:9092");
    assert_string_not_equal(other.path, kept->file.path);
    mr_guard_file_end(&other);
}

static void nonsense_is_ignored(void **state)
{
    struct kept *kept = *state;
    note_two(kept);
    FILE *file = fopen(kept->file.path, "r+");
    assert_non_null(file);
    fputs("nonsense", file);
    fclose(file);
    start_again(kept, NOW);
    assert_int_equal(kept->poisons.count, 0);
    note_two(kept);
    assert_int_equal(truncate(kept->file.path, 60), 0);
    start_again(kept, NOW);
    assert_true(kept->poisons.count < 2);
}

static void a_link_is_ignored_and_replaced(void **state)
{
    struct kept *kept = *state;
    assert_int_equal(symlink("/dev/zero", kept->file.path), 0);
    start_again(kept, NOW);
    note_two(kept);
    start_again(kept, NOW);
    assert_int_equal(kept->poisons.count, 2);
}

static void a_folder_that_cannot_be_written_harms_nothing(void **state)
{
    struct kept *kept = *state;
    snprintf(kept->file.path, sizeof(kept->file.path), "/proc/no/such/file");
    note_two(kept);
    assert_true(kept->file.failed);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_next_master_has_the_list),
        TEST(an_old_list_is_not_read),
        TEST(an_empty_list_leaves_no_file),
        TEST(two_masters_of_one_name_have_a_file_each),
        TEST(nonsense_is_ignored),
        TEST(a_link_is_ignored_and_replaced),
        TEST(a_folder_that_cannot_be_written_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
