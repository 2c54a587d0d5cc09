/* A worker's transactions above the fake Kafka. There are three partitions, each of another
 * consumer. Jobs have letters: the record of job a has the value "a". */
#ifndef TESTS_UNIT_WORKER_TRANSACTION_TRANSACTION_WORLD_H
#define TESTS_UNIT_WORKER_TRANSACTION_TRANSACTION_WORLD_H

#include <unistd.h>

#include "fake_kafka.h"
#include "worker/job/job_state.h"
#include "worker/transaction/state.h"

enum { WORLD_JOBS = 16, WORLD_PARTITIONS = 3 };

static struct {
    uv_loop_t loop;
    struct mr_timers timers;
    struct mr_slot *slot;
    struct mr_config *config;
    struct mr_consumer consumers[WORLD_PARTITIONS];
    struct mr_partition partitions[WORLD_PARTITIONS];
    struct mr_partitions all;
    struct mr_job jobs[WORLD_JOBS];
    size_t joined[WORLD_PARTITIONS]; /* jobs that the partition ever had */
    struct mr_transaction *transaction;
    bool stirred;
    /* The ends of jobs, by their letters, in that order. */
    char committed[FAKE_TEXT], dropped[FAKE_TEXT], refused[FAKE_TEXT];
    enum mr_sent how; /* of the latest refusal */
    char why[128], topic[32];
    int failures;
    bool fenced;
    char failure[128];
    int troubled;
} world;

static inline char letter_of(const struct mr_job *job)
{
    return (char)('a' + (job - world.jobs));
}

static inline struct mr_job *job_of(char letter)
{
    return &world.jobs[letter - 'a'];
}

static inline void on_left(void *data, struct mr_job *job)
{
    (void)data;
    append_letter(job->state == MR_JOB_IN_TRANSACTION ? world.committed : world.dropped,
                  letter_of(job));
    assert_null(job->held);
    mr_job_become(job, MR_JOB_SETTLED, NULL);
}

static inline void on_undelivered(void *data, struct mr_job *job, const struct mr_report *report)
{
    (void)data;
    append_letter(world.refused, letter_of(job));
    world.how = report->how;
    snprintf(world.why, sizeof(world.why), "%s", report->error);
    snprintf(world.topic, sizeof(world.topic), "%s", report->topic);
}

static inline void on_failed(void *data, bool fenced, const char *why)
{
    (void)data;
    world.failures++;
    world.fenced = fenced;
    snprintf(world.failure, sizeof(world.failure), "%s", why);
}

static inline void on_troubled(void *data, bool unreachable, const char *text)
{
    (void)data, (void)text;
    world.troubled += unreachable ? 1 : 0;
}

static inline void on_stirred(void *data)
{
    (void)data;
    world.stirred = true;
}

static const struct mr_transaction_events world_events = {on_left, on_undelivered, on_failed,
                                                          on_troubled, on_stirred};

static inline void configure(const char *key, const char *value)
{
    struct mr_errors errors = {0};
    mr_config_set_text(world.config, key, value, "test", &errors);
    assert_int_equal(errors.count, 0);
}

/* One turn of the worker, and those that follow from it at once. */
static inline void turn(void)
{
    do {
        world.stirred = false;
        mr_transaction_poll(world.transaction, false);
        uv_run(&world.loop, UV_RUN_DEFAULT);
    } while (world.stirred);
}

static inline void pass(uint64_t ms)
{
    for (uint64_t end = kafka.now + ms; kafka.now < end;) {
        kafka.now += 10;
        mr_timers_run(&world.timers, kafka.now);
        turn();
    }
}

static inline uint64_t producers_shown(void)
{
    return mr_cell_get(&world.slot->gauges[MR_ACTIVE_PRODUCERS]);
}

/* Makes the transactions with so many messages each, at most. */
static inline void make_world(const char *messages)
{
    static char in[] = "in";
    char client[64];
    memset(&world, 0, sizeof(world));
    reset_kafka();
    uv_loop_init(&world.loop);
    world.slot = calloc(1, sizeof(*world.slot));
    mr_cell_set(&world.slot->gauges[MR_ACTIVE_PRODUCERS], 1); /* the outbox's */
    world.config = mr_config_new();
    configure("transaction.interval", "50");
    configure("transaction.messages", messages);
    snprintf(client, sizeof(client), "transactions-%d", (int)getpid());
    configure("kafka.client_id", client);
    for (int32_t i = 0; i < WORLD_PARTITIONS; i++)
        world.partitions[i] = (struct mr_partition){
            .owner = &world.all, .topic = in, .number = i, .consumer = &world.consumers[i]};
    world.all.all = &world.partitions[0];
    for (int i = 1; i < WORLD_PARTITIONS; i++)
        world.partitions[i - 1].next = &world.partitions[i];
    for (int i = 0; i < WORLD_JOBS; i++) {
        world.jobs[i].state = MR_JOB_DELIVERING;
        world.jobs[i].partition = &world.partitions[0];
    }
    world.transaction = mr_transaction_new(world.config, &world.loop, -1, &world.timers, world.slot,
                                           &world.all, &world_events, &world);
    mr_transaction_reachable(world.transaction, true);
}

static inline int set_up_unopened(void **state)
{
    (void)state;
    make_world("1000");
    return 0;
}

static inline void open_transactions(void)
{
    struct mr_errors errors = {0};
    assert_int_equal(mr_transaction_want(world.transaction, &errors), 0);
    turn();
}

static inline int set_up(void **state)
{
    set_up_unopened(state);
    open_transactions();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    mr_transaction_abandon(world.transaction);
    mr_transaction_stop(world.transaction);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    mr_transaction_free(world.transaction);
    for (int i = 0; i < WORLD_JOBS; i++)
        mr_pending_records_drop(&world.jobs[i]);
    assert_int_equal(kafka.offset_lists, 0);
    for (size_t i = 0; i < kafka.made; i++)
        assert_true(kafka.producers[i].freed);
    mr_timers_free(&world.timers);
    assert_int_equal(uv_loop_close(&world.loop), 0);
    mr_config_free(world.config);
    free(world.slot);
    return 0;
}

/* The message is taken from the partition; its offset is that of the partition's next message. */
static inline void take(char letter, int partition)
{
    struct mr_job *job = job_of(letter);
    job->partition = &world.partitions[partition];
    job->message.offset = (int64_t)world.joined[partition]++;
    mr_commit_line_join(&job->partition->line, job);
}

/* Its handler sends a record with the job's letter. */
static inline void send_to(char letter, const char *topic)
{
    const char value[] = {letter, '\0'};
    const struct mr_outgoing record = {
        .topic = topic, .partition = MR_PARTITION_ANY, .value = {value, 1}};
    mr_transaction_hold(world.transaction, job_of(letter), MR_FOR_PUBLISH, &record);
}

/* Its handler has ended. */
static inline void finish(char letter)
{
    mr_transaction_finished(world.transaction, job_of(letter));
}

/* Takes messages whose handlers send one record each and end at once. */
static inline void handle(const char *letters, int partition, const char *topic)
{
    for (; *letters != '\0'; letters++) {
        take(*letters, partition);
        send_to(*letters, topic);
        finish(*letters);
    }
}

#endif
