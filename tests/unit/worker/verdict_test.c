#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../panics.h"
#include "worker/verdict.h"

#define MESSAGE                                                                                    \
    {                                                                                              \
        "what is wrong", 13                                                                        \
    }
#define NAME                                                                                       \
    {                                                                                              \
        "OwnError", 8                                                                              \
    }
#define TRACE                                                                                      \
    {                                                                                              \
        "scripts/a.lua:3", 15                                                                      \
    }
#define RAISED(fault_kind, fault_status)                                                           \
    {                                                                                              \
        .outcome = MR_OUTCOME_RAISED, .fault = {                                                   \
            .kind = (fault_kind),                                                                  \
            .status = (fault_status),                                                              \
            .message = MESSAGE,                                                                    \
            .name = NAME,                                                                          \
            .trace = TRACE                                                                         \
        }                                                                                          \
    }

static const struct {
    const char *what;
    struct mr_result result;
    bool answers; /* a request; an event is never answered */
    int status;   /* of the error reply; 0: a success */
    const char *name;
    bool request_log, event_log;
} rows[] = {
    {"a value",
     {.outcome = MR_OUTCOME_RETURNED, .reply = MR_REPLY_VALUE, .value = {"{}", 2}},
     true,
     0,
     NULL,
     false,
     false},
    {"null", {.outcome = MR_OUTCOME_RETURNED, .reply = MR_REPLY_NULL}, true, 0, NULL, false, false},
    {"nothing",
     {.outcome = MR_OUTCOME_RETURNED, .reply = MR_REPLY_NONE},
     false,
     0,
     NULL,
     false,
     false},
    {"a status of the client's", RAISED(MR_FAULT_STATUS, 404), true, 404, "OwnError", false, true},
    {"a status of the service's", RAISED(MR_FAULT_STATUS, 503), true, 503, "OwnError", false, true},
    {"an error", RAISED(MR_FAULT_ERROR, 500), true, 500, "OwnError", true, true},
    {"a retry", RAISED(MR_FAULT_RETRY, 500), true, 503, "OwnError", true, true},
    {"a rejection", RAISED(MR_FAULT_REJECT, 500), true, 500, "OwnError", true, true},
    {"no JSON",
     {.outcome = MR_OUTCOME_UNDECODABLE, .fault = {.message = MESSAGE}},
     true,
     400,
     "ValidationError",
     true,
     true},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void a_request_is_answered_as_its_handler_ended(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct mr_verdict verdict = mr_verdict_of(&rows[i].result, true, false);
        if (verdict.answers != rows[i].answers || verdict.log != rows[i].request_log ||
            verdict.answer.is_error != (rows[i].status != 0) ||
            verdict.answer.status != rows[i].status ||
            verdict.status != (rows[i].status != 0 ? MR_STATUS_ERROR : MR_STATUS_SUCCESS))
            fail_msg("%s: answers %d, error %d, status %d, log %d, counted as %d", rows[i].what,
                     verdict.answers, verdict.answer.is_error, verdict.answer.status, verdict.log,
                     verdict.status);
        if (rows[i].status == 0)
            continue;
        assert_true(mr_bytes_equal(verdict.answer.message, MR_BYTES("what is wrong")));
        assert_true(mr_bytes_equal(verdict.answer.name, mr_bytes_of(rows[i].name)));
    }
}

static void an_event_is_never_answered_and_its_failure_always_logged(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct mr_verdict verdict = mr_verdict_of(&rows[i].result, false, false);
        if (verdict.answers || verdict.log != rows[i].event_log ||
            verdict.status != (rows[i].status != 0 ? MR_STATUS_ERROR : MR_STATUS_SUCCESS))
            fail_msg("%s: answers %d, log %d, counted as %d", rows[i].what, verdict.answers,
                     verdict.log, verdict.status);
    }
}

static void a_reply_is_the_value_with_its_headers(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {{{"a", 1}, {"b", 1}}};
    const struct mr_result result = {.outcome = MR_OUTCOME_RETURNED,
                                     .reply = MR_REPLY_VALUE,
                                     .value = MR_BYTES("[1]"),
                                     .headers = headers,
                                     .header_count = 1};
    struct mr_verdict verdict = mr_verdict_of(&result, true, false);
    assert_true(mr_bytes_equal(verdict.answer.value, MR_BYTES("[1]")));
    assert_ptr_equal(verdict.answer.headers, headers);
    assert_int_equal(verdict.answer.header_count, 1);
    assert_false(verdict.answer.raw);
}

static void a_null_reply_has_no_value_and_may_have_headers(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {{{"a", 1}, {"b", 1}}};
    const struct mr_result result = {.outcome = MR_OUTCOME_RETURNED,
                                     .reply = MR_REPLY_NULL,
                                     .value = MR_BYTES("of before"),
                                     .headers = headers,
                                     .header_count = 1};
    struct mr_verdict verdict = mr_verdict_of(&result, true, false);
    assert_null(verdict.answer.value.data);
    assert_int_equal(verdict.answer.header_count, 1);
}

static void only_strings_of_raw_routes_go_as_they_are(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool raw = i & 1, is_string = i & 2;
        const struct mr_result result = {.outcome = MR_OUTCOME_RETURNED,
                                         .reply = MR_REPLY_VALUE,
                                         .value = MR_BYTES("x"),
                                         .value_is_string = is_string};
        assert_true(mr_verdict_of(&result, true, raw).answer.raw == (raw && is_string));
    }
}

static void judge(void *result)
{
    mr_verdict_of(result, true, false);
}

static void a_handler_that_waits_has_no_verdict(void **state)
{
    (void)state;
    char said[256];
    struct mr_result result = {.outcome = MR_OUTCOME_YIELDED};
    assert_true(panics(judge, &result, said, sizeof(said)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_as_its_handler_ended),
        cmocka_unit_test(an_event_is_never_answered_and_its_failure_always_logged),
        cmocka_unit_test(a_reply_is_the_value_with_its_headers),
        cmocka_unit_test(a_null_reply_has_no_value_and_may_have_headers),
        cmocka_unit_test(only_strings_of_raw_routes_go_as_they_are),
        cmocka_unit_test(a_handler_that_waits_has_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
