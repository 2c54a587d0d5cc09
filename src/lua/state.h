/* The state of a VM, which only the files of src/lua see.
 *
 * Borrowed memory: a pointer into a Lua value is valid while the value is on a stack or in a table
 * of ours. A pointer into shared memory (vm->pairs, json.text) never lives across a call into Lua.
 * Code of scripts can run in every such call, even if the call only reads a table (metamethods). If
 * scripts are trusted, it can run even in an allocation (finalizers). That code may call back every
 * function of src/lua. `lent` and json.generation check this rule. */
#ifndef MR_LUA_STATE_H
#define MR_LUA_STATE_H

#include <lauxlib.h>
#include <lua.h>

#include "base/buf.h"
#include "lua/json/json.h"
#include "lua/pool.h"
#include "lua/run/budget.h"
#include "lua/run/room.h"
#include "lua/vm.h"

/* Fixed slots of the main stack. Code outside protected calls can reach them without allocating. */
enum mr_slot_index {
    MR_SLOT_ON_ERROR = 1, /* the message handler of mr_call() */
    MR_SLOT_DOOR,         /* the C function that runs everything else */
    MR_SLOT_THREADS,      /* coroutines of the pool's tasks, by their slot */
    MR_SLOT_CONTEXTS,     /* context tables of running tasks, by their slot */
    MR_SLOT_STRANDS,      /* sets of strands of running tasks, by their slot */
    MR_SLOT_LAST = MR_SLOT_STRANDS,
};

typedef int mr_call_fn(lua_State *L, void *data);

struct mr_vm {
    lua_State *L;
    struct mr_host host;
    void *data;    /* the host's */
    bool is_alone; /* hardened, and finds no Lua files except those in the binary; false for
                      `moonroute test` and for trusted scripts */
    enum mr_trust trust;
    char *readable; /* names of variables, with commas between them: env.allow; NULL: none */
    struct {
        mr_call_fn *function;
        void *data;
    } call;                  /* what the door runs next */
    struct mr_buf trace;     /* of the last protected call that failed */
    struct mr_task *running; /* the task whose Lua is on the CPU; NULL while none is */
    uint64_t runs;           /* count of entries into Lua */
    const char *stack;       /* address of the C stack at the last entry */
    size_t stack_most;       /* bytes of the C stack that may be used, see lua/run/stack.h */
    lua_CFunction gsub;      /* the original string.gsub */
    struct mr_budget budget;
    struct mr_room room;
    struct mr_limits limits, load_limits;
    struct mr_pool pool;
    struct mr_json json;
    bool lent;             /* the host has a record whose memory is borrowed: no Lua may run */
    struct mr_pair *pairs; /* scratch for the headers of a record to send */
    size_t pair_capacity;
    int entry;    /* registry references to functions of lua/: entry.enter, */
    int headers;  /* headers.of_reply, */
    int fault;    /* fault.classify, */
    int load;     /* loader.load, */
    int check;    /* loader.check, */
    int finish;   /* strands.finish; */
    int contexts; /* and to the tables at MR_SLOT_CONTEXTS */
    int strands;  /* and MR_SLOT_STRANDS */
};

struct mr_vm *mr_vm_open(const struct mr_host *host, void *data, bool is_alone,
                         enum mr_trust trust);

/* Returns the VM that a binding's function belongs to: its first upvalue. */
static inline struct mr_vm *mr_vm_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

#endif
