/* How leaders are looked for, on the pool, and where the answer comes to. */
#include "fake_kafka.h"
#include "worker/transaction/scout.h"

static uv_loop_t loop;
static struct mr_topic_warmup warmup;
static struct mr_scout scout;
static char found[FAKE_TEXT];
static uv_thread_t found_on;

static void on_found(void *data, const char *topic, enum mr_led led)
{
    static const char *const names[] = {"=not ", "=barely ", "=well ", "=missing "};
    assert_ptr_equal(data, &scout);
    append(found, topic);
    append(found, names[led]);
    found_on = uv_thread_self();
}

static int set_up(void **state)
{
    (void)state;
    reset_kafka();
    found[0] = '\0';
    uv_loop_init(&loop);
    mr_topic_warmup_start(&warmup, &loop, NULL);
    mr_topic_warmup_open(&warmup, true);
    scout = (struct mr_scout){.warmup = &warmup, .found = on_found, .data = &scout};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_null(scout.topic);
    mr_topic_warmup_free(&warmup);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static void ask(const char *topic)
{
    char borrowed[16];
    snprintf(borrowed, sizeof(borrowed), "%s", topic);
    mr_scout_ask(&scout, borrowed);
    memset(borrowed, 'x', sizeof(borrowed) - 1);
}

static void it_is_asked_on_the_pool_and_found_on_the_loop(void **state)
{
    (void)state;
    uv_thread_t self = uv_thread_self();
    ask("out");
    assert_string_equal(found, "");
    assert_int_equal(warmup.asking, 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(found, "out=well ");
    assert_true(uv_thread_equal(&found_on, &self));
    assert_false(uv_thread_equal(&kafka.thread, &self));
    assert_int_equal(warmup.asking, 0);
}

static void each_answer_is_passed_on(void **state)
{
    (void)state;
    for (int led = MR_LED_NOT; led <= MR_LED_NO_TOPIC; led++) {
        kafka.led = (enum mr_led)led;
        ask("out");
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    assert_string_equal(found, "out=not out=barely out=well out=missing ");
}

static void one_question_is_open_at_a_time(void **state)
{
    (void)state;
    ask("first");
    ask("second");
    assert_int_equal(warmup.asking, 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(found, "first=well ");
    assert_int_equal(kafka.led_asked, 1);
    ask("second");
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(found, "first=well second=well ");
}

static void nothing_is_asked_while_the_warm_up_is_closed(void **state)
{
    (void)state;
    mr_topic_warmup_open(&warmup, false);
    ask("out");
    assert_int_equal(warmup.asking, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(found, "");
    assert_int_equal(kafka.led_asked, 0);
}

static uv_sem_t may_go;

static void hold_thread(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&may_go);
}

/* All threads of the pool are taken (tests have four), until the worker stops. */
static void a_question_that_waits_for_a_thread_is_dropped_when_it_closes(void **state)
{
    uv_work_t holding[4];
    (void)state;
    uv_sem_init(&may_go, 0);
    for (int i = 0; i < 4; i++)
        uv_queue_work(&loop, &holding[i], hold_thread, NULL);
    ask("out");
    mr_topic_warmup_open(&warmup, false);
    for (int i = 0; i < 4; i++)
        uv_sem_post(&may_go);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(found, "out=not ");
    assert_int_equal(kafka.led_asked, 0);
    uv_sem_destroy(&may_go);
}

int main(void)
{
    setenv("UV_THREADPOOL_SIZE", "4", true);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_is_asked_on_the_pool_and_found_on_the_loop),
        TEST(each_answer_is_passed_on),
        TEST(one_question_is_open_at_a_time),
        TEST(nothing_is_asked_while_the_warm_up_is_closed),
        TEST(a_question_that_waits_for_a_thread_is_dropped_when_it_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
