#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/dev_file.h"

/* A folder of the user's own, and the note in it. */
static struct {
    char folder[64], note[96];
    char *before; /* XDG_RUNTIME_DIR */
    char brokers[64];
} world;

static int set_up(void **state)
{
    (void)state;
    const char *before = getenv("XDG_RUNTIME_DIR");
    memset(&world, 0, sizeof(world));
    world.before = before ? strdup(before) : NULL;
    strcpy(world.folder, "/tmp/mr_dev_file_test_XXXXXX");
    if (mkdtemp(world.folder) == NULL)
        return -1;
    snprintf(world.note, sizeof(world.note), "%s/moonroute-dev", world.folder);
    return setenv("XDG_RUNTIME_DIR", world.folder, 1);
}

static int tear_down(void **state)
{
    (void)state;
    unlink(world.note);
    rmdir(world.folder);
    if (world.before != NULL)
        setenv("XDG_RUNTIME_DIR", world.before, 1);
    else
        unsetenv("XDG_RUNTIME_DIR");
    free(world.before);
    return 0;
}

static bool reads(void)
{
    strcpy(world.brokers, "as before");
    return mr_dev_file_read(world.brokers, sizeof(world.brokers));
}

static void put(long process, const char *rest)
{
    FILE *file = fopen(world.note, "w");
    assert_non_null(file);
    fprintf(file, "%ld%s", process, rest);
    fclose(file);
}

static pid_t a_process_that_is_gone(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return child;
}

static void nothing_is_read_where_nothing_runs(void **state)
{
    (void)state;
    assert_false(reads());
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    assert_int_equal(mr_dev_file_write("127.0.0.1:9092,127.0.0.1:9093"), 0);
    assert_true(reads());
    assert_string_equal(world.brokers, "127.0.0.1:9092,127.0.0.1:9093");
}

static void the_note_is_for_its_user_alone(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(mr_dev_file_write("a:1"), 0);
    assert_int_equal(stat(world.note, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void a_later_note_replaces_the_one_before(void **state)
{
    (void)state;
    put(a_process_that_is_gone(), " of-one-that-was-killed:1\n");
    assert_int_equal(mr_dev_file_write("later:2"), 0);
    assert_true(reads());
    assert_string_equal(world.brokers, "later:2");
}

static void a_removed_note_is_gone(void **state)
{
    (void)state;
    assert_int_equal(mr_dev_file_write("a:1"), 0);
    mr_dev_file_remove();
    assert_int_equal(access(world.note, F_OK), -1);
    assert_false(reads());
    mr_dev_file_remove();
}

static void the_note_of_a_later_one_is_not_removed(void **state)
{
    (void)state;
    assert_int_equal(mr_dev_file_write("a:1"), 0);
    put((long)getppid(), " later:2\n");
    mr_dev_file_remove();
    assert_true(reads());
    assert_string_equal(world.brokers, "later:2");
}

static void the_note_of_a_process_that_is_gone_is_not_believed(void **state)
{
    (void)state;
    put(a_process_that_is_gone(), " a:1\n");
    assert_false(reads());
}

static void a_note_of_other_words_is_not_believed(void **state)
{
    (void)state;
    put(0, " a:1\n");
    assert_false(reads());
    put(-1, " a:1\n");
    assert_false(reads());
    put((long)getpid(), "");
    assert_false(reads());
    FILE *file = fopen(world.note, "w");
    fclose(file);
    assert_false(reads());
}

static void what_is_no_file_is_not_believed_and_not_waited_for(void **state)
{
    (void)state;
    char other[96];
    snprintf(other, sizeof(other), "%s/other", world.folder);
    assert_int_equal(mr_dev_file_write("a:1"), 0);
    assert_int_equal(rename(world.note, other), 0);
    assert_int_equal(symlink("other", world.note), 0);
    assert_false(reads());
    unlink(world.note);
    unlink(other);
    assert_int_equal(mkfifo(world.note, 0600), 0);
    alarm(10); /* a pipe without a writer: whoever waits for one waits for ever */
    assert_false(reads());
    alarm(0);
    assert_int_equal(mr_dev_file_write("a:1"), 0);
    assert_true(reads());
}

static void the_file_of_another_user_is_not_believed(void **state)
{
    (void)state;
    if (getuid() != 0)
        skip();
    assert_int_equal(mr_dev_file_write("a:1"), 0);
    assert_int_equal(chown(world.note, 65534, 65534), 0);
    assert_false(reads());
}

static void a_link_that_lies_there_is_not_written_through(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(symlink("elsewhere", world.note), 0);
    assert_int_equal(mr_dev_file_write("a:1"), 0);
    assert_int_equal(lstat(world.note, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    char elsewhere[96];
    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", world.folder);
    assert_int_equal(access(elsewhere, F_OK), -1);
}

static void an_address_is_cut_to_the_room_for_it(void **state)
{
    (void)state;
    char room[5] = "####";
    assert_int_equal(mr_dev_file_write("127.0.0.1:9092"), 0);
    assert_true(mr_dev_file_read(room, 4));
    assert_memory_equal(room, "127\0", 5);
}

static void an_address_too_long_for_a_note_is_an_error(void **state)
{
    (void)state;
    char brokers[2000];
    memset(brokers, 'b', sizeof(brokers) - 1);
    brokers[sizeof(brokers) - 1] = '\0';
    assert_true(mr_dev_file_write(brokers) < 0);
    assert_false(reads());
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
    assert_int_equal(mr_dev_file_write("a:1"), -ENOENT);
    assert_false(reads());
}

static void without_a_folder_of_the_users_own_the_name_tells_the_user(void **state)
{
    (void)state;
    char path[64];
    struct stat info;
    snprintf(path, sizeof(path), "/tmp/moonroute-dev-%u", (unsigned)getuid());
    unsetenv("XDG_RUNTIME_DIR");
    if (lstat(path, &info) == 0)
        skip(); /* a moonroute dev runs here: its note is left alone */
    assert_int_equal(mr_dev_file_write("a:1"), 0);
    assert_int_equal(lstat(path, &info), 0);
    assert_true(reads());
    mr_dev_file_remove();
    assert_int_equal(lstat(path, &info), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_read_where_nothing_runs),
        TEST(what_was_written_is_read),
        TEST(the_note_is_for_its_user_alone),
        TEST(a_later_note_replaces_the_one_before),
        TEST(a_removed_note_is_gone),
        TEST(the_note_of_a_later_one_is_not_removed),
        TEST(the_note_of_a_process_that_is_gone_is_not_believed),
        TEST(a_note_of_other_words_is_not_believed),
        TEST(what_is_no_file_is_not_believed_and_not_waited_for),
        TEST(the_file_of_another_user_is_not_believed),
        TEST(a_link_that_lies_there_is_not_written_through),
        TEST(an_address_is_cut_to_the_room_for_it),
        TEST(an_address_too_long_for_a_note_is_an_error),
        TEST(a_folder_that_is_not_there_is_an_error),
        TEST(without_a_folder_of_the_users_own_the_name_tells_the_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
