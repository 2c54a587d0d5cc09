/* The log of a process whose standard error nobody reads. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/log_sink.h"

enum { LINES = 4000, LONG = 1000 };

struct ends {
    int kept, read; /* the test's own standard error; the reader's end */
    struct mr_buf text;
};

/* Makes the end to write standard error. It stays a blocking one. */
static void divert(struct ends *ends, int to_write, int to_read)
{
    ends->kept = dup(STDERR_FILENO);
    ends->read = to_read;
    assert_int_equal(dup2(to_write, STDERR_FILENO), STDERR_FILENO);
    close(to_write);
    assert_int_equal(fcntl(to_read, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(mr_log_open(NULL, MR_LOG_JSON, MR_LOG_INFO, "test"), 0);
}

static void restore(struct ends *ends)
{
    dup2(ends->kept, STDERR_FILENO);
    close(ends->kept);
    close(ends->read);
    mr_log_open(NULL, MR_LOG_TEXT, MR_LOG_ERROR, "test");
    mr_buf_free(&ends->text);
}

/* Logs more than fits. The alarm ends the test if a write blocks. */
static void log_much(void)
{
    char text[LONG + 1];
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    alarm(30);
    for (int i = 0; i < LINES; i++)
        mr_log(MR_LOG_INFO, "much", MR_I("number", i), MR_S("text", text));
    alarm(0);
}

/* Reads all that can be had, while the log writes what waits. */
static void read_all(struct ends *ends)
{
    ssize_t got;
    do {
        mr_log_flush();
        got = read(ends->read, mr_buf_reserve(&ends->text, 65536), 65536);
        ends->text.length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
}

/* Each line is whole, and the last one says how many are missing. */
static void assert_whole(struct ends *ends, uint64_t lost)
{
    char *saved, report[64];
    uint64_t lines = 0;
    snprintf(report, sizeof(report), "\"lines\":%llu,", (unsigned long long)lost);
    mr_buf_append(&ends->text, "", 1);
    for (char *line = strtok_r(ends->text.data, "\n", &saved); line != NULL;
         line = strtok_r(NULL, "\n", &saved)) {
        assert_int_equal(line[0], '{');
        assert_int_equal(line[strlen(line) - 1], '}');
        bool is_report = strstr(line, "\"event\":\"log_lines_dropped\"") != NULL;
        assert_true(!is_report || strstr(line, report) != NULL);
        lines += !is_report;
    }
    assert_int_equal(lines, LINES - lost);
}

static void assert_nothing_blocks(struct ends *ends)
{
    mr_log_lost();
    log_much();
    uint64_t lost = mr_log_lost();
    assert_true(lost > 0 && lost < LINES);
    assert_int_equal(mr_log_lost(), 0);
    read_all(ends);
    assert_non_null(strstr(mr_buf_text(&ends->text), "log_lines_dropped"));
    assert_whole(ends, lost);
}

static void a_pipe_that_nobody_reads_holds_nobody_up(void **state)
{
    struct ends ends = {0};
    int pair[2];
    (void)state;
    assert_int_equal(pipe(pair), 0);
    divert(&ends, pair[1], pair[0]);
    assert_nothing_blocks(&ends);
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0); /* others share it */
    restore(&ends);
}

static void a_socket_that_nobody_reads_holds_nobody_up(void **state)
{
    struct ends ends = {0};
    int pair[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    divert(&ends, pair[1], pair[0]);
    assert_nothing_blocks(&ends);
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
    restore(&ends);
}

static void a_pipe_that_was_closed_costs_nothing(void **state)
{
    struct ends ends = {0};
    int pair[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    divert(&ends, pair[1], pair[0]);
    shutdown(ends.read, SHUT_RDWR);
    mr_log_lost();
    log_much();
    assert_int_equal(mr_log_lost(), 0);
    assert_true(mr_log_sink_flush());
    restore(&ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_that_nobody_reads_holds_nobody_up),
        cmocka_unit_test(a_socket_that_nobody_reads_holds_nobody_up),
        cmocka_unit_test(a_pipe_that_was_closed_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
