/* A world for tests of the VM: a host that remembers what scripts asked for, scripts from text,
 * messages from text. */
#ifndef MR_TESTS_LUA_WORLD_H
#define MR_TESTS_LUA_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lua/vm.h"

enum { WORLD_FILES_MAX = 8, WORLD_TASKS_MAX = 512 };

/* The last thing asked of the host, as text; "-" for what was not given. */
struct world_record {
    int count;
    char topic[300], key[300], value[1000], headers[1000], reply_to[300], dialect[32];
    int64_t timestamp, timeout;
    int32_t partition;
    void *job;
};

struct world {
    struct mr_vm *vm;
    struct mr_generation *generation;
    struct mr_errors errors;
    struct mr_script_file files[WORLD_FILES_MAX];
    struct mr_snapshot snapshot;
    struct world_record published, asked;
    uint32_t wait; /* the last one begun */
    int sleeps;
    int64_t slept;
    const char *refusal; /* where set, the host refuses with it */
    struct mr_result result;
    struct mr_task
        *tasks[WORLD_TASKS_MAX]; /* that have not ended: what a failed test leaves is ended */
    size_t task_count;
};

static inline void world_copy(char *to, size_t size, struct mr_bytes bytes)
{
    if (bytes.data == NULL)
        snprintf(to, size, "-");
    else
        snprintf(to, size, "%.*s", (int)bytes.length, bytes.data);
}

static inline void world_note(struct world_record *note, void *job,
                              const struct mr_outgoing *record)
{
    note->count++;
    note->job = job;
    note->partition = record->partition;
    note->timestamp = record->timestamp;
    world_copy(note->topic, sizeof(note->topic), mr_bytes_of(record->topic));
    world_copy(note->key, sizeof(note->key), record->key);
    world_copy(note->value, sizeof(note->value), record->value);
    note->headers[0] = '\0';
    for (size_t i = 0; i < record->header_count; i++) {
        char value[300];
        size_t used = strlen(note->headers);
        world_copy(value, sizeof(value), record->headers[i].value);
        snprintf(note->headers + used, sizeof(note->headers) - used, "%s%.*s=%s",
                 used > 0 ? ";" : "", (int)record->headers[i].name.length,
                 record->headers[i].name.data, value);
    }
}

static inline int world_answer(const struct world *world, char *error, size_t size)
{
    if (world->refusal == NULL)
        return 0;
    snprintf(error, size, "%s", world->refusal);
    return -1;
}

static inline int world_publish(void *data, void *job, const struct mr_outgoing *record,
                                char *error, size_t size)
{
    struct world *world = data;
    world_note(&world->published, job, record);
    return world_answer(world, error, size);
}

static inline int world_request(void *data, void *job, uint32_t wait, const struct mr_ask *ask,
                                char *error, size_t size)
{
    struct world *world = data;
    world->wait = wait;
    world_note(&world->asked, job, &ask->record);
    world->asked.timeout = ask->timeout;
    world_copy(world->asked.dialect, sizeof(world->asked.dialect), mr_bytes_of(ask->dialect));
    world_copy(world->asked.reply_to, sizeof(world->asked.reply_to), mr_bytes_of(ask->reply_to));
    return world_answer(world, error, size);
}

static inline int world_sleep(void *data, void *job, uint32_t wait, int64_t milliseconds,
                              char *error, size_t size)
{
    struct world *world = data;
    world->wait = wait;
    (void)job;
    world->sleeps++;
    world->slept = milliseconds;
    return world_answer(world, error, size);
}

/* The snapshot has these files from now on: pairs of name and text, then NULL. */
static inline void world_files(struct world *world, ...)
{
    va_list arguments;
    world->snapshot = (struct mr_snapshot){.generation = 1, .files = world->files};
    for (size_t i = 0; i < WORLD_FILES_MAX; i++)
        free(world->files[i].place);
    memset(world->files, 0, sizeof(world->files));
    va_start(arguments, world);
    for (char *name; (name = va_arg(arguments, char *)) != NULL;) {
        struct mr_script_file *file = &world->files[world->snapshot.file_count++];
        struct mr_buf place = {0};
        mr_buf_printf(&place, "scripts/%s", name);
        file->name = name;
        file->place = place.data;
        file->text = va_arg(arguments, char *);
        file->length = strlen(file->text);
    }
    va_end(arguments);
}

static inline struct mr_vm *world_vm(struct world *world, enum mr_trust trust)
{
    static const struct mr_host host = {
        .publish = world_publish, .request = world_request, .sleep = world_sleep};
    return mr_vm_new(&host, world, trust);
}

static inline void world_open(struct world *world)
{
    memset(world, 0, sizeof(*world));
    world->vm = world_vm(world, MR_SANDBOXED);
}

static inline struct mr_generation *world_load(struct world *world)
{
    mr_errors_free(&world->errors);
    return mr_generation_load(world->vm, &world->snapshot, &world->errors);
}

/* One handler script, "test.lua". */
static inline void world_script(struct world *world, const char *text)
{
    world_files(world, "test.lua", text, NULL);
    if (world->generation != NULL)
        mr_generation_retire(world->generation);
    world->generation = world_load(world);
    assert_string_equal(mr_errors_text(&world->errors), "");
}

static inline void world_end(struct world *world, struct mr_task *task)
{
    size_t i = 0;
    while (world->tasks[i] != task)
        i++;
    world->tasks[i] = world->tasks[--world->task_count];
    mr_task_end(task);
}

static inline void world_close(struct world *world)
{
    while (world->task_count > 0)
        world_end(world, world->tasks[0]);
    if (world->generation != NULL)
        mr_generation_retire(world->generation);
    mr_vm_free(world->vm);
    world_files(world, NULL);
    mr_errors_free(&world->errors);
}

static inline struct mr_incoming world_message(const char *value)
{
    return (struct mr_incoming){
        .topic = "test",
        .partition = 3,
        .offset = 1234567890123,
        .timestamp = 1700000000000,
        .value = mr_bytes_of(value),
        .attempt = 1,
    };
}

static inline struct mr_task *world_begin(struct world *world, enum mr_codec codec,
                                          const struct mr_incoming *incoming)
{
    struct mr_script *script = mr_generation_script(world->generation, "test.lua");
    assert_non_null(script);
    struct mr_task *task = mr_task_start(script, codec, incoming, world, &world->result);
    assert_true(world->task_count < WORLD_TASKS_MAX);
    world->tasks[world->task_count++] = task;
    return task;
}

static inline struct mr_task *world_start(struct world *world, const char *value)
{
    struct mr_incoming incoming = world_message(value);
    return world_begin(world, MR_CODEC_JSON, &incoming);
}

/* Of text: memory that only lasts until the next call. */
static inline const char *world_text(struct mr_bytes bytes)
{
    static char text[8192];
    world_copy(text, sizeof(text), bytes);
    return text;
}

static inline void assert_reply(const struct world *world, const char *expected)
{
    if (world->result.outcome == MR_OUTCOME_RAISED)
        fail_msg("raised: %s", world_text(world->result.fault.message));
    assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
    assert_int_equal(world->result.reply, MR_REPLY_VALUE);
    assert_string_equal(world_text(world->result.value), expected);
}

static inline void assert_raised(const struct world *world, const char *part)
{
    assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED);
    const char *message = world_text(world->result.fault.message);
    if (strstr(message, part) == NULL)
        fail_msg("expected '%s' in '%s'", part, message);
}

/* The script, run on a message, replies with that JSON. */
static inline void assert_handles(struct world *world, const char *script, const char *value,
                                  const char *expected)
{
    world_script(world, script);
    struct mr_task *task = world_start(world, value);
    assert_reply(world, expected);
    world_end(world, task);
}

/* The script, run on a message, raises an error with that text in it. */
static inline void assert_fails(struct world *world, const char *script, const char *value,
                                const char *part)
{
    world_script(world, script);
    struct mr_task *task = world_start(world, value);
    assert_raised(world, part);
    world_end(world, task);
}

static inline int world_setup(void **state)
{
    *state = malloc(sizeof(struct world));
    assert_non_null(*state);
    world_open(*state);
    return 0;
}

static inline int world_teardown(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

#define world_test(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

#endif
