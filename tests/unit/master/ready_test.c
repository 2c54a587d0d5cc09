#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "a_view.h"
#include "base/log.h"
#include "base/machine/file.h"
#include "master/ready.h"

struct world {
    struct a_view *a;
    uv_loop_t loop;
    struct mr_ready ready;
    int calls;
    char log[64];
};

static void look(void *context, struct mr_view *view)
{
    *view = ((struct world *)context)->a->view;
}

static void on_ready(void *context)
{
    ((struct world *)context)->calls++;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    void *a;
    strcpy(world->log, "/tmp/mr-ready-XXXXXX");
    close(mkstemp(world->log));
    mr_log_open(world->log, MR_LOG_JSON, MR_LOG_INFO, "master");
    if (set_up_view(&a) != 0 || uv_loop_init(&world->loop) != 0)
        return -1;
    world->a = a;
    world->ready = (struct mr_ready){.look = look, .ready = on_ready, .context = world};
    mr_ready_start(&world->ready, &world->loop);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    void *a = world->a;
    mr_ready_close(&world->ready);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    int result = uv_loop_close(&world->loop);
    mr_log_open(NULL, MR_LOG_JSON, MR_LOG_INFO, "master");
    unlink(world->log);
    free(world);
    return tear_down_view(&a) == 0 ? result : -1;
}

/* So many looks. */
static void run(struct world *world, int looks)
{
    while (looks-- > 0)
        uv_run(&world->loop, UV_RUN_ONCE);
}

static void expect_logged(struct world *world, const char *part, bool expected)
{
    struct mr_buf text = {0};
    assert_int_equal(mr_file_read(world->log, 1 << 20, &text), 0);
    assert_int_equal(strstr(mr_buf_text(&text), part) != NULL, expected);
    mr_buf_free(&text);
}

static void that_all_are_ready_is_told_once_and_then_nobody_looks(void **state)
{
    struct world *world = *state;
    world->a->view.started = world->a->view.now;
    mr_cell_set(&world->a->board.slots[1].state, MR_WORKER_LOADED);
    run(world, 3);
    assert_int_equal(world->calls, 0);
    mr_cell_set(&world->a->board.slots[1].state, MR_WORKER_READY);
    run(world, 1);
    assert_int_equal(world->calls, 1);
    assert_int_equal(uv_run(&world->loop, UV_RUN_NOWAIT), 0);
    expect_logged(world, "\"event\":\"ready\",\"workers\":2", true);
    expect_logged(world, "not_ready", false);
}

static void what_takes_long_is_said_once_with_the_reasons(void **state)
{
    struct world *world = *state;
    struct mr_view *view = &world->a->view;
    mr_cell_set(&world->a->board.slots[1].broker, MR_BROKER_DOWN);
    view->started = view->now - MR_READY_LATE + 1;
    run(world, 1);
    expect_logged(world, "not_ready", false);
    view->started--;
    run(world, 1);
    expect_logged(world,
                  "\"event\":\"not_ready\",\"message\":\"worker 1: broker_down: no broker can be "
                  "reached\"}",
                  true);
    assert_int_equal(truncate(world->log, 0), 0);
    run(world, 1);
    expect_logged(world, "not_ready", false);
    assert_int_equal(world->calls, 0);
}

static void a_stop_ends_the_looking(void **state)
{
    struct world *world = *state;
    mr_ready_stop(&world->ready);
    assert_int_equal(uv_run(&world->loop, UV_RUN_NOWAIT), 0);
    assert_int_equal(world->calls, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(that_all_are_ready_is_told_once_and_then_nobody_looks),
        TEST(what_takes_long_is_said_once_with_the_reasons),
        TEST(a_stop_ends_the_looking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
