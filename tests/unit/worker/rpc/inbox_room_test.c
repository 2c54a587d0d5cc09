#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/panic.h"
#include "worker/rpc/inbox_state.h"

struct world {
    struct mr_timers timers;
    struct mr_slot slot;
    struct mr_inbox inbox;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    mr_log_lowest = MR_LOG_ERROR;
    world->inbox = (struct mr_inbox){.timers = &world->timers, .slot = &world->slot};
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    while (world->inbox.topics != NULL) {
        world->inbox.topics->uses = 0;
        world->inbox.topics->looking = false;
        mr_inbox_forget(world->inbox.topics);
    }
    mr_timers_free(&world->timers);
    free(world);
    return 0;
}

/* Adds a topic that was wanted at its number, in ms. */
static struct mr_inbox_topic *add(struct world *world, uint64_t number)
{
    char name[32];
    struct mr_inbox_topic *topic = mr_alloc(sizeof(*topic));
    snprintf(name, sizeof(name), "topic-%llu", (unsigned long long)number);
    *topic = (struct mr_inbox_topic){.inbox = &world->inbox,
                                     .name = mr_strdup(name),
                                     .wanted = number,
                                     .told = MR_DEAF_NOT,
                                     .next = world->inbox.topics};
    world->inbox.topics = topic;
    return topic;
}

static void fill(struct world *world)
{
    for (uint64_t i = 0; i < MR_INBOX_MOST; i++)
        add(world, i);
}

static struct mr_inbox_topic *get(const struct world *world, uint64_t number)
{
    struct mr_inbox_topic *topic = world->inbox.topics;
    while (topic != NULL && topic->wanted != number)
        topic = topic->next;
    return topic;
}

static size_t count(const struct world *world)
{
    size_t count = 0;
    for (const struct mr_inbox_topic *topic = world->inbox.topics; topic; topic = topic->next)
        count++;
    return count;
}

static void nothing_is_closed_while_there_is_room(void **state)
{
    struct world *world = *state;
    for (uint64_t i = 0; i < MR_INBOX_MOST - 1; i++)
        add(world, i);
    assert_true(mr_inbox_make_room(&world->inbox));
    assert_int_equal(count(world), MR_INBOX_MOST - 1);
}

static void the_topic_that_is_unused_for_the_longest_time_is_closed(void **state)
{
    struct world *world = *state;
    fill(world);
    get(world, 0)->uses = 1;
    get(world, 1)->looking = true;
    get(world, 3)->told = MR_DEAF_UNASKED;
    assert_true(mr_inbox_make_room(&world->inbox));
    assert_int_equal(count(world), MR_INBOX_MOST - 1);
    assert_null(get(world, 2));
    add(world, MR_INBOX_MOST);
    assert_true(mr_inbox_make_room(&world->inbox));
    assert_null(get(world, 3));
    assert_int_equal(mr_cell_get(&world->slot.gauges[MR_RESPONSE_TOPICS_DEAF]), 0);
}

static void topics_of_the_configuration_are_never_closed_and_take_no_room(void **state)
{
    struct world *world = *state;
    fill(world);
    get(world, 0)->kept = true;
    assert_true(mr_inbox_make_room(&world->inbox));
    assert_int_equal(count(world), MR_INBOX_MOST);
    add(world, MR_INBOX_MOST);
    assert_true(mr_inbox_make_room(&world->inbox));
    assert_non_null(get(world, 0));
    assert_null(get(world, 1));
}

static void there_is_no_room_if_all_are_in_use(void **state)
{
    struct world *world = *state;
    fill(world);
    for (uint64_t i = 0; i < MR_INBOX_MOST; i++)
        get(world, i)->uses = 1;
    assert_false(mr_inbox_make_room(&world->inbox));
    assert_int_equal(count(world), MR_INBOX_MOST);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_closed_while_there_is_room),
        TEST(the_topic_that_is_unused_for_the_longest_time_is_closed),
        TEST(topics_of_the_configuration_are_never_closed_and_take_no_room),
        TEST(there_is_no_room_if_all_are_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
