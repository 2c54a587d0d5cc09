/* A VM whose scripts fill the memory that all of them have together. */
#include <sys/mman.h>

#include "lua/run/room.h"
#include "world.h"

#define HANDLER "function handleMessage(topic, message) "

enum { MIB = 1024 * 1024, MEMORY = 8 * MIB, KEPT = 100000 };

/* Each message of `keeper` keeps 100 KB until it is sent 0; `waster` keeps nothing. */
static const char keeper[] = "local router, kept = require 'moonroute', {} " HANDLER
                             "if message == 0 then kept = {} return end "
                             "kept[#kept + 1] = ('x'):rep(100000) .. #kept end";
static const char waster[] = HANDLER "local t for i = 1, 2000 do t = ('y'):rep(1000) .. i end "
                                     "return 1 end";
static const char holder[] =
    "local router = require 'moonroute' " HANDLER "local t = {} "
    "for i = 1, message do t[i] = ('z'):rep(100000) .. tostring(t) .. i end "
    "router.sleep(1) return #t end";

struct full {
    struct world world;
    struct mr_run run;
};

static void load(struct full *full, const char *first, const char *second, const char *third)
{
    struct world *world = &full->world;
    world_files(world, "keeper.lua", first, "waster.lua", second, "holder.lua", third, NULL);
    struct mr_generation *next = world_load(world);
    assert_string_equal(mr_errors_text(&world->errors), "");
    if (world->generation != NULL)
        mr_generation_retire(world->generation);
    world->generation = next;
}

static int set_up(void **state)
{
    struct full *full = calloc(1, sizeof(*full));
    world_open(&full->world);
    mr_vm_show(full->world.vm, &full->run);
    mr_vm_room(full->world.vm, MEMORY);
    mr_vm_limit(full->world.vm, &(struct mr_limits){.memory = MEMORY});
    mr_vm_limit_loads(full->world.vm, &(struct mr_limits){.memory = MEMORY});
    load(full, keeper, waster, holder);
    *state = full;
    return 0;
}

static int tear_down(void **state)
{
    struct full *full = *state;
    world_close(&full->world);
    free(full);
    return 0;
}

static struct mr_task *start(struct full *full, const char *file, const char *value)
{
    struct world *world = &full->world;
    struct mr_incoming incoming = world_message(value);
    struct mr_script *script = mr_generation_script(world->generation, file);
    struct mr_task *task = mr_task_start(script, MR_CODEC_JSON, &incoming, world, &world->result);
    world->tasks[world->task_count++] = task;
    return task;
}

static void handle(struct full *full, const char *file, const char *value)
{
    world_end(&full->world, start(full, file, value));
}

static void assert_served(struct full *full)
{
    handle(full, "waster.lua", "1");
    assert_int_equal(full->world.result.outcome, MR_OUTCOME_RETURNED);
}

static size_t held_by(const struct full *full, const char *file)
{
    size_t row = mr_script_row(mr_generation_script(full->world.generation, file));
    assert_string_equal(mr_vm_holding(full->world.vm, row).name, file);
    return mr_vm_holding(full->world.vm, row).bytes;
}

static size_t kept_by(const struct full *full, const char *file)
{
    size_t row = mr_script_row(mr_generation_script(full->world.generation, file));
    return mr_vm_holding(full->world.vm, row).kept;
}

/* Keeps more and more until that is in use. Returns how many messages it took. */
static int fill(struct full *full, unsigned level)
{
    int count = 0;
    for (; mr_vm_level(full->world.vm) < level; count++) {
        assert_true(count < 1000);
        handle(full, "keeper.lua", "1");
        if (mr_vm_level(full->world.vm) < MR_ROOM_EXHAUSTED)
            assert_int_equal(full->world.result.outcome, MR_OUTCOME_RETURNED);
    }
    return count;
}

static void nobody_fails_for_what_others_keep(void **state)
{
    struct full *full = *state;
    assert_served(full);
    assert_int_equal(mr_vm_level(full->world.vm), 0);
    int count = fill(full, 1);
    assert_in_range(count * KEPT, MEMORY - MEMORY / 3, MEMORY + KEPT);
    for (int i = 0; i < 50; i++)
        assert_served(full);
    assert_true(mr_vm_level(full->world.vm) <= 2);
    assert_true(mr_vm_is_hopeless(full->world.vm));
}

static void it_is_told_who_keeps_and_not_who_wastes(void **state)
{
    struct full *full = *state;
    for (int i = 0; i < 50; i++) {
        handle(full, "keeper.lua", "1");
        assert_served(full);
    }
    mr_vm_collect(full->world.vm);
    assert_in_range(held_by(full, "keeper.lua"), 45 * KEPT, 56 * KEPT);
    assert_in_range(kept_by(full, "keeper.lua"), 45 * KEPT, 56 * KEPT);
    assert_true(held_by(full, "waster.lua") < 2 * KEPT);
}

static void a_run_that_meets_the_end_of_all_is_to_be_repeated(void **state)
{
    struct full *full = *state;
    fill(full, MR_ROOM_EXHAUSTED);
    assert_int_equal(full->world.result.outcome, MR_OUTCOME_RAISED);
    assert_int_equal(full->world.result.fault.kind, MR_FAULT_ROOM);
    assert_int_equal(mr_vm_collect(full->world.vm), MR_ROOM_EXHAUSTED);
    handle(full, "keeper.lua", "0");
    assert_int_equal(mr_vm_collect(full->world.vm), 0);
    assert_false(mr_vm_is_hopeless(full->world.vm));
    assert_served(full);
}

static void what_is_at_work_may_give_back_what_it_holds(void **state)
{
    struct full *full = *state;
    struct mr_task *tasks[3];
    for (int i = 0; i < 3; i++) {
        tasks[i] = start(full, "holder.lua", "40");
        assert_int_equal(full->world.result.outcome, MR_OUTCOME_YIELDED);
    }
    assert_true(mr_vm_level(full->world.vm) > 0);
    assert_true(mr_vm_collect(full->world.vm) > 0);
    assert_false(mr_vm_is_hopeless(full->world.vm));
    assert_served(full);
    for (int i = 0; i < 3; i++)
        world_end(&full->world, tasks[i]);
    assert_int_equal(mr_vm_collect(full->world.vm), 0);
}

static void one_that_takes_it_all_itself_fails_for_that(void **state)
{
    struct full *full = *state;
    fill(full, 1);
    handle(full, "holder.lua", "200");
    assert_int_equal(full->world.result.outcome, MR_OUTCOME_RAISED);
    assert_int_equal(full->world.result.fault.kind, MR_FAULT_MEMORY);
    assert_served(full);
}

/* In many runs, each of which takes little. */
static void what_a_task_keeps_over_its_waits_is_its_own(void **state)
{
    struct full *full = *state;
    const struct mr_resumption done = {.kind = MR_RESUME_DONE};
    load(full, keeper, waster,
         "local router = require 'moonroute' " HANDLER
         "local t = {} for i = 1, message do t[i] = ('z'):rep(100000) .. i router.sleep(1) end "
         "return #t end");
    struct mr_task *task = start(full, "holder.lua", "1000");
    int runs = 1;
    for (; full->world.result.outcome == MR_OUTCOME_YIELDED; runs++)
        mr_task_resume(task, &done, &full->world.result);
    assert_int_equal(full->world.result.fault.kind, MR_FAULT_MEMORY);
    assert_in_range(runs * KEPT, MEMORY - MEMORY / 4, MEMORY + MEMORY / 4);
    world_end(&full->world, task);
    assert_served(full);
}

static void garbage_over_many_waits_is_no_excess(void **state)
{
    struct full *full = *state;
    const struct mr_resumption done = {.kind = MR_RESUME_DONE};
    load(full, keeper, waster,
         "local router = require 'moonroute' " HANDLER
         "local t for i = 1, message do t = ('z'):rep(1000000) .. i router.sleep(1) end "
         "return #t end");
    struct mr_task *task = start(full, "holder.lua", "100");
    while (full->world.result.outcome == MR_OUTCOME_YIELDED)
        mr_task_resume(task, &done, &full->world.result);
    assert_int_equal(full->world.result.outcome, MR_OUTCOME_RETURNED);
    assert_int_equal(mr_vm_level(full->world.vm), 0);
    world_end(&full->world, task);
}

/* Seven eighths of the budget in one C function, in a VM that others have filled. */
static void a_neighbour_of_who_fills_it_does_not_end_the_process(void **state)
{
    struct full *full = *state;
    load(full, keeper, waster,
         HANDLER "local text = '[' .. ('[],'):rep(message) .. '1]' "
                 "return #require('cjson').decode(text) end");
    fill(full, MR_ROOM_LEVELS);
    handle(full, "holder.lua", "90000");
    assert_int_not_equal(full->world.result.outcome, MR_OUTCOME_YIELDED);
    if (full->world.result.outcome == MR_OUTCOME_RAISED)
        assert_int_equal(full->world.result.fault.kind, MR_FAULT_ROOM);
}

static void a_load_has_room_of_its_own_and_frees_what_was_kept_before(void **state)
{
    struct full *full = *state;
    fill(full, 1);
    load(full,
         "local all = {} for i = 1, 60 do all[i] = ('w'):rep(100000) .. i end " HANDLER
         "return #all end",
         waster, holder);
    assert_int_equal(mr_vm_collect(full->world.vm), 0);
    assert_in_range(held_by(full, "keeper.lua"), 50 * KEPT, 70 * KEPT);
    assert_true(kept_by(full, "keeper.lua") < KEPT);
    handle(full, "holder.lua", "50"); /* besides: what is loaded takes no room from handlers */
    assert_int_equal(full->world.result.outcome, MR_OUTCOME_YIELDED);
    assert_int_equal(mr_vm_level(full->world.vm), 0);
    assert_served(full);
}

static void reloads_leave_nothing_behind(void **state)
{
    enum { WARM = 20, RELOADS = 300 };
    struct full *full = *state;
    size_t before = 0;
    for (int i = 0; i < WARM + RELOADS; i++) {
        load(full, keeper, waster, holder);
        handle(full, "keeper.lua", "1");
        assert_served(full);
        if (i + 1 < WARM)
            continue;
        mr_vm_collect(full->world.vm);
        before = i + 1 == WARM ? mr_vm_memory(full->world.vm) : before;
    }
    assert_true(mr_vm_memory(full->world.vm) < before + MIB / 4);
    assert_true(held_by(full, "keeper.lua") < 3 * KEPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nobody_fails_for_what_others_keep),
        TEST(it_is_told_who_keeps_and_not_who_wastes),
        TEST(a_run_that_meets_the_end_of_all_is_to_be_repeated),
        TEST(what_is_at_work_may_give_back_what_it_holds),
        TEST(one_that_takes_it_all_itself_fails_for_that),
        TEST(what_a_task_keeps_over_its_waits_is_its_own),
        TEST(garbage_over_many_waits_is_no_excess),
        TEST(a_neighbour_of_who_fills_it_does_not_end_the_process),
        TEST(a_load_has_room_of_its_own_and_frees_what_was_kept_before),
        TEST(reloads_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
