#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "master/watch.h"

struct world {
    uv_loop_t loop;
    struct mr_watch *watch;
    int changes;
    char root[64], scripts[96], config[96];
};

static void on_changed(void *context)
{
    ((struct world *)context)->changes++;
}

static const char *path_of(struct world *world, const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", world->root, name);
    return path;
}

static void write_file(struct world *world, const char *name, const char *text)
{
    FILE *file = fopen(path_of(world, name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(struct world *world, const char *name)
{
    assert_int_equal(mkdir(path_of(world, name), 0700), 0);
}

/* As editors do: a new file takes the old one's name. */
static void replace_file(struct world *world, const char *name, const char *text)
{
    char to[256];
    write_file(world, "scratch", text);
    strcpy(to, path_of(world, name));
    assert_int_equal(rename(path_of(world, "scratch"), to), 0);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    strcpy(world->root, "/tmp/mr-watch-XXXXXX");
    assert_non_null(mkdtemp(world->root));
    snprintf(world->scripts, sizeof(world->scripts), "%s/scripts/", world->root);
    snprintf(world->config, sizeof(world->config), "%s/config.lua", world->root);
    make_folder(world, "scripts");
    make_folder(world, "scripts/lib");
    write_file(world, "scripts/echo.lua", "1");
    write_file(world, "scripts/lib/money.lua", "1");
    const char *const files[] = {world->config, "/nowhere/at/all.lua", NULL};
    assert_int_equal(uv_loop_init(&world->loop), 0);
    world->watch = mr_watch_new(&world->loop, world->scripts, files, on_changed, world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    char command[128];
    mr_watch_free(world->watch);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    int result = uv_loop_close(&world->loop);
    snprintf(command, sizeof(command), "rm -rf %s", world->root);
    result = result == 0 ? system(command) : result;
    free(world);
    return result;
}

static void run_for(struct world *world, uint64_t ms)
{
    uint64_t end = mr_clock_ms() + ms;
    while (mr_clock_ms() < end) {
        uv_run(&world->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
}

static void expect_change(struct world *world)
{
    uint64_t end = mr_clock_ms() + 10000;
    world->changes = 0;
    while (world->changes == 0 && mr_clock_ms() < end) {
        uv_run(&world->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    assert_int_equal(world->changes, 1);
    run_for(world, 3 * MR_WATCH_QUIET);
    assert_int_equal(world->changes, 1);
}

static void expect_none(struct world *world)
{
    world->changes = 0;
    run_for(world, 4 * MR_WATCH_QUIET);
    assert_int_equal(world->changes, 0);
}

static void a_script_written_in_place_is_noticed(void **state)
{
    write_file(*state, "scripts/echo.lua", "2");
    expect_change(*state);
}

static void a_script_replaced_by_another_is_noticed_each_time(void **state)
{
    for (int i = 0; i < 3; i++) {
        replace_file(*state, "scripts/echo.lua", "2");
        expect_change(*state);
    }
}

static void new_and_removed_scripts_are_noticed(void **state)
{
    write_file(*state, "scripts/new.lua", "1");
    expect_change(*state);
    assert_int_equal(unlink(path_of(*state, "scripts/new.lua")), 0);
    expect_change(*state);
}

static void changes_below_lib_are_noticed(void **state)
{
    write_file(*state, "scripts/lib/money.lua", "2");
    expect_change(*state);
}

static void a_new_folder_below_lib_is_watched_from_then_on(void **state)
{
    make_folder(*state, "scripts/lib/shop");
    expect_change(*state);
    write_file(*state, "scripts/lib/shop/cart.lua", "1");
    expect_change(*state);
    write_file(*state, "scripts/lib/shop/cart.lua", "2");
    expect_change(*state);
}

static void the_configuration_may_appear_and_be_replaced(void **state)
{
    write_file(*state, "config.lua", "return {}");
    expect_change(*state);
    replace_file(*state, "config.lua", "return { }");
    expect_change(*state);
}

static void many_changes_at_once_are_told_once(void **state)
{
    for (int i = 0; i < 50; i++)
        write_file(*state, "scripts/echo.lua", "2");
    expect_change(*state);
}

static void files_that_are_no_scripts_do_not_matter(void **state)
{
    write_file(*state, "other.lua", "1");
    write_file(*state, "scripts/notes.txt", "1");
    write_file(*state, "scripts/.echo.lua.swp", "1");
    write_file(*state, "scripts/.hidden.lua", "1");
    expect_none(*state);
}

static void reading_is_no_change(void **state)
{
    char line[8];
    FILE *file = fopen(path_of(*state, "scripts/echo.lua"), "r");
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    expect_none(*state);
}

static void a_scripts_folder_that_is_replaced_is_watched_again(void **state)
{
    char to[256];
    strcpy(to, path_of(*state, "old"));
    assert_int_equal(rename(path_of(*state, "scripts"), to), 0);
    expect_change(*state);
    make_folder(*state, "scripts");
    expect_change(*state);
    write_file(*state, "scripts/echo.lua", "3");
    expect_change(*state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_script_written_in_place_is_noticed),
        TEST(a_script_replaced_by_another_is_noticed_each_time),
        TEST(new_and_removed_scripts_are_noticed),
        TEST(changes_below_lib_are_noticed),
        TEST(a_new_folder_below_lib_is_watched_from_then_on),
        TEST(the_configuration_may_appear_and_be_replaced),
        TEST(many_changes_at_once_are_told_once),
        TEST(files_that_are_no_scripts_do_not_matter),
        TEST(reading_is_no_change),
        TEST(a_scripts_folder_that_is_replaced_is_watched_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
