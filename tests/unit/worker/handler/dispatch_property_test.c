/* Dispatch, order, window, pausing and retries in place, against a simple model: a million random
 * turns. In them messages come, handlers go on and end, records are reported, time passes, routes
 * are replaced, go and come back, partitions are lost and offsets begin anew. Kafka, Lua and the
 * clock are this file's (--wrap of the linker, tests/CMakeLists.txt). Each check says what it
 * checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "seed.h"
#include "worker/consumer/fullness.h"
#include "worker/failure/outcome.h"
#include "worker/handler/dispatch.h"
#include "worker/handler/halt.h"
#include "worker/handler/handler.h"
#include "worker/handler/intake.h"
#include "worker/handler/memory.h"
#include "worker/job/job_state.h"
#include "worker/routing/routing.h"

enum {
    STEPS = 1000000,
    TOPICS = 3,
    PARTITIONS = 2, /* of each topic */
    KEYS = 12,
    NO_KEY = KEYS,
    MOST_AT_WORK = 4096,
    PER_PARTITION = STEPS,
    RETRIES = 2,
    BASE_MS = 10,
};

enum state { WAITING, RUNNING, RETRYING, ENDED };

/* A message that is not settled. */
struct input {
    enum state state;
    size_t partition, index; /* the index-th message of the partition */
    struct chain *chain;     /* NULL: ordered with nothing */
    size_t attempt;          /* the latest; from 1 */
    size_t failing;          /* attempts that raise */
    bool request, final, publish_failed, reply_failed;
    bool live, lost; /* lost: its partition is another's, or began anew, whatever becomes of it */
    bool unwritten;  /* its dead letter was refused, and is not acknowledged yet */
    uint64_t due;    /* RETRYING */
    size_t deliveries;
    struct mr_job *job;
    struct input *next_free;
};

/* Those of one chain that have not ended, in the order in which they may start. */
struct chain {
    struct input *queue[MOST_AT_WORK];
    size_t first, count;
};

struct record {
    struct input *input;
    enum mr_purpose purpose;
};

static const struct kind {
    enum mr_ordering ordering;
    size_t concurrency, window;
} kinds[TOPICS] = {{MR_ORDER_KEY, 8, 60}, {MR_ORDER_PARTITION, 1, 20}, {MR_ORDER_NONE, 5, 9}};
static const char *const topics[TOPICS] = {"by-key", "by-partition", "by-nothing"};
static char scripts[TOPICS]; /* by their addresses */

struct mr_routes {
    struct mr_route routes[TOPICS];
    bool without[TOPICS]; /* has no route for it */
};

static struct seed seed;
static struct mr_slot slot;
static struct mr_timers timers;
static struct mr_dispatch dispatch;
static struct mr_routes generations[2], *current;
static uint64_t now_ms = 1000;
static size_t most_at_once = 1; /* messages; changes now and then, for quiet times and crowds */
static struct input pool[MOST_AT_WORK], *free_inputs;
static size_t at_work;
static struct input *running[MOST_AT_WORK];
static size_t running_count;
static struct record records[4 * MOST_AT_WORK];
static size_t record_count;
static struct chain chains[TOPICS * PARTITIONS][KEYS + 1];
static struct partition {
    int64_t offsets[PER_PARTITION];
    bool done[PER_PARTITION];
    size_t came, prefix;
    int64_t stored; /* -1: nothing yet */
    size_t unhandled;
    size_t unordered; /* of those in no chain that have not ended: neither running nor retrying */
    size_t blocked;   /* by dead letters that are unwritten */
    bool full, paused, slow;
    bool known; /* it has had a route; until then it takes one message */
    uint64_t full_since;
} partitions[TOPICS * PARTITIONS];
static struct mr_consumer *const the_consumer = (struct mr_consumer *)partitions;
static struct {
    size_t messages, retries, late, refused, pauses, given_up, blocked, reloads, losses, restarts;
    size_t put_back, filled, ends;
} seen; /* so that a run that tests nothing is noticed */

static size_t moves[MR_JOB_STATES][MR_JOB_STATES];

/* Lua's memory: the topic's script fills it, and is held back once the dispatch has seen that. */
static unsigned level;
static size_t filler;

static bool is_held(size_t partition)
{
    return dispatch.memory.level > 0 && partition / PARTITIONS == filler;
}

static bool has_route(size_t number)
{
    return !current->without[number / PARTITIONS];
}

static size_t window_of(size_t number)
{
    return partitions[number].known ? kinds[number / PARTITIONS].window : 1;
}

static struct chain *chain_of(size_t partition, size_t key)
{
    switch (kinds[partition / PARTITIONS].ordering) {
    case MR_ORDER_KEY:
        return key == NO_KEY ? NULL : &chains[partition][key];
    case MR_ORDER_PARTITION:
        return &chains[partition][0];
    default:
        return NULL;
    }
}

static struct input *head(const struct chain *chain)
{
    return chain->count == 0 ? NULL : chain->queue[chain->first % MOST_AT_WORK];
}

static void enter(struct input *input)
{
    struct chain *chain = input->chain;
    if (input->lost)
        return;
    struct partition *partition = &partitions[input->partition];
    partition->known = partition->known || has_route(input->partition);
    if (++partition->unhandled == window_of(input->partition) && !partition->full) {
        partition->full = true;
        partition->full_since = now_ms;
    }
    if (chain != NULL)
        chain->queue[(chain->first + chain->count++) % MOST_AT_WORK] = input;
}

static void leave(struct input *input)
{
    if (input->lost)
        return;
    struct partition *partition = &partitions[input->partition];
    if (--partition->unhandled <= window_of(input->partition) / 2)
        partition->full = false;
    if (input->chain == NULL)
        return;
    assert_ptr_equal(head(input->chain), input);
    input->chain->first++;
    input->chain->count--;
}

static void retry(struct input *input)
{
    seen.retries++;
    input->state = RETRYING;
    input->due = now_ms + ((uint64_t)BASE_MS << (input->attempt - 1));
    input->publish_failed = false;
}

static void runs_no_more(const struct input *input)
{
    for (size_t i = 0; i < running_count; i++)
        if (running[i] == input)
            running[i] = running[--running_count];
}

/* The model's half of a handler's end. */
static bool end_attempt(struct input *input)
{
    bool raised = input->attempt <= input->failing;
    bool failed = raised || input->publish_failed;
    runs_no_more(input);
    if (failed && input->attempt <= RETRIES) {
        retry(input);
    } else {
        seen.given_up += failed;
        input->final = failed;
        input->state = ENDED;
        leave(input);
    }
    return raised;
}

/* What the code under test is given for Kafka, Lua and the clock. */

uint64_t __wrap_mr_clock_ms(void);
uint64_t __wrap_mr_clock_ms(void)
{
    return now_ms;
}

uint64_t __wrap_mr_clock_ns(void);
uint64_t __wrap_mr_clock_ns(void)
{
    return now_ms * 1000000;
}

static size_t partition_of(const char *topic, int32_t number)
{
    for (size_t i = 0; i < TOPICS; i++)
        if (strcmp(topics[i], topic) == 0)
            return i * PARTITIONS + (size_t)number;
    fail();
    return 0;
}

void __wrap_mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t number,
                              enum mr_pause reason);
void __wrap_mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t number,
                              enum mr_pause reason)
{
    struct partition *partition = &partitions[partition_of(topic, number)];
    (void)consumer;
    assert_int_equal(reason, MR_PAUSE_FULL);
    assert_true(partition->full);
    assert_true(partition->slow || now_ms >= partition->full_since + MR_PARTITION_PATIENCE_MS);
    partition->slow = true;
    partition->paused = true;
    seen.pauses++;
}

void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason);
void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason)
{
    (void)consumer;
    assert_int_equal(reason, MR_PAUSE_FULL);
    assert_true(partitions[partition_of(topic, number)].paused);
    struct partition *partition = &partitions[partition_of(topic, number)];
    partition->paused = false;
    partition->slow = now_ms - partition->full_since >= MR_PARTITION_PATIENCE_MS;
}

void __wrap_mr_consumer_store(struct mr_consumer *consumer, const char *topic, int32_t number,
                              int64_t next);
void __wrap_mr_consumer_store(struct mr_consumer *consumer, const char *topic, int32_t number,
                              int64_t next)
{
    struct partition *partition = &partitions[partition_of(topic, number)];
    (void)consumer;
    if (next == 0) { /* nothing is done since its offsets began anew */
        assert_true(partition->stored == -1);
        seen.restarts++;
        return;
    }
    assert_true(next > partition->stored);
    partition->stored = next;
}

size_t __wrap_mr_message_headers(const struct mr_message *message, struct mr_pair *headers,
                                 size_t most);
size_t __wrap_mr_message_headers(const struct mr_message *message, struct mr_pair *headers,
                                 size_t most)
{
    const struct input *input = message->handle;
    if (!input->request || most < 2)
        return 0;
    headers[0] = (struct mr_pair){MR_BYTES("correlation-id"), MR_BYTES("1")};
    headers[1] = (struct mr_pair){MR_BYTES("reply-to"), MR_BYTES("replies")};
    return 2;
}

/* A job is settled: its handler has ended for good, and each of its records is reported. */
void __wrap_mr_message_free(struct mr_message *message);
void __wrap_mr_message_free(struct mr_message *message)
{
    struct input *input = message->handle;
    struct partition *partition = &partitions[input->partition];
    assert_int_equal(input->deliveries, 0);
    assert_true(input->lost ? input->state != RUNNING : input->state == ENDED && !input->unwritten);
    if (!input->lost) {
        assert_false(partition->done[input->index]);
        partition->done[input->index] = true;
    }
    while (partition->prefix < partition->came && partition->done[partition->prefix])
        partition->prefix++;
    input->live = false;
    input->next_free = free_inputs;
    free_inputs = input;
    at_work--;
}

void __wrap_mr_outbox_flush(struct mr_outbox *outbox);
void __wrap_mr_outbox_flush(struct mr_outbox *outbox)
{
    (void)outbox;
}

enum mr_sent __wrap_mr_outbox_send(struct mr_outbox *outbox, struct mr_job *job,
                                   enum mr_purpose purpose, const struct mr_outgoing *record,
                                   uint64_t now, char *why, size_t size);
enum mr_sent __wrap_mr_outbox_send(struct mr_outbox *outbox, struct mr_job *job,
                                   enum mr_purpose purpose, const struct mr_outgoing *record,
                                   uint64_t now, char *why, size_t size)
{
    struct input *input = job->message.handle;
    (void)outbox, (void)record, (void)now, (void)why, (void)size;
    job->deliveries++;
    input->deliveries++;
    records[record_count++] = (struct record){input, purpose};
    return MR_SENT;
}

/* A topic that was created again is shorter than the one before. */
int64_t __wrap_mr_consumer_end(const struct mr_consumer *consumer, const char *topic,
                               int32_t number);
int64_t __wrap_mr_consumer_end(const struct mr_consumer *consumer, const char *topic,
                               int32_t number)
{
    (void)consumer, (void)topic, (void)number;
    return 0;
}

/* The offset that was committed when the partition came to this worker. */
int64_t __wrap_mr_consumer_start(const struct mr_consumer *consumer, const char *topic,
                                 int32_t number);
int64_t __wrap_mr_consumer_start(const struct mr_consumer *consumer, const char *topic,
                                 int32_t number)
{
    (void)consumer;
    int64_t stored = partitions[partition_of(topic, number)].stored;
    return stored < 0 ? 0 : stored;
}

void __wrap_mr_route_hold(struct mr_route *route);
void __wrap_mr_route_hold(struct mr_route *route)
{
    route->running++;
}

void __wrap_mr_route_release(struct mr_route *route);
void __wrap_mr_route_release(struct mr_route *route)
{
    route->running--;
}

struct mr_route *__wrap_mr_routing_find(struct mr_routes *routes, const char *topic);
struct mr_route *__wrap_mr_routing_find(struct mr_routes *routes, const char *topic)
{
    size_t index = partition_of(topic, 0) / PARTITIONS;
    return routes->without[index] ? NULL : &routes->routes[index];
}

size_t __wrap_mr_routes_count(const struct mr_routes *routes);
size_t __wrap_mr_routes_count(const struct mr_routes *routes)
{
    (void)routes;
    return TOPICS;
}

struct mr_route *__wrap_mr_routes_at(struct mr_routes *routes, size_t index);
struct mr_route *__wrap_mr_routes_at(struct mr_routes *routes, size_t index)
{
    return &routes->routes[index];
}

void __wrap_mr_routes_retire(struct mr_routes *routes);
void __wrap_mr_routes_retire(struct mr_routes *routes)
{
    (void)routes;
}

struct mr_route *__wrap_mr_routing_retried(struct mr_routes *routes, const char *topic, char *from);
struct mr_route *__wrap_mr_routing_retried(struct mr_routes *routes, const char *topic, char *from)
{
    (void)routes, (void)topic, (void)from;
    return NULL;
}

void __wrap_mr_task_end(struct mr_task *task);
void __wrap_mr_task_end(struct mr_task *task)
{
    struct input *input = (struct input *)task;
    if (input->state != RUNNING)
        return;
    assert_true(input->lost); /* no other is abandoned */
    runs_no_more(input);
    input->state = ENDED;
}

static void publish(struct input *input)
{
    const struct mr_outgoing record = {.topic = "elsewhere"};
    char why[1];
    __wrap_mr_outbox_send(NULL, input->job, MR_FOR_PUBLISH, &record, 0, why, sizeof(why));
}

/* Others have filled the memory: the same attempt is made again. */
static void put_back(struct input *input)
{
    runs_no_more(input);
    seen.put_back++;
    input->state = RETRYING;
    input->due = now_ms;
    input->attempt--;
    input->publish_failed = false;
}

/* A handler that runs publishes something now and then, and then ends or waits. */
static void go_on(struct input *input, struct mr_result *result)
{
    *result = (struct mr_result){.outcome = MR_OUTCOME_YIELDED};
    if (random_below(&seed, 4) == 0)
        publish(input);
    if (random_below(&seed, 2) == 0)
        return;
    if (random_below(&seed, 20) == 0) {
        put_back(input);
        *result = (struct mr_result){.outcome = MR_OUTCOME_RAISED,
                                     .fault = {.kind = MR_FAULT_ROOM, .message = MR_BYTES("no")}};
        return;
    }
    if (end_attempt(input))
        *result = (struct mr_result){
            .outcome = MR_OUTCOME_RAISED,
            .fault = {.kind = MR_FAULT_ERROR, .status = 500, .message = MR_BYTES("no")}};
    else
        *result = (struct mr_result){
            .outcome = MR_OUTCOME_RETURNED, .reply = MR_REPLY_VALUE, .value = MR_BYTES("1")};
}

void __wrap_mr_vm_limit(struct mr_vm *vm, const struct mr_limits *limits);
void __wrap_mr_vm_limit(struct mr_vm *vm, const struct mr_limits *limits)
{
    (void)vm, (void)limits;
}

void __wrap_mr_vm_room(struct mr_vm *vm, size_t bytes);
void __wrap_mr_vm_room(struct mr_vm *vm, size_t bytes)
{
    (void)vm, (void)bytes;
}

unsigned __wrap_mr_vm_level(const struct mr_vm *vm);
unsigned __wrap_mr_vm_level(const struct mr_vm *vm)
{
    (void)vm;
    return level;
}

unsigned __wrap_mr_vm_collect(struct mr_vm *vm);
unsigned __wrap_mr_vm_collect(struct mr_vm *vm)
{
    (void)vm;
    return level;
}

bool __wrap_mr_vm_is_hopeless(const struct mr_vm *vm);
bool __wrap_mr_vm_is_hopeless(const struct mr_vm *vm)
{
    (void)vm;
    return false;
}

size_t __wrap_mr_vm_memory(const struct mr_vm *vm);
size_t __wrap_mr_vm_memory(const struct mr_vm *vm)
{
    (void)vm;
    return 0;
}

size_t __wrap_mr_vm_holders(const struct mr_vm *vm);
size_t __wrap_mr_vm_holders(const struct mr_vm *vm)
{
    (void)vm;
    return TOPICS + 1;
}

struct mr_holding __wrap_mr_vm_holding(const struct mr_vm *vm, size_t row);
struct mr_holding __wrap_mr_vm_holding(const struct mr_vm *vm, size_t row)
{
    (void)vm;
    return (struct mr_holding){topics[row - 1], row - 1 == filler ? 1000 : 0, 0};
}

size_t __wrap_mr_script_row(const struct mr_script *script);
size_t __wrap_mr_script_row(const struct mr_script *script)
{
    return (size_t)((const char *)script - scripts) + 1;
}

struct mr_task *__wrap_mr_task_start(struct mr_script *script, enum mr_codec codec,
                                     const struct mr_incoming *incoming, void *job,
                                     struct mr_result *result);
struct mr_task *__wrap_mr_task_start(struct mr_script *script, enum mr_codec codec,
                                     const struct mr_incoming *incoming, void *job,
                                     struct mr_result *result)
{
    struct input *input = ((struct mr_job *)job)->message.handle;
    (void)script, (void)codec;
    input->job = job;
    assert_true(input->state == WAITING || input->state == RETRYING);
    assert_false(input->lost);
    assert_false(is_held(input->partition));
    assert_int_equal(partitions[input->partition].blocked, 0);
    if (input->chain != NULL)
        assert_ptr_equal(head(input->chain), input); /* in order, and one at a time */
    if (input->state == RETRYING) {
        assert_true(now_ms >= input->due);
        assert_int_equal(input->deliveries, 0); /* of the attempt before */
    } else if (input->chain == NULL) {
        partitions[input->partition].unordered--;
    }
    assert_int_equal(incoming->attempt, ++input->attempt);
    input->state = RUNNING;
    running[running_count++] = input;
    go_on(input, result);
    return (struct mr_task *)input;
}

void __wrap_mr_task_resume(struct mr_task *task, const struct mr_resumption *with,
                           struct mr_result *result);
void __wrap_mr_task_resume(struct mr_task *task, const struct mr_resumption *with,
                           struct mr_result *result)
{
    (void)with;
    go_on((struct input *)task, result);
}

/* What can happen in a turn. */

static void one_message_comes(size_t number)
{
    static const char *const keys[KEYS] = {"a", "b", "c", "d", "e", "f",
                                           "g", "h", "i", "j", "k", "l"};
    size_t key = random_below(&seed, KEYS + 1);
    struct partition *partition = &partitions[number];
    if (partition->paused || dispatch.partitions.full > 0 || partition->came == PER_PARTITION)
        return;
    assert_true(partition->unhandled < window_of(number));
    struct input *input = free_inputs;
    free_inputs = input->next_free;
    int64_t last = partition->came == 0 ? -1 : partition->offsets[partition->came - 1];
    *input = (struct input){.live = true,
                            .partition = number,
                            .index = partition->came,
                            .chain = chain_of(number, key),
                            .failing = random_below(&seed, 3) == 0 ? random_below(&seed, 5) : 0,
                            .request = random_below(&seed, 2) == 0};
    int64_t gap = partition->came == 0 ? 0 : (int64_t)random_below(&seed, 3);
    partition->offsets[partition->came++] = last + 1 + gap;
    struct mr_message message = {.handle = input,
                                 .source = topics[number / PARTITIONS],
                                 .topic = topics[number / PARTITIONS],
                                 .partition = (int32_t)(number % PARTITIONS),
                                 .offset = partition->offsets[input->index],
                                 .timestamp = 1};
    if (key != NO_KEY)
        message.key = (struct mr_bytes){keys[key], 1};
    at_work++;
    seen.messages++;
    enter(input);
    partition->unordered += input->chain == NULL;
    mr_intake_message(&dispatch, the_consumer, &message);
}

/* The end of the partition was fetched. Before it may be offsets that are no messages, as of
 * markers; the model counts the last of them as a message that is done. */
static void partition_ends(void)
{
    size_t number = random_below(&seed, TOPICS * PARTITIONS);
    struct partition *partition = &partitions[number];
    if (partition->paused || dispatch.partitions.full > 0 || partition->came == PER_PARTITION)
        return;
    int64_t behind = partition->came == 0 ? 0 : partition->offsets[partition->came - 1] + 1;
    const struct mr_message end = {.source = topics[number / PARTITIONS],
                                   .topic = topics[number / PARTITIONS],
                                   .partition = (int32_t)(number % PARTITIONS),
                                   .offset = behind + (int64_t)random_below(&seed, 3)};
    mr_intake_end(&dispatch, the_consumer, &end);
    if (end.offset == behind || !(partition->known || has_route(number)))
        return;
    partition->known = true;
    partition->offsets[partition->came] = end.offset - 1;
    partition->done[partition->came++] = true;
    if (partition->prefix + 1 == partition->came)
        partition->prefix++;
    seen.ends++;
}

/* Runs of messages are of one partition, as fetched. */
static void messages_come(void)
{
    size_t number = random_below(&seed, TOPICS * PARTITIONS);
    for (size_t i = random_below(&seed, most_at_once) + 1; i > 0; i--)
        one_message_comes(number);
}

static void handler_goes_on(void)
{
    const struct mr_resumption with = {.kind = MR_RESUME_DONE};
    if (running_count > 0)
        mr_handler_resume(&dispatch, running[random_below(&seed, running_count)]->job, &with,
                          mr_clock_ns());
}

/* A partition waits for its dead letters. */
static void aside_in_model(struct input *input, bool error)
{
    struct partition *partition = &partitions[input->partition];
    if (input->lost)
        return;
    seen.blocked += error && !input->unwritten;
    partition->blocked += error;
    partition->blocked -= input->unwritten;
    input->unwritten = error;
}

/* What the report means for the message; before the code under test hears of it. */
static void report_in_model(struct input *input, enum mr_purpose purpose, bool error)
{
    input->deliveries--;
    if (error && input->state != RETRYING && !input->final) {
        input->reply_failed = input->reply_failed || purpose == MR_FOR_REPLY;
        input->publish_failed = true;
    }
    if (input->state != ENDED || input->deliveries > 0 || input->final || !input->publish_failed)
        return;
    seen.late++;
    if (input->reply_failed || input->attempt > RETRIES) {
        input->final = true;
        return;
    }
    retry(input); /* in its chain again, behind those that came meanwhile */
    enter(input);
}

static void record_is_reported(void)
{
    if (record_count == 0)
        return;
    size_t at = random_below(&seed, record_count);
    struct record record = records[at];
    bool aside = record.purpose == MR_FOR_ASIDE;
    /* What follows from one that comes while there is no route begins when there is. */
    if (!aside && !has_route(record.input->partition))
        return;
    records[at] = records[--record_count];
    bool error = random_below(&seed, aside ? 100 : 10) == 0;
    seen.refused += error;
    const struct mr_report report = {.purpose = record.purpose,
                                     .topic = "elsewhere",
                                     .how = error ? MR_SENT_REFUSED : MR_SENT,
                                     .error = error ? "too large" : NULL};
    if (aside)
        aside_in_model(record.input, error);
    report_in_model(record.input, record.purpose, error);
    record.input->job->deliveries--;
    mr_dispatch_delivered(&dispatch, record.input->job, &report);
}

static void time_passes(void)
{
    now_ms += random_below(&seed, 30);
}

static bool served_now_and_then; /* each topic; else always */

static void use(struct mr_routes *routes)
{
    static char dead_letters[] = "{base}-dlq", group[] = "group";
    static char names[TOPICS][2] = {"k", "p", "n"};
    for (size_t i = 0; i < TOPICS; i++)
        if (routes->routes[i].running > 0)
            return; /* a handler of it is still at work */
    for (size_t i = 0; i < TOPICS; i++) {
        routes->without[i] = served_now_and_then && random_below(&seed, 5) == 0;
        routes->routes[i] = (struct mr_route){.name = names[i],
                                              .ordering = kinds[i].ordering,
                                              .concurrency = kinds[i].concurrency,
                                              .group_id = group,
                                              .script = (struct mr_script *)(scripts + i),
                                              .policy = {.window = kinds[i].window,
                                                         .retry = {.max = RETRIES,
                                                                   .base = BASE_MS,
                                                                   .cap = 1000,
                                                                   .multiplier = 2,
                                                                   .requests = true},
                                                         .dlq = {.topic = dead_letters}}};
    }
    current = routes;
    for (size_t i = 0; i < TOPICS * PARTITIONS; i++)
        partitions[i].known = partitions[i].known || (partitions[i].unhandled > 0 && has_route(i));
    mr_dispatch_use(&dispatch, routes, 30000);
    seen.reloads++;
}

static void forget_what_is_at_work(size_t number)
{
    struct partition *partition = &partitions[number];
    for (size_t i = 0; i < MOST_AT_WORK; i++) {
        if (!pool[i].live || pool[i].partition != number)
            continue;
        pool[i].lost = true;
        pool[i].chain = NULL;
    }
    for (size_t i = 0; i <= KEYS; i++)
        chains[number][i].count = 0;
    partition->unhandled = partition->unordered = partition->blocked = 0;
    partition->full = partition->paused = partition->slow = partition->known = false;
}

/* All that is not stored of it comes again. */
static void partition_is_lost(void)
{
    size_t number = random_below(&seed, TOPICS * PARTITIONS);
    struct partition *partition = &partitions[number];
    forget_what_is_at_work(number);
    while (partition->prefix > 0 && partition->offsets[partition->prefix - 1] >= partition->stored)
        partition->prefix--;
    while (partition->came > partition->prefix)
        partition->done[--partition->came] = false;
    seen.losses++;
    mr_partitions_lose(&dispatch.partitions, the_consumer, topics[number / PARTITIONS],
                       (int32_t)(number % PARTITIONS));
    mr_halt_revoked(&dispatch);
}

/* A script fills the memory, or there is room again. */
static void memory_changes(void)
{
    level = level == 0 ? 1 + (unsigned)random_below(&seed, MR_ROOM_LEVELS) : 0;
    if (level > 0 && dispatch.memory.level == 0)
        filler = random_below(&seed, TOPICS);
    seen.filled += level > 0;
}

/* Its topic was created again. What is at work on it ends, and counts for nothing. */
static void offsets_begin_anew(void)
{
    size_t number = random_below(&seed, TOPICS * PARTITIONS);
    struct partition *partition = &partitions[number];
    if (partition->paused || dispatch.partitions.full > 0)
        return;
    forget_what_is_at_work(number);
    while (partition->came > 0)
        partition->done[--partition->came] = false;
    partition->prefix = 0;
    partition->stored = -1;
    one_message_comes(number);
}

/* What must hold after every turn. */

static bool may_start(const struct input *input)
{
    return input->state == WAITING ||
           (input->state == RETRYING && now_ms >= input->due && input->deliveries == 0);
}

static void nobody_waits_for_nothing(size_t number)
{
    size_t topic = number / PARTITIONS;
    /* Those count that began before the latest reload. */
    size_t at_once = generations[0].routes[topic].running + generations[1].routes[topic].running;
    assert_true(at_once <= kinds[topic].concurrency);
    if (at_once == kinds[topic].concurrency || partitions[number].blocked > 0 || is_held(number) ||
        !has_route(number))
        return;
    assert_int_equal(partitions[number].unordered, 0);
    for (size_t key = 0; key <= KEYS; key++) {
        const struct input *first = head(&chains[number][key]);
        assert_false(first != NULL && may_start(first));
    }
}

void __real_mr_job_become(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list);
void __wrap_mr_job_become(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list);
void __wrap_mr_job_become(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list)
{
    moves[job->state][next]++;
    __real_mr_job_become(job, next, list);
}

void __real_mr_job_become_first(struct mr_job *job, enum mr_job_state next,
                                struct mr_job_list *list);
void __wrap_mr_job_become_first(struct mr_job *job, enum mr_job_state next,
                                struct mr_job_list *list);
void __wrap_mr_job_become_first(struct mr_job *job, enum mr_job_state next,
                                struct mr_job_list *list)
{
    moves[job->state][next]++;
    __real_mr_job_become_first(job, next, list);
}

/* The model has no at-most-once, no retry topic, no transaction, no deadline and no stop. It
 * reports no record of a partition that has no route, and loses partitions at once. */
static bool is_modelled(enum mr_job_state from, enum mr_job_state to)
{
    static const enum mr_job_state left_out[][2] = {
        {MR_JOB_QUEUED, MR_JOB_DELIVERING},   {MR_JOB_READY, MR_JOB_READY},
        {MR_JOB_READY, MR_JOB_DELIVERING},    {MR_JOB_DELIVERING, MR_JOB_UNROUTED},
        {MR_JOB_DELIVERING, MR_JOB_UNJUDGED}, {MR_JOB_DELIVERING, MR_JOB_ABANDONED},
        {MR_JOB_UNJUDGED, MR_JOB_DELIVERING}, {MR_JOB_FORWARDING, MR_JOB_QUEUED},
        {MR_JOB_FORWARDING, MR_JOB_UNROUTED}, {MR_JOB_FORWARDING, MR_JOB_READY},
        {MR_JOB_FORWARDING, MR_JOB_ABANDONED}};
    static const bool states_left_out[MR_JOB_STATES] = {[MR_JOB_AWAITING_COMMIT] = true,
                                                        [MR_JOB_POSTPONED] = true,
                                                        [MR_JOB_COMMITTABLE] = true,
                                                        [MR_JOB_IN_TRANSACTION] = true};
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
        if (left_out[i][0] == from && left_out[i][1] == to)
            return false;
    return !states_left_out[from] && !states_left_out[to];
}

static void every_move_was_made(void)
{
    size_t missing = 0;
    for (int from = 0; from < MR_JOB_STATES; from++)
        for (int to = 0; to < MR_JOB_STATES; to++) {
            if (!mr_job_may_become(from, to) || !is_modelled(from, to) || moves[from][to] > 0)
                continue;
            print_message("no job was %s and became %s\n", mr_job_state_names[from],
                          mr_job_state_names[to]);
            missing++;
        }
    assert_int_equal(missing, 0);
}

static void every_job_counts_in_its_topic(void)
{
    for (int state = 0; state < MR_JOB_SETTLED; state++) {
        uint64_t sum = 0;
        for (uint64_t row = mr_slot_topics(&slot); row > 0; row--)
            sum += mr_messages_in(&slot.topics[row - 1], state);
        assert_int_equal(sum, dispatch.pool.count[state]);
    }
}

static void check(void)
{
    every_job_counts_in_its_topic();
    assert_int_equal(dispatch.jobs, at_work);
    assert_int_equal(dispatch.working, running_count);
    for (size_t i = 0; i < TOPICS * PARTITIONS; i++) {
        const struct partition *partition = &partitions[i];
        int64_t prefix =
            partition->prefix == 0 ? -1 : partition->offsets[partition->prefix - 1] + 1;
        assert_true(partition->stored == prefix); /* all of the gap-free prefix, and nothing else */
        /* One that was paused before it had a route goes on when its only message is handled. */
        if (partition->unhandled <= window_of(i) / 2 && partition->unhandled != 1)
            assert_false(partition->paused);
        nobody_waits_for_nothing(i);
    }
}

static void turn(void)
{
    static void (*const happenings[])(void) = {
        messages_come,      handler_goes_on,    handler_goes_on,    handler_goes_on,
        record_is_reported, record_is_reported, record_is_reported, time_passes};
    mr_timers_run(&timers, now_ms);
    happenings[random_below(&seed, sizeof(happenings) / sizeof(happenings[0]))]();
    if (random_below(&seed, 2000) == 0)
        most_at_once = (size_t)1 << random_below(&seed, 7);
    if (random_below(&seed, 100) == 0)
        partition_ends();
    if (random_below(&seed, 3000) == 0)
        partition_is_lost();
    if (random_below(&seed, 3000) == 0)
        offsets_begin_anew();
    if (random_below(&seed, 1000) == 0)
        use(&generations[current == &generations[0]]);
    if (random_below(&seed, 500) == 0)
        memory_changes();
    mr_timers_run(&timers, now_ms);
    assert_false(mr_memory_further(&dispatch));
    mr_dispatch_run(&dispatch, UINT64_MAX);
    mr_partitions_store(&dispatch.partitions);
    check();
}

static void drain(void)
{
    level = 0;
    served_now_and_then = false;
    for (size_t i = 0; at_work > 0; i++) {
        assert_true(i < STEPS);
        handler_goes_on();
        record_is_reported();
        time_passes();
        use(&generations[current == &generations[0]]);
        mr_timers_run(&timers, now_ms);
        assert_false(mr_memory_further(&dispatch));
        mr_dispatch_run(&dispatch, UINT64_MAX);
        mr_partitions_store(&dispatch.partitions);
        check();
    }
}

static void a_million_turns_agree_with_the_model(void **state)
{
    (void)state;
    seed = new_seed("dispatch");
    assert_int_equal(mr_log_open("/dev/null", MR_LOG_TEXT, MR_LOG_ERROR, "test"), 0);
    for (size_t i = 0; i < MOST_AT_WORK; i++)
        pool[i].next_free = i + 1 < MOST_AT_WORK ? &pool[i + 1] : NULL;
    free_inputs = pool;
    for (size_t i = 0; i < TOPICS * PARTITIONS; i++)
        partitions[i].stored = -1;
    dispatch.slot = &slot;
    dispatch.timers = dispatch.partitions.timers = &timers;
    dispatch.partitions.schedule = &dispatch.schedule;
    use(&generations[0]);
    served_now_and_then = true;
    for (size_t i = 0; i < STEPS; i++)
        turn();
    drain();
    for (size_t i = 0; i < TOPICS * PARTITIONS; i++)
        assert_int_equal(partitions[i].prefix, partitions[i].came); /* nothing is lost */
    print_message(
        "%zu messages, %zu retries, %zu failed late, %zu records refused, %zu pauses, %zu "
        "given up, %zu blocked, %zu losses, %zu reloads, %zu restarts, %zu put back, memory filled "
        "%zu times\n",
        seen.messages, seen.retries, seen.late, seen.refused, seen.pauses, seen.given_up,
        seen.blocked, seen.losses, seen.reloads, seen.restarts, seen.put_back, seen.filled);
    assert_true(seen.messages > STEPS / 20 && seen.retries > 1000 && seen.late > 1000);
    assert_true(seen.pauses > 100 && seen.given_up > 1000 && seen.reloads > 100 &&
                seen.blocked > 50 && seen.losses > 100 && seen.restarts > 50);
    assert_true(seen.put_back > 1000 && seen.filled > 100 && seen.ends > 1000);
    every_move_was_made();
    mr_dispatch_free(&dispatch);
    mr_timers_free(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_million_turns_agree_with_the_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
