/* Whose record fails a transaction: by what is known of each record when it is aborted. */
#include "worker/job/job_state.h"
#include "worker/transaction/culprit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { JOBS = 6 };

struct world {
    struct mr_partition partition;
    struct mr_partitions partitions;
    struct mr_batch batch;
    struct mr_culprit blame;
    struct mr_job jobs[JOBS];
    struct mr_job_list refused;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->partitions.all = &world->partition;
    world->partition.owner = &world->partitions;
    for (int i = 0; i < JOBS; i++)
        world->jobs[i].partition = &world->partition;
    world->batch.members = &world->partition;
    mr_culprit_note(&world->blame, MR_SENT_BACK, "");
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < JOBS; i++)
        mr_pending_records_drop(&world->jobs[i]);
    mr_culprit_free(&world->blame);
    free(world);
    return 0;
}

/* A job that has entered, or waits for the next transaction, with one record of that size. */
static void add(struct world *world, int number, const char *topic, size_t size, bool entered)
{
    static const char value[1000];
    struct mr_job *job = &world->jobs[number];
    job->state = entered ? MR_JOB_IN_TRANSACTION : MR_JOB_COMMITTABLE;
    mr_pending_records_add(job, MR_FOR_REPLY,
                           &(struct mr_outgoing){.topic = topic, .value = {value, size}});
    mr_commit_line_join(&world->partition.line, job);
    if (entered) {
        world->partition.line.entered++;
        world->batch.jobs++;
    }
}

static void suspect(struct world *world, int number)
{
    mr_batch_suspect(&world->batch, world->jobs[number].held, MR_SENT_TOO_LARGE, "too large");
}

static bool find(struct world *world)
{
    return mr_culprit_find(&world->blame, &world->batch, &world->partitions, &world->refused);
}

static void assert_refused(const struct world *world, const char *numbers)
{
    char found[JOBS + 1] = "";
    size_t count = 0;
    for (int i = 0; i < JOBS; i++)
        if (world->jobs[i].held != NULL && mr_pending_records_failed(&world->jobs[i]) != NULL)
            found[count++] = (char)('0' + i);
    assert_string_equal(found, numbers);
}

static void nobody_is_to_blame_for_a_lost_partition(void **state)
{
    struct world *world = *state;
    add(world, 0, "a", 10, true);
    assert_false(find(world));
    assert_refused(world, "");
}

static void records_refused_together_are_sent_alone(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3; i++)
        add(world, i, "a", 10, true);
    suspect(world, 0);
    suspect(world, 1);
    assert_true(find(world));
    assert_refused(world, "");
    assert_true(mr_careful_has(&world->blame.careful, "a"));
    assert_false(mr_careful_has(&world->blame.careful, "b"));
    assert_false(world->jobs[0].held->suspect);
}

static void the_only_record_of_a_batch_is_refused_itself(void **state)
{
    struct world *world = *state;
    add(world, 0, "a", 10, true);
    add(world, 1, "b", 10, true);
    suspect(world, 0);
    assert_true(find(world));
    assert_refused(world, "0");
    assert_ptr_equal(world->refused.first, &world->jobs[0]);
    assert_int_equal(world->jobs[0].state, MR_JOB_DELIVERING);
    assert_int_equal(world->jobs[1].state, MR_JOB_IN_TRANSACTION);
}

static void what_is_as_large_to_the_same_topic_is_refused_too_also_if_it_waits(void **state)
{
    struct world *world = *state;
    add(world, 0, "a", 100, true);
    add(world, 1, "a", 99, true);
    add(world, 2, "b", 500, true);
    add(world, 3, "a", 100, false);
    add(world, 4, "a", 101, false);
    suspect(world, 0);
    assert_true(find(world));
    assert_refused(world, "034");
}

static void of_compressed_records_a_larger_one_may_be_smaller(void **state)
{
    struct world *world = *state;
    world->blame.compressed = true;
    add(world, 0, "a", 100, true);
    add(world, 1, "a", 101, true);
    suspect(world, 0);
    assert_true(find(world));
    assert_refused(world, "0");
}

static void of_dead_letters_a_larger_one_may_be_smaller(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3; i++)
        add(world, i, i < 2 ? "a" : "b", 100, true);
    add(world, 3, "b", 101, true);
    world->jobs[0].held->record->single = world->jobs[3].held->record->single = true;
    suspect(world, 0);
    suspect(world, 2);
    assert_true(find(world));
    assert_refused(world, "02"); /* neither from a dead letter, nor for one */
}

static void a_topic_that_takes_none_takes_none_of_all_that_are_finished(void **state)
{
    struct world *world = *state;
    add(world, 0, "a", 10, true);
    add(world, 1, "b", 10, true);
    add(world, 2, "a", 10, false);
    add(world, 3, "a", 10, false);
    world->jobs[3].state = MR_JOB_RUNNING;
    mr_culprit_topic(&world->partitions, "a", "forbidden");
    assert_true(find(world));
    assert_refused(world, "02");
    assert_string_equal(world->jobs[2].held->why, "forbidden");
}

static void where_only_the_commit_tells_jobs_are_tried_alone(void **state)
{
    struct world *world = *state;
    add(world, 0, "a", 10, true);
    add(world, 1, "b", 10, true);
    mr_culprit_note(&world->blame, MR_SENT_REFUSED, "no");
    assert_true(find(world));
    assert_refused(world, "");
    assert_int_equal(mr_culprit_limit(&world->blame, 1000), 1);
    mr_culprit_committed(&world->blame, 1);
    assert_int_equal(mr_culprit_limit(&world->blame, 1000), 1);
    mr_culprit_committed(&world->blame, 1);
    assert_int_equal(mr_culprit_limit(&world->blame, 1000), 1000);
}

static void alone_the_first_record_is_refused(void **state)
{
    struct world *world = *state;
    add(world, 0, "a", 10, true);
    mr_culprit_note(&world->blame, MR_SENT_REFUSED, "no");
    assert_true(find(world));
    assert_refused(world, "0");
}

/* As when a producer is lost: nobody tells anything of the transaction that it had open. */
static void what_was_told_of_one_transaction_is_not_of_the_next(void **state)
{
    struct world *world = *state;
    add(world, 0, "a", 10, true);
    mr_culprit_note(&world->blame, MR_SENT_REFUSED, "no");
    assert_true(find(world));
    assert_refused(world, "0");
    mr_job_become(&world->jobs[0], MR_JOB_COMMITTABLE, NULL);
    mr_pending_records_acquit(world->jobs[0].held);
    world->refused = (struct mr_job_list){0};
    assert_false(find(world));
    assert_refused(world, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_to_blame_for_a_lost_partition),
        TEST(records_refused_together_are_sent_alone),
        TEST(the_only_record_of_a_batch_is_refused_itself),
        TEST(what_is_as_large_to_the_same_topic_is_refused_too_also_if_it_waits),
        TEST(of_compressed_records_a_larger_one_may_be_smaller),
        TEST(of_dead_letters_a_larger_one_may_be_smaller),
        TEST(a_topic_that_takes_none_takes_none_of_all_that_are_finished),
        TEST(where_only_the_commit_tells_jobs_are_tried_alone),
        TEST(alone_the_first_record_is_refused),
        TEST(what_was_told_of_one_transaction_is_not_of_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
