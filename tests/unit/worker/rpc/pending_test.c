#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "worker/rpc/pending.h"
#include "worker/wire/request.h"

enum { A_MINUTE = 60000 };

struct world {
    struct mr_timers timers;
    struct mr_slot slot;
    struct mr_calls calls;
    struct mr_job job;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->calls = (struct mr_calls){.timers = &world->timers, .slot = &world->slot};
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_calls_free(&world->calls);
    mr_timers_free(&world->timers);
    while (world->job.waits_for != NULL) {
        world->job.waits_for->call = NULL;
        mr_wait_free(world->job.waits_for);
    }
    free(world);
    return 0;
}

static struct mr_call *open_call(struct world *world)
{
    struct mr_call *call = mr_call_new(&world->calls, MR_DIALECT_PLAIN, "x-responses", 1000);
    mr_call_begin(call, mr_wait_new(&world->job, 1));
    return call;
}

static struct mr_call *find(const struct world *world, const char *header, const char *id)
{
    const struct mr_pair headers[] = {{MR_BYTES("traceparent"), MR_BYTES("00")},
                                      {mr_bytes_of(header), mr_bytes_of(id)}};
    return mr_ask_find(&world->calls.by_id, headers, 2);
}

static void assert_pending(const struct world *world, int64_t pending)
{
    assert_int_equal(world->calls.pending, pending);
    assert_int_equal(mr_cell_get(&world->slot.gauges[MR_RPC_PENDING]), pending);
}

static void a_call_is_found_by_its_id_in_either_family_of_names(void **state)
{
    struct world *world = *state;
    struct mr_call *one = open_call(world), *other = open_call(world);
    assert_ptr_equal(find(world, "correlation-id", one->id), one);
    assert_ptr_equal(find(world, "Correlation-Id", other->id), other);
    assert_ptr_equal(find(world, "kafka_correlationId", other->id), other);
    assert_null(find(world, "message-id", one->id));
    assert_null(find(world, "correlation-id", "somebody else's"));
}

static void those_waited_for_are_counted_and_listed_until_they_end_in_any_order(void **state)
{
    enum { COUNT = 5 };
    static const int order[COUNT] = {2, 4, 0, 1, 3};
    struct world *world = *state;
    struct mr_call *calls[COUNT];
    for (int i = 0; i < COUNT; i++)
        calls[i] = open_call(world);
    for (int i = 0; i < COUNT; i++) {
        assert_pending(world, COUNT - i);
        mr_wait_free(mr_call_end(calls[order[i]]));
        size_t listed = 0;
        for (const struct mr_call *call = world->calls.open; call != NULL; call = call->next)
            listed++;
        assert_int_equal(listed, COUNT - i - 1);
    }
    assert_null(world->calls.open);
    assert_null(world->job.waits_for);
}

static void what_ended_is_found_no_more_and_its_wait_is_free_for_another(void **state)
{
    struct world *world = *state;
    struct mr_call *call = open_call(world);
    char id[sizeof(call->id)];
    memcpy(id, call->id, sizeof(id));
    struct mr_wait *wait = mr_call_end(call);
    assert_null(find(world, "correlation-id", id));
    assert_null(wait->call);
    mr_call_begin(mr_call_new(&world->calls, MR_DIALECT_PLAIN, "x", 1), wait);
    assert_pending(world, 1);
}

static void one_given_up_is_known_for_a_minute_and_then_forgotten(void **state)
{
    struct world *world = *state;
    struct mr_call *call = open_call(world);
    char id[sizeof(call->id)];
    memcpy(id, call->id, sizeof(id));
    uint64_t before = mr_clock_ms();
    mr_wait_free(mr_call_abandon(call));
    uint64_t after = mr_clock_ms();
    assert_pending(world, 0);
    assert_null(world->calls.open);
    mr_timers_run(&world->timers, before + A_MINUTE - 1);
    assert_ptr_equal(find(world, "correlation-id", id), call);
    assert_null(call->wait);
    mr_timers_run(&world->timers, after + A_MINUTE);
    assert_null(find(world, "correlation-id", id));
}

static void a_record_that_is_not_sent_goes_with_its_call(void **state)
{
    struct world *world = *state;
    const struct mr_outgoing record = {.topic = "asked", .value = MR_BYTES("{}")};
    struct mr_call *sent = open_call(world), *left = open_call(world);
    sent->record = mr_outgoing_copy(&record);
    left->record = mr_outgoing_copy(&record);
    mr_call_sent(sent);
    assert_null(sent->record);
    mr_wait_free(mr_call_abandon(left)); /* who leaks says so (AddressSanitizer) */
    assert_null(left->record);
}

static void a_call_is_in_use_until_its_wait_ends_in_any_way(void **state)
{
    struct world *world = *state;
    size_t uses = 0;
    struct mr_call *replied = open_call(world), *late = open_call(world), *left = open_call(world);
    mr_call_use(replied, &uses);
    mr_call_use(late, &uses);
    mr_call_use(left, &uses);
    assert_int_equal(uses, 3);
    mr_wait_free(mr_call_end(replied));
    assert_int_equal(uses, 2);
    mr_wait_free(mr_call_abandon(late));
    assert_int_equal(uses, 1);
    left->wait->cancel(left->wait);
    assert_int_equal(uses, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_found_by_its_id_in_either_family_of_names),
        TEST(those_waited_for_are_counted_and_listed_until_they_end_in_any_order),
        TEST(what_ended_is_found_no_more_and_its_wait_is_free_for_another),
        TEST(one_given_up_is_known_for_a_minute_and_then_forgotten),
        TEST(a_record_that_is_not_sent_goes_with_its_call),
        TEST(a_call_is_in_use_until_its_wait_ends_in_any_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
