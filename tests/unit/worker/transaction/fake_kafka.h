/* Stand-ins for Kafka and the clock below a worker's transactions. A transaction's records
 * become visible with its commit, and its offsets with them. A test says how steps end. */
#ifndef TESTS_UNIT_WORKER_TRANSACTION_FAKE_KAFKA_H
#define TESTS_UNIT_WORKER_TRANSACTION_FAKE_KAFKA_H

#include "base/clock.h"
#include "base/log.h"
#include "fake_producer.h"

uint64_t __wrap_mr_clock_ms(void);
uint64_t __wrap_mr_clock_ms(void)
{
    return kafka.now;
}

uint64_t __wrap_mr_clock_ns(void);
uint64_t __wrap_mr_clock_ns(void)
{
    return kafka.now * 1000000;
}

void __wrap_mr_log_write(enum mr_log_level level, const char *event,
                         const struct mr_log_field *fields);
void __wrap_mr_log_write(enum mr_log_level level, const char *event,
                         const struct mr_log_field *fields)
{
    (void)fields;
    if (level == MR_LOG_DEBUG)
        return;
    append(kafka.log, event);
    append(kafka.log, " ");
}

/* Both are called on threads of the pool. */
int32_t __wrap_mr_cluster_topic(const struct mr_producer *via, const char *topic, int timeout,
                                char *why, size_t size);
int32_t __wrap_mr_cluster_topic(const struct mr_producer *via, const char *topic, int timeout,
                                char *why, size_t size)
{
    (void)via, (void)timeout, (void)why, (void)size;
    kafka.asked++;
    return is_topic(topic, kafka.missing) ? 0 : 4;
}

enum mr_led __wrap_mr_cluster_led(const struct mr_producer *via, const char *topic, int timeout);
enum mr_led __wrap_mr_cluster_led(const struct mr_producer *via, const char *topic, int timeout)
{
    (void)via, (void)topic, (void)timeout;
    kafka.led_asked++;
    kafka.thread = uv_thread_self();
    return kafka.led;
}

struct mr_offsets *__wrap_mr_offsets_new(const struct mr_consumer *consumer);
struct mr_offsets *__wrap_mr_offsets_new(const struct mr_consumer *consumer)
{
    (void)consumer;
    kafka.offset_lists++;
    return calloc(1, sizeof(struct mr_offsets));
}

void __wrap_mr_offsets_add(struct mr_offsets *offsets, const char *topic, int32_t partition,
                           int64_t next);
void __wrap_mr_offsets_add(struct mr_offsets *offsets, const char *topic, int32_t partition,
                           int64_t next)
{
    char text[64];
    snprintf(text, sizeof(text), "%s/%d=%d ", topic, (int)partition, (int)next);
    append(offsets->text, text);
}

void __wrap_mr_offsets_free(struct mr_offsets *offsets);
void __wrap_mr_offsets_free(struct mr_offsets *offsets)
{
    kafka.offset_lists--;
    free(offsets);
}

/* The steps are taken on threads of the pool, while the loop waits for them. */
static inline bool is_scripted(enum mr_background_kind kind, struct mr_step_end *end)
{
    static const char *const names[] = {"open ", "commit ", "abort ", "ask "};
    struct fake_step *script = &kafka.script[kind];
    append(kafka.steps, names[kind]);
    kafka.thread = uv_thread_self();
    *end = (struct mr_step_end){.step = MR_STEP_DONE};
    if (script->times == 0)
        return false;
    script->times--;
    *end = script->end;
    return true;
}

void __wrap_mr_transactions_open(const struct mr_producer *via, int timeout,
                                 struct mr_step_end *end);
void __wrap_mr_transactions_open(const struct mr_producer *via, int timeout,
                                 struct mr_step_end *end)
{
    (void)via, (void)timeout;
    if (!is_scripted(MR_STEPS_OPEN, end) || end->step == MR_STEP_DONE)
        kafka.open[0] = '\0';
}

static inline bool can_commit(const struct mr_producer *via, struct mr_step_end *end)
{
    for (size_t i = 0; i < via->count; i++) {
        const struct fake_record *record = &via->waiting[i];
        if (!is_reported(record))
            *end = (struct mr_step_end){
                .step = MR_STEP_AGAIN, .unacknowledged = true, .why = "not all are acknowledged"};
        else if (is_refused(record->topic, record->letter))
            *end = (struct mr_step_end){
                .step = MR_STEP_ABORT, .how = MR_SENT_BACK, .why = "a record failed"};
    }
    return end->step == MR_STEP_DONE;
}

void __wrap_mr_transactions_commit(const struct mr_producer *via, struct mr_offsets *const *offsets,
                                   size_t count, int timeout, struct mr_step_end *end);
void __wrap_mr_transactions_commit(const struct mr_producer *via, struct mr_offsets *const *offsets,
                                   size_t count, int timeout, struct mr_step_end *end)
{
    (void)timeout;
    bool done = !is_scripted(MR_STEPS_COMMIT, end)
                    ? can_commit(via, end)
                    : end->step == MR_STEP_DONE || kafka.script[MR_STEPS_COMMIT].done;
    kafka.latest_done = done;
    if (!done)
        return;
    append(kafka.visible, kafka.open);
    kafka.open[0] = '\0';
    for (size_t i = 0; i < count; i++)
        append(kafka.offsets, offsets[i]->text);
}

void __wrap_mr_transactions_abort(const struct mr_producer *via, int timeout,
                                  struct mr_step_end *end);
void __wrap_mr_transactions_abort(const struct mr_producer *via, int timeout,
                                  struct mr_step_end *end)
{
    (void)timeout;
    if (is_scripted(MR_STEPS_ABORT, end) && end->step != MR_STEP_DONE)
        return;
    kafka.open[0] = '\0';
    for (size_t i = 0; i < kafka.made; i++)
        if (via == &kafka.producers[i])
            purge(&kafka.producers[i]);
}

void __wrap_mr_transactions_ask(const struct mr_producer *via, struct mr_offsets *const *offsets,
                                size_t count, int timeout, struct mr_step_end *end);
void __wrap_mr_transactions_ask(const struct mr_producer *via, struct mr_offsets *const *offsets,
                                size_t count, int timeout, struct mr_step_end *end)
{
    (void)via, (void)offsets, (void)count, (void)timeout;
    if (!is_scripted(MR_STEPS_ASK, end))
        end->committed = kafka.latest_done;
}

#endif
