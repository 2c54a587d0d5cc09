#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/machine/file.h"
#include "base/utf8.h"
#include "panics.h"

/* A file for a sink, and beside it the name to which it is rotated. */
static struct {
    char folder[64];
    char file[96], rotated[96];
    int64_t began;
    struct mr_buf text;
} world;

static int set_up(void **state)
{
    (void)state;
    world.began = mr_clock_wall_ms();
    strcpy(world.folder, "/tmp/mr_log_test_XXXXXX");
    if (mkdtemp(world.folder) == NULL)
        return -1;
    snprintf(world.file, sizeof(world.file), "%s/log", world.folder);
    snprintf(world.rotated, sizeof(world.rotated), "%s/log.1", world.folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mr_log_open(NULL, MR_LOG_TEXT, MR_LOG_ERROR, "test");
    mr_buf_free(&world.text);
    unlink(world.file);
    unlink(world.rotated);
    rmdir(world.folder);
    return 0;
}

static const char *read_text(const char *file)
{
    mr_buf_clear(&world.text);
    assert_int_equal(mr_file_read(file, 1 << 24, &world.text), 0);
    return mr_buf_text(&world.text);
}

static void open_log(enum mr_log_format format, enum mr_log_level level)
{
    assert_int_equal(mr_log_open(world.file, format, level, "worker 2"), 0);
}

/* What follows the prefix, which must be there. */
static const char *behind(const char *text, const char *prefix)
{
    assert_memory_equal(text, prefix, strlen(prefix));
    return text + strlen(prefix);
}

/* What follows the time at the beginning of the text, which must be the present one. */
static const char *behind_time(const char *text, bool with_date)
{
    for (int64_t ms = mr_clock_wall_ms(); ms >= world.began; ms--) {
        time_t seconds = (time_t)(ms / 1000);
        struct tm now;
        char time[64] = "";
        gmtime_r(&seconds, &now);
        if (with_date)
            sprintf(time, "%04d-%02d-%02dT", now.tm_year + 1900, now.tm_mon + 1, now.tm_mday);
        sprintf(time + strlen(time), "%02d:%02d:%02d.%03d%s", now.tm_hour, now.tm_min, now.tm_sec,
                (int)(ms % 1000), with_date ? "Z" : "");
        if (strncmp(text, time, strlen(time)) == 0)
            return text + strlen(time);
    }
    fail_msg("not the present time: %.30s", text);
    return NULL;
}

static const char *behind_json_head(const char *line, const char *level, const char *event)
{
    char head[128];
    const char *rest = behind(line, "{\"time\":\"");
    rest = behind_time(rest, true);
    snprintf(head, sizeof(head), "\",\"level\":\"%s\",\"process\":\"worker 2\",\"event\":\"%s\"",
             level, event);
    return behind(rest, head);
}

static void a_json_line_is_one_object_in_one_line(void **state)
{
    (void)state;
    open_log(MR_LOG_JSON, MR_LOG_INFO);
    mr_log(MR_LOG_WARN, "reply_failed", MR_S("topic", "orders"), MR_I("offset", 42),
           MR_B("message", MR_BYTES("a\0b")));
    assert_string_equal(behind_json_head(read_text(world.file), "warn", "reply_failed"),
                        ",\"topic\":\"orders\",\"offset\":42,\"message\":\"a\\u0000b\"}\n");
}

static void integers_are_exact(void **state)
{
    (void)state;
    open_log(MR_LOG_JSON, MR_LOG_INFO);
    mr_log(MR_LOG_INFO, "numbers", MR_I("least", INT64_MIN), MR_I("most", INT64_MAX),
           MR_I("zero", 0), MR_I("long", 9007199254740993));
    assert_string_equal(behind_json_head(read_text(world.file), "info", "numbers"),
                        ",\"least\":-9223372036854775808,\"most\":9223372036854775807,"
                        "\"zero\":0,\"long\":9007199254740993}\n");
}

static void a_missing_text_is_an_empty_one(void **state)
{
    (void)state;
    const char *none = NULL;
    open_log(MR_LOG_JSON, MR_LOG_INFO);
    mr_log(MR_LOG_INFO, "texts", MR_S("none", none), MR_B("null", MR_BYTES_NONE));
    assert_string_equal(behind_json_head(read_text(world.file), "info", "texts"),
                        ",\"none\":\"\",\"null\":\"\"}\n");
}

/* Every byte there is, in a text that is no UTF-8. */
static struct mr_bytes all_bytes(char bytes[256])
{
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    return (struct mr_bytes){bytes, 256};
}

static void no_text_breaks_a_line(enum mr_log_format format)
{
    char bytes[256];
    open_log(format, MR_LOG_INFO);
    mr_log(MR_LOG_INFO, "bytes", MR_B("all", all_bytes(bytes)),
           MR_B("high", ((struct mr_bytes){bytes + 128, 128})),
           MR_B("csi", MR_BYTES("\x9b"
                                "31m")),
           MR_B("c1", MR_BYTES("\xc2\x9b"
                               "31m")));
    const char *line = read_text(world.file);
    size_t length = strlen(line);
    assert_int_equal(length, world.text.length);
    assert_true(mr_utf8_valid(line, length));
    assert_int_equal(line[length - 1], '\n');
    for (size_t i = 0; i + 1 < length; i++) {
        unsigned char byte = (unsigned char)line[i], next = (unsigned char)line[i + 1];
        assert_true(byte >= ' ' && byte != 0x7f);
        assert_false(byte == 0xc2 && next < 0xa0); /* U+0080 to U+009F: controls too */
    }
}

static void control_characters_and_bad_utf8_do_not_break_a_json_line(void **state)
{
    (void)state;
    no_text_breaks_a_line(MR_LOG_JSON);
    assert_non_null(strstr(mr_buf_text(&world.text),
                           "\\u001b\\u001c\\u001d\\u001e\\u001f !\\\"#$%&'()*+,-./0123456789"));
    assert_non_null(strstr(mr_buf_text(&world.text), "~\\u007f\xef\xbf\xbd\xef\xbf\xbd"));
}

static void control_characters_and_bad_utf8_do_not_break_a_line_of_text(void **state)
{
    (void)state;
    no_text_breaks_a_line(MR_LOG_TEXT);
}

static void text_is_for_people_and_quoted_where_it_must_be(void **state)
{
    (void)state;
    open_log(MR_LOG_TEXT, MR_LOG_INFO);
    mr_log(MR_LOG_WARN, "reply_failed", MR_S("topic", "orders"), MR_I("offset", -42),
           MR_S("empty", ""), MR_S("words", "no such topic"), MR_S("quote", "a\"b"),
           MR_S("line", "a\nb"), MR_S("utf8", "caf\xc3\xa9"), MR_S("path", "a\\b=c"));
    const char *rest = behind_time(read_text(world.file), false);
    assert_string_equal(rest, " warn  worker 2  reply_failed topic=orders offset=-42 empty=\"\""
                              " words=\"no such topic\" quote=\"a\\\"b\" line=\"a\\nb\""
                              " utf8=caf\xc3\xa9 path=a\\b=c\n");
}

static void text_to_a_terminal_is_coloured_and_json_is_not(void **state)
{
    (void)state;
    char seen[512];
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    assert_int_equal(mr_log_open(ptsname(terminal), MR_LOG_TEXT, MR_LOG_INFO, "master"), 0);
    mr_log(MR_LOG_ERROR, "red", MR_I("n", 1));
    ssize_t length = read(terminal, seen, sizeof(seen) - 1);
    assert_true(length > 0);
    seen[length] = '\0';
    assert_non_null(strstr(seen, " \033[31merror\033[0m master    red"));
    assert_int_equal(mr_log_open(ptsname(terminal), MR_LOG_JSON, MR_LOG_INFO, "master"), 0);
    mr_log(MR_LOG_ERROR, "plain", MR_I("n", 1));
    length = read(terminal, seen, sizeof(seen) - 1);
    assert_true(length > 0);
    assert_null(memchr(seen, '\033', (size_t)length));
    mr_log_open(NULL, MR_LOG_TEXT, MR_LOG_ERROR, "test");
    close(terminal);
}

static void only_its_level_and_those_above_are_written(void **state)
{
    (void)state;
    for (int level = MR_LOG_DEBUG; level <= MR_LOG_ERROR; level++) {
        unlink(world.file);
        open_log(MR_LOG_TEXT, (enum mr_log_level)level);
        mr_log(MR_LOG_DEBUG, "event_0", MR_I("n", 1));
        mr_log(MR_LOG_INFO, "event_1", MR_I("n", 1));
        mr_log(MR_LOG_WARN, "event_2", MR_I("n", 1));
        mr_log(MR_LOG_ERROR, "event_3", MR_I("n", 1));
        const char *text = read_text(world.file);
        for (int event = 0; event < 4; event++) {
            char name[32];
            snprintf(name, sizeof(name), "event_%d", event);
            assert_true((strstr(text, name) != NULL) == (event >= level));
            assert_true(mr_log_enabled((enum mr_log_level)event) == (event >= level));
        }
    }
}

static void name_an_unknown_level(void *name)
{
    mr_log_level_of(name);
}

static void levels_are_known_by_their_names(void **state)
{
    (void)state;
    char said[256], unknown[] = "verbose";
    assert_int_equal(mr_log_level_of("debug"), MR_LOG_DEBUG);
    assert_int_equal(mr_log_level_of("info"), MR_LOG_INFO);
    assert_int_equal(mr_log_level_of("warn"), MR_LOG_WARN);
    assert_int_equal(mr_log_level_of("error"), MR_LOG_ERROR);
    assert_true(panics(name_an_unknown_level, unknown, said, sizeof(said)));
}

static void a_rotated_file_is_left_and_a_new_one_begun(void **state)
{
    (void)state;
    open_log(MR_LOG_JSON, MR_LOG_INFO);
    mr_log(MR_LOG_INFO, "before", MR_I("n", 1));
    assert_int_equal(rename(world.file, world.rotated), 0);
    mr_log(MR_LOG_INFO, "between", MR_I("n", 1));
    mr_log_reopen();
    mr_log(MR_LOG_INFO, "after", MR_I("n", 1));
    const char *text = read_text(world.file);
    assert_string_equal(behind_json_head(text, "info", "after"), ",\"n\":1}\n");
    text = read_text(world.rotated);
    assert_non_null(strstr(text, "before"));
    assert_non_null(strstr(text, "between"));
    assert_null(strstr(text, "after"));
}

static void a_log_is_continued_where_it_was(void **state)
{
    (void)state;
    open_log(MR_LOG_TEXT, MR_LOG_INFO);
    mr_log(MR_LOG_INFO, "first", MR_I("n", 1));
    open_log(MR_LOG_TEXT, MR_LOG_INFO);
    mr_log(MR_LOG_INFO, "second", MR_I("n", 1));
    mr_log_reopen();
    mr_log(MR_LOG_INFO, "third", MR_I("n", 1));
    const char *text = read_text(world.file);
    assert_non_null(strstr(text, "first"));
    assert_non_null(strstr(text, "second"));
    assert_non_null(strstr(text, "third"));
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void opening_anew_leaves_no_descriptor_behind(void **state)
{
    (void)state;
    open_log(MR_LOG_TEXT, MR_LOG_INFO);
    size_t before = open_descriptors();
    mr_log_reopen();
    open_log(MR_LOG_JSON, MR_LOG_INFO);
    assert_int_equal(open_descriptors(), before);
    mr_log_open("", MR_LOG_TEXT, MR_LOG_ERROR, "test");
    size_t after = open_descriptors(); /* a pipe is opened anew, a file is not */
    assert_true(after == before || after == before - 1);
    mr_log_reopen(); /* of standard error there is nothing to reopen */
    mr_log_open("", MR_LOG_TEXT, MR_LOG_ERROR, "test");
    assert_int_equal(open_descriptors(), after);
}

static void a_file_that_cannot_be_opened_leaves_the_log_where_it_was(void **state)
{
    (void)state;
    open_log(MR_LOG_JSON, MR_LOG_INFO);
    assert_int_equal(mr_log_open("/nowhere/log", MR_LOG_TEXT, MR_LOG_DEBUG, "other"), -ENOENT);
    mr_log(MR_LOG_DEBUG, "still_filtered", MR_I("n", 1));
    mr_log(MR_LOG_INFO, "still_here", MR_I("n", 1));
    assert_string_equal(behind_json_head(read_text(world.file), "info", "still_here"),
                        ",\"n\":1}\n");
}

static void a_file_that_cannot_be_reopened_says_so_in_the_old_one(void **state)
{
    (void)state;
    char folder[80], moved[96];
    open_log(MR_LOG_JSON, MR_LOG_INFO);
    snprintf(folder, sizeof(folder), "%s.away", world.folder);
    snprintf(moved, sizeof(moved), "%s/log", folder);
    assert_int_equal(rename(world.folder, folder), 0);
    mr_log_reopen();
    mr_log(MR_LOG_INFO, "later", MR_I("n", 1));
    const char *rest = behind_json_head(read_text(moved), "error", "log_reopen_failed");
    assert_int_equal(rename(folder, world.folder), 0);
    assert_non_null(strstr(rest, "\"message\":\"No such file or directory\""));
    assert_non_null(strstr(rest, "later"));
}

static void standard_error_is_where_it_goes_without_a_file(void **state)
{
    (void)state;
    int file = open(world.file, O_WRONLY | O_CREAT, 0600), standard = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    close(file);
    mr_log_open(NULL, MR_LOG_JSON, MR_LOG_INFO, "worker 2");
    mr_log(MR_LOG_INFO, "here", MR_I("n", 1));
    dup2(standard, STDERR_FILENO);
    close(standard);
    assert_string_equal(behind_json_head(read_text(world.file), "info", "here"), ",\"n\":1}\n");
}

static void write_many(const char *event)
{
    char long_text[600];
    memset(long_text, 't', sizeof(long_text));
    for (int i = 0; i < 500; i++)
        mr_log(MR_LOG_INFO, event, MR_B("text", ((struct mr_bytes){long_text, sizeof(long_text)})));
}

static void processes_that_share_a_file_do_not_mix_their_lines(void **state)
{
    (void)state;
    open_log(MR_LOG_JSON, MR_LOG_INFO);
    pid_t child = fork();
    write_many(child == 0 ? "child" : "parent");
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    read_text(world.file);
    int lines = 0;
    for (char *line = strtok(world.text.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_memory_equal(line, "{\"time\":", 8);
        assert_string_equal(line + strlen(line) - 3, "t\"}");
        lines++;
    }
    assert_int_equal(lines, 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_json_line_is_one_object_in_one_line),
        TEST(integers_are_exact),
        TEST(a_missing_text_is_an_empty_one),
        TEST(control_characters_and_bad_utf8_do_not_break_a_json_line),
        TEST(control_characters_and_bad_utf8_do_not_break_a_line_of_text),
        TEST(text_is_for_people_and_quoted_where_it_must_be),
        TEST(text_to_a_terminal_is_coloured_and_json_is_not),
        TEST(only_its_level_and_those_above_are_written),
        TEST(levels_are_known_by_their_names),
        TEST(a_rotated_file_is_left_and_a_new_one_begun),
        TEST(a_log_is_continued_where_it_was),
        TEST(opening_anew_leaves_no_descriptor_behind),
        TEST(a_file_that_cannot_be_opened_leaves_the_log_where_it_was),
        TEST(a_file_that_cannot_be_reopened_says_so_in_the_old_one),
        TEST(standard_error_is_where_it_goes_without_a_file),
        TEST(processes_that_share_a_file_do_not_mix_their_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
