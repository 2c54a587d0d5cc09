/* How the schedule shares time, on a clock of the test's own: each job costs what its flow's jobs
 * cost, and nothing runs. */
#include "worker/job/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/panic.h"

enum { MS = 1000000, US = 1000, FLOWS = 12 };

struct source {
    struct mr_flow flow;
    uint64_t cost;  /* ns, of one of its jobs */
    uint64_t spent; /* ns */
    size_t waiting, done;
    int64_t pushed, last; /* numbers of its jobs */
};

static struct mr_schedule schedule;
static struct source sources[FLOWS];
static uint64_t now; /* ns */

static int set_up(void **state)
{
    (void)state;
    memset(sources, 0, sizeof(sources));
    for (size_t i = 0; i < FLOWS; i++)
        sources[i].last = -1;
    now = 0;
    return 0;
}

static struct source *source_of(const struct mr_job *job)
{
    return job->owner;
}

static void push(struct source *source, size_t count)
{
    for (; count > 0; count--) {
        struct mr_job *job = mr_alloc(sizeof(*job));
        job->owner = source;
        job->message.offset = source->pushed++;
        source->waiting++;
        mr_schedule_push(&schedule, &source->flow, job);
    }
}

/* One goes, and ends at once. NULL where none may go. */
static struct source *one_goes(void)
{
    struct mr_ready next;
    if (!mr_schedule_next(&schedule, &next))
        return NULL;
    assert_null(next.wait);
    struct source *source = source_of(next.job);
    assert_true(next.job->message.offset > source->last); /* in order */
    source->last = next.job->message.offset;
    free(next.job);
    source->waiting--;
    source->done++;
    source->spent += source->cost;
    now += source->cost;
    mr_schedule_charge(&schedule, source->cost);
    return source;
}

static int tear_down(void **state)
{
    (void)state;
    while (one_goes() != NULL)
        continue;
    for (size_t i = 0; i < FLOWS; i++)
        mr_schedule_detach(&schedule, &sources[i].flow);
    mr_schedule_free(&schedule);
    return 0;
}

static void serve(size_t number, const char *route, uint64_t cost)
{
    sources[number].cost = cost;
    mr_schedule_attach(&schedule, &sources[number].flow, route, 1000);
}

static void run_for(uint64_t ns)
{
    for (uint64_t ends = now + ns; now < ends;)
        assert_non_null(one_goes());
}

static void routes_get_the_same_time_whatever_their_handlers_cost(void **state)
{
    (void)state;
    serve(0, "dear", 50 * MS);
    serve(1, "cheap", 5 * US);
    push(&sources[0], 100);
    push(&sources[1], 400000);
    run_for(2000ull * MS);
    assert_in_range(sources[0].spent, 950ull * MS, 1050ull * MS);
    assert_in_range(sources[1].spent, 950ull * MS, 1050ull * MS);
}

static void a_route_gets_no_more_for_having_many_partitions(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++)
        serve(i, "wide", 100 * US);
    serve(10, "narrow", 100 * US);
    for (size_t i = 0; i < 11; i++)
        push(&sources[i], 2000);
    run_for(200 * MS);
    assert_in_range(sources[10].spent, 99 * MS, 101 * MS);
    for (size_t i = 0; i < 10; i++)
        assert_in_range(sources[i].spent, 9 * MS, 11 * MS);
}

/* Whoever comes seldom waits for the one that runs, and for nothing else. */
static void comes_next(size_t quiet)
{
    for (size_t i = 0; i < 50; i++) {
        for (size_t n = i % 7; n > 0; n--)
            assert_non_null(one_goes());
        push(&sources[quiet], 1);
        assert_ptr_equal(one_goes(), &sources[quiet]);
        run_for(60 * MS);
    }
}

static void a_quiet_route_goes_before_all_backlogs(void **state)
{
    (void)state;
    serve(0, "dear", 50 * MS);
    serve(1, "dearer", 70 * MS);
    serve(2, "cheap", 5 * US);
    serve(3, "quiet", 20 * US);
    push(&sources[0], 300);
    push(&sources[1], 300);
    push(&sources[2], 500000);
    run_for(1000ull * MS);
    comes_next(3);
}

static void a_quiet_partition_goes_before_the_backlog_of_its_topic(void **state)
{
    (void)state;
    serve(0, "orders", 50 * MS);
    serve(1, "orders", 50 * MS);
    serve(2, "orders", 20 * US);
    push(&sources[0], 200);
    push(&sources[1], 200);
    comes_next(2);
}

static void who_comes_back_does_not_catch_up(void **state)
{
    (void)state;
    serve(0, "one", 1 * MS);
    serve(1, "other", 1 * MS);
    push(&sources[0], 10000);
    run_for(5000ull * MS);
    push(&sources[1], 5000);
    uint64_t before = sources[0].spent;
    run_for(100 * MS);
    assert_in_range(sources[0].spent - before, 49 * MS, 51 * MS);
}

static struct mr_job *start(size_t number)
{
    struct mr_ready next;
    assert_true(mr_schedule_next(&schedule, &next));
    assert_ptr_equal(source_of(next.job), &sources[number]);
    sources[number].last = next.job->message.offset;
    mr_schedule_began(&schedule, &sources[number].flow, next.job);
    mr_schedule_charge(&schedule, sources[number].cost);
    return next.job;
}

static void end(struct mr_job *job)
{
    mr_schedule_ended(&schedule, job);
    free(job);
}

static void at_its_concurrency_a_route_starts_none_and_nobody_loses_a_place(void **state)
{
    struct mr_job *first, *second;
    (void)state;
    serve(0, "orders", 1 * MS);
    serve(1, "orders", 1 * MS);
    mr_schedule_attach(&schedule, &sources[0].flow, "orders", 2);
    mr_schedule_attach(&schedule, &sources[1].flow, "orders", 2);
    push(&sources[0], 5);
    first = start(0);
    second = start(0);
    assert_false(mr_schedule_busy(&schedule));
    push(&sources[1], 1);
    end(first);
    first = start(1); /* it had nothing yet */
    push(&sources[0], 1);
    end(second);
    second = start(0);
    assert_int_equal(second->message.offset, 2);
    end(first);
    end(second);
}

static void the_count_of_a_route_outlives_its_settings(void **state)
{
    (void)state;
    serve(0, "orders", 1 * MS);
    mr_schedule_attach(&schedule, &sources[0].flow, "orders", 1);
    push(&sources[0], 2);
    struct mr_job *job = start(0);
    mr_schedule_attach(&schedule, &sources[0].flow, "orders", 1);
    assert_false(mr_schedule_busy(&schedule));
    mr_schedule_attach(&schedule, &sources[0].flow, "others", 1);
    assert_true(mr_schedule_busy(&schedule));
    mr_schedule_attach(&schedule, &sources[0].flow, "orders", 2);
    assert_true(mr_schedule_busy(&schedule));
    end(job);
}

static struct mr_wait *arrive(struct mr_job *job, uint32_t number)
{
    struct mr_wait *wait = mr_wait_new(job, number);
    mr_wait_arrived(wait, 0);
    mr_schedule_wake(&schedule, &source_of(job)->flow, wait);
    return wait;
}

static void handlers_go_on_though_there_is_no_room(void **state)
{
    struct mr_ready next;
    (void)state;
    serve(0, "orders", 1 * MS);
    serve(1, "orders", 1 * MS);
    mr_schedule_attach(&schedule, &sources[0].flow, "orders", 1);
    push(&sources[0], 2);
    struct mr_job *job = start(0);
    arrive(job, 1);
    arrive(job, 2);
    arrive(job, 3);
    assert_true(mr_schedule_next(&schedule, &next));
    assert_null(next.job);
    assert_int_equal(next.wait->number, 1);
    mr_arrival_free(mr_wait_end(next.wait));
    mr_schedule_forget(&schedule, &sources[0].flow, job);
    mr_waits_cancel(NULL, job);
    assert_false(mr_schedule_busy(&schedule));
    end(job);
}

static void a_backlog_of_resumptions_is_shared_as_well(void **state)
{
    struct mr_ready next;
    (void)state;
    serve(0, "dear", 50 * MS);
    serve(1, "quiet", 10 * US);
    push(&sources[0], 1);
    struct mr_job *job = start(0);
    for (uint32_t i = 0; i < 20; i++)
        arrive(job, i);
    for (uint32_t i = 0; i < 20; i++) {
        push(&sources[1], 1);
        assert_ptr_equal(one_goes(), &sources[1]);
        assert_true(mr_schedule_next(&schedule, &next));
        assert_int_equal(next.wait->number, i);
        mr_arrival_free(mr_wait_end(next.wait));
        mr_schedule_charge(&schedule, 50 * MS);
    }
    end(job);
}

static void what_had_to_wait_keeps_its_place(void **state)
{
    struct mr_ready next;
    struct mr_job_list early = {0};
    (void)state;
    serve(0, "orders", 1 * MS);
    push(&sources[0], 5);
    for (int i = 0; i < 3; i++) {
        assert_true(mr_schedule_next(&schedule, &next));
        mr_job_list_push(&early, next.job);
    }
    mr_schedule_return(&schedule, &sources[0].flow, &early);
    assert_null(early.first);
    struct mr_job_list all = {0};
    mr_schedule_take(&schedule, &sources[0].flow, &all);
    assert_false(mr_schedule_busy(&schedule));
    mr_schedule_return(&schedule, &sources[0].flow, &all);
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(one_goes()->last, i);
}

/* As a run that the machine interrupted does. */
static void one_dear_run_says_nothing_of_what_the_next_ones_cost(void **state)
{
    (void)state;
    serve(0, "cheap", 20 * US);
    push(&sources[0], 102);
    run_for(2 * MS);
    sources[0].cost = 10 * MS;
    one_goes();
    assert_in_range(mr_schedule_cost(&sources[0].flow), 1, 20 * US);
    one_goes();
    assert_in_range(mr_schedule_cost(&sources[0].flow), 1 * MS, 10 * MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(routes_get_the_same_time_whatever_their_handlers_cost),
        TEST(a_route_gets_no_more_for_having_many_partitions),
        TEST(a_quiet_route_goes_before_all_backlogs),
        TEST(a_quiet_partition_goes_before_the_backlog_of_its_topic),
        TEST(who_comes_back_does_not_catch_up),
        TEST(at_its_concurrency_a_route_starts_none_and_nobody_loses_a_place),
        TEST(the_count_of_a_route_outlives_its_settings),
        TEST(handlers_go_on_though_there_is_no_room),
        TEST(a_backlog_of_resumptions_is_shared_as_well),
        TEST(what_had_to_wait_keeps_its_place),
        TEST(one_dear_run_says_nothing_of_what_the_next_ones_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
