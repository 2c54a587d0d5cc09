/* The cluster and the log are this file's (the linker's --wrap, tests/CMakeLists.txt). */
#include "worker/routing/topic_creation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/routing/routing.h"

enum { AGAIN_MS = 1000, AGAIN_MOST_MS = 10000, MOST = 8, UNSHOWN = 99 };

struct world {
    uv_loop_t loop;
    struct mr_vm *vm;
    struct mr_config *config;
    struct mr_routes *routes;
    struct mr_slot slot;
    struct mr_topic_creation *provision;
    struct mr_cluster_topic rows[MOST];
    struct mr_cluster_topics topics;
};

/* What mr_creation_create returns, and what it was called with: "orders-dlq 3 like orders; ". */
static int created = 1;
static struct mr_buf creations;
/* What was logged: "topic_missing orders-dlq for orders; ". */
static struct mr_buf said;

int __wrap_mr_creation_create(const struct mr_producer *via, const char *topic, int32_t partitions,
                              const char *like, int timeout, char *why, size_t size);
int __wrap_mr_creation_create(const struct mr_producer *via, const char *topic, int32_t partitions,
                              const char *like, int timeout, char *why, size_t size)
{
    (void)via, (void)timeout;
    mr_buf_printf(&creations, "%s %d like %s; ", topic, partitions, like);
    snprintf(why, size, "not allowed");
    return created;
}

void __wrap_mr_log_write(enum mr_log_level level, const char *event,
                         const struct mr_log_field *fields);
void __wrap_mr_log_write(enum mr_log_level level, const char *event,
                         const struct mr_log_field *fields)
{
    (void)level;
    mr_buf_printf(&said, "%s %s for %s; ", event, fields[0].text.data, fields[1].text.data);
}

static char handler[] = "function handleMessage() end\n";
static char all[] = "all.lua";
static struct mr_script_file files[] = {{all, all, handler, sizeof(handler) - 1}};

static void set(struct world *world, const char *path, const char *value)
{
    struct mr_errors errors = {0};
    mr_config_set_text(world->config, path, value, "test", &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    mr_errors_free(&errors);
}

/* A route of the default policy to begin with, for the topic or the pattern. */
static void route(struct world *world, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "routes[\"%s\"].script", name);
    set(world, path, all);
}

static void topic(struct world *world, const char *name, int32_t partitions)
{
    world->rows[world->topics.count++] = (struct mr_cluster_topic){mr_strdup(name), partitions};
}

/* The topic that was made last is there no more. */
static void lose_topic(struct world *world)
{
    free(world->rows[--world->topics.count].name);
}

static int set_up(void **state)
{
    static const struct mr_host nobody;
    struct world *world = calloc(1, sizeof(*world));
    *state = world;
    created = 1;
    world->vm = mr_vm_new(&nobody, NULL, MR_SANDBOXED);
    world->config = mr_config_new();
    world->topics.rows = world->rows;
    mr_cell_set(&world->slot.gauges[MR_TOPICS_MISSING], UNSHOWN);
    return uv_loop_init(&world->loop);
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_topic_creation_free(world->provision);
    mr_routes_retire(world->routes);
    mr_vm_free(world->vm);
    mr_config_free(world->config);
    while (world->topics.count > 0)
        lose_topic(world);
    mr_buf_free(&creations);
    mr_buf_free(&said);
    int result = uv_loop_close(&world->loop);
    free(world);
    return result;
}

static void use(struct world *world, bool speaks)
{
    struct mr_errors errors = {0};
    const struct mr_snapshot snapshot = {
        .generation = 1, .config = world->config, .files = files, .file_count = 1};
    world->routes =
        mr_routing_new(&snapshot, mr_generation_load(world->vm, &snapshot, &errors), &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    mr_errors_free(&errors);
    world->provision = mr_topic_creation_new(&world->loop, &world->slot, NULL, speaks);
}

/* A look, and what follows from it. */
static void look(struct world *world, bool create)
{
    mr_buf_clear(&creations);
    mr_buf_clear(&said);
    assert_true(mr_topic_creation_look(world->provision, world->routes, &world->topics, create));
    uv_run(&world->loop, UV_RUN_DEFAULT);
}

static uint64_t missing(struct world *world)
{
    return mr_cell_get(&world->slot.gauges[MR_TOPICS_MISSING]);
}

static void a_dead_letter_topic_is_made_like_its_source(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    topic(world, "orders", 3);
    use(world, true);
    look(world, true);
    assert_string_equal(mr_buf_text(&creations), "orders-dlq 3 like orders; ");
    assert_string_equal(mr_buf_text(&said), "topic_created orders-dlq for orders; ");
    assert_int_equal(missing(world), 0);
    assert_int_equal(mr_topic_creation_again(world->provision), 0);
}

static void a_retry_topic_is_made_where_messages_wait_in_it(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    set(world, "routes[\"orders\"].retry.mode", "topic");
    topic(world, "orders", 2);
    topic(world, "orders-dlq", 2);
    use(world, true);
    look(world, true);
    assert_string_equal(mr_buf_text(&creations), "orders-retry 2 like orders; ");
}

static void what_is_there_is_not_made(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    topic(world, "orders", 3);
    topic(world, "orders-dlq", 1);
    use(world, true);
    look(world, true);
    assert_string_equal(mr_buf_text(&creations), "");
    assert_string_equal(mr_buf_text(&said), "");
    assert_int_equal(missing(world), 0);
    assert_int_equal(mr_topic_creation_again(world->provision), 0);
}

static void what_another_worker_has_made_meanwhile_is_as_good(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    topic(world, "orders", 3);
    use(world, true);
    created = 0;
    look(world, true);
    assert_string_equal(mr_buf_text(&said), "");
    assert_int_equal(missing(world), 0);
}

static void a_topic_of_several_is_made_like_the_largest_and_once(void **state)
{
    struct world *world = *state;
    set(world, "defaults.dlq.topic", "dead");
    route(world, "a");
    route(world, "b");
    route(world, "c");
    topic(world, "a", 2);
    topic(world, "b", 5);
    topic(world, "c", 3);
    use(world, true);
    look(world, true);
    assert_string_equal(mr_buf_text(&creations), "dead 5 like b; ");
}

static void nothing_is_made_before_its_source_is_there_and_that_is_looked_for(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    use(world, true);
    look(world, true);
    assert_string_equal(mr_buf_text(&creations), "");
    assert_int_equal(missing(world), 0);
    assert_int_equal(mr_topic_creation_again(world->provision), AGAIN_MS);
    topic(world, "orders", 1);
    look(world, true);
    assert_string_equal(mr_buf_text(&creations), "orders-dlq 1 like orders; ");
}

static void a_pattern_s_topics_have_theirs_and_those_have_none(void **state)
{
    struct world *world = *state;
    route(world, "^orders[.]");
    topic(world, "orders.a", 2);
    topic(world, "orders.a-dlq", 2);
    topic(world, "orders.b", 4);
    topic(world, "other", 1);
    use(world, true);
    look(world, true);
    assert_string_equal(mr_buf_text(&creations), "orders.b-dlq 4 like orders.b; ");
    assert_int_equal(mr_topic_creation_again(world->provision), 0);
}

static void where_none_may_be_made_what_is_missing_is_said_once_until_it_was_there(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    topic(world, "orders", 3);
    use(world, true);
    look(world, false);
    assert_string_equal(mr_buf_text(&creations), "");
    assert_string_equal(mr_buf_text(&said), "topic_missing orders-dlq for orders; ");
    assert_int_equal(missing(world), 1);
    look(world, false);
    assert_string_equal(mr_buf_text(&said), "");
    topic(world, "orders-dlq", 3);
    look(world, false);
    assert_int_equal(missing(world), 0);
    lose_topic(world);
    look(world, false);
    assert_string_equal(mr_buf_text(&said), "topic_missing orders-dlq for orders; ");
}

static void one_worker_tells_and_the_others_make_in_silence(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    topic(world, "orders", 3);
    use(world, false);
    look(world, false);
    assert_string_equal(mr_buf_text(&said), "");
    assert_int_equal(missing(world), UNSHOWN);
    created = -1;
    look(world, true);
    assert_string_equal(mr_buf_text(&creations), "orders-dlq 3 like orders; ");
    assert_string_equal(mr_buf_text(&said), "");
    assert_int_equal(missing(world), UNSHOWN);
}

static void what_could_not_be_made_is_tried_again_ever_more_seldom(void **state)
{
    static const uint64_t pauses[] = {1000, 2000, 4000, 8000, AGAIN_MOST_MS, AGAIN_MOST_MS};
    struct world *world = *state;
    route(world, "orders");
    topic(world, "orders", 3);
    use(world, true);
    created = -1;
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        look(world, true);
        assert_string_equal(mr_buf_text(&creations), "orders-dlq 3 like orders; ");
        assert_string_equal(mr_buf_text(&said),
                            i == 0 ? "topic_not_created orders-dlq for orders; " : "");
        assert_int_equal(missing(world), 1);
        assert_int_equal(mr_topic_creation_again(world->provision), pauses[i]);
    }
}

static void a_change_makes_it_look_again_soon(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    route(world, "stock");
    use(world, true);
    created = -1;
    look(world, true);
    look(world, true);
    assert_int_equal(mr_topic_creation_again(world->provision), 2 * AGAIN_MS);
    topic(world, "orders", 3);
    topic(world, "orders-dlq", 3); /* one source less to wait for, nothing to make */
    look(world, true);
    assert_int_equal(mr_topic_creation_again(world->provision), AGAIN_MS);
}

static void it_does_not_look_while_it_makes_what_it_found(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    topic(world, "orders", 3);
    use(world, true);
    assert_true(mr_topic_creation_look(world->provision, world->routes, &world->topics, true));
    assert_false(mr_topic_creation_look(world->provision, world->routes, &world->topics, true));
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_string_equal(mr_buf_text(&creations), "orders-dlq 3 like orders; ");
    look(world, true);
}

static void once_stopped_it_makes_nothing_and_tells_nothing(void **state)
{
    struct world *world = *state;
    route(world, "orders");
    topic(world, "orders", 3);
    use(world, true);
    mr_topic_creation_stop(world->provision);
    look(world, true);
    assert_string_equal(mr_buf_text(&creations), "");
    assert_string_equal(mr_buf_text(&said), "");
    assert_int_equal(missing(world), UNSHOWN);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dead_letter_topic_is_made_like_its_source),
        TEST(a_retry_topic_is_made_where_messages_wait_in_it),
        TEST(what_is_there_is_not_made),
        TEST(what_another_worker_has_made_meanwhile_is_as_good),
        TEST(a_topic_of_several_is_made_like_the_largest_and_once),
        TEST(nothing_is_made_before_its_source_is_there_and_that_is_looked_for),
        TEST(a_pattern_s_topics_have_theirs_and_those_have_none),
        TEST(where_none_may_be_made_what_is_missing_is_said_once_until_it_was_there),
        TEST(one_worker_tells_and_the_others_make_in_silence),
        TEST(what_could_not_be_made_is_tried_again_ever_more_seldom),
        TEST(a_change_makes_it_look_again_soon),
        TEST(it_does_not_look_while_it_makes_what_it_found),
        TEST(once_stopped_it_makes_nothing_and_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
