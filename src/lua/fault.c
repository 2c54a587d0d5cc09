#include "lua/fault.h"

#include "base/utf8.h"
#include "lua/run/call.h"

void mr_fault_text_free(struct mr_fault_text *text)
{
    mr_buf_free(&text->message);
    mr_buf_free(&text->name);
    mr_buf_free(&text->trace);
}

static struct mr_bytes bytes_of(const struct mr_buf *buf)
{
    return (struct mr_bytes){mr_buf_text(buf), buf->length};
}

/* Bytes that are kept of each text: as many as replies, headers and logs can carry. */
enum { TEXT_MOST = 16384 };

/* Copies the text into the buffer, and cuts it if it is longer than TEXT_MOST. Each byte that is
 * not UTF-8 becomes U+FFFD. */
static void put(struct mr_buf *buf, const char *text, size_t length)
{
    mr_buf_clear(buf);
    for (size_t at = 0; at < length;) {
        if (buf->length >= TEXT_MOST) {
            mr_buf_string(buf, "...");
            return;
        }
        size_t run = mr_utf8_length(text + at, length - at);
        if (run > 0)
            mr_buf_append(buf, text + at, run);
        else
            mr_buf_string(buf, "\xef\xbf\xbd");
        at += run > 0 ? run : 1;
    }
}

static void put_value(struct mr_buf *buf, lua_State *L, int index)
{
    size_t length;
    const char *text = lua_tolstring(L, index, &length);
    put(buf, text, length);
}

struct raised {
    struct mr_vm *vm;
    lua_State *co;
    struct mr_fault_text *text;
    struct mr_fault *fault;
};

/* Returns the kind of that name. The results of fault.classify are kind, message, name, status and
 * delay. */
static enum mr_fault_kind kind_of(const char *name)
{
    static const char *const names[] = {
        [MR_FAULT_ERROR] = "error",
        [MR_FAULT_STATUS] = "status",
        [MR_FAULT_RETRY] = "retry",
        [MR_FAULT_REJECT] = "reject",
    };
    int kind = MR_FAULT_REJECT;
    while (kind > MR_FAULT_ERROR && strcmp(names[kind], name) != 0)
        kind--;
    return (enum mr_fault_kind)kind;
}

static int describe(lua_State *L, void *data)
{
    struct raised *raised = data;
    struct mr_fault *fault = raised->fault;
    lua_rawgeti(L, LUA_REGISTRYINDEX, raised->vm->fault);
    lua_xmove(raised->co, L, 1);
    lua_call(L, 1, 5);
    fault->kind = kind_of(lua_tostring(L, 1));
    put_value(&raised->text->message, L, 2);
    put_value(&raised->text->name, L, 3);
    fault->status = (int)lua_tointeger(L, 4);
    fault->retry_after = (int64_t)lua_tonumber(L, 5);
    if (fault->kind != MR_FAULT_STATUS) {
        luaL_traceback(L, raised->co, lua_tostring(L, 2), 0);
        put_value(&raised->text->trace, L, -1);
    }
    return 0;
}

static void point(struct mr_fault *fault, const struct mr_fault_text *text)
{
    fault->message = bytes_of(&text->message);
    fault->name = bytes_of(&text->name);
    fault->trace = bytes_of(&text->trace);
}

void mr_fault_raised(struct mr_vm *vm, lua_State *co, struct mr_fault_text *text,
                     struct mr_fault *fault)
{
    struct raised raised = {vm, co, text, fault};
    mr_buf_clear(&text->trace);
    if (mr_call(vm, describe, &raised) == 0)
        point(fault, text);
    else
        mr_fault_error(text, mr_call_message(vm), mr_buf_text(&vm->trace), fault);
    mr_call_done(vm);
}

void mr_fault_error(struct mr_fault_text *text, const char *message, const char *trace,
                    struct mr_fault *fault)
{
    put(&text->message, message, strlen(message));
    put(&text->name, "InternalServerError", strlen("InternalServerError"));
    put(&text->trace, trace, strlen(trace));
    *fault = (struct mr_fault){.kind = MR_FAULT_ERROR, .status = 500};
    point(fault, text);
}
