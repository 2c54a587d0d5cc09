/* What a handler raised, told apart. */
#ifndef MR_LUA_FAULT_H
#define MR_LUA_FAULT_H

#include "base/buf.h"
#include "lua/vm.h"

struct lua_State;

/* The memory behind a struct mr_fault. */
struct mr_fault_text {
    struct mr_buf message, name, trace;
};
void mr_fault_text_free(struct mr_fault_text *text);

/* Describes the value raised on top of co's stack, and takes it off. Whatever it is, and whatever
 * its metamethods do, this succeeds. */
void mr_fault_raised(struct mr_vm *vm, struct lua_State *co, struct mr_fault_text *text,
                     struct mr_fault *fault);
/* A fault of the kind ERROR with that message. */
void mr_fault_error(struct mr_fault_text *text, const char *message, const char *trace,
                    struct mr_fault *fault);

#endif
