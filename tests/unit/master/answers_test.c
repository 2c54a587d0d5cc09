#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "a_view.h"
#include "master/answers.h"

static unsigned ask(struct a_view *a, struct mr_question question, const char *type,
                    const char *part)
{
    struct mr_answer answer;
    mr_answer(&question, &a->view, &answer);
    assert_string_equal(answer.type, type);
    if (strstr(mr_buf_text(&answer.body), part) == NULL)
        fail_msg("no \"%s\" in: %s", part, mr_buf_text(&answer.body));
    unsigned status = answer.status;
    mr_buf_free(&answer.body);
    return status;
}

static unsigned get(struct a_view *a, const char *path, const char *type, const char *part)
{
    return ask(a, (struct mr_question){.method = "GET", .path = path}, type, part);
}

static const char json[] = "application/json";
static const char text[] = "text/plain; charset=utf-8";

static void each_path_has_its_answer(void **state)
{
    struct a_view *a = *state;
    assert_int_equal(get(a, "/health", json, "\"status\":\"ok\""), 200);
    assert_int_equal(get(a, "/health/live", json, "\"status\":\"ok\""), 200);
    assert_int_equal(get(a, "/health/ready", json, "\"status\":\"ok\""), 200);
    assert_int_equal(get(a, "/status", json, "\"service\":\"shop\""), 200);
    assert_int_equal(get(a, "/metrics", "text/plain; version=0.0.4; charset=utf-8",
                         "shop_uptime_seconds 99.250"),
                     200);
}

static void what_is_not_well_is_503(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[0].state, MR_WORKER_LOADED);
    assert_int_equal(get(a, "/health", json, "\"reason\":\"joining\""), 503);
    assert_int_equal(get(a, "/health/ready", json, "\"reason\":\"joining\""), 503);
    assert_int_equal(get(a, "/health/live", json, "\"status\":\"ok\""), 200);
}

static void people_are_answered_in_text(void **state)
{
    struct a_view *a = *state;
    struct mr_question health = {.method = "GET", .path = "/health", .as_text = true};
    struct mr_question status = {.method = "GET", .path = "/status", .as_text = true};
    assert_int_equal(ask(a, health, text, "ok\n"), 200);
    assert_int_equal(ask(a, status, text, "shop: moonroute 1.2.3, pid 200, up 1 min 39 s"), 200);
}

static void an_unknown_path_is_404_and_says_which_are_known(void **state)
{
    struct a_view *a = *state;
    static const char *const paths[] = {"/nothing", "/", "", "/health/", "/Health", "/metrics/x"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_int_equal(get(a, paths[i], json,
                             "\"paths\":[\"/health\",\"/health/live\",\"/health/ready\","
                             "\"/metrics\",\"/status\"]"),
                         404);
}

static void other_methods_are_405_with_those_allowed(void **state)
{
    struct a_view *a = *state;
    struct mr_answer answer;
    struct mr_question question = {.method = "POST", .path = "/health"};
    mr_answer(&question, &a->view, &answer);
    assert_int_equal(answer.status, 405);
    assert_string_equal(answer.allow, "GET, HEAD");
    mr_buf_free(&answer.body);
}

static void a_body_is_refused(void **state)
{
    struct a_view *a = *state;
    struct mr_question question = {.method = "GET", .path = "/health", .has_body = true};
    assert_int_equal(ask(a, question, json, "body"), 413);
}

static void head_is_answered_as_get(void **state)
{
    struct a_view *a = *state;
    struct mr_question question = {.method = "HEAD", .path = "/health"};
    assert_int_equal(ask(a, question, json, "ok"), 200);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_view, tear_down_view)
    const struct CMUnitTest tests[] = {
        TEST(each_path_has_its_answer),
        TEST(what_is_not_well_is_503),
        TEST(people_are_answered_in_text),
        TEST(an_unknown_path_is_404_and_says_which_are_known),
        TEST(other_methods_are_405_with_those_allowed),
        TEST(a_body_is_refused),
        TEST(head_is_answered_as_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
