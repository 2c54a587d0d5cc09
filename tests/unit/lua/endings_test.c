/* Handlers of every shape that end in every way, at random from a seed: what they waited for comes
 * in any order or never, as an answer, an error or no JSON; they are finished or dropped, side by
 * side and across reloads. None waits for nothing, and nothing of them is left. */
#include "seed.h"
#include "world.h"

#include "lua/state.h"

enum { MESSAGES = 80, AT_WORK = 8, WAITS = 64, STEPS = 8, LEFT_MOST = 96 * 1024 };

struct life {
    struct mr_task *task;
    struct mr_result result;
    uint32_t waits[WAITS];
    size_t count;
};

static struct life lives[AT_WORK];
static bool refuses; /* the host, now and then */

static int wait(struct life *life, uint32_t number, char *error, size_t size)
{
    if (refuses || life->count == WAITS) {
        snprintf(error, size, "refused");
        return -1;
    }
    life->waits[life->count++] = number;
    return 0;
}

static void end(struct life *life)
{
    if (life->task != NULL)
        mr_task_end(life->task);
    life->task = NULL;
    life->count = 0;
}

static int on_request(void *data, void *job, uint32_t number, const struct mr_ask *ask, char *error,
                      size_t size)
{
    (void)data, (void)ask;
    return wait(job, number, error, size);
}

static int on_sleep(void *data, void *job, uint32_t number, int64_t ms, char *error, size_t size)
{
    (void)data, (void)ms;
    return wait(job, number, error, size);
}

static int on_publish(void *data, void *job, const struct mr_outgoing *record, char *error,
                      size_t size)
{
    (void)data, (void)job, (void)record, (void)error, (void)size;
    return 0;
}

static int set_up(void **state)
{
    static const struct mr_host host = {
        .publish = on_publish, .request = on_request, .sleep = on_sleep};
    struct world *world = calloc(1, sizeof(*world));
    world->vm = mr_vm_new(&host, world, MR_SANDBOXED);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < AT_WORK; i++)
        end(&lives[i]);
    return world_teardown(state);
}

/* Each message has a load of its own, which what it starts holds. */
static const char preamble[] =
    "local router, cjson = require 'moonroute', require 'cjson' "
    "local number, kept = 0, nil "
    "function handleMessage(topic, message, headers, context) "
    "number = number + 1 "
    "local load = { ('x'):rep(16000) .. number, context } "
    "local function sleep() router.sleep(5) return load end "
    "local function ask() return load, (router.request('other', { load[1] }, { headers = { h = 'v' "
    "} })) "
    "end "
    "local function fall() router.sleep(1) error({ statusCode = 400, load = load }) end "
    "local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end ";

static const char *const bodies[] = {
    "pcall(router.all, { function() router.spawn(sleep) router.spawn(fall) return ask() end, ask, "
    "fall }) "
    "error(load)",
    "local co = coroutine.create(function() sleep() coroutine.yield(load) return load end) "
    "coroutine.resume(co) return ask()",
    "local co = coroutine.wrap(function() for i = 1, 9 do coroutine.yield(load) end end) co() "
    "kept = co error(setmetatable({ load, co }, { __index = load, __tostring = co }))",
    "for item in coroutine.wrap(function() for i = 1, 9 do ask() coroutine.yield(load) end end) do "
    "router.spawn(function() sleep() return item end) break end return 1",
    "router.spawn(function() sleep() router.spawn(function() sleep() router.spawn(ask) fall() end) "
    "end) "
    "sleep() return { 'x' }, { h = load[1]:sub(1, 9) }",
    "router.all { function() router.all { ask, function() router.all { sleep, fall } end } end, "
    "function() router.spawn(ask) return router.breaker('b', { failures = 1000000 }):call(fall) "
    "end }",
    "local ok, e = xpcall(ask, function(e) router.spawn(sleep) return { e, load } end) "
    "router.spawn(fall) return ok",
    "router.publish('t', load[1], { headers = setmetatable({ h = 'v' }, { __index = function() "
    "sleep() end }) })",
    "router.publish('t', setmetatable({}, { __index = function() ask() return load[1]:sub(-4) end "
    "})) fall()",
    "for i = 1, 20 do router.spawn(i % 3 == 0 and ask or i % 5 == 0 and fall or sleep) end return "
    "'many'",
    "router.spawn(coroutine.wrap(function() local inner = coroutine.wrap(function() ask() "
    "coroutine.yield(load) end) inner() sleep() end)) return coroutine.wrap(ask)() and 1",
    "local all = {} for i = 1, 30 do all[i] = function() return i % 4 == 0 and load[1] or #ask() "
    "end end "
    "return #router.all(all)",
    "return setmetatable({ load[1] }, { __index = sleep }), setmetatable({ h = 'v' }, { __index = "
    "function() "
    "pcall(ask) error(load) end })",
    "router.retry(5, setmetatable({}, { __tostring = function() return load[1] end }))",
    "kept = function() return load, ask end pcall(kept) sleep() return kept and 1",
    "local run = function() return pcall(pcall, pcall, router.all, { ask, fall, sleep }) end "
    "router.spawn(run) run() error('after ' .. load[1])",
    "local function tree(n) router.spawn(function() if n > 0 then tree(n - 1) end ask() end) end "
    "tree(50) "
    "router.all { function() tree(20) end, sleep } return 1",
    /* where the stack ends */
    "local function spawn() local ok = pcall(spawn) if not ok then pcall(router.spawn, sleep) end "
    "end "
    "spawn() router.spawn(sleep) return 'end of stack'",
    "local function spawn() if not pcall(spawn) then router.spawn(function() pcall(deep, 1e9) "
    "sleep() end) "
    "end return 1 end pcall(spawn) return 'end of stack'",
    "local function all() local ok = pcall(all) if not ok then pcall(router.all, { sleep, ask }) "
    "end end "
    "all() return 'end of stack'",
    "local tries = 0 local function try(n) if n > 0 then return (try(n - 1)) end tries = tries + 1 "
    "router.spawn(sleep) end for depth = 3000, 40000, 500 do pcall(try, depth) end sleep() return "
    "tries",
    "local function ends() local ok = pcall(ends) if not ok then pcall(router.sleep, 1) end end "
    "ends() router.spawn(sleep) return pcall(deep, 1e9)",
};

static struct seed seed;

static size_t draw(size_t below)
{
    return random_below(&seed, below);
}

static struct mr_resumption some_resumption(void)
{
    static const char *const answers[] = {"{\"success\":true,\"data\":[1]}", "[", "null", "{}",
                                          "{\"success\":false,\"message\":\"no\"}"};
    struct mr_resumption with = {.kind = MR_RESUME_DONE};
    switch (draw(4)) {
    case 0:
        with.kind = MR_RESUME_STATUS_ERROR;
        with.status = 504;
        with.message = mr_bytes_of("Request timeout");
        with.name = mr_bytes_of("RequestTimeout");
        break;
    case 1:
        with.kind = MR_RESUME_REPLY;
        with.value = mr_bytes_of(answers[draw(5)]);
        with.enveloped = draw(2) == 0;
        break;
    default:
        break;
    }
    return with;
}

/* Returns false once the task is over, or may be given up. */
static bool step(struct life *life, const char *body)
{
    if (life->result.outcome == MR_OUTCOME_RETURNED && life->result.lingers) {
        mr_task_linger(life->task, &life->result);
        return true;
    }
    if (life->result.outcome != MR_OUTCOME_YIELDED)
        return false;
    if (life->count == 0)
        fail_msg("waits for nothing: %s", body);
    size_t which = draw(life->count);
    struct mr_resumption with = some_resumption();
    with.wait = life->waits[which];
    life->waits[which] = life->waits[--life->count];
    mr_task_resume(life->task, &with, &life->result);
    return true;
}

static void begin(struct world *world, struct life *life)
{
    struct mr_incoming incoming = world_message("{\"list\":[1,2]}");
    struct mr_script *script = mr_generation_script(world->generation, "test.lua");
    life->task = mr_task_start(script, MR_CODEC_JSON, &incoming, life, &life->result);
}

static size_t memory(const struct world *world)
{
    for (int i = 0; i < 16; i++) /* each halves the stacks that had grown */
        lua_gc(world->vm->L, LUA_GCCOLLECT, 0);
    return mr_vm_memory(world->vm);
}

static void script_of(struct world *world, const char *body)
{
    char script[4000];
    snprintf(script, sizeof(script), "%s %s end", preamble, body);
    world_script(world, script);
}

static void live(struct world *world, const char *body, int messages)
{
    for (int i = 0; i < messages; i++) {
        struct life *life = &lives[draw(AT_WORK)];
        if (i == 0 || draw(50) == 0)
            script_of(world, body);
        refuses = draw(10) == 0;
        end(life);
        begin(world, life);
        for (size_t steps = draw(STEPS); steps > 0 && step(life, body); steps--)
            refuses = draw(10) == 0;
        struct life *other = &lives[draw(AT_WORK)];
        if (other->task != NULL)
            step(other, body);
    }
    for (size_t i = 0; i < AT_WORK; i++)
        end(&lives[i]);
    script_of(world, body);
}

static void whatever_becomes_of_a_handler_nothing_of_it_is_left(void **state)
{
    struct world *world = *state;
    seed = new_seed("endings");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        live(world, bodies[i], MESSAGES / 4);
        size_t before = memory(world);
        live(world, bodies[i], MESSAGES);
        size_t after = memory(world);
        if (after > before + LEFT_MOST)
            fail_msg("%zu bytes before, %zu after: %s", before, after, bodies[i]);
    }
}

/* Nothing is lost on the way: what comes, comes to an end. */
static void a_handler_whose_waits_all_end_ends(void **state)
{
    struct world *world = *state;
    struct life *life = &lives[0];
    seed = new_seed("endings");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        script_of(world, bodies[i]);
        refuses = false;
        begin(world, life);
        while (step(life, bodies[i]))
            ;
        if (life->result.outcome == MR_OUTCOME_RETURNED)
            assert_int_equal(life->count, 0);
        end(life);
    }
}

static void strands_that_begin_strands_without_end_are_an_error(void **state)
{
    static const char *const endless[] = {
        "local function spawn() router.spawn(spawn) end spawn()",
        "local function spawn() coroutine.wrap(function() router.spawn(spawn) end)() end spawn()",
        "local function spawn() router.all { function() router.spawn(spawn) end } end spawn()",
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        script_of(world, endless[i]);
        begin(world, &lives[0]);
        while (step(&lives[0], endless[i]))
            ;
        assert_int_equal(lives[0].result.outcome, MR_OUTCOME_RAISED);
        assert_non_null(strstr(world_text(lives[0].result.fault.message), "C stack overflow"));
        end(&lives[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whatever_becomes_of_a_handler_nothing_of_it_is_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(strands_that_begin_strands_without_end_are_an_error, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_handler_whose_waits_all_end_ends, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
