/* What handlers raise, told apart. */
#include "world.h"

#define HANDLER         "function handleMessage(topic, message, headers, context) "
#define ROUTER          "local router = require 'moonroute' "
#define DEFAULT_MESSAGE "Unknown error occurred"
#define DEFAULT_NAME    "InternalServerError"

static const struct raising {
    const char *code; /* what the handler does */
    enum mr_fault_kind kind;
    int status;
    int64_t retry_after;
    const char *message, *name;
} raisings[] = {
    {"error { statusCode = 400, message = 'no', error = 'ValidationError' }", MR_FAULT_STATUS, 400,
     0, "no", "ValidationError"},
    {"error { statusCode = 404 }", MR_FAULT_STATUS, 404, 0, DEFAULT_MESSAGE, DEFAULT_NAME},
    {"error { statusCode = 599, message = 1.5 }", MR_FAULT_STATUS, 599, 0, "1.5", DEFAULT_NAME},
    {"error { statusCode = 200, message = 'm' }", MR_FAULT_STATUS, 500, 0, "m", DEFAULT_NAME},
    {"error { statusCode = 600 }", MR_FAULT_STATUS, 500, 0, DEFAULT_MESSAGE, DEFAULT_NAME},
    {"error { statusCode = 400.5 }", MR_FAULT_STATUS, 500, 0, DEFAULT_MESSAGE, DEFAULT_NAME},
    {"error { statusCode = 0/0 }", MR_FAULT_STATUS, 500, 0, DEFAULT_MESSAGE, DEFAULT_NAME},
    {"error { statusCode = '400' }", MR_FAULT_STATUS, 500, 0, DEFAULT_MESSAGE, DEFAULT_NAME},
    {"error { statusCode = 400, message = router.null, error = router.null }", MR_FAULT_STATUS, 400,
     0, DEFAULT_MESSAGE, DEFAULT_NAME},
    {"error { statusCode = 400, message = '\\255\\200a' }", MR_FAULT_STATUS, 400, 0,
     "\xef\xbf\xbd\xef\xbf\xbd"
     "a",
     DEFAULT_NAME},
    {"error { statusCode = 400, message = setmetatable({}, { __tostring = error }) }",
     MR_FAULT_STATUS, 400, 0, "(table that cannot be shown)", DEFAULT_NAME},
    {"error { statusCode = 400, retry_after = 1, retryable = false }", MR_FAULT_REJECT, 400, 0,
     DEFAULT_MESSAGE, DEFAULT_NAME},
    {"error { statusCode = 422, retryable = false, message = 'm', error = 'N' }", MR_FAULT_REJECT,
     422, 0, "m", "N"},
    {"error { statusCode = 42, retryable = false }", MR_FAULT_REJECT, 500, 0, DEFAULT_MESSAGE,
     DEFAULT_NAME},
    {"error { statusCode = 429, retry_after = 50, message = 'm' }", MR_FAULT_RETRY, 429, 50, "m",
     DEFAULT_NAME},
    {"error { statusCode = 'busy', retry_after = 50 }", MR_FAULT_RETRY, 500, 50, DEFAULT_MESSAGE,
     DEFAULT_NAME},
    {"error { statusCode = 429, retry_after = 'soon' }", MR_FAULT_STATUS, 429, 0, DEFAULT_MESSAGE,
     DEFAULT_NAME},
    {"error { retry_after = 1, retryable = false }", MR_FAULT_REJECT, 500, 0, DEFAULT_MESSAGE,
     DEFAULT_NAME},
    {"error { retry_after = 1, retryable = true }", MR_FAULT_RETRY, 503, 1, DEFAULT_MESSAGE,
     DEFAULT_NAME},
    {"error { retry_after = 250, message = 'later' }", MR_FAULT_RETRY, 503, 250, "later",
     DEFAULT_NAME},
    {"error { retry_after = -5 }", MR_FAULT_RETRY, 503, 0, DEFAULT_MESSAGE, DEFAULT_NAME},
    {"error { retry_after = 2.7 }", MR_FAULT_RETRY, 503, 2, DEFAULT_MESSAGE, DEFAULT_NAME},
    {"error { retry_after = math.huge }", MR_FAULT_RETRY, 503, 31536000000, DEFAULT_MESSAGE,
     DEFAULT_NAME},
    {"error { retry_after = 'soon', message = 'm' }", MR_FAULT_ERROR, 500, 0, "m", DEFAULT_NAME},
    {"error { retry_after = 0/0, message = 'm' }", MR_FAULT_ERROR, 500, 0, "m", DEFAULT_NAME},
    {"error { retryable = false, message = 'never' }", MR_FAULT_REJECT, 500, 0, "never",
     DEFAULT_NAME},
    {"error { retryable = true, message = 'm' }", MR_FAULT_ERROR, 500, 0, "m", DEFAULT_NAME},
    {"error { message = 'm', error = 'N' }", MR_FAULT_STATUS, 500, 0, "m", "N"},
    {"error {}", MR_FAULT_STATUS, 500, 0, "Unknown error occurred", DEFAULT_NAME},
    {"error { code = 5 }", MR_FAULT_ERROR, 500, 0, "{\"code\":5}", DEFAULT_NAME},
    {"error('text')", MR_FAULT_ERROR, 500, 0, "scripts/test.lua:1: text", DEFAULT_NAME},
    {"error('text', 0)", MR_FAULT_ERROR, 500, 0, "text", DEFAULT_NAME},
    {"error()", MR_FAULT_ERROR, 500, 0, "nil", DEFAULT_NAME},
    {"error(42)", MR_FAULT_ERROR, 500, 0, "scripts/test.lua:1: 42", DEFAULT_NAME},
    {"error(false)", MR_FAULT_ERROR, 500, 0, "false", DEFAULT_NAME},
    {"error(setmetatable({}, { __tostring = function() return 'shown' end }))", MR_FAULT_ERROR, 500,
     0, "shown", DEFAULT_NAME},
    {"error(setmetatable({}, { __tostring = function() error('no') end }))", MR_FAULT_ERROR, 500, 0,
     "(table that cannot be shown)", DEFAULT_NAME},
    {"error(setmetatable({}, { __tostring = function() return {} end }))", MR_FAULT_ERROR, 500, 0,
     "(table that cannot be shown)", DEFAULT_NAME},
    {"error(setmetatable({}, { __index = function() error('no') end, __tostring = function() "
     "return 'odd' end }))",
     MR_FAULT_ERROR, 500, 0, "odd", DEFAULT_NAME},
    {"error(setmetatable({}, { __index = { statusCode = 418, message = 'class' } }))",
     MR_FAULT_STATUS, 418, 0, "class", DEFAULT_NAME},
    {"local nothing = nil; return nothing.field", MR_FAULT_ERROR, 500, 0,
     "scripts/test.lua:1: attempt to index local 'nothing' (a nil value)", DEFAULT_NAME},
    {"return missing", MR_FAULT_MISTAKE, 500, 0, "scripts/test.lua:1: undefined global 'missing'",
     DEFAULT_NAME},
    {"router.fail(409, 'taken', 'Conflict')", MR_FAULT_STATUS, 409, 0, "taken", "Conflict"},
    {"router.fail()", MR_FAULT_STATUS, 500, 0, DEFAULT_MESSAGE, DEFAULT_NAME},
    {"router.retry(10, 'busy')", MR_FAULT_RETRY, 503, 10, "busy", DEFAULT_NAME},
    {"router.retry()", MR_FAULT_MISTAKE, 500, 0,
     "scripts/test.lua:1: router.retry: expected milliseconds, got nil", DEFAULT_NAME},
    {"router.reject('bad')", MR_FAULT_REJECT, 500, 0, "bad", DEFAULT_NAME},
};

static void check_raising(struct world *world, const struct raising *raising)
{
    char script[512];
    snprintf(script, sizeof(script), ROUTER HANDLER "%s end", raising->code);
    world_script(world, script);
    struct mr_task *task = world_start(world, "1");
    const struct mr_fault *fault = &world->result.fault;
    print_message("%s\n", raising->code);
    assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED);
    assert_int_equal(fault->kind, raising->kind);
    assert_int_equal(fault->status, raising->status);
    assert_int_equal(fault->retry_after, raising->retry_after);
    assert_string_equal(world_text(fault->message), raising->message);
    assert_string_equal(world_text(fault->name), raising->name);
    world_end(world, task);
}

static void every_raised_value_is_told_apart(void **state)
{
    for (size_t i = 0; i < sizeof(raisings) / sizeof(raisings[0]); i++)
        check_raising(*state, &raisings[i]);
}

static void an_error_has_a_traceback_with_file_and_line(void **state)
{
    struct world *world = *state;
    world_script(world, "local function deep()\n  error('here')\nend\n"
                        "function handleMessage()\n  deep()\nend\n");
    struct mr_task *task = world_start(world, "1");
    const char *trace = world_text(world->result.fault.trace);
    assert_non_null(strstr(trace, "scripts/test.lua:2: here"));
    assert_non_null(strstr(trace, "scripts/test.lua:2: in function 'deep'"));
    assert_non_null(strstr(trace, "scripts/test.lua:5: in function"));
    world_end(world, task);
}

static void a_status_has_no_traceback(void **state)
{
    struct world *world = *state;
    world_script(world, HANDLER "error { statusCode = 400 } end");
    struct mr_task *task = world_start(world, "1");
    assert_int_equal(world->result.fault.trace.length, 0);
    world_end(world, task);
}

static void endless_recursion_is_an_error(void **state)
{
    assert_fails(*state, "local function f() return 1 + f() end " HANDLER "return f() end", "1",
                 "stack overflow");
}

static void a_string_too_long_to_make_is_an_error(void **state)
{
    assert_fails(*state, HANDLER "return #string.rep('x', 0x7fffffff) end", "1",
                 "not enough memory");
    assert_handles(*state, HANDLER "return 1 end", "1", "1");
}

#define CAUGHT "local ok, caught = pcall(function() return missing end) "

/* Rows: a handler, the error that ends it, and whether it is a mistake: a fault that no retry can
 * mend. */
static const struct {
    const char *code;
    bool is_mistake;
} mistakes[] = {
    {"missing()", true},
    {"return missing.field", true},
    {"return _G.missing", true},
    {"require 'missing'", true},
    {"return require 'missing'", true},
    {"require()", true},
    {"require 'wanting'", true},
    {"require 'broken'", false},
    {"router.publish(nil, 1)", true},
    {"router.publish('a topic', 1)", true},
    {"router.publish('topic', print)", true},
    {"router.publish('topic', 1, { partition = -1 })", true},
    {"router.publish('topic', 1, { headers = 1 })", true},
    {"router.request('topic')", true},
    {"router.request('topic', 1, { timeout = 'soon' })", true},
    {"router.request('topic', 1, { unknown = 1 })", true},
    {"router.sleep()", true},
    {"router.all(1)", true},
    {"router.all { 1 }", true},
    {"router.all { function() return missing end, function() error('second') end }", true},
    {"router.all { function() error('first') end, function() return missing end }", false},
    {"router.spawn()", true},
    {"router.spawn(function() return missing end) router.sleep(0)", true},
    {"router.breaker()", true},
    {"router.breaker('b', { failures = 0 })", true},
    {"router.breaker('b'):call()", true},
    {"router.breaker('b'):call(function() return missing end)", true},
    {"router.env()", true},
    {"router.array(1)", true},
    {"router.log('text', 1)", true},
    {"router.log.warn('text', 1)", true},
    {"return print", true},
    {"return { 0 / 0 }", true},
    {"return 1, 2", true},
    {"return 1, { name = {} }", true},
    {"return 1, setmetatable({}, { __index = function() error('no') end })", false},
    {"return setmetatable({}, { __index = function() error('no') end }) .. ''", false},
    {"coroutine.wrap(function() return missing end)()", true},
    {CAUGHT "error(caught, 0)", true},
    {CAUGHT "error(caught)", false},
    {CAUGHT "error('while paying: ' .. caught)", false},
    {CAUGHT "error('other')", false},
    {CAUGHT "router.fail(404, caught)", false},
    {"error(\"undefined global 'missing'\")", false},
    {"error(\"scripts/test.lua:1: undefined global 'missing'\", 0)", false},
    {"error('router.sleep: expected milliseconds, got nil')", false},
    {"missing = 1 missing()", false},
    {"local nothing nothing()", false},
    {"router.absent()", false},
};

static void a_fault_that_no_retry_can_mend_is_a_mistake(void **state)
{
    struct world *world = *state;
    char script[512];
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        snprintf(script, sizeof(script), ROUTER HANDLER "%s end", mistakes[i].code);
        world_files(world, "test.lua", script, "lib/wanting.lua", "return missing",
                    "lib/broken.lua", "error('not now')", NULL);
        if (world->generation != NULL)
            mr_generation_retire(world->generation);
        world->generation = world_load(world);
        struct mr_task *task = world_start(world, "1");
        print_message("%s\n", mistakes[i].code);
        if (world->result.outcome == MR_OUTCOME_YIELDED) {
            const struct mr_resumption over = {.kind = MR_RESUME_DONE, .wait = world->wait};
            mr_task_resume(task, &over, &world->result);
        }
        if (world->result.lingers)
            mr_task_linger(task, &world->result);
        assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED);
        assert_int_equal(world->result.fault.kind == MR_FAULT_MISTAKE, mistakes[i].is_mistake);
        world_end(world, task);
    }
}

static void what_is_no_json_is_undecodable(void **state)
{
    struct world *world = *state;
    world_script(world, HANDLER "end");
    struct mr_task *task = world_start(world, "{");
    assert_int_equal(world->result.outcome, MR_OUTCOME_UNDECODABLE);
    assert_int_equal(world->result.fault.kind, MR_FAULT_UNDECODABLE);
    world_end(world, task);
}

static void what_the_host_refuses_is_no_mistake(void **state)
{
    static const char *const asking[] = {"router.publish('topic', 1)", "router.request('topic', 1)",
                                         "router.sleep(1)"};
    struct world *world = *state;
    char script[256];
    world->refusal = "not now";
    for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
        snprintf(script, sizeof(script), ROUTER HANDLER "%s end", asking[i]);
        world_script(world, script);
        struct mr_task *task = world_start(world, "1");
        assert_raised(world, "not now");
        assert_int_equal(world->result.fault.kind, MR_FAULT_ERROR);
        world_end(world, task);
    }
}

static void a_mistake_is_that_of_its_own_message(void **state)
{
    struct world *world = *state;
    world_script(world, "local kept " HANDLER "if kept then error(kept, 0) end "
                        "local _, caught = pcall(function() return missing end) kept = caught end");
    for (int i = 0; i < 2; i++) {
        struct mr_task *task = world_start(world, "1");
        assert_int_equal(world->result.outcome, i == 0 ? MR_OUTCOME_RETURNED : MR_OUTCOME_RAISED);
        assert_int_equal(world->result.fault.kind, MR_FAULT_ERROR);
        world_end(world, task);
    }
}

static void trusted_scripts_make_the_same_mistakes(void **state)
{
    static const struct {
        const char *code;
        bool is_mistake;
    } cases[] = {
        {"return missing", true},
        {"require 'no.such.module'", true},
        {"package.preload.failing = function() error('module \\'failing\\' not found') end "
         "require 'failing'",
         false}};
    struct world *world = *state;
    char script[256];
    world_close(world);
    memset(world, 0, sizeof(*world));
    world->vm = world_vm(world, MR_TRUSTED);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(script, sizeof(script), HANDLER "%s end", cases[i].code);
        world_script(world, script);
        struct mr_task *task = world_start(world, "1");
        print_message("%s\n", cases[i].code);
        assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED);
        assert_int_equal(world->result.fault.kind == MR_FAULT_MISTAKE, cases[i].is_mistake);
        world_end(world, task);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(every_raised_value_is_told_apart),
        world_test(an_error_has_a_traceback_with_file_and_line),
        world_test(a_status_has_no_traceback),
        world_test(endless_recursion_is_an_error),
        world_test(a_fault_that_no_retry_can_mend_is_a_mistake),
        world_test(what_is_no_json_is_undecodable),
        world_test(what_the_host_refuses_is_no_mistake),
        world_test(a_mistake_is_that_of_its_own_message),
        world_test(trusted_scripts_make_the_same_mistakes),
        world_test(a_string_too_long_to_make_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
