/* Makes a struct mr_fault of what a handler raised. */
#ifndef MR_LUA_FAULT_H
#define MR_LUA_FAULT_H

#include "base/buf.h"
#include "lua/vm.h"

struct lua_State;

/* The memory that a struct mr_fault points into. */
struct mr_fault_text {
    struct mr_buf message, name, trace;
};
void mr_fault_text_free(struct mr_fault_text *text);

/* Describes the value that the handler raised, which is on top of co's stack, and pops it. Always
 * succeeds, whatever the value is and whatever its metamethods do. The fault borrows its texts from
 * `text`. */
void mr_fault_raised(struct mr_vm *vm, struct lua_State *co, struct mr_fault_text *text,
                     struct mr_fault *fault);
/* Makes a fault of the kind ERROR with that message and traceback. */
void mr_fault_error(struct mr_fault_text *text, const char *message, const char *trace,
                    struct mr_fault *fault);

#endif
