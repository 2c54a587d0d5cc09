/* Which jobs and records a transaction has, in which order. */
#include "fake_kafka.h"
#include "worker/job/job_state.h"
#include "worker/transaction/batch.h"

enum { JOBS = 6 };

static struct mr_timers timers;
static struct mr_topic_warmup warmup; /* closed: no question is asked */
static struct mr_doubts doubts;
static struct mr_careful careful;
static struct mr_producer producer;
static struct mr_partitions all;
static struct mr_partition partitions[2];
static struct mr_job jobs[JOBS];
static struct mr_batch batch;
static char left[FAKE_TEXT];

static void on_delivered(void *data, void *opaque, const char *topic, enum mr_sent how,
                         const char *error)
{
    (void)data, (void)topic;
    assert_int_equal(how, MR_SENT);
    assert_null(error);
    mr_batch_reported(&batch, opaque);
}

static const struct mr_producer_events events = {.delivered = on_delivered};

static void on_answered(void *data)
{
    (void)data;
}

static int set_up(void **state)
{
    (void)state;
    reset_kafka();
    mr_topic_warmup_start(&warmup, NULL, NULL);
    mr_doubts_start(&doubts, &warmup, &timers, on_answered, NULL);
    careful = (struct mr_careful){0};
    memset(&producer, 0, sizeof(producer));
    producer.events = &events;
    memset(partitions, 0, sizeof(partitions));
    partitions[0].owner = partitions[1].owner = &all;
    memset(jobs, 0, sizeof(jobs));
    batch = (struct mr_batch){.producer = &producer, .careful = &careful, .doubts = &doubts};
    left[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < JOBS; i++)
        mr_pending_records_drop(&jobs[i]);
    mr_careful_free(&careful);
    mr_doubts_free(&doubts);
    mr_topic_warmup_free(&warmup);
    mr_timers_free(&timers);
    return 0;
}

static void hold(char letter, const char *topic)
{
    const char value[] = {letter, '\0'};
    const struct mr_outgoing record = {
        .topic = topic, .partition = MR_PARTITION_ANY, .value = {value, 1}};
    mr_pending_records_add(&jobs[letter - 'a'], MR_FOR_PUBLISH, &record);
}

/* Finished jobs of the partition, each with its letter as its record. */
static void join(const char *letters, int partition, const char *topic)
{
    for (; *letters != '\0'; letters++) {
        struct mr_job *job = &jobs[*letters - 'a'];
        job->state = MR_JOB_COMMITTABLE;
        job->partition = &partitions[partition];
        mr_commit_line_join(&partitions[partition].line, job);
        hold(*letters, topic);
    }
}

static void enter(int partition)
{
    mr_batch_enter(&batch, &partitions[partition]);
}

static void on_left(void *data, struct mr_job *job)
{
    append_letter(data, (char)('a' + (job - jobs)));
}

static void jobs_enter_and_their_records_are_sent_in_the_order_of_their_messages(void **state)
{
    (void)state;
    join("abc", 0, "out");
    join("de", 1, "out");
    enter(0), enter(1), enter(0), enter(1), enter(0);
    assert_string_equal(kafka.sent, "adbec");
    assert_int_equal(batch.jobs, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(jobs[i].state, MR_JOB_IN_TRANSACTION);
}

static void they_leave_in_that_order_and_the_batch_is_empty(void **state)
{
    (void)state;
    join("abc", 0, "out");
    join("de", 1, "out");
    enter(0), enter(1), enter(0), enter(1);
    mr_batch_leave(&batch, on_left, left);
    assert_int_equal(strlen(left), 4);
    assert_non_null(strstr(left, "ab"));
    assert_non_null(strstr(left, "de"));
    assert_int_equal(batch.jobs, 0);
    assert_null(batch.members);
    assert_ptr_equal(partitions[0].line.first, &jobs[2]); /* had not entered */
    enter(0);
    assert_string_equal(kafka.sent, "adbec");
    assert_ptr_equal(batch.members, &partitions[0]);
    assert_null(batch.members->together);
}

static void rewinding_puts_jobs_back_in_their_lines_and_they_enter_again_in_order(void **state)
{
    (void)state;
    join("abc", 0, "out");
    join("d", 1, "out");
    enter(0), enter(0), enter(1);
    mr_batch_rewind(&batch);
    assert_int_equal(batch.jobs, 0);
    assert_null(batch.members);
    for (int i = 0; i < 4; i++)
        assert_int_equal(jobs[i].state, MR_JOB_COMMITTABLE);
    enter(0), enter(0), enter(0);
    assert_string_equal(kafka.sent, "abdabc");
    mr_batch_leave(&batch, on_left, left);
    assert_string_equal(left, "abc");
}

static void records_for_which_there_is_no_room_wait_and_go_in_order(void **state)
{
    (void)state;
    kafka.room = 2;
    join("a", 0, "out");
    hold('a', "out"), hold('a', "else"), hold('a', "out"), hold('a', "out");
    enter(0);
    assert_string_equal(kafka.sent, "aa");
    assert_string_equal(batch.unsent->record->topic, "else");
    mr_batch_send(&batch);
    assert_string_equal(kafka.sent, "aa");
    __wrap_mr_producer_poll(&producer);
    mr_batch_send(&batch);
    assert_string_equal(kafka.sent, "aaaa");
    assert_non_null(batch.unsent);
    __wrap_mr_producer_poll(&producer);
    mr_batch_send(&batch);
    assert_string_equal(kafka.sent, "aaaaa");
    assert_null(batch.unsent);
    assert_false(batch.failing);
}

static void a_record_of_a_careful_topic_waits_for_the_report_of_the_one_before(void **state)
{
    (void)state;
    mr_careful_add(&careful, "careful", kafka.now);
    join("a", 0, "careful");
    hold('a', "out");
    join("b", 0, "careful");
    enter(0);
    assert_string_equal(kafka.sent, "aa"); /* the second is for another topic */
    enter(0);
    assert_string_equal(kafka.sent, "aa");
    mr_batch_send(&batch);
    assert_string_equal(kafka.sent, "aa");
    __wrap_mr_producer_poll(&producer);
    mr_batch_send(&batch);
    assert_string_equal(kafka.sent, "aab");
}

static void a_record_that_is_refused_at_once_fails_the_transaction_and_is_to_blame(void **state)
{
    (void)state;
    kafka.refuses.topic = "out";
    kafka.refuses.letter = 'b';
    kafka.refuses.how = MR_SENT_TOO_LARGE;
    kafka.refuses.at_once = true;
    join("ab", 0, "out");
    hold('b', "else");
    enter(0);
    assert_false(batch.failing);
    enter(0);
    assert_true(batch.failing);
    assert_string_equal(kafka.sent, "a"); /* the transaction is lost: nothing else is sent */
    assert_null(mr_pending_records_failed(&jobs[0]));
    assert_int_equal(mr_pending_records_failed(&jobs[1])->how, MR_SENT_TOO_LARGE);
    assert_string_equal(mr_pending_records_failed(&jobs[1])->why, "refused at once");
}

static void a_topic_that_is_in_doubt_fails_the_transaction_and_blames_nobody(void **state)
{
    (void)state;
    kafka.refuses.topic = "new";
    kafka.refuses.how = MR_SENT_NO_TOPIC;
    kafka.refuses.at_once = true;
    join("a", 0, "new");
    join("b", 1, "out");
    enter(0);
    assert_true(batch.failing && batch.doubting);
    assert_null(mr_pending_records_failed(&jobs[0]));
    assert_true(mr_batch_doubts(&batch, &jobs[0]));
    assert_false(mr_batch_doubts(&batch, &jobs[1]));
}

static void a_topic_of_which_nothing_is_asked_any_more_is_believed_not_to_exist(void **state)
{
    (void)state;
    mr_doubts_stop(&doubts);
    kafka.refuses.topic = "new";
    kafka.refuses.how = MR_SENT_NO_TOPIC;
    kafka.refuses.at_once = true;
    join("a", 0, "new");
    enter(0);
    assert_true(batch.failing);
    assert_false(batch.doubting);
    assert_int_equal(mr_pending_records_failed(&jobs[0])->how, MR_SENT_NO_TOPIC);
}

static void a_refusal_with_a_batch_is_believed_only_of_a_record_that_was_sent_alone(void **state)
{
    (void)state;
    mr_careful_add(&careful, "careful", kafka.now);
    join("a", 0, "careful");
    join("b", 0, "out");
    enter(0), enter(0);
    assert_true(mr_batch_suspect(&batch, jobs[1].held, MR_SENT_TOO_LARGE, "too large"));
    assert_true(jobs[1].held->suspect);
    assert_null(mr_pending_records_failed(&jobs[1]));
    assert_false(mr_batch_suspect(&batch, jobs[0].held, MR_SENT_TOO_LARGE, "too large"));
    assert_false(jobs[0].held->suspect);
    assert_true(batch.failing && batch.spoilt);
}

static void count_record(void *data, struct mr_pending_records *held)
{
    append_letter(data, held->record->value.data[0]);
}

static void each_record_of_the_jobs_that_entered_is_visited(void **state)
{
    char visited[FAKE_TEXT] = "";
    (void)state;
    join("abc", 0, "out");
    hold('b', "out");
    join("d", 1, "out");
    enter(0), enter(0);
    mr_batch_each(&batch, count_record, visited);
    assert_string_equal(visited, "abb");
}

static void it_fails_if_one_of_its_own_partitions_is_revoked(void **state)
{
    (void)state;
    join("a", 0, "out");
    join("b", 1, "out");
    enter(0);
    partitions[1].tenure = MR_TENURE_REVOKED;
    mr_batch_revoked(&batch);
    assert_false(batch.failing);
    partitions[0].tenure = MR_TENURE_LEAVING;
    mr_batch_revoked(&batch);
    assert_false(batch.failing);
    partitions[0].tenure = MR_TENURE_REVOKED;
    mr_batch_revoked(&batch);
    assert_true(batch.failing);
}

static void it_is_awaited_by_a_full_partition_and_by_one_that_leaves(void **state)
{
    (void)state;
    join("a", 0, "out");
    enter(0);
    partitions[1].fullness = MR_FULLNESS_PAUSED; /* has no job in it */
    assert_false(mr_batch_awaited(&batch));
    partitions[0].fullness = MR_FULLNESS_GRACE;
    assert_true(mr_batch_awaited(&batch));
    partitions[0].fullness = MR_FULLNESS_OPEN;
    partitions[0].tenure = MR_TENURE_LEAVING;
    assert_true(mr_batch_awaited(&batch));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(jobs_enter_and_their_records_are_sent_in_the_order_of_their_messages),
        TEST(they_leave_in_that_order_and_the_batch_is_empty),
        TEST(rewinding_puts_jobs_back_in_their_lines_and_they_enter_again_in_order),
        TEST(records_for_which_there_is_no_room_wait_and_go_in_order),
        TEST(a_record_of_a_careful_topic_waits_for_the_report_of_the_one_before),
        TEST(a_record_that_is_refused_at_once_fails_the_transaction_and_is_to_blame),
        TEST(a_topic_that_is_in_doubt_fails_the_transaction_and_blames_nobody),
        TEST(a_topic_of_which_nothing_is_asked_any_more_is_believed_not_to_exist),
        TEST(a_refusal_with_a_batch_is_believed_only_of_a_record_that_was_sent_alone),
        TEST(each_record_of_the_jobs_that_entered_is_visited),
        TEST(it_fails_if_one_of_its_own_partitions_is_revoked),
        TEST(it_is_awaited_by_a_full_partition_and_by_one_that_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
