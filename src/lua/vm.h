/* The Lua room's front: one VM a worker, generations of scripts in it, and tasks (a handler at work
 * on one message). Nothing of lua.h shows here; what a script asks of the world goes through struct
 * mr_host. */
#ifndef MR_LUA_VM_H
#define MR_LUA_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/record.h"
#include "base/scoreboard.h"
#include "config/config.h"
#include "config/snapshot.h"

struct mr_vm;
struct mr_generation; /* one loading of all scripts */
struct mr_script;     /* one handler script of a generation */
struct mr_task;       /* a handler at work: a coroutine with what it works on */

struct mr_ask {
    struct mr_outgoing record; /* record.headers: the additional ones; record.key.data NULL: the
                                  correlation id is the key */
    const char *reply_to;      /* NULL: by the rule of section 4 */
    const char *dialect;       /* its name; NULL: "kafka-client" */
    int64_t timeout;           /* ms; 0: what is left of the message's deadline,
                                  rpc.timeout where it has none */
};

/* What the worker does for scripts. Each function that can fail returns 0, or -1 with `error` set
 * to a text for the script (raised as an error there). `data` is that of mr_vm_new. */
struct mr_host {
    int (*publish)(void *data, void *job, const struct mr_outgoing *record, char *error,
                   size_t size);
    /* These two begin what a task waits for, by its number; it may wait for several things at once.
     * After 0 an mr_task_resume with that number follows, never from within the call, unless the
     * task ends before. */
    int (*request)(void *data, void *job, uint32_t wait, const struct mr_ask *ask, char *error,
                   size_t size);
    int (*sleep)(void *data, void *job, uint32_t wait, int64_t milliseconds, char *error,
                 size_t size);
    /* A circuit breaker is made, or changes; it has refused a call. May be NULL: nobody watches. */
    void (*breaker)(void *data, const char *name, enum mr_breaker_state state);
    void (*breaker_rejected)(void *data, const char *name);
};

/* What a handler is called with. What it points to is borrowed until the task has ended. */
struct mr_incoming {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp; /* ms; -1 where the record has none */
    struct mr_bytes key, value;
    const struct mr_pair *headers; /* in the order they came */
    size_t header_count;
    int attempt;     /* from 1 */
    bool is_request; /* the two below are set */
    struct mr_bytes correlation_id;
    struct mr_bytes reply_to;
    int64_t deadline; /* wall ms; 0 where it has none */
};

enum mr_outcome {
    MR_OUTCOME_YIELDED,     /* waits for mr_task_resume */
    MR_OUTCOME_RETURNED,    /* `reply` tells */
    MR_OUTCOME_RAISED,      /* `fault` tells */
    MR_OUTCOME_UNDECODABLE, /* the message is not JSON; the handler was not called; fault.message
                               says why */
};

enum mr_reply_kind { MR_REPLY_NONE, MR_REPLY_NULL, MR_REPLY_VALUE };

enum mr_fault_kind {
    MR_FAULT_ERROR,  /* a string, a runtime error, a reply that cannot be encoded */
    MR_FAULT_STATUS, /* {statusCode=, message=, error=} */
    MR_FAULT_RETRY,  /* {retry_after=, message=} */
    MR_FAULT_REJECT, /* {retryable=false, message=} */
    MR_FAULT_TIME,   /* over budget.time; never retried, nor are those below */
    MR_FAULT_MEMORY, /* over budget.memory */
    MR_FAULT_CRASH,  /* the worker died of it, twice */
    MR_FAULT_REPLY,  /* its reply cannot be delivered */
    MR_FAULT_ROOM,   /* others have filled the VM's memory: to be repeated (lua/run/room.h) */
};

struct mr_fault {
    enum mr_fault_kind kind;
    int status;              /* 400 to 599; 500 where the fault has none */
    int64_t retry_after;     /* ms, 0 or more */
    struct mr_bytes message; /* UTF-8 */
    struct mr_bytes name;    /* "ValidationError"; "InternalServerError" by default */
    struct mr_bytes trace;   /* traceback with file:line; empty for status faults */
};

/* Borrowed from the task; good until it is resumed or ended. */
struct mr_result {
    enum mr_outcome outcome;
    enum mr_reply_kind reply;
    struct mr_bytes value; /* the reply, JSON (a string's bytes where the codec is not JSON) */
    bool value_is_string;  /* the returned Lua value was a string */
    const struct mr_pair *headers; /* the second returned table */
    size_t header_count;
    bool lingers; /* RETURNED: what the handler has spawned is to be finished (mr_task_linger) */
    struct mr_fault fault;
};

/* What scripts may do (the key `sandbox`). Trusted ones have all of Lua's libraries and find
 * modules wherever Lua does. */
enum mr_trust { MR_SANDBOXED, MR_TRUSTED };

enum mr_trust mr_trust_of(const struct mr_config *config);

struct mr_vm *mr_vm_new(const struct mr_host *host, void *data, enum mr_trust trust);
void mr_vm_free(struct mr_vm *vm);           /* tasks and generations must have ended */
size_t mr_vm_memory(const struct mr_vm *vm); /* bytes in use by Lua */

/* What one run of Lua may use, from a resume to its yield or return. 0: no limit. */
struct mr_limits {
    uint64_t since; /* monotonic ms; now, as the caller knows it already */
    uint64_t time;  /* ms */
    size_t memory;  /* bytes that the task holds, or all scripts of a load together */
};
/* From now on runs are limited and shown to the master, who sends the signal where one takes too
 * long (base/scoreboard.h, mr_interrupt). For one VM a process; before, nothing is limited. */
void mr_vm_show(struct mr_vm *vm, struct mr_run *shown);
/* Of each mr_task_start and mr_task_resume from here on; passing them is a fault. */
void mr_vm_limit(struct mr_vm *vm, const struct mr_limits *limits);
/* Of loads, onLoad and onUnload; `since` is not looked at. Passing them is an error of the load. */
void mr_vm_limit_loads(struct mr_vm *vm, const struct mr_limits *limits);

/* Loads every script of the snapshot, in an environment and a require cache of their own, and calls
 * each onLoad. NULL with errors ("scripts/echo.lua:3: ...") where one does not load, has no
 * handleMessage or raises. */
struct mr_generation *mr_generation_load(struct mr_vm *vm, const struct mr_snapshot *snapshot,
                                         struct mr_errors *errors);
/* Adds what mr_generation_load would, except that no onLoad is called; files below lib/ that no
 * script requires are compiled too. */
void mr_generation_check(struct mr_vm *vm, const struct mr_snapshot *snapshot,
                         struct mr_errors *errors);
/* No new tasks will start on it: onUnload is called, and it is freed, when its last task has ended.
 */
void mr_generation_retire(struct mr_generation *generation);
/* The script in that file ("echo.lua"), NULL where there is none. The generation's. */
struct mr_script *mr_generation_script(struct mr_generation *generation, const char *file);

/* BARE is JSON as NestJS sends it: what does not begin with { or [ is a string. */
enum mr_codec { MR_CODEC_JSON, MR_CODEC_BARE, MR_CODEC_RAW };

/* Calls the script's handleMessage on the message; the task is from a pool and the caller's until
 * mr_task_end. `job` comes back in the host's functions. `result` tells how far it came. */
struct mr_task *mr_task_start(struct mr_script *script, enum mr_codec codec,
                              const struct mr_incoming *incoming, void *job,
                              struct mr_result *result);
/* What a yielded task is resumed with: nothing (sleep), a reply, or an error to raise in it. */
struct mr_resumption {
    enum { MR_RESUME_DONE, MR_RESUME_REPLY, MR_RESUME_STATUS_ERROR } kind;
    uint32_t wait;         /* the number of what is over */
    struct mr_bytes value; /* REPLY: as codec says; data NULL: a null value */
    enum mr_codec codec;   /* REPLY: JSON or BARE */
    bool enveloped; /* REPLY: an object with success may be the envelope of kafka-client: unwrap or
                       raise */
    bool is_error;  /* REPLY: raise it */
    const struct mr_pair *headers; /* REPLY */
    size_t header_count;
    int status;                    /* STATUS_ERROR */
    struct mr_bytes message, name; /* STATUS_ERROR */
};
void mr_task_resume(struct mr_task *task, const struct mr_resumption *with,
                    struct mr_result *result);
/* Of a task whose result lingers: goes on with what its handler has spawned, until it waits
 * (mr_task_resume) or all of that has ended. The result before is no longer good. */
void mr_task_linger(struct mr_task *task, struct mr_result *result);
void mr_task_end(struct mr_task *task); /* back to the pool; a yielded one is dropped */

#endif
