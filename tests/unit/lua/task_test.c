/* Handlers that wait: yields, resumptions, coroutines of scripts, tasks that are dropped. */
#include "world.h"

#define ROUTER  "local router = require 'moonroute' "
#define HANDLER "function handleMessage(topic, message, headers, context) "

static void resume_done(struct world *world, struct mr_task *task)
{
    const struct mr_resumption done = {.kind = MR_RESUME_DONE};
    mr_task_resume(task, &done, &world->result);
}

static void resume_reply(struct world *world, struct mr_task *task, const char *value)
{
    const struct mr_resumption reply = {
        .kind = MR_RESUME_REPLY, .value = mr_bytes_of(value), .enveloped = true};
    mr_task_resume(task, &reply, &world->result);
}

static struct mr_task *begin(struct world *world, const char *script)
{
    world_script(world, script);
    struct mr_task *task = world_start(world, "1");
    if (world->result.outcome == MR_OUTCOME_RAISED)
        fail_msg("raised: %s", world_text(world->result.fault.message));
    return task;
}

static void end_with(struct world *world, struct mr_task *task, const char *reply)
{
    assert_reply(world, reply);
    world_end(world, task);
}

static void sleep_waits_for_the_host(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(world, ROUTER HANDLER "router.sleep(25.9) return 'awake' end");
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
    assert_int_equal(world->slept, 25);
    resume_done(world, task);
    end_with(world, task, "\"awake\"");
}

static void a_negative_sleep_is_none(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(world, ROUTER HANDLER "router.sleep(-1) return 1 end");
    assert_int_equal(world->slept, 0);
    resume_done(world, task);
    end_with(world, task, "1");
}

static void sleep_wants_a_number(void **state)
{
    assert_fails(*state, ROUTER HANDLER "router.sleep('1') end", "1",
                 "test.lua:1: router.sleep: expected milliseconds, got 1");
    assert_fails(*state, ROUTER HANDLER "router.sleep(0/0) end", "1", "router.sleep: expected");
}

static void a_request_carries_its_options(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(world, ROUTER HANDLER
                                 "return router.request('x-commands', { id = 7 }, { timeout = 50, "
                                 "reply_to = 'mine', headers = { { 'a', 1 } }, key = 9, "
                                 "partition = 2, dialect = 'kafka-client' }) end");
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
    assert_string_equal(world->asked.topic, "x-commands");
    assert_string_equal(world->asked.value, "{\"id\":7}");
    assert_string_equal(world->asked.headers, "a=1");
    assert_string_equal(world->asked.key, "9");
    assert_string_equal(world->asked.reply_to, "mine");
    assert_string_equal(world->asked.dialect, "kafka-client");
    assert_int_equal(world->asked.partition, 2);
    assert_int_equal(world->asked.timeout, 50);
    assert_ptr_equal(world->asked.job, world);
    resume_reply(world, task, "{\"success\":true,\"data\":{\"b\":1}}");
    end_with(world, task, "{\"b\":1}");
}

static void a_request_without_options_leaves_them_to_the_host(void **state)
{
    struct world *world = *state;
    struct mr_task *task =
        begin(world, ROUTER HANDLER "return router.request('x', { id = 7 }) end");
    assert_string_equal(world->asked.key, "-"); /* the correlation id, not the value's */
    assert_string_equal(world->asked.reply_to, "-");
    assert_string_equal(world->asked.dialect, "-");
    assert_int_equal(world->asked.partition, MR_PARTITION_ANY);
    assert_int_equal(world->asked.timeout, 0);
    world_end(world, task);
}

static void a_timeout_is_at_least_a_millisecond(void **state)
{
    struct world *world = *state;
    static const char *const timeouts[] = {"-5", "0", "0.5", "1"};
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        char script[256];
        snprintf(script, sizeof(script),
                 ROUTER HANDLER "router.request('x', 1, { timeout = %s }) end", timeouts[i]);
        struct mr_task *task = begin(world, script);
        assert_int_equal(world->asked.timeout, 1);
        world_end(world, task);
    }
}

static void an_impossible_request_raises_at_once(void **state)
{
    static const struct {
        const char *arguments, *why;
    } cases[] = {
        {"'a b', 1", "test.lua:1: router.request: topic: 'a b' is not a name"},
        {"nil, 1", "router.request: topic: expected a string, got a nil"},
        {"'x'", "router.request: value: expected a value, got nil"},
        {"'x', print", "router.request: value: "},
        {"'x', 1, { timeout = 'long' }",
         "router.request: timeout: expected milliseconds, got \"long\""},
        {"'x', 1, { reply_to = '..' }", "router.request: reply_to: expected a topic's name"},
        {"'x', 1, { dialect = 'morse' }", "router.request: dialect: expected one of kafka-client, "
                                          "plain, nestjs, spring, got \"morse\""},
        {"'x', 1, { timestamp = 1 }", "router.request: unknown option 'timestamp'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char script[256];
        snprintf(script, sizeof(script), ROUTER HANDLER "router.request(%s) end",
                 cases[i].arguments);
        assert_fails(*state, script, "1", cases[i].why);
    }
    assert_int_equal(((struct world *)*state)->asked.count, 0);
}

/* What a handler sees of a reply: what it got, or what was raised. */
static const char catching[] =
    ROUTER HANDLER "local ok, data, answer = pcall(router.request, 'x', 1) "
                   "if ok then return { 'got', data, answer.h } end "
                   "return { data.statusCode, data.message, data.error } end";

static const struct {
    const char *value, *seen;
    bool bare, is_error;
} replies[] = {
    {"{\"success\":true,\"data\":[1]}", "[\"got\",[1],\"v\"]", false, false},
    {"{\"success\":true,\"data\":null}", "[\"got\",null,\"v\"]", false, false},
    {"{\"success\":true}", "[\"got\",{\"success\":true},\"v\"]", true, false},
    {"{\"success\":false,\"statusCode\":404,\"message\":\"gone\",\"error\":\"NotFound\"}",
     "[404,\"gone\",\"NotFound\"]", false, false},
    {"{\"success\":false}", "[500,\"Unknown error occurred\",\"InternalServerError\"]", false,
     false},
    {"{\"success\":\"yes\"}", "[\"got\",{\"success\":\"yes\"},\"v\"]", false, false},
    {"{\"a\":1}", "[\"got\",{\"a\":1},\"v\"]", false, false},
    {"\"text\"", "[\"got\",\"text\",\"v\"]", false, false},
    {NULL, "[\"got\",null,\"v\"]", false, false},
    {"{\"statusCode\":418,\"message\":\"tea\",\"error\":\"Teapot\"}", "[418,\"tea\",\"Teapot\"]",
     true, true},
    {"\"odd\"", "[500,\"odd\",\"InternalServerError\"]", true, true},
    {"[1]", "[500,\"Unknown error occurred\",\"InternalServerError\"]", true, true},
    {"{\"status\":\"error\",\"message\":\"odd\"}", "[500,\"odd\",\"InternalServerError\"]", true,
     true},
};

static void replies_are_unwrapped_or_raised(void **state)
{
    struct world *world = *state;
    struct mr_pair header = {MR_BYTES("h"), MR_BYTES("v")};
    world_script(world, catching);
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct mr_task *task = world_start(world, "1");
        struct mr_resumption reply = {.kind = MR_RESUME_REPLY,
                                      .value = mr_bytes_of(replies[i].value),
                                      .enveloped = !replies[i].bare,
                                      .is_error = replies[i].is_error,
                                      .headers = &header,
                                      .header_count = 1};
        mr_task_resume(task, &reply, &world->result);
        end_with(world, task, replies[i].seen);
    }
}

static void the_envelope_of_a_reply_is_a_level_of_its_own(void **state)
{
    struct world *world = *state;
    enum { MOST = 512 };
    for (int levels = MOST; levels <= MOST + 1; levels++) {
        struct mr_buf value = {0};
        mr_buf_string(&value, "{\"success\":true,\"data\":");
        for (int i = 0; i < levels; i++)
            mr_buf_string(&value, "[");
        for (int i = 0; i < levels; i++)
            mr_buf_string(&value, "]");
        mr_buf_string(&value, "}");
        struct mr_task *task =
            begin(world, ROUTER HANDLER "local ok, data = pcall(router.request, 't', 1) "
                                        "return ok and 'read' or data.message end");
        resume_reply(world, task, mr_buf_text(&value));
        end_with(world, task,
                 levels == MOST ? "\"read\""
                                : "\"Reply is not valid JSON: byte 536: more than 512 levels\"");
        mr_buf_free(&value);
    }
}

static void a_bare_reply_is_text_unless_it_begins_as_an_object_or_a_list(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *value, *seen;
        bool is_error;
    } bare[] = {
        {"text", "[\"got\",\"text\"]", false},
        {"42", "[\"got\",\"42\"]", false},
        {"", "[\"got\",\"\"]", false},
        {" {}", "[\"got\",\" {}\"]", false},
        {"[1]", "[\"got\",[1]]", false},
        {"{\"success\":true}", "[\"got\",{\"success\":true}]", false},
        {NULL, "[\"got\",null]", false},
        {"Internal server error", "[500,\"Internal server error\",\"InternalServerError\"]", true},
        {"{\"statusCode\":404,\"message\":\"gone\",\"error\":\"NotFound\"}",
         "[404,\"gone\",\"NotFound\"]", true},
    };
    world_script(world, catching);
    for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
        struct mr_task *task = world_start(world, "1");
        const struct mr_resumption reply = {.kind = MR_RESUME_REPLY,
                                            .value = mr_bytes_of(bare[i].value),
                                            .codec = MR_CODEC_BARE,
                                            .is_error = bare[i].is_error};
        mr_task_resume(task, &reply, &world->result);
        end_with(world, task, bare[i].seen);
    }
}

static void a_bare_reply_that_begins_as_an_object_and_is_none_is_error_502(void **state)
{
    struct world *world = *state;
    const struct mr_resumption reply = {
        .kind = MR_RESUME_REPLY, .value = MR_BYTES("{text"), .codec = MR_CODEC_BARE};
    world_script(world, catching);
    struct mr_task *task = world_start(world, "1");
    mr_task_resume(task, &reply, &world->result);
    assert_non_null(strstr(world_text(world->result.value), "[502,\"Reply is not valid JSON: "));
    world_end(world, task);
}

static void strings_are_asked_bare_in_nestjs_alone(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *arguments, *value;
    } rows[] = {
        {"'a \"b\"', { dialect = 'nestjs' }", "a \"b\""},
        {"'a', { dialect = 'spring' }", "\"a\""},
        {"'a', { dialect = 'plain' }", "\"a\""},
        {"4.5, { dialect = 'nestjs' }", "4.5"},
        {"true, { dialect = 'nestjs' }", "true"},
        {"{ 'a' }, { dialect = 'nestjs' }", "[\"a\"]"},
        {"router.null, { dialect = 'nestjs' }", "-"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char script[256];
        snprintf(script, sizeof(script), ROUTER HANDLER "router.request('x', %s) end",
                 rows[i].arguments);
        struct mr_task *task = begin(world, script);
        assert_string_equal(world->asked.value, rows[i].value);
        world_end(world, task);
    }
}

static void a_reply_that_is_no_json_is_error_502(void **state)
{
    struct world *world = *state;
    static const char *const values[] = {"{", ""};
    world_script(world, catching);
    for (size_t i = 0; i < 2; i++) {
        struct mr_task *task = world_start(world, "1");
        resume_reply(world, task, values[i]);
        const char *seen = world_text(world->result.value);
        assert_non_null(strstr(seen, "[502,\"Reply is not valid JSON: "));
        assert_non_null(strstr(seen, "\"BadReply\"]"));
        world_end(world, task);
    }
}

static void an_error_of_the_host_is_raised_where_the_script_asked(void **state)
{
    struct world *world = *state;
    const struct mr_resumption late = {.kind = MR_RESUME_STATUS_ERROR,
                                       .status = 504,
                                       .message = MR_BYTES("Request timeout after 50ms"),
                                       .name = MR_BYTES("RequestTimeout")};
    world_script(world, catching);
    struct mr_task *task = world_start(world, "1");
    mr_task_resume(task, &late, &world->result);
    end_with(world, task, "[504,\"Request timeout after 50ms\",\"RequestTimeout\"]");
    world_script(world, ROUTER HANDLER "router.request('x', 1) end");
    task = world_start(world, "1");
    mr_task_resume(task, &late, &world->result);
    assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED);
    assert_int_equal(world->result.fault.kind, MR_FAULT_STATUS);
    assert_int_equal(world->result.fault.status, 504);
    world_end(world, task);
}

static void a_refusal_of_the_host_is_raised_with_the_scripts_line(void **state)
{
    struct world *world = *state;
    world->refusal = "the queue is full";
    assert_fails(world, ROUTER HANDLER "router.request('x', 1) end", "1",
                 "scripts/test.lua:1: router.request: the queue is full");
    assert_fails(world, ROUTER HANDLER "router.sleep(1) end", "1",
                 "scripts/test.lua:1: router.sleep: the queue is full");
    assert_handles(world, ROUTER HANDLER "for _ = 1, 3 do pcall(router.sleep, 1) end return 1 end",
                   "1", "1");
}

static void a_script_can_wait_inside_pcall_and_coroutines(void **state)
{
    struct world *world = *state;
    struct mr_task *task =
        begin(world, ROUTER HANDLER
              "local outer = coroutine.wrap(function(a) "
              "  local inner = coroutine.create(function(b) "
              "    local ok, data = pcall(function() return router.request('x', b) end) "
              "    coroutine.yield(ok, data) "
              "    router.sleep(5) "
              "    return 'end' "
              "  end) "
              "  local _, ok, data = coroutine.resume(inner, a) "
              "  coroutine.yield(data) "
              "  local _, last = coroutine.resume(inner) "
              "  return last .. coroutine.status(inner) "
              "end) "
              "local first = outer('q') "
              "return { first, outer() } end");
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
    assert_string_equal(world->asked.value, "\"q\"");
    resume_reply(world, task, "\"a\"");
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
    assert_int_equal(world->slept, 5);
    resume_done(world, task);
    end_with(world, task, "[\"a\",\"enddead\"]");
}

static void coroutines_of_scripts_work_as_ever(void **state)
{
    assert_handles(*state,
                   HANDLER "local list = {} "
                           "for v in coroutine.wrap(function() for i = 1, 3 do "
                           "coroutine.yield(i, 'x') end end) do list[#list + 1] = v end "
                           "local co = coroutine.create(function(...) return select('#', ...) end) "
                           "local ok, n = coroutine.resume(co, nil, nil, nil) "
                           "local dead, why = coroutine.resume(co) "
                           "return { list, ok, n, dead, why, coroutine.running() == nil } end",
                   "1", "[[1,2,3],true,3,false,\"cannot resume dead coroutine\",true]");
    assert_fails(*state, HANDLER "coroutine.wrap(function() error('in there') end)() end", "1",
                 "scripts/test.lua:1: in there");
}

static void a_yield_outside_a_coroutine_is_refused(void **state)
{
    assert_fails(*state, HANDLER "coroutine.yield(1) end", "1",
                 "test.lua:1: attempt to yield outside a coroutine: use router.sleep or "
                 "router.request");
}

static void waiting_inside_a_c_function_is_an_error_and_asks_for_nothing(void **state)
{
    struct world *world = *state;
    assert_fails(world, ROUTER HANDLER "table.sort({ 2, 1 }, function() router.sleep(1) end) end",
                 "1", "attempt to yield across C-call boundary");
    assert_fails(world,
                 ROUTER HANDLER "table.sort({ 2, 1 }, function() "
                                "coroutine.wrap(function() router.request('x', 1) end)() end) end",
                 "1", "attempt to yield across C-call boundary");
    assert_int_equal(world->sleeps + world->asked.count, 0);
}

static void nobody_else_resumes_a_coroutine_that_waits(void **state)
{
    struct world *world = *state;
    world_script(world, ROUTER HANDLER "if message == 1 then "
                                       "  co = coroutine.create(function() "
                                       "    return (router.request('x', 1)) end) "
                                       "  return { coroutine.resume(co) } "
                                       "end "
                                       "return { coroutine.resume(co, 'forged') } end");
    struct mr_task *first = world_start(world, "1");
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
    struct mr_task *second = world_start(world, "2");
    end_with(world, second, "[false,\"cannot resume a coroutine that waits for the router\"]");
    resume_reply(world, first, "5");
    end_with(world, first, "[true,5]");
}

static void many_tasks_wait_at_once_and_end_in_any_order(void **state)
{
    enum { COUNT = 300 };
    struct world *world = *state;
    static struct mr_task *tasks[COUNT];
    static char values[COUNT][16]; /* borrowed until the tasks have ended */
    world_script(world, ROUTER HANDLER "router.sleep(1) return { message, context.offset } end");
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            snprintf(values[i], sizeof(values[i]), "%d", i);
            struct mr_incoming incoming = world_message(values[i]);
            incoming.offset = i;
            tasks[i] = world_begin(world, MR_CODEC_JSON, &incoming);
        }
        for (int k = 0; k < COUNT; k++) {
            char expected[32];
            int i = (k * 7) % COUNT;
            snprintf(expected, sizeof(expected), "[%d,%d]", i, i);
            resume_done(world, tasks[i]);
            end_with(world, tasks[i], expected);
        }
    }
}

static void a_task_that_waits_can_be_dropped(void **state)
{
    struct world *world = *state;
    world_script(world, ROUTER HANDLER "router.sleep(1) return 1 end");
    for (int i = 0; i < 100; i++)
        world_end(world, world_start(world, "1"));
    struct mr_task *task = world_start(world, "1");
    resume_done(world, task);
    end_with(world, task, "1");
}

static void a_coroutine_serves_again_after_a_reply_and_is_replaced_after_an_error(void **state)
{
    struct world *world = *state;
    world_script(world, HANDLER "if message == 1 then error('no') end "
                                "return message, { a = 'b' } end");
    for (int i = 0; i < 100; i++) {
        world_end(world, world_start(world, "1"));
        struct mr_task *task = world_start(world, "[\"x\"]");
        end_with(world, task, "[\"x\"]");
    }
}

static void many_returned_values_are_no_harm(void **state)
{
    assert_handles(*state,
                   HANDLER "local t = {} for i = 1, 5000 do t[i] = {} end return unpack(t) end",
                   "1", "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(sleep_waits_for_the_host),
        world_test(a_negative_sleep_is_none),
        world_test(sleep_wants_a_number),
        world_test(a_request_carries_its_options),
        world_test(a_request_without_options_leaves_them_to_the_host),
        world_test(a_timeout_is_at_least_a_millisecond),
        world_test(an_impossible_request_raises_at_once),
        world_test(replies_are_unwrapped_or_raised),
        world_test(the_envelope_of_a_reply_is_a_level_of_its_own),
        world_test(a_bare_reply_is_text_unless_it_begins_as_an_object_or_a_list),
        world_test(a_bare_reply_that_begins_as_an_object_and_is_none_is_error_502),
        world_test(strings_are_asked_bare_in_nestjs_alone),
        world_test(a_reply_that_is_no_json_is_error_502),
        world_test(an_error_of_the_host_is_raised_where_the_script_asked),
        world_test(a_refusal_of_the_host_is_raised_with_the_scripts_line),
        world_test(a_script_can_wait_inside_pcall_and_coroutines),
        world_test(coroutines_of_scripts_work_as_ever),
        world_test(a_yield_outside_a_coroutine_is_refused),
        world_test(waiting_inside_a_c_function_is_an_error_and_asks_for_nothing),
        world_test(nobody_else_resumes_a_coroutine_that_waits),
        world_test(many_tasks_wait_at_once_and_end_in_any_order),
        world_test(a_task_that_waits_can_be_dropped),
        world_test(a_coroutine_serves_again_after_a_reply_and_is_replaced_after_an_error),
        world_test(many_returned_values_are_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
