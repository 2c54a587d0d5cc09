/* Commands that fail before they ask a broker. */
#include "harness/folder.h"
#include "harness/process.h"
#include "harness/test.h"

enum { USAGE = 64, INTERNAL = 70 };

static void a_number_that_request_cannot_use_is_refused_and_no_broker_is_asked(void **state)
{
    static const char *const numbers[] = {"--count=0", "--concurrency=-1", "--timeout=soon"};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const char *const arguments[] = {"request", "--brokers", "127.0.0.1:1",
                                         "topic",   numbers[i],  NULL};
        struct ended ended = process_run(*state, NULL, arguments);
        assert_contains(ended.err, "expected a whole number");
        assert_int_equal(ended.code, USAGE);
        ended_free(&ended);
    }
}

static void help_that_cannot_be_printed_is_no_success(void **state)
{
    static const char *const asking[] = {"--help", "help", "version"};
    for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
        struct process process = {
            .folder = *state, .out = "/dev/full", .err = "err", .arguments = {asking[i]}};
        assert_int_equal(process_await(process_start(&process), PATIENCE), INTERNAL);
    }
    char *err = folder_read(*state, "err");
    assert_contains(err, "moonroute help: cannot write to standard output");
    free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_request_cannot_use_is_refused_and_no_broker_is_asked),
        cmocka_unit_test(help_that_cannot_be_printed_is_no_success),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
