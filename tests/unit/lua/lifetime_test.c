/* What a handler leaves behind once it has ended, however it ends: nothing. Counted in live objects
 * after a full collection, over many messages. */
#include "world.h"

#include "lua/state.h"

enum { MESSAGES = 2000, LEFT_MOST = 4 /* slots of pooled coroutines may still name some */ };

/* Each message has a table that its strands, and nothing else, hold. `live` counts those there are.
 */
#define PREAMBLE                                                                                   \
    "local router = require 'moonroute' local live = setmetatable({}, { __mode = 'k' }) "          \
    "function handleMessage(_, body, _, context) "                                                 \
    "if body == 'count' then local n = 0 for _ in pairs(live) do n = n + 1 end return n end "      \
    "local load = { ('x'):rep(100), context } live[load] = true "
#define END " end"

static void handle(struct world *world, bool linger)
{
    struct mr_task *task = world_start(world, "\"work\"");
    if (linger && world->result.outcome == MR_OUTCOME_RETURNED && world->result.lingers)
        mr_task_linger(task, &world->result);
    world_end(world, task);
}

static void assert_left(struct world *world, size_t before)
{
    lua_gc(world->vm->L, LUA_GCCOLLECT, 0);
    lua_gc(world->vm->L, LUA_GCCOLLECT, 0);
    struct mr_task *task = world_start(world, "\"count\"");
    assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
    int live = atoi(world_text(world->result.value));
    world_end(world, task);
    size_t after = mr_vm_memory(world->vm);
    if (live > LEFT_MOST || after > before + 64 * 1024)
        fail_msg("%d of %d are alive; %zu bytes before, %zu after", live, MESSAGES, before, after);
}

static void assert_flat(struct world *world, const char *script, bool linger)
{
    world_script(world, script);
    for (int i = 0; i < 20; i++) /* until it is warm */
        handle(world, linger);
    lua_gc(world->vm->L, LUA_GCCOLLECT, 0);
    lua_gc(world->vm->L, LUA_GCCOLLECT, 0);
    size_t before = mr_vm_memory(world->vm);
    for (int i = 0; i < MESSAGES; i++)
        handle(world, linger);
    assert_left(world, before);
}

#define SLEEPER "local function sleeper() router.sleep(3600000) return load end "
#define ASKER   "local function asker() return router.request('other', 1), load end "

/* Before its end it raises, waits, or has returned: the task is ended there. */
static void a_handler_that_ends_amid_its_strands_leaves_nothing(void **state)
{
    static const char *const bodies[] = {
        SLEEPER "router.spawn(sleeper) error({ statusCode = 400 })",
        SLEEPER "router.spawn(sleeper) error('broken')",
        SLEEPER "router.spawn(sleeper) return 1",
        SLEEPER "router.spawn(sleeper) router.sleep(5)",
        SLEEPER "for _ = 1, 5 do router.spawn(sleeper) end return load",
        SLEEPER "router.all { sleeper, sleeper }",
        SLEEPER "router.all { sleeper, function() error('member') end }",
        SLEEPER "router.spawn(function() router.all { sleeper, sleeper } end) error('no')",
        SLEEPER "router.spawn(function() router.spawn(sleeper) router.sleep(1) end) error('no')",
        ASKER "router.spawn(asker) error('broken')",
        ASKER "router.all { asker, asker, asker }",
        SLEEPER "coroutine.wrap(function() router.spawn(sleeper) router.sleep(1) end)()",
        SLEEPER "coroutine.wrap(function() router.all { sleeper } end)()",
        SLEEPER "pcall(router.spawn, function() local f f = function() return 1 + f() end f() end) "
                "router.spawn(sleeper) error('deep')",
        SLEEPER "router.spawn(coroutine.wrap(function() sleeper() end)) error('wrapped')",
        SLEEPER "router.spawn(function() error(load) end) return 1",
        SLEEPER "router.breaker('x'):call(function() router.spawn(sleeper) error('in') end)",
        SLEEPER "xpcall(router.all, function(e) return e end, { sleeper, sleeper }) error('no')",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char script[1200];
        print_message("%s\n", bodies[i]);
        snprintf(script, sizeof(script), PREAMBLE "%s" END, bodies[i]);
        assert_flat(*state, script, false);
        assert_flat(*state, script, true);
    }
}

static void what_a_long_handler_spawns_and_finishes_is_let_go(void **state)
{
    struct world *world = *state;
    world_script(world, PREAMBLE "for _ = 1, 2000 do router.spawn(function() local mine = { load } "
                                 "live[mine] = true return mine end) end "
                                 "router.sleep(1) return 1" END);
    struct mr_task *task = world_start(world, "\"work\"");
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
    lua_gc(world->vm->L, LUA_GCCOLLECT, 0);
    lua_gc(world->vm->L, LUA_GCCOLLECT, 0);
    struct mr_task *other = world_start(world, "\"count\"");
    assert_true(atoi(world_text(world->result.value)) <= LEFT_MOST);
    world_end(world, other);
    world_end(world, task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_handler_that_ends_amid_its_strands_leaves_nothing),
        world_test(what_a_long_handler_spawns_and_finishes_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
