/* How long the worker's thread is held up by Lua's collector: the CPU time of each run of a
 * handler, of which almost all the longest are steps of the collector. tools/bench pauses builds it
 * with the objects of the release preset.
 *
 * Usage: pauses RUNS PARKED KEPT     RUNS messages, each a run; PARKED handlers asleep at any time,
 * one of them replaced after each run; KEPT small tables that the script keeps. Prints a line of
 * JSON: what runs took in us, how many took more than 2 ms, and the MiB that Lua has. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "lua/vm.h"

enum { LATE_NS = 2000000 };

static const char script[] =
    "local router = require 'moonroute'\n"
    "local kept = {}\n"
    "function handleMessage(_, message)\n"
    "  if message.keep then\n"
    "    for number = #kept + 1, message.keep do kept[number] = { id = tostring(number), number }\n"
    "    end\n"
    "    return\n"
    "  end\n"
    "  if message.park then router.sleep(1000) end\n"
    "  local payload = message.payload\n"
    "  return { id = message.id, symbol = payload.symbol, total = payload.price * payload.quantity "
    "}\n"
    "end\n";
static const char order[] =
    "{\"id\":\"0123456789ab\",\"payload\":{\"symbol\":\"MOON\",\"price\":12.5,\"quantity\":40,"
    "\"side\":\"buy\",\"account\":\"a-17\",\"tags\":[\"limit\",\"day\",\"retail\"],"
    "\"note\":\"the usual two hundred and fifty bytes of an order, more or less\"}}";
static const char parked[] = "{\"park\":true,\"payload\":{\"symbol\":\"MOON\",\"price\":1,"
                             "\"quantity\":1}}";

struct bench {
    struct mr_script *script;
    uint32_t wait; /* the number of the latest sleep */
};

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "pauses: %s\n", what);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int on_sleep(void *data, void *job, uint32_t wait, int64_t milliseconds, char *error,
                    size_t size)
{
    struct bench *bench = data;
    (void)job, (void)milliseconds, (void)error, (void)size;
    bench->wait = wait;
    return 0;
}

static struct mr_task *start(struct bench *bench, const char *value, enum mr_outcome expected)
{
    struct mr_result result;
    struct mr_incoming incoming = {
        .topic = "orders", .timestamp = -1, .value = mr_bytes_of(value), .attempt = 1};
    struct mr_task *task = mr_task_start(bench->script, MR_CODEC_JSON, &incoming, bench, &result);
    if (result.outcome != expected)
        die("the handler did not do what it is to do");
    return task;
}

struct sleeper {
    struct mr_task *task;
    uint32_t wait;
};

static struct sleeper park(struct bench *bench)
{
    struct mr_task *task = start(bench, parked, MR_OUTCOME_YIELDED);
    return (struct sleeper){task, bench->wait};
}

static void wake(struct sleeper *sleeper)
{
    struct mr_result result;
    const struct mr_resumption with = {.kind = MR_RESUME_DONE, .wait = sleeper->wait};
    mr_task_resume(sleeper->task, &with, &result);
    mr_task_end(sleeper->task);
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void measure(struct bench *bench, struct sleeper *sleepers, size_t parks, uint64_t *took,
                    size_t runs)
{
    for (size_t i = 0; i < runs; i++) {
        uint64_t began = now_ns();
        mr_task_end(start(bench, order, MR_OUTCOME_RETURNED));
        took[i] = now_ns() - began;
        if (parks > 0) {
            wake(&sleepers[i % parks]);
            sleepers[i % parks] = park(bench);
        }
    }
    qsort(took, runs, sizeof(*took), compare);
}

static struct mr_generation *load(struct mr_vm *vm)
{
    struct mr_errors errors = {0};
    struct mr_script_file file = {
        .name = "orders.lua", .place = "orders.lua", .text = script, .length = strlen(script)};
    const struct mr_snapshot snapshot = {.generation = 1, .files = &file, .file_count = 1};
    struct mr_generation *generation = mr_generation_load(vm, &snapshot, &errors);
    if (generation == NULL)
        die(mr_errors_text(&errors));
    return generation;
}

static double us(const uint64_t *took, size_t runs, double quantile)
{
    return (double)took[(size_t)(quantile * (double)(runs - 1))] / 1000;
}

static size_t late(const uint64_t *took, size_t runs)
{
    size_t count = 0;
    while (count < runs && took[runs - 1 - count] > LATE_NS)
        count++;
    return count;
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    char keep[64];
    static const struct mr_host host = {.sleep = on_sleep};
    if (argc != 4)
        die("usage: pauses RUNS PARKED KEPT");
    size_t runs = strtoul(argv[1], NULL, 10), parks = strtoul(argv[2], NULL, 10);
    uint64_t *took = calloc(runs, sizeof(*took));
    struct sleeper *sleepers = calloc(parks + 1, sizeof(*sleepers));
    struct mr_vm *vm = mr_vm_new(&host, &bench, MR_SANDBOXED);
    struct mr_generation *generation = load(vm);
    bench.script = mr_generation_script(generation, "orders.lua");
    snprintf(keep, sizeof(keep), "{\"keep\":%s}", argv[3]);
    mr_task_end(start(&bench, keep, MR_OUTCOME_RETURNED));
    for (size_t i = 0; i < parks; i++)
        sleepers[i] = park(&bench);
    measure(&bench, sleepers, parks, took, runs);
    printf("{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"longest\":%.1f,\"late\":%zu,\"mib\":%.1f}\n",
           us(took, runs, 0.5), us(took, runs, 0.99), us(took, runs, 0.999), us(took, runs, 1),
           late(took, runs), (double)mr_vm_memory(vm) / 1048576);
    for (size_t i = 0; i < parks; i++)
        wake(&sleepers[i]);
    mr_generation_retire(generation);
    mr_vm_free(vm);
    free(sleepers);
    free(took);
    return 0;
}
