#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/machine/file.h"
#include "cmd/options.h"

/* What a command is given, and what it said. */
static struct {
    bool flag;
    const char *text, *other;
    struct mr_option_list list;
    int count, code;
    char *argv[400];
    struct mr_buf out, err;
} world;

static const struct mr_command command = {
    .name = "probe", .arguments = "TOPIC [JSON|-]", .summary = "Probe something."};
static const struct mr_command bare = {.name = "bare", .arguments = "", .summary = "Nothing."};

static const struct mr_option options[] = {
    {"flag", MR_OPTION_FLAG, &world.flag, NULL, "A flag."},
    {"text", MR_OPTION_TEXT, &world.text, "FILE", "A text."},
    {"text-of-another", MR_OPTION_TEXT, &world.other, "NAME", "Another text."},
    {"header", MR_OPTION_LIST, &world.list, "NAME=VALUE", "Many texts."},
    {.name = NULL},
};

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.code = -7;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mr_buf_free(&world.out);
    mr_buf_free(&world.err);
    return 0;
}

static int redirect(int fd, const char *file)
{
    int kept = dup(fd), to = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(kept >= 0 && to >= 0);
    dup2(to, fd);
    close(to);
    return kept;
}

static void restore(int fd, int kept, const char *file, struct mr_buf *said)
{
    dup2(kept, fd);
    close(kept);
    mr_buf_clear(said);
    assert_int_equal(mr_file_read(file, 1 << 20, said), 0);
    unlink(file);
}

/* Parses argv[1..argc-1] of the world, between `least` and `most` positionals. */
static int parse_arguments(const struct mr_command *of, int argc, int least, int most)
{
    char out_file[64], err_file[64], name[] = "probe";
    snprintf(out_file, sizeof(out_file), "/tmp/mr_options_test_out.%d", (int)getpid());
    snprintf(err_file, sizeof(err_file), "/tmp/mr_options_test_err.%d", (int)getpid());
    world.argv[0] = name;
    fflush(stdout);
    int out = redirect(STDOUT_FILENO, out_file), err = redirect(STDERR_FILENO, err_file);
    world.count = mr_options_parse(of, options, argc, world.argv, least, most, &world.code);
    fflush(stdout);
    restore(STDOUT_FILENO, out, out_file, &world.out);
    restore(STDERR_FILENO, err, err_file, &world.err);
    return world.count;
}

/* The words of a command line. */
static int parse(const char *line, int least, int most)
{
    static char words[1024];
    int argc = 1;
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        world.argv[argc++] = word;
    return parse_arguments(&command, argc, least, most);
}

static void assert_wrong(const char *line, const char *said)
{
    char expected[512];
    assert_int_equal(parse(line, 1, 2), -1);
    assert_int_equal(world.code, MR_EXIT_USAGE);
    snprintf(expected, sizeof(expected),
             "moonroute probe: %s\nusage: moonroute probe [OPTIONS] TOPIC [JSON|-]\n"
             "'moonroute probe --help' lists the options.\n",
             said);
    assert_string_equal(mr_buf_text(&world.err), expected);
    assert_string_equal(mr_buf_text(&world.out), "");
}

static void positionals_are_left_at_the_front(void **state)
{
    (void)state;
    assert_int_equal(parse("--flag orders --text file {} --header a=b", 1, 2), 2);
    assert_string_equal(world.argv[1], "orders");
    assert_string_equal(world.argv[2], "{}");
    assert_true(world.flag);
    assert_string_equal(world.text, "file");
    assert_int_equal(world.list.count, 1);
    assert_int_equal(world.code, -7);
    assert_string_equal(mr_buf_text(&world.err), "");
    assert_string_equal(mr_buf_text(&world.out), "");
}

static void what_is_not_given_stays_as_it_was(void **state)
{
    (void)state;
    world.text = "default";
    assert_int_equal(parse("orders", 1, 2), 1);
    assert_string_equal(world.text, "default");
    assert_null(world.other);
    assert_false(world.flag);
    assert_int_equal(world.list.count, 0);
}

static void no_argument_is_fine_where_none_is_needed(void **state)
{
    (void)state;
    assert_int_equal(parse("", 0, 0), 0);
    assert_int_equal(parse("--flag", 0, 0), 0);
}

static void a_value_is_the_next_word_or_behind_an_equals_sign(void **state)
{
    (void)state;
    assert_int_equal(parse("--text one --text-of-another=two", 0, 0), 0);
    assert_string_equal(world.text, "one");
    assert_string_equal(world.other, "two");
    assert_int_equal(parse("--text= --text-of-another=a=b", 0, 0), 0);
    assert_string_equal(world.text, "");
    assert_string_equal(world.other, "a=b");
    assert_int_equal(parse("--text --flag", 0, 0), 0);
    assert_string_equal(world.text, "--flag");
    assert_false(world.flag);
}

static void the_last_of_a_repeated_text_counts(void **state)
{
    (void)state;
    assert_int_equal(parse("--text one --text=two", 0, 0), 0);
    assert_string_equal(world.text, "two");
}

static void a_list_keeps_all_in_order(void **state)
{
    (void)state;
    assert_int_equal(parse("--header a=1 t --header=b=2 --header a=3", 0, 1), 1);
    assert_int_equal(world.list.count, 3);
    assert_string_equal(world.list.items[0], "a=1");
    assert_string_equal(world.list.items[1], "b=2");
    assert_string_equal(world.list.items[2], "a=3");
}

static void a_list_has_an_end(void **state)
{
    (void)state;
    char word[] = "--header=a=b";
    for (int i = 1; i <= MR_OPTION_LIST_MAX + 1; i++)
        world.argv[i] = word;
    assert_int_equal(parse_arguments(&command, MR_OPTION_LIST_MAX + 1, 0, 0), 0);
    assert_int_equal(world.list.count, MR_OPTION_LIST_MAX);
    world.list.count = 0;
    assert_int_equal(parse_arguments(&command, MR_OPTION_LIST_MAX + 2, 0, 0), -1);
    assert_int_equal(world.code, MR_EXIT_USAGE);
    assert_non_null(
        strstr(mr_buf_text(&world.err), "moonroute probe: given too often: --header\n"));
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    assert_int_equal(parse("--flag -- --text --help", 0, 2), 2);
    assert_string_equal(world.argv[1], "--text");
    assert_string_equal(world.argv[2], "--help");
    assert_null(world.text);
    assert_int_equal(parse("-- --", 0, 2), 1);
    assert_string_equal(world.argv[1], "--");
}

static void one_dash_is_an_argument(void **state)
{
    (void)state;
    assert_int_equal(parse("orders -", 1, 2), 2);
    assert_string_equal(world.argv[2], "-");
}

static void an_empty_word_is_an_argument(void **state)
{
    (void)state;
    char empty[] = "";
    world.argv[1] = empty;
    assert_int_equal(parse_arguments(&command, 2, 1, 1), 1);
    assert_string_equal(world.argv[1], "");
}

static void wrong_usage_says_what_is_wrong(void **state)
{
    (void)state;
    assert_wrong("orders --unknown", "unknown option --unknown");
    assert_wrong("orders --unknown=5", "unknown option --unknown=5");
    assert_wrong("orders --fla", "unknown option --fla");
    assert_wrong("orders --flags", "unknown option --flags");
    assert_wrong("orders --=x", "unknown option --=x");
    assert_wrong("orders -f", "unknown option -f");
    assert_wrong("orders -5", "unknown option -5");
    assert_wrong("orders --flag=yes", "takes no value: --flag=yes");
    assert_wrong("orders --flag=", "takes no value: --flag=");
    assert_wrong("orders --text", "needs a value: --text");
    assert_wrong("orders --header", "needs a value: --header");
    assert_wrong("--flag", "missing TOPIC [JSON|-]");
    assert_wrong("orders {} more again", "unexpected argument more");
}

static void help_tells_of_every_option_and_is_no_error(void **state)
{
    (void)state;
    static const char help[] = "usage: moonroute probe [OPTIONS] TOPIC [JSON|-]\n"
                               "Probe something.\n\n"
                               "  --flag                     A flag.\n"
                               "  --text FILE                A text.\n"
                               "  --text-of-another NAME     Another text.\n"
                               "  --header NAME=VALUE        Many texts.\n"
                               "  --help                     Print this help.\n";
    static const char *const lines[] = {"--help", "-h", "orders --flag --help --unknown"};
    for (size_t i = 0; i < 3; i++) {
        world.code = -7;
        assert_int_equal(parse(lines[i], 1, 1), -1);
        assert_int_equal(world.code, MR_EXIT_OK);
        assert_string_equal(mr_buf_text(&world.out), help);
        assert_string_equal(mr_buf_text(&world.err), "");
    }
}

static void a_command_without_arguments_shows_none(void **state)
{
    (void)state;
    char word[] = "more";
    world.argv[1] = word;
    assert_int_equal(parse_arguments(&bare, 2, 0, 0), -1);
    assert_string_equal(mr_buf_text(&world.err), "moonroute bare: unexpected argument more\n"
                                                 "usage: moonroute bare [OPTIONS]\n"
                                                 "'moonroute bare --help' lists the options.\n");
}

static void every_command_has_a_name_a_summary_and_something_to_run(void **state)
{
    (void)state;
    for (const struct mr_command *each = mr_commands; each->name != NULL; each++) {
        assert_true(each->name[0] != '\0');
        assert_non_null(each->arguments);
        assert_int_equal(each->summary[strlen(each->summary) - 1], '.');
        assert_non_null(each->run);
        for (const struct mr_command *other = mr_commands; other != each; other++)
            assert_string_not_equal(other->name, each->name);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(positionals_are_left_at_the_front),
        TEST(what_is_not_given_stays_as_it_was),
        TEST(no_argument_is_fine_where_none_is_needed),
        TEST(a_value_is_the_next_word_or_behind_an_equals_sign),
        TEST(the_last_of_a_repeated_text_counts),
        TEST(a_list_keeps_all_in_order),
        TEST(a_list_has_an_end),
        TEST(two_dashes_end_the_options),
        TEST(one_dash_is_an_argument),
        TEST(an_empty_word_is_an_argument),
        TEST(wrong_usage_says_what_is_wrong),
        TEST(help_tells_of_every_option_and_is_no_error),
        TEST(a_command_without_arguments_shows_none),
        TEST(every_command_has_a_name_a_summary_and_something_to_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
