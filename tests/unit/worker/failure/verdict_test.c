#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "panics.h"
#include "worker/failure/verdict.h"

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

enum { MAX_RETRIES = 3 };

static struct mr_policy policy = {
    .retry = {.max = MAX_RETRIES, .base = 1000, .cap = 30000, .multiplier = 2, .jitter = 0.1}};

/* The whole table: what is done while retries are left, and after the last one. */
static const struct {
    const char *what;
    struct mr_result result;
    const char *request, *request_last, *event, *event_last;
} rows[] = {
    {"a value",
     {.outcome = MR_OUTCOME_RETURNED, .reply = MR_REPLY_VALUE, .value = {"{}", 2}},
     "reply, success",
     "reply, success",
     "success",
     "success"},
    {"null",
     {.outcome = MR_OUTCOME_RETURNED, .reply = MR_REPLY_NULL},
     "reply, success",
     "reply, success",
     "success",
     "success"},
    {"nothing",
     {.outcome = MR_OUTCOME_RETURNED, .reply = MR_REPLY_NONE},
     "success",
     "success",
     "success",
     "success"},
    {"statusCode=4xx", RAISED(MR_FAULT_STATUS, 404), "error 404, error", "error 404, error",
     "dead letter, log, dead_letter", "dead letter, log, dead_letter"},
    {"statusCode=499", RAISED(MR_FAULT_STATUS, 499), "error 499, error", "error 499, error",
     "dead letter, log, dead_letter", "dead letter, log, dead_letter"},
    {"statusCode=5xx", RAISED(MR_FAULT_STATUS, 503), "error 503, error", "error 503, error",
     "retry, log", "dead letter, log, dead_letter"},
    {"statusCode=500", RAISED(MR_FAULT_STATUS, 500), "error 500, error", "error 500, error",
     "retry, log", "dead letter, log, dead_letter"},
    {"retry_after", RAISED(MR_FAULT_RETRY, 503), "retry, log",
     "error 503, dead letter, log, dead_letter", "retry, log", "dead letter, log, dead_letter"},
    {"retry_after with statusCode", RAISED(MR_FAULT_RETRY, 429), "retry, log",
     "error 429, dead letter, log, dead_letter", "retry, log", "dead letter, log, dead_letter"},
    {"retryable=false with statusCode", RAISED(MR_FAULT_REJECT, 422),
     "error 422, dead letter, log, dead_letter", "error 422, dead letter, log, dead_letter",
     "dead letter, log, dead_letter", "dead letter, log, dead_letter"},
    {"retryable=false", RAISED(MR_FAULT_REJECT, 500), "error 500, dead letter, log, dead_letter",
     "error 500, dead letter, log, dead_letter", "dead letter, log, dead_letter",
     "dead letter, log, dead_letter"},
    {"any other error", RAISED(MR_FAULT_ERROR, 500), "error 500, dead letter, log, dead_letter",
     "error 500, dead letter, log, dead_letter", "retry, log", "dead letter, log, dead_letter"},
    {"a record that cannot be delivered", RAISED(MR_FAULT_RECORD, 500),
     "error 500, dead letter, log, dead_letter", "error 500, dead letter, log, dead_letter",
     "retry, log", "dead letter, log, dead_letter"},
    {"a mistake", RAISED(MR_FAULT_MISTAKE, 500), "error 500, dead letter, log, dead_letter",
     "error 500, dead letter, log, dead_letter", "dead letter, log, dead_letter",
     "dead letter, log, dead_letter"},
    {"not valid JSON",
     {.outcome = MR_OUTCOME_UNDECODABLE, .fault = {.message = MESSAGE}},
     "error 400, dead letter, log, dead_letter",
     "error 400, dead letter, log, dead_letter",
     "dead letter, log, dead_letter",
     "dead letter, log, dead_letter"},
    {"a reply that cannot be delivered", RAISED(MR_FAULT_REPLY, 500),
     "dead letter, log, dead_letter", "dead letter, log, dead_letter",
     "dead letter, log, dead_letter", "dead letter, log, dead_letter"},
    {"over the time budget", RAISED(MR_FAULT_TIME, 500), "error 504, dead letter, log, dead_letter",
     "error 504, dead letter, log, dead_letter", "dead letter, log, dead_letter",
     "dead letter, log, dead_letter"},
    {"over the memory budget", RAISED(MR_FAULT_MEMORY, 500),
     "error 500, dead letter, log, dead_letter", "error 500, dead letter, log, dead_letter",
     "dead letter, log, dead_letter", "dead letter, log, dead_letter"},
    {"no memory, by others' doing", RAISED(MR_FAULT_ROOM, 500), "retry, log", "retry, log",
     "retry, log", "retry, log"},
    {"a worker that died of it", RAISED(MR_FAULT_CRASH, 500),
     "error 500, dead letter, log, dead_letter", "error 500, dead letter, log, dead_letter",
     "dead letter, log, dead_letter", "dead letter, log, dead_letter"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static struct mr_verdict judge_as(const struct mr_result *result, bool is_request, int retries)
{
    const struct mr_trial trial = {
        .is_request = is_request, .retries = retries, .policy = &policy, .random = 1};
    return mr_verdict_of(result, &trial);
}

static void describe(char *text, size_t size, const struct mr_verdict *verdict)
{
    char answer[32] = "";
    if (verdict->answers && verdict->answer.is_error)
        snprintf(answer, sizeof(answer), "error %d, ", verdict->answer.status);
    else if (verdict->answers)
        snprintf(answer, sizeof(answer), "reply, ");
    snprintf(text, size, "%s%s%s%s%s", answer, verdict->dead_letters ? "dead letter, " : "",
             verdict->retries ? "retry, " : "", verdict->log ? "log" : "",
             verdict->retries ? ""
             : verdict->log   ? ", "
                              : "");
    if (!verdict->retries)
        snprintf(text + strlen(text), size - strlen(text), "%s", mr_status_names[verdict->status]);
}

static void check(size_t row, bool is_request, int retries, const char *expected)
{
    char text[128];
    struct mr_verdict verdict = judge_as(&rows[row].result, is_request, retries);
    describe(text, sizeof(text), &verdict);
    if (strcmp(text, expected) != 0)
        fail_msg("%s, %s, %d retries: %s, not %s", rows[row].what, is_request ? "request" : "event",
                 retries, text, expected);
}

static void every_row_of_the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        for (int retries = 0; retries < MAX_RETRIES; retries++) {
            check(i, true, retries, rows[i].request);
            check(i, false, retries, rows[i].event);
        }
        check(i, true, MAX_RETRIES, rows[i].request_last);
        check(i, false, MAX_RETRIES, rows[i].event_last);
        check(i, true, MAX_RETRIES + 1, rows[i].request_last);
    }
}

static void what_others_did_is_no_retry_and_waits_for_nothing(void **state)
{
    (void)state;
    const struct mr_result result = RAISED(MR_FAULT_ROOM, 500);
    struct mr_verdict verdict = judge_as(&result, true, MAX_RETRIES);
    assert_true(verdict.retries && verdict.uncounted);
    assert_int_equal(verdict.delay, 0);
}

static void a_request_is_retried_after_an_error_if_its_route_says_so(void **state)
{
    (void)state;
    const struct mr_result error = RAISED(MR_FAULT_ERROR, 500),
                           status = RAISED(MR_FAULT_STATUS, 503);
    policy.retry.requests = true;
    struct mr_verdict first = judge_as(&error, true, 0);
    struct mr_verdict last = judge_as(&error, true, MAX_RETRIES);
    struct mr_verdict answered = judge_as(&status, true, 0);
    policy.retry.requests = false;
    assert_true(first.retries && !first.answers);
    assert_false(last.retries);
    assert_true(last.answers && last.dead_letters);
    assert_int_equal(last.answer.status, 500);
    assert_false(answered.retries);
}

static void without_retries_the_first_attempt_is_the_last(void **state)
{
    (void)state;
    policy.retry.max = 0;
    for (size_t i = 0; i < ROWS; i++) {
        check(i, true, 0, rows[i].request_last);
        check(i, false, 0, rows[i].event_last);
    }
    policy.retry.max = MAX_RETRIES;
}

static void an_error_reply_says_what_was_raised(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct mr_verdict verdict = judge_as(&rows[i].result, true, MAX_RETRIES);
        if (!verdict.answers || !verdict.answer.is_error)
            continue;
        assert_true(mr_bytes_equal(verdict.answer.message, MR_BYTES("what is wrong")));
        assert_true(mr_bytes_equal(verdict.answer.name, verdict.answer.status == 400
                                                            ? MR_BYTES("ValidationError")
                                                            : MR_BYTES("OwnError")));
    }
}

static void a_fault_that_names_its_delay_is_retried_after_that(void **state)
{
    (void)state;
    static const int64_t delays[] = {0, 1, 250, 100000, 31536000000};
    struct mr_result result = RAISED(MR_FAULT_RETRY, 500);
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        result.fault.retry_after = delays[i];
        assert_int_equal(judge_as(&result, false, 2).delay, delays[i]);
    }
}

static void a_delay_grows_to_its_cap(void **state)
{
    (void)state;
    static const int64_t expected[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct mr_policy plain = policy;
    plain.retry.jitter = 0;
    for (int n = 1; n <= 7; n++)
        assert_int_equal(mr_retry_delay(&plain, n, (uint64_t)n * 0x9e3779b97f4a7c15),
                         expected[n - 1]);
    assert_int_equal(mr_retry_delay(&plain, INT32_MAX, 0), 30000);
    const struct mr_result result = RAISED(MR_FAULT_ERROR, 500);
    for (int retries = 0; retries < MAX_RETRIES; retries++) {
        const struct mr_trial trial = {.retries = retries, .policy = &plain};
        assert_int_equal(mr_verdict_of(&result, &trial).delay, expected[retries]);
    }
}

static void whatever_the_settings_a_delay_is_near_what_they_say(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 200000; i++) {
        struct mr_policy any = {0};
        random = random * 6364136223846793005 + 1442695040888963407;
        any.retry.base = (int64_t)(random >> (random & 63));
        any.retry.base = any.retry.base < 0 ? INT64_MAX : any.retry.base;
        any.retry.cap = i % 3 == 0 ? INT64_MAX : (int64_t)(random >> 34);
        any.retry.multiplier = 1 + (double)(random >> 60) * (i % 5 == 0 ? 1e200 : 0.3);
        any.retry.jitter = (double)(i % 11) / 10;
        int n = i % 7 == 0 ? INT32_MAX : 1 + i % 50;
        int64_t delay = mr_retry_delay(&any, n, random);
        double cap = (double)any.retry.cap;
        assert_true(delay >= 0);
        assert_true((double)delay <= cap * (1 + any.retry.jitter) + 1);
        double least = fmin(any.retry.base > 0 ? (double)any.retry.base : 0, cap);
        assert_true((double)delay >= fmin(9e15, least * (1 - any.retry.jitter) - 1) - 1);
    }
}

static void jitter_takes_both_sides(void **state)
{
    (void)state;
    assert_int_equal(mr_retry_delay(&policy, 1, 0), 900);
    assert_int_equal(mr_retry_delay(&policy, 1, UINT64_MAX - (UINT64_C(1) << 60)), 1087);
    assert_int_equal(mr_retry_delay(&policy, 1, UINT64_C(1) << 63), 1000);
}

/* As what it spawned may: nobody is told by a reply that has gone, so it is treated as an event. */
static void what_fails_after_the_reply_has_gone_is_retried_or_dead_lettered(void **state)
{
    static const struct {
        int status, retries;
        bool retried, dead;
    } cases[] = {{400, 0, false, true}, {503, 0, true, false}, {503, MAX_RETRIES, false, true}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct mr_result result = RAISED(MR_FAULT_STATUS, cases[i].status);
        const struct mr_trial trial = {.is_request = true,
                                       .answered = true,
                                       .retries = cases[i].retries,
                                       .policy = &policy,
                                       .random = 1};
        struct mr_verdict verdict = mr_verdict_of(&result, &trial);
        assert_int_equal(verdict.retries, cases[i].retried);
        assert_int_equal(verdict.dead_letters, cases[i].dead);
        assert_true(verdict.log);
    }
}

static void an_error_after_the_reply_has_gone_is_retried_although_it_is_a_request_s(void **state)
{
    (void)state;
    const struct mr_result result = RAISED(MR_FAULT_ERROR, 500);
    const struct mr_trial trial = {.is_request = true, .answered = true, .policy = &policy};
    assert_true(mr_verdict_of(&result, &trial).retries);
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
    struct mr_verdict verdict = judge_as(&result, true, 0);
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
    struct mr_verdict verdict = judge_as(&result, true, 0);
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
        const struct mr_trial trial = {.is_request = true, .raw = raw, .policy = &policy};
        assert_true(mr_verdict_of(&result, &trial).answer.raw == (raw && is_string));
    }
}

static void judge(void *result)
{
    judge_as(result, true, 0);
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
        cmocka_unit_test(every_row_of_the_table_holds),
        cmocka_unit_test(what_others_did_is_no_retry_and_waits_for_nothing),
        cmocka_unit_test(a_request_is_retried_after_an_error_if_its_route_says_so),
        cmocka_unit_test(without_retries_the_first_attempt_is_the_last),
        cmocka_unit_test(an_error_reply_says_what_was_raised),
        cmocka_unit_test(a_fault_that_names_its_delay_is_retried_after_that),
        cmocka_unit_test(a_delay_grows_to_its_cap),
        cmocka_unit_test(whatever_the_settings_a_delay_is_near_what_they_say),
        cmocka_unit_test(jitter_takes_both_sides),
        cmocka_unit_test(what_fails_after_the_reply_has_gone_is_retried_or_dead_lettered),
        cmocka_unit_test(an_error_after_the_reply_has_gone_is_retried_although_it_is_a_request_s),
        cmocka_unit_test(a_reply_is_the_value_with_its_headers),
        cmocka_unit_test(a_null_reply_has_no_value_and_may_have_headers),
        cmocka_unit_test(only_strings_of_raw_routes_go_as_they_are),
        cmocka_unit_test(a_handler_that_waits_has_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
