/* What the rooms of src/lua share about a VM; seen nowhere else.
 *
 * The rule about borrowed memory: a pointer into a Lua value is good while that value is on a stack
 * or in a table of ours, and no pointer into memory that rooms share (vm->pairs, json.text) lives
 * across a call into Lua. Scripts' code runs in every such call, also where only a table is read
 * (its metamethods) or memory allocated (finalizers, where scripts are trusted), and it may call
 * back all that is here. `lent` and json.generation hold it. */
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

/* Fixed places on the main stack: reached from outside of protected calls without allocating. */
enum mr_slot_index {
    MR_SLOT_ON_ERROR = 1, /* the message handler of the one pcall */
    MR_SLOT_DOOR,         /* the C function behind which everything runs */
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
    bool is_alone; /* sees no Lua files but those in the binary, and is hardened: as all are but
                      that of `moonroute test` and those of trusted scripts */
    enum mr_trust trust;
    struct {
        mr_call_fn *function;
        void *data;
    } call;                  /* what the door is to run */
    struct mr_buf trace;     /* of the last protected call that failed */
    struct mr_task *running; /* the task whose Lua is on the CPU; NULL while none is */
    uint64_t runs;           /* how often Lua was entered */
    const char *stack;       /* where C's stack was at that */
    size_t stack_most;       /* bytes of it, see lua/run/stack.h */
    lua_CFunction gsub;      /* Lua's own */
    struct mr_budget budget;
    struct mr_room room;
    struct mr_limits limits, load_limits;
    struct mr_pool pool;
    struct mr_json json;
    bool lent;             /* the host has a record whose memory is borrowed: no Lua may run */
    struct mr_pair *pairs; /* scratch for headers on their way out */
    size_t pair_capacity;
    int entry;    /* registry references to functions of lua/: entry.lua, */
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

/* The VM that a binding's function belongs to: its first upvalue. */
static inline struct mr_vm *mr_vm_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

#endif
