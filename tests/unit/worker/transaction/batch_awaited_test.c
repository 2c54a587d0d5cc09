/* When a transaction waits for no more jobs, by its partitions and by the bytes of all of them. */
#include "worker/transaction/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/consumer/fullness.h"

struct world {
    struct mr_partitions all;
    struct mr_partition member, other;
    struct mr_batch batch;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->member.owner = world->other.owner = &world->all;
    world->batch.members = &world->member;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void it_waits_while_its_partitions_take_messages(void **state)
{
    struct world *world = *state;
    assert_false(mr_batch_awaited(&world->batch));
    world->member.fullness = MR_FULLNESS_PAUSED;
    assert_true(mr_batch_awaited(&world->batch));
    world->member.fullness = MR_FULLNESS_OPEN;
    world->member.tenure = MR_TENURE_LEAVING;
    assert_true(mr_batch_awaited(&world->batch));
}

static void it_does_not_wait_while_the_worker_takes_no_messages(void **state)
{
    struct world *world = *state;
    mr_partition_holds_record(&world->other, MR_PARTITIONS_BYTES - 1);
    assert_false(mr_batch_awaited(&world->batch));
    mr_partition_holds_record(&world->member, 1);
    assert_true(mr_batch_awaited(&world->batch));
    mr_partition_frees_record(&world->member, 1);
    assert_false(mr_batch_awaited(&world->batch));
    mr_partition_frees_record(&world->other, MR_PARTITIONS_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_waits_while_its_partitions_take_messages, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_does_not_wait_while_the_worker_takes_no_messages, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
