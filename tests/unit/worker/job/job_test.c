#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>

#include "base/scoreboard.h"
#include "panics.h"
#include "worker/job/job.h"

static struct mr_job_pool pool;
static struct mr_topic_row row;

static int tear_down(void **state)
{
    (void)state;
    mr_job_pool_free(&pool);
    return 0;
}

static void a_list_gives_first_what_came_first(void **state)
{
    (void)state;
    struct mr_job jobs[3] = {0};
    struct mr_job_list list = {0};
    assert_null(mr_job_list_pop(&list));
    for (int round = 0; round < 2; round++) {
        mr_job_list_push(&list, &jobs[0]);
        mr_job_list_push(&list, &jobs[1]);
        assert_ptr_equal(mr_job_list_pop(&list), &jobs[0]);
        mr_job_list_push(&list, &jobs[2]);
        mr_job_list_push(&list, &jobs[0]);
        assert_ptr_equal(mr_job_list_pop(&list), &jobs[1]);
        assert_ptr_equal(mr_job_list_pop(&list), &jobs[2]);
        assert_ptr_equal(mr_job_list_pop(&list), &jobs[0]);
        assert_null(mr_job_list_pop(&list));
    }
}

/* What is asked of a message of librdkafka's, with headers, while it is there: one that could not
 * be delivered. */
static void (*question)(struct mr_message *message, size_t header_count);
static size_t asked;

static void on_report(rd_kafka_t *kafka, const rd_kafka_message_t *report, void *count)
{
    (void)kafka;
    union {
        const void *from;
        void *to;
    } handle = {report};
    struct mr_message message = {.handle = handle.to, .offset = 7, .key = MR_BYTES("key")};
    question(&message, *(const size_t *)count);
    asked++;
}

static void with_headers(size_t count, void (*ask)(struct mr_message *message, size_t count))
{
    char why[256], name[32], value[32];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_headers_t *headers = rd_kafka_headers_new(count);
    question = ask;
    asked = 0;
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_opaque(conf, &count);
    rd_kafka_conf_set_log_cb(conf, NULL); /* which would say that it has no broker */
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    assert_non_null(kafka);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "name-%zu", i);
        snprintf(value, sizeof(value), "value-%zu", i);
        rd_kafka_header_add(headers, name, -1, i == 1 ? NULL : value, i == 1 ? 0 : -1);
    }
    assert_int_equal(rd_kafka_producev(kafka, RD_KAFKA_V_TOPIC("nowhere"),
                                       RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_purge(kafka, RD_KAFKA_PURGE_F_QUEUE);
    for (int tries = 0; asked == 0 && tries < 100; tries++)
        rd_kafka_poll(kafka, 100);
    rd_kafka_destroy(kafka);
    assert_int_equal(asked, 1);
}

/* The message stays librdkafka's: the job gives it back without freeing it. */
static void release(struct mr_job *job)
{
    job->message.handle = NULL;
    job->state = MR_JOB_SETTLED;
    mr_job_release(&pool, job);
}

static void expect_headers(struct mr_message *message, size_t count)
{
    char name[32], value[32];
    struct mr_job *job = mr_job_new(&pool, &row, message);
    assert_int_equal(job->header_count, count);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "name-%zu", i);
        snprintf(value, sizeof(value), "value-%zu", i);
        assert_true(mr_bytes_equal(job->headers[i].name, mr_bytes_of(name)));
        if (i == 1)
            assert_null(job->headers[i].value.data);
        else
            assert_true(mr_bytes_equal(job->headers[i].value, mr_bytes_of(value)));
    }
    release(job);
}

static void a_job_has_all_headers_of_its_message_in_order(void **state)
{
    static const size_t counts[] = {0, 1, 2, MR_JOB_HEADERS, MR_JOB_HEADERS + 1, 200};
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        with_headers(counts[i], expect_headers);
}

/* A job that a message came through leaves nothing of itself to the next one. */
static void use_twice(struct mr_message *message, size_t count)
{
    uint64_t before = mr_messages_in(&row, MR_JOB_QUEUED);
    struct mr_job *first = mr_job_new(&pool, &row, message);
    struct mr_job *second = mr_job_new(&pool, &row, message);
    assert_int_equal(mr_messages_in(&row, MR_JOB_QUEUED), before + 2);
    assert_ptr_not_equal(first, second);
    assert_int_equal(first->message.offset, 7);
    assert_true(mr_bytes_equal(first->message.key, MR_BYTES("key")));
    first->owner = &pool;
    first->request.is_request = true;
    first->sequence = first->began = first->deliveries = 9;
    first->status = MR_STATUS_ERROR;
    first->chain = MR_BYTES("chain");
    first->behind = first->previous = first->next = second;
    release(first);
    struct mr_job *again = mr_job_new(&pool, &row, message);
    assert_ptr_equal(again, first);
    assert_int_equal(again->header_count, count);
    assert_null(again->owner);
    assert_false(again->request.is_request);
    assert_int_equal(again->state, MR_JOB_QUEUED);
    assert_true(again->sequence == 0 && again->began == 0 && again->deliveries == 0);
    assert_int_equal(again->status, MR_STATUS_SUCCESS);
    assert_null(again->chain.data);
    assert_true(again->behind == NULL && again->previous == NULL && again->next == NULL);
    release(again);
    release(second);
}

static void a_job_is_used_again_and_nothing_of_before_is_left(void **state)
{
    (void)state;
    with_headers(3, use_twice);
    with_headers(100, use_twice);
}

static void release_at_work(void *job)
{
    mr_job_release(&pool, job);
}

static void a_job_that_something_still_holds_is_not_released(void **state)
{
    (void)state;
    char said[512];
    struct mr_job jobs[5] = {0};
    int held;
    for (size_t i = 0; i < 4; i++)
        jobs[i].state = MR_JOB_SETTLED;
    jobs[0].timer.place = 1;
    jobs[1].task = (struct mr_task *)&held;
    jobs[2].waits_for = (struct mr_wait *)&held;
    jobs[3].line = (struct mr_commit_line *)&held;
    jobs[4].state = MR_JOB_ABANDONED; /* it has not been settled */
    for (size_t i = 0; i < 5; i++)
        assert_true(panics(release_at_work, &jobs[i], said, sizeof(said)));
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_gives_first_what_came_first),
        TEST(a_job_has_all_headers_of_its_message_in_order),
        TEST(a_job_is_used_again_and_nothing_of_before_is_left),
        TEST(a_job_that_something_still_holds_is_not_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
