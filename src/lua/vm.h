/* The front of src/lua: one VM per worker, with generations of scripts and with tasks in it. A task
 * is a handler at work on one message. This header shows nothing of lua.h. Scripts reach the
 * outside only through struct mr_host. */
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
struct mr_task;       /* a handler at work: a coroutine and its message */

struct mr_ask {
    struct mr_outgoing record; /* headers: sent beside those of the dialect; key.data NULL: the
                                  dialect's default, the correlation id or no key */
    const char *reply_to;      /* NULL: x-responses for x-commands, else <topic>-responses */
    const char *dialect;       /* a name; NULL: "kafka-client" */
    int64_t timeout; /* ms; 0: the time left until the message's deadline, or rpc.timeout if it has
                        no deadline */
};

/* The functions of the worker for scripts. A function that can fail returns 0, or -1 with a text in
 * `error`, which is raised in the script. `data` is that of mr_vm_new. */
struct mr_host {
    int (*publish)(void *data, void *job, const struct mr_outgoing *record, char *error,
                   size_t size);
    /* Each begins a wait of a task, which may have several waits at once; `wait` is its number. If
     * it returns 0, mr_task_resume with that number must follow, unless the task ends before. The
     * call itself must not resume the task. */
    int (*request)(void *data, void *job, uint32_t wait, const struct mr_ask *ask, char *error,
                   size_t size);
    int (*sleep)(void *data, void *job, uint32_t wait, int64_t milliseconds, char *error,
                 size_t size);
    /* Called when a circuit breaker is made or changes, and when it refuses a call. May be NULL. */
    void (*breaker)(void *data, const char *name, enum mr_breaker_state state);
    void (*breaker_rejected)(void *data, const char *name);
};

/* The message of a task. Its memory is borrowed until the task has ended. */
struct mr_incoming {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp; /* ms; -1 if the record has none */
    struct mr_bytes key, value;
    const struct mr_pair *headers; /* in the order of the record */
    size_t header_count;
    int attempt;     /* from 1 */
    bool is_request; /* correlation_id and reply_to are set */
    struct mr_bytes correlation_id;
    struct mr_bytes reply_to;
    int64_t deadline; /* wall ms; 0 if the message has no deadline */
};

enum mr_outcome {
    MR_OUTCOME_YIELDED,     /* waits for mr_task_resume */
    MR_OUTCOME_RETURNED,    /* see `reply` */
    MR_OUTCOME_RAISED,      /* see `fault` */
    MR_OUTCOME_UNDECODABLE, /* the message is not JSON; the handler was not called; fault.message
                               says why */
};

enum mr_reply_kind { MR_REPLY_NONE, MR_REPLY_NULL, MR_REPLY_VALUE };

enum mr_fault_kind {
    MR_FAULT_ERROR,       /* a string, a runtime error */
    MR_FAULT_STATUS,      /* {statusCode=, message=, error=} */
    MR_FAULT_RETRY,       /* {retry_after=, message=}, perhaps with statusCode */
    MR_FAULT_REJECT,      /* {retryable=false, message=}, perhaps with statusCode */
    MR_FAULT_MISTAKE,     /* wrong arguments to the router, a reply that is not JSON, an undefined
                             global, a missing module; never retried */
    MR_FAULT_UNDECODABLE, /* the message is not JSON */
    MR_FAULT_TIME,        /* over budget.time or budget.total; never retried */
    MR_FAULT_MEMORY,      /* over budget.memory; never retried */
    MR_FAULT_CRASH,       /* the worker died of it, twice; never retried */
    MR_FAULT_REPLY,       /* its reply cannot be delivered; never retried */
    MR_FAULT_RECORD,      /* a record that the handler published cannot be delivered */
    MR_FAULT_ROOM,        /* others have filled the VM's memory; can be repeated (lua/run/room.h) */
};

struct mr_fault {
    enum mr_fault_kind kind;
    int status;              /* 400 to 599; if the fault has none, 503 for RETRY, else 500 */
    int64_t retry_after;     /* ms, 0 or more */
    struct mr_bytes message; /* UTF-8 */
    struct mr_bytes name;    /* "ValidationError"; "InternalServerError" by default */
    struct mr_bytes trace;   /* traceback with file:line; empty for status faults */
};

/* Borrowed from the task; valid until the task is resumed or ended. */
struct mr_result {
    enum mr_outcome outcome;
    enum mr_reply_kind reply;
    struct mr_bytes value;         /* the reply's JSON; a string's bytes if the codec is not JSON */
    bool value_is_string;          /* the returned Lua value was a string */
    const struct mr_pair *headers; /* the second returned table */
    size_t header_count;
    bool lingers; /* RETURNED: strands of the handler must still finish (mr_task_linger) */
    struct mr_fault fault;
};

/* The rights of scripts (the key `sandbox`). Trusted scripts have all of Lua's libraries, and find
 * modules as Lua itself does. */
enum mr_trust { MR_SANDBOXED, MR_TRUSTED };

enum mr_trust mr_trust_of(const struct mr_config *config);

struct mr_vm *mr_vm_new(const struct mr_host *host, void *data, enum mr_trust trust);
/* Lets scripts read the variables that env.allow names, also if they look like secrets. */
void mr_vm_allow(struct mr_vm *vm, const struct mr_config *config);
void mr_vm_free(struct mr_vm *vm);           /* tasks and generations must have ended */
size_t mr_vm_memory(const struct mr_vm *vm); /* bytes in use by Lua */

/* The limits of one run of Lua, from a resume to its yield or return. 0: no limit. */
struct mr_limits {
    uint64_t since; /* monotonic ms: now, which the caller has read already */
    uint64_t time;  /* ms */
    size_t memory;  /* bytes that the task holds, or all scripts of a load together */
};
/* Limits runs from now on, and shows them to the master. If a run takes too long, the master sends
 * a signal (base/scoreboard.h, mr_interrupt). For one VM per process; until then nothing is
 * limited. */
void mr_vm_show(struct mr_vm *vm, struct mr_run *shown);
/* Sets the limits of later runs of tasks. A run that passes them is a fault. */
void mr_vm_limit(struct mr_vm *vm, const struct mr_limits *limits);
/* Sets the limits of loads, onLoad and onUnload; ignores `since`. Passing them is an error of the
 * load. */
void mr_vm_limit_loads(struct mr_vm *vm, const struct mr_limits *limits);

/* Loads every script of the snapshot, each in an environment of its own, and calls each onLoad. The
 * generation has a require cache of its own. Returns NULL with errors ("scripts/echo.lua:3: ...")
 * if a script does not load, has no handleMessage or raises. */
struct mr_generation *mr_generation_load(struct mr_vm *vm, const struct mr_snapshot *snapshot,
                                         struct mr_errors *errors);
/* Adds the errors that mr_generation_load would add, but calls no onLoad. Also compiles files below
 * lib/ that no script requires. */
void mr_generation_check(struct mr_vm *vm, const struct mr_snapshot *snapshot,
                         struct mr_errors *errors);
/* Retires the generation: no new tasks may start on it. When its last task has ended, its onUnload
 * functions are called, and it is freed. */
void mr_generation_retire(struct mr_generation *generation);
/* Returns the script in that file ("echo.lua"), NULL if there is none. It belongs to the
 * generation. */
struct mr_script *mr_generation_script(struct mr_generation *generation, const char *file);

/* BARE is JSON as NestJS sends it: text that does not begin with { or [ is a string. */
enum mr_codec { MR_CODEC_JSON, MR_CODEC_BARE, MR_CODEC_RAW };

/* Calls the script's handleMessage on the message, and fills `result`. The returned task is from a
 * pool, and the caller's until mr_task_end. The host's functions get `job`. */
struct mr_task *mr_task_start(struct mr_script *script, enum mr_codec codec,
                              const struct mr_incoming *incoming, void *job,
                              struct mr_result *result);
/* The outcome of a wait: nothing (sleep), a reply, or an error to raise in the task. */
struct mr_resumption {
    enum { MR_RESUME_DONE, MR_RESUME_REPLY, MR_RESUME_STATUS_ERROR } kind;
    uint32_t wait;         /* the number of the wait that is over */
    struct mr_bytes value; /* REPLY: as codec says; data NULL: a null value */
    enum mr_codec codec;   /* REPLY: JSON or BARE */
    bool enveloped; /* REPLY: if it is the envelope of kafka-client, an object with `success`,
                       unwrap it or raise its error */
    bool is_error;  /* REPLY: raise it */
    const struct mr_pair *headers; /* REPLY */
    size_t header_count;
    int status;                    /* STATUS_ERROR */
    struct mr_bytes message, name; /* STATUS_ERROR */
};
void mr_task_resume(struct mr_task *task, const struct mr_resumption *with,
                    struct mr_result *result);
/* Continues a task whose result lingers, until its spawned strands wait (mr_task_resume) or all
 * have ended. Makes the result before invalid. */
void mr_task_linger(struct mr_task *task, struct mr_result *result);
void mr_task_end(struct mr_task *task); /* back to the pool; drops an unfinished coroutine */

#endif
