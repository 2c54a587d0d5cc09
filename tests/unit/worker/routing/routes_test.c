#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/machine/file.h"
#include "base/panic.h"
#include "worker/routing/routing.h"

enum { MOST_FILES = 8 };

/* A VM, and a snapshot in memory. Whether a generation is gone is seen by its onUnload, which
 * raises: that is logged. */
struct world {
    struct mr_vm *vm;
    struct mr_snapshot snapshot;
    struct mr_script_file files[MOST_FILES];
    struct mr_errors errors;
    struct mr_buf log;
    char log_file[64];
};

static int set_up(void **state)
{
    static const struct mr_host nobody;
    struct world *world = calloc(1, sizeof(*world));
    world->vm = mr_vm_new(&nobody, NULL, MR_SANDBOXED);
    world->snapshot =
        (struct mr_snapshot){.generation = 1, .config = mr_config_new(), .files = world->files};
    strcpy(world->log_file, "/tmp/mr_routes_test_XXXXXX");
    *state = world;
    int fd = mkstemp(world->log_file);
    if (fd < 0 || close(fd) != 0)
        return -1;
    return mr_log_open(world->log_file, MR_LOG_JSON, MR_LOG_INFO, "test");
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_log_open(NULL, MR_LOG_TEXT, MR_LOG_INFO, "test");
    unlink(world->log_file);
    for (size_t i = 0; i < world->snapshot.file_count; i++) {
        free(world->files[i].name);
        free(world->files[i].place);
        free(world->files[i].text);
    }
    mr_config_free(world->snapshot.config);
    mr_errors_free(&world->errors);
    mr_buf_free(&world->log);
    mr_vm_free(world->vm);
    free(world);
    return 0;
}

static void file(struct world *world, const char *name, const char *text)
{
    struct mr_buf place = {0};
    mr_buf_printf(&place, "scripts/%s", name);
    world->files[world->snapshot.file_count++] = (struct mr_script_file){
        mr_strdup(name), mr_strdup(mr_buf_text(&place)), mr_strdup(text), strlen(text)};
    mr_buf_free(&place);
}

static void handler(struct world *world, const char *name)
{
    file(world, name,
         "function handleMessage() end\nfunction onUnload() error('unloaded', 0) end\n");
}

static void set(struct world *world, const char *path, const char *text)
{
    mr_config_set_text(world->snapshot.config, path, text, "test", &world->errors);
    assert_string_equal(mr_errors_text(&world->errors), "");
}

static void entry(struct world *world, const char *path)
{
    mr_config_add_entry(world->snapshot.config, path, "test");
}

static struct mr_routes *try(struct world *world)
{
    struct mr_generation *generation =
        mr_generation_load(world->vm, &world->snapshot, &world->errors);
    assert_string_equal(mr_errors_text(&world->errors), "");
    assert_non_null(generation);
    return mr_routing_new(&world->snapshot, generation, &world->errors);
}

static struct mr_routes *build(struct world *world)
{
    struct mr_routes *routes = try(world);
    assert_string_equal(mr_errors_text(&world->errors), "");
    assert_non_null(routes);
    return routes;
}

/* The name of the route that serves the topic; "-" where none does. */
static const char *served_by(struct mr_routes *routes, const char *topic)
{
    const struct mr_route *route = mr_routing_find(routes, topic);
    return route == NULL ? "-" : route->name;
}

/* How many scripts have been unloaded. */
static int unloaded(struct world *world)
{
    int count = 0;
    mr_buf_clear(&world->log);
    assert_int_equal(mr_file_read(world->log_file, 1 << 20, &world->log), 0);
    for (const char *at = mr_buf_text(&world->log); (at = strstr(at, "unloaded")) != NULL; at++)
        count++;
    return count;
}

static void a_handler_file_serves_the_topic_of_its_name(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    handler(world, "orders.v1.lua");
    file(world, "lib/money.lua", "return {}");
    struct mr_routes *routes = build(world);
    assert_int_equal(mr_routes_count(routes), 2);
    assert_string_equal(served_by(routes, "echo"), "echo");
    assert_string_equal(served_by(routes, "orders.v1"), "orders.v1");
    assert_string_equal(served_by(routes, "orders"), "-");
    assert_string_equal(served_by(routes, "echo.lua"), "-");
    assert_string_equal(served_by(routes, "lib/money"), "-");
    assert_string_equal(served_by(routes, ""), "-");
    mr_routes_retire(routes);
}

static void a_route_has_its_script_and_the_defaults(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    struct mr_generation *generation =
        mr_generation_load(world->vm, &world->snapshot, &world->errors);
    struct mr_routes *routes = mr_routing_new(&world->snapshot, generation, &world->errors);
    struct mr_route *route = mr_routing_find(routes, "echo");
    assert_ptr_equal(route, mr_routes_at(routes, 0));
    assert_ptr_equal(route->owner, routes);
    assert_non_null(route->script);
    assert_ptr_equal(route->script, mr_generation_script(generation, "echo.lua"));
    assert_int_equal(route->codec, MR_CODEC_JSON);
    assert_int_equal(route->dialect, MR_DIALECT_AUTO);
    assert_int_equal(route->ordering, MR_ORDER_KEY);
    assert_int_equal(route->concurrency, 64);
    assert_string_equal(route->group_id, "moonroute");
    assert_int_equal(route->running, 0);
    mr_routes_retire(routes);
}

static void a_route_adds_settings_to_the_file_of_its_name(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    handler(world, "other.lua");
    set(world, "defaults.concurrency", "5");
    set(world, "defaults.ordering", "partition");
    set(world, "routes[\"echo\"].concurrency", "7");
    set(world, "routes[\"echo\"].ordering", "none");
    set(world, "routes[\"echo\"].codec", "raw");
    set(world, "routes[\"echo\"].dialect", "plain");
    struct mr_routes *routes = build(world);
    assert_int_equal(mr_routes_count(routes), 2);
    const struct mr_route *echo = mr_routing_find(routes, "echo");
    assert_int_equal(echo->concurrency, 7);
    assert_int_equal(echo->ordering, MR_ORDER_NONE);
    assert_int_equal(echo->codec, MR_CODEC_RAW);
    assert_int_equal(echo->dialect, MR_DIALECT_PLAIN);
    const struct mr_route *other = mr_routing_find(routes, "other");
    assert_int_equal(other->concurrency, 5);
    assert_int_equal(other->ordering, MR_ORDER_PARTITION);
    assert_int_equal(other->codec, MR_CODEC_JSON);
    assert_int_equal(other->dialect, MR_DIALECT_AUTO);
    mr_routes_retire(routes);
}

static void groups_are_of_the_route_or_of_the_service(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    handler(world, "other.lua");
    set(world, "kafka.group_id", "everyone");
    set(world, "routes[\"echo\"].group_id", "echoes");
    struct mr_routes *routes = build(world);
    assert_string_equal(mr_routing_find(routes, "echo")->group_id, "echoes");
    assert_string_equal(mr_routing_find(routes, "other")->group_id, "everyone");
    mr_routes_retire(routes);
}

static void a_route_may_name_another_script_which_then_serves_no_topic_of_its_own(void **state)
{
    struct world *world = *state;
    handler(world, "orders.lua");
    handler(world, "echo.lua");
    set(world, "routes[\"orders-eu\"].script", "orders.lua");
    set(world, "routes[\"orders-us\"].script", "orders.lua");
    struct mr_routes *routes = build(world);
    assert_int_equal(mr_routes_count(routes), 3);
    assert_string_equal(served_by(routes, "orders-eu"), "orders-eu");
    assert_string_equal(served_by(routes, "orders"), "-");
    assert_string_equal(served_by(routes, "echo"), "echo");
    assert_ptr_equal(mr_routing_find(routes, "orders-eu")->script,
                     mr_routing_find(routes, "orders-us")->script);
    assert_ptr_not_equal(mr_routing_find(routes, "orders-eu")->script,
                         mr_routing_find(routes, "echo")->script);
    mr_routes_retire(routes);
}

static void a_named_script_serves_its_own_topic_where_a_route_says_so(void **state)
{
    struct world *world = *state;
    handler(world, "orders.lua");
    set(world, "routes[\"orders-eu\"].script", "orders.lua");
    entry(world, "routes[\"orders\"]");
    struct mr_routes *routes = build(world);
    assert_int_equal(mr_routes_count(routes), 2);
    assert_string_equal(served_by(routes, "orders"), "orders");
    mr_routes_retire(routes);
}

static void an_exact_name_wins_over_a_pattern(void **state)
{
    struct world *world = *state;
    handler(world, "all.lua");
    handler(world, "orders-eu.lua");
    set(world, "routes[\"^orders-[a-z]+$\"].script", "all.lua");
    struct mr_routes *routes = build(world);
    assert_string_equal(served_by(routes, "orders-eu"), "orders-eu");
    assert_string_equal(served_by(routes, "orders-us"), "^orders-[a-z]+$");
    assert_string_equal(served_by(routes, "orders-7"), "-");
    assert_string_equal(served_by(routes, "my-orders-us"), "-");
    assert_string_equal(served_by(routes, "^orders-[a-z]+$"), "^orders-[a-z]+$");
    mr_routes_retire(routes);
}

static void the_first_pattern_by_name_wins(void **state)
{
    struct world *world = *state;
    handler(world, "one.lua");
    handler(world, "two.lua");
    set(world, "routes[\"^o\"].script", "two.lua");
    set(world, "routes[\"^(a|orders)\"].script", "one.lua");
    set(world, "routes[\"^orders-eu$\"].script", "one.lua");
    struct mr_routes *routes = build(world);
    assert_string_equal(served_by(routes, "orders-eu"), "^(a|orders)");
    assert_string_equal(served_by(routes, "other"), "^o");
    mr_routes_retire(routes);
}

/* orders.a is served by the pattern, stock by its name. */
static void a_pattern_never_takes_the_topics_beside_those_served(void **state)
{
    static const struct {
        const char *topic;
        bool taken;
    } rows[] = {
        {"orders.a", true},
        {"orders.a-commands", true},
        {"orders.a-dlq", false},
        {"orders.a-dlq-dlq", false},
        {"orders.a-responses", false},
        {"orders.a-retry", false}, /* though retries stay in their partition now */
        {"orders.answers", false},
        {"orders.-dlq", false},
        {"orders-dlq", true}, /* would be of "orders" or "orders-commands", which nobody serves */
        {"orders-responses", true},
        {"stock-dlq", false},
        {"stock.a-dlq", false},
        {"stock.dead", false},
        {"stock.dead.a", true},
        {"stocks-dlq", true},
    };
    struct world *world = *state;
    handler(world, "all.lua");
    handler(world, "stock.lua");
    handler(world, "orders.b-dlq.lua");
    set(world, "routes[\"^(orders|stock)[.]\"].script", "all.lua");
    set(world, "routes[\"^(orders|stocks?)-(dlq|responses)$\"].script", "all.lua");
    set(world, "routes[\"stock-late\"].script", "all.lua");
    set(world, "routes[\"stock-late\"].dlq.topic", "stock.dead");
    set(world, "rpc.response_topics", "orders.answers");
    struct mr_routes *routes = build(world);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool taken = strcmp(served_by(routes, rows[i].topic), "-") != 0;
        if (taken != rows[i].taken)
            fail_msg("%s is %s", rows[i].topic, taken ? "taken" : "not taken");
    }
    assert_string_equal(served_by(routes, "orders.b-dlq"), "orders.b-dlq");
    mr_routes_retire(routes);
}

static void a_template_of_the_users_is_seen_through(void **state)
{
    struct world *world = *state;
    handler(world, "all.lua");
    handler(world, "stock.lua");
    set(world, "routes[\"^\"].script", "all.lua");
    set(world, "routes[\"^\"].dlq.topic", "dead.{topic}.of.{base}");
    set(world, "routes[\"^\"].retry.mode", "topic");
    set(world, "routes[\"stock\"].dlq.topic", "dead-letters");
    struct mr_routes *routes = build(world);
    assert_string_equal(served_by(routes, "dead.a.of.a"), "-");
    assert_string_equal(served_by(routes, "dead.a-commands.of.a"), "-");
    assert_string_equal(served_by(routes, "dead.a.of.b"), "^");
    assert_string_equal(served_by(routes, "dead.stock.of.stock"), "^");
    assert_string_equal(served_by(routes, "dead-letters"), "-");
    assert_string_equal(served_by(routes, "a-retry"), "-");
    assert_string_equal(served_by(routes, "stock-retry"), "-");
    assert_string_equal(served_by(routes, "a-dlq"), "^");
    mr_routes_retire(routes);
}

static void refused(struct world *world, const char *error)
{
    assert_null(try(world));
    assert_string_equal(mr_errors_text(&world->errors), error);
}

#define COMES_BACK                                                                                 \
    "brings the topic's dead letters back to the topic for ever: name another dead-letter topic\n"

static void dead_letters_that_would_come_back_for_ever_are_refused(void **state)
{
    struct world *world = *state;
    handler(world, "a.lua");
    handler(world, "b.lua");
    handler(world, "c.lua");
    set(world, "routes[\"a\"].dlq.topic", "b");
    set(world, "routes[\"b\"].dlq.topic", "a");
    set(world, "routes[\"c\"].dlq.topic", "{base}");
    refused(world, "test: routes[\"a\"].dlq.topic: \"b\" " COMES_BACK
                   "test: routes[\"b\"].dlq.topic: \"a\" " COMES_BACK
                   "test: routes[\"c\"].dlq.topic: \"{base}\" " COMES_BACK);
}

static void dead_letters_that_would_wait_as_retries_are_refused(void **state)
{
    struct world *world = *state;
    handler(world, "a.lua");
    set(world, "routes[\"a\"].dlq.topic", "a-retry");
    mr_routes_retire(build(world));
    set(world, "routes[\"a\"].retry.mode", "topic");
    refused(world, "test: routes[\"a\"].dlq.topic: \"a-retry\" " COMES_BACK);
}

static void a_pattern_whose_dead_letters_could_come_back_is_refused(void **state)
{
    struct world *world = *state;
    handler(world, "a.lua");
    set(world, "routes[\"^a\"].script", "a.lua");
    set(world, "routes[\"^a\"].dlq.topic", "{base}-commands");
    refused(world,
            "test: routes[\"^a\"].dlq.topic: \"{base}-commands\" can bring dead letters back to "
            "their own topic for ever: name another dead-letter topic\n");
}

static void a_route_may_handle_the_dead_letters_of_another(void **state)
{
    struct world *world = *state;
    handler(world, "a.lua");
    handler(world, "a-dlq.lua");
    handler(world, "b.lua");
    set(world, "routes[\"b\"].dlq.topic", "a-dlq");
    mr_routes_retire(build(world));
}

static void names_that_would_be_too_long_are_refused(void **state)
{
    struct world *world = *state;
    struct mr_buf wanted = {0};
    char file_name[260], path[300], name[247];
    memset(name, 'n', sizeof(name));
    name[246] = '\0';
    snprintf(file_name, sizeof(file_name), "%s.lua", name);
    snprintf(path, sizeof(path), "routes[\"%s\"].retry.mode", name);
    handler(world, file_name);
    set(world, path, "topic");
    mr_buf_printf(
        &wanted,
        "routes[\"%s\"].dlq.topic: \"{base}-dlq\" does not make a topic name from this topic's "
        "name (at most 249 characters)\n"
        "test: routes[\"%s\"].retry.mode: \"topic\" cannot be used: the name of the retry topic "
        "would be longer than 249 characters\n",
        name, name);
    refused(world, mr_buf_text(&wanted));
    mr_buf_free(&wanted);
}

static void a_missing_script_says_what_to_do(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    entry(world, "routes[\"orders\"]");
    set(world, "routes[\"^x\"].script", "x.lua");
    assert_null(try(world));
    assert_string_equal(mr_errors_text(&world->errors),
                        "routes[\"^x\"]: no script x.lua: create it, or name another by script = "
                        "\"FILE\"\n"
                        "routes[\"orders\"]: no script orders.lua: create it, or name another by "
                        "script = \"FILE\"\n");
}

static void a_group_that_is_exactly_once_and_not_is_named_once(void **state)
{
    struct world *world = *state;
    handler(world, "a.lua");
    handler(world, "b.lua");
    handler(world, "c.lua");
    handler(world, "d.lua");
    mr_routing_warn(&world->snapshot, &world->errors);
    assert_string_equal(mr_errors_text(&world->errors), "");
    set(world, "routes[\"b\"].delivery", "exactly-once");
    set(world, "routes[\"c\"].delivery", "exactly-once");
    set(world, "routes[\"d\"].delivery", "exactly-once");
    set(world, "routes[\"d\"].group_id", "other");
    mr_routing_warn(&world->snapshot, &world->errors);
    assert_string_equal(
        mr_errors_text(&world->errors),
        "warning: routes[\"b\"] is exactly-once and routes[\"a\"] of the same group \"moonroute\" "
        "is "
        "not. Give the exactly-once routes a group of their own, such as group_id = "
        "\"moonroute-exactly-once\"\n");
}

static void what_is_no_regular_expression_is_named(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    set(world, "routes[\"^(a\"].script", "echo.lua");
    assert_null(try(world));
    assert_string_equal(mr_errors_text(&world->errors),
                        "routes[\"^(a\"]: not a regular expression\n");
}

static void routes_that_cannot_be_retire_their_generation(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    set(world, "routes[\"^a\"].script", "echo.lua");
    entry(world, "routes[\"orders\"]");
    assert_null(try(world));
    assert_int_equal(unloaded(world), 1);
}

static void errors_from_before_do_not_count(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    struct mr_generation *generation =
        mr_generation_load(world->vm, &world->snapshot, &world->errors);
    mr_errors_add(&world->errors, "of somebody else");
    struct mr_routes *routes = mr_routing_new(&world->snapshot, generation, &world->errors);
    assert_non_null(routes);
    mr_routes_retire(routes);
}

static void retired_routes_are_gone_at_once_where_no_job_is_at_work(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    handler(world, "other.lua");
    struct mr_routes *routes = build(world);
    assert_int_equal(unloaded(world), 0);
    mr_routes_retire(routes);
    assert_int_equal(unloaded(world), 2);
}

static void retired_routes_live_until_their_last_job_has_ended(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    handler(world, "other.lua");
    struct mr_routes *routes = build(world);
    struct mr_route *echo = mr_routing_find(routes, "echo");
    struct mr_route *other = mr_routing_find(routes, "other");
    mr_route_hold(echo);
    mr_route_hold(echo);
    mr_route_hold(other);
    assert_int_equal(echo->running, 2);
    assert_int_equal(other->running, 1);
    mr_routes_retire(routes);
    mr_route_release(echo);
    assert_int_equal(echo->running, 1);
    mr_route_release(other);
    assert_int_equal(unloaded(world), 0);
    assert_string_equal(echo->group_id, "moonroute");
    mr_route_release(echo);
    assert_int_equal(unloaded(world), 2);
}

static void routes_in_use_live_on_where_no_job_is_at_work(void **state)
{
    struct world *world = *state;
    handler(world, "echo.lua");
    struct mr_routes *routes = build(world);
    mr_route_hold(mr_routes_at(routes, 0));
    mr_route_release(mr_routes_at(routes, 0));
    assert_int_equal(unloaded(world), 0);
    assert_string_equal(served_by(routes, "echo"), "echo");
    mr_routes_retire(routes);
    assert_int_equal(unloaded(world), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_handler_file_serves_the_topic_of_its_name),
        TEST(a_route_has_its_script_and_the_defaults),
        TEST(a_route_adds_settings_to_the_file_of_its_name),
        TEST(groups_are_of_the_route_or_of_the_service),
        TEST(a_route_may_name_another_script_which_then_serves_no_topic_of_its_own),
        TEST(a_named_script_serves_its_own_topic_where_a_route_says_so),
        TEST(an_exact_name_wins_over_a_pattern),
        TEST(the_first_pattern_by_name_wins),
        TEST(a_group_that_is_exactly_once_and_not_is_named_once),
        TEST(a_missing_script_says_what_to_do),
        TEST(a_pattern_never_takes_the_topics_beside_those_served),
        TEST(a_template_of_the_users_is_seen_through),
        TEST(dead_letters_that_would_come_back_for_ever_are_refused),
        TEST(dead_letters_that_would_wait_as_retries_are_refused),
        TEST(a_pattern_whose_dead_letters_could_come_back_is_refused),
        TEST(a_route_may_handle_the_dead_letters_of_another),
        TEST(names_that_would_be_too_long_are_refused),
        TEST(what_is_no_regular_expression_is_named),
        TEST(routes_that_cannot_be_retire_their_generation),
        TEST(errors_from_before_do_not_count),
        TEST(retired_routes_are_gone_at_once_where_no_job_is_at_work),
        TEST(retired_routes_live_until_their_last_job_has_ended),
        TEST(routes_in_use_live_on_where_no_job_is_at_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
