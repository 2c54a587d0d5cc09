#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seed.h"
#include "worker/consumer/commit_line.h"
#include "worker/job/job_state.h"

static struct mr_commit_line line;
static struct mr_job jobs[64];

static int set_up(void **state)
{
    (void)state;
    memset(jobs, 0, sizeof(jobs));
    line = (struct mr_commit_line){0};
    return 0;
}

/* Its handler has ended, and all that it sent is acknowledged. */
static void finish(struct mr_job *job)
{
    job->state = MR_JOB_DELIVERING;
    mr_job_become(job, MR_JOB_COMMITTABLE, NULL);
}

static void join(size_t count)
{
    for (size_t i = 0; i < count; i++)
        mr_commit_line_join(&line, &jobs[i]);
}

/* Enters all that may; gives how many have. */
static size_t enter_all(void)
{
    while (mr_commit_line_next(&line) != NULL)
        mr_commit_line_enter(&line);
    return line.entered;
}

static void nobody_enters_before_who_came_first(void **state)
{
    (void)state;
    join(3);
    finish(&jobs[1]);
    finish(&jobs[2]);
    assert_int_equal(enter_all(), 0);
    finish(&jobs[0]);
    assert_int_equal(enter_all(), 3);
    assert_ptr_equal(line.latest, &jobs[2]);
}

static void those_that_entered_leave_in_order_and_the_next_enter_behind_them(void **state)
{
    (void)state;
    join(3);
    finish(&jobs[0]);
    finish(&jobs[1]);
    assert_int_equal(enter_all(), 2);
    assert_ptr_equal(mr_commit_line_leave(&line), &jobs[0]);
    assert_ptr_equal(mr_commit_line_leave(&line), &jobs[1]);
    assert_true(jobs[0].line == NULL && jobs[1].line == NULL);
    assert_null(line.latest);
    finish(&jobs[2]);
    assert_int_equal(enter_all(), 1);
}

static void after_an_abort_all_enter_again(void **state)
{
    (void)state;
    join(3);
    finish(&jobs[0]);
    finish(&jobs[1]);
    assert_int_equal(enter_all(), 2);
    mr_commit_line_rewind(&line);
    assert_null(line.latest);
    mr_job_become(&jobs[0], MR_JOB_DELIVERING, NULL); /* it is handled again */
    assert_int_equal(enter_all(), 0);
    finish(&jobs[0]);
    assert_int_equal(enter_all(), 2);
}

static void none_behind_a_dropped_one_enters_and_each_is_dropped_in_its_turn(void **state)
{
    (void)state;
    join(4);
    finish(&jobs[0]);
    finish(&jobs[1]);
    finish(&jobs[2]);
    mr_job_become(&jobs[1], MR_JOB_ABANDONED, NULL);
    assert_int_equal(enter_all(), 1);
    assert_null(mr_commit_line_drop(&line)); /* what is before it may still be committed */
    assert_ptr_equal(mr_commit_line_leave(&line), &jobs[0]);
    assert_ptr_equal(mr_commit_line_drop(&line), &jobs[1]);
    assert_ptr_equal(mr_commit_line_drop(&line), &jobs[2]);
    assert_int_equal(jobs[2].state, MR_JOB_ABANDONED);
    assert_null(mr_commit_line_drop(&line));
    finish(&jobs[3]);
    assert_int_equal(enter_all(), 0);
    assert_ptr_equal(mr_commit_line_drop(&line), &jobs[3]);
    assert_null(mr_commit_line_drop(&line));
}

static void of_a_lost_partition_nothing_enters(void **state)
{
    (void)state;
    join(2);
    finish(&jobs[0]);
    assert_int_equal(enter_all(), 1);
    line.broken = true;
    mr_commit_line_rewind(&line);
    assert_int_equal(enter_all(), 0);
    assert_ptr_equal(mr_commit_line_drop(&line), &jobs[0]);
    assert_null(mr_commit_line_drop(&line));
}

struct model {
    struct seed seed;
    size_t count, joined, left, committed;
    bool any_dropped;
};

static void finish_some(struct model *model)
{
    struct mr_job *job = &jobs[random_below(&model->seed, model->count)];
    if (job->line == NULL || job->state != MR_JOB_QUEUED)
        return;
    finish(job);
    if (random_below(&model->seed, 16) == 0)
        mr_job_become(job, MR_JOB_ABANDONED, NULL);
}

/* The transaction ends, well or not. */
static void end(struct model *model)
{
    if (random_below(&model->seed, 2) == 0)
        mr_commit_line_rewind(&line);
    while (line.entered > 0) {
        assert_false(model->any_dropped);
        assert_ptr_equal(mr_commit_line_leave(&line), &jobs[model->left++]);
        model->committed++;
    }
}

static void drop_some(struct model *model)
{
    for (struct mr_job *job; (job = mr_commit_line_drop(&line)) != NULL;) {
        assert_ptr_equal(job, &jobs[model->left++]);
        model->any_dropped = true;
    }
}

static void step(struct model *model)
{
    switch (random_below(&model->seed, 5)) {
    case 0:
        if (model->joined < model->count)
            mr_commit_line_join(&line, &jobs[model->joined++]);
        break;
    case 1:
        finish_some(model);
        break;
    case 2:
        enter_all();
        break;
    case 3:
        end(model);
        break;
    default:
        drop_some(model);
    }
}

/* Against what is meant: the committed ones are a prefix of those that came, each is once committed
 * or dropped, and none is committed behind one that is dropped. */
static void whatever_happens_what_is_committed_is_a_prefix(void **state)
{
    struct model model = {.seed = new_seed("line")};
    for (int round = 0; round < 20000; round++) {
        set_up(state);
        model = (struct model){.seed = model.seed, .count = 1 + random_below(&model.seed, 12)};
        while (model.left < model.count)
            step(&model);
        assert_true(model.committed == model.count || model.any_dropped);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(nobody_enters_before_who_came_first),
        TEST(those_that_entered_leave_in_order_and_the_next_enter_behind_them),
        TEST(after_an_abort_all_enter_again),
        TEST(none_behind_a_dropped_one_enters_and_each_is_dropped_in_its_turn),
        TEST(of_a_lost_partition_nothing_enters),
        TEST(whatever_happens_what_is_committed_is_a_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
