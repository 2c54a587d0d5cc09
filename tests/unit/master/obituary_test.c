#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "a_view.h"
#include "base/log.h"
#include "master/obituary.h"

enum { EXIT_70 = 70 << 8, EXIT_71 = 71 << 8, EXIT_72 = 72 << 8, EXIT_73 = 73 << 8 };

static void the_cause_names_signal_or_status(void **state)
{
    (void)state;
    char cause[MR_OBITUARY_CAUSE];
    mr_obituary_cause(SIGSEGV, MR_FORCED_NOT, cause);
    assert_string_equal(cause, "signal SIGSEGV");
    mr_obituary_cause(EXIT_70, MR_FORCED_NOT, cause);
    assert_string_equal(cause, "exit status 70");
    mr_obituary_cause(60, MR_FORCED_NOT, cause);
    assert_string_equal(cause, "signal 60");
    mr_obituary_cause(SIGKILL, MR_FORCED_WEDGED, cause);
    assert_string_equal(cause, "signal SIGKILL, its loop stood still");
    mr_obituary_cause(SIGKILL, MR_FORCED_OVERRAN, cause);
    assert_string_equal(cause, "signal SIGKILL, over its time budget and impossible to interrupt");
    mr_obituary_cause(EXIT_71, MR_FORCED_NOT, cause);
    assert_string_equal(cause, "exit status 71, at twice its memory budget");
    mr_obituary_cause(EXIT_73, MR_FORCED_NOT, cause);
    assert_string_equal(cause, "exit status 73, another member has its name in a group");
}

/* The lines that mr_obituary_log writes for slot 0. */
static void logged(struct a_view *a, int status, bool asked, char *text, size_t size)
{
    char path[] = "/tmp/mr-obituary-XXXXXX";
    close(mkstemp(path));
    assert_int_equal(mr_log_open(path, MR_LOG_JSON, MR_LOG_INFO, "master"), 0);
    char cause[MR_OBITUARY_CAUSE];
    mr_obituary_cause(status, MR_FORCED_NOT, cause);
    mr_obituary_log(0, 201, cause, &a->board.slots[0], mr_obituary_in_order(status, asked));
    assert_int_equal(mr_log_open(NULL, MR_LOG_JSON, MR_LOG_INFO, "master"), 0);
    int fd = open(path, O_RDONLY);
    ssize_t length = read(fd, text, size - 1);
    assert_true(length > 0);
    text[length] = '\0';
    close(fd);
    unlink(path);
}

static void a_worker_that_died_at_work_is_named_with_its_message(void **state)
{
    struct a_view *a = *state;
    struct mr_slot *slot = &a->board.slots[0];
    char text[1024];
    mr_cell_set(&slot->run.topic, mr_slot_topic(slot, "orders") + 1);
    mr_cell_set(&slot->run.partition, 3);
    mr_cell_set(&slot->run.offset, 1234567890123);
    mr_run_begins(&slot->run, 1, 0, 1000);
    logged(a, SIGSEGV, false, text, sizeof(text));
    assert_non_null(strstr(text, "\"level\":\"error\""));
    assert_non_null(strstr(text, "\"event\":\"worker_died\",\"worker\":0,\"pid\":201,"
                                 "\"cause\":\"signal SIGSEGV\",\"topic\":\"orders\","
                                 "\"partition\":3,\"offset\":1234567890123,"));
}

static void an_idle_one_has_no_message(void **state)
{
    char text[1024];
    logged(*state, EXIT_70, false, text, sizeof(text));
    assert_non_null(strstr(text, "\"cause\":\"exit status 70\"}"));
}

static void one_that_stopped_as_it_was_told_is_no_error(void **state)
{
    char text[1024];
    logged(*state, 0, true, text, sizeof(text));
    assert_non_null(strstr(text, "\"level\":\"info\""));
    assert_non_null(strstr(text, "\"event\":\"worker_stopped\""));
    logged(*state, EXIT_70, true, text, sizeof(text));
    assert_non_null(strstr(text, "\"event\":\"worker_died\""));
}

static void one_that_is_to_be_replaced_for_its_memory_is_no_error(void **state)
{
    char text[1024];
    logged(*state, EXIT_72, false, text, sizeof(text));
    assert_non_null(strstr(text, "\"event\":\"worker_stopped\""));
    logged(*state, EXIT_72, true, text, sizeof(text));
    assert_non_null(strstr(text, "\"event\":\"worker_stopped\""));
}

static void a_slot_with_nonsense_in_it_harms_nobody(void **state)
{
    struct a_view *a = *state;
    char text[1024];
    mr_cell_set(&a->board.slots[0].run.topic, UINT64_MAX);
    mr_run_begins(&a->board.slots[0].run, 1, 0, 1000);
    logged(a, SIGKILL, false, text, sizeof(text));
    assert_non_null(strstr(text, "\"cause\":\"signal SIGKILL\",\"message\":"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_view, tear_down_view)
    const struct CMUnitTest tests[] = {
        TEST(the_cause_names_signal_or_status),
        TEST(a_worker_that_died_at_work_is_named_with_its_message),
        TEST(an_idle_one_has_no_message),
        TEST(one_that_stopped_as_it_was_told_is_no_error),
        TEST(one_that_is_to_be_replaced_for_its_memory_is_no_error),
        TEST(a_slot_with_nonsense_in_it_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
