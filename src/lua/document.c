#include "lua/document.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/panic.h"
#include "lua/run/call.h"

struct mr_documents {
    struct mr_vm *vm;
};

struct decoding {
    struct mr_json *json;
    struct mr_bytes text;
};

static int decode(lua_State *L, void *data)
{
    const struct decoding *decoding = data;
    mr_json_decode(L, decoding->json, decoding->text);
    return 1;
}

/* Decodes the text in this VM. Returns 0 with the value on the VM's stack, or -1 with `why`. Call
 * mr_call_done() after either. */
static int decode_in(struct mr_vm *vm, struct mr_bytes text, char *why, size_t size)
{
    struct decoding decoding = {&vm->json, text};
    if (mr_call(vm, decode, &decoding) == 0)
        return 0;
    snprintf(why, size, "%s", mr_call_message(vm));
    return -1;
}

int mr_document_check(struct mr_bytes text, char *why, size_t size)
{
    struct mr_documents *documents = mr_documents_new();
    int result = decode_in(documents->vm, text, why, size);
    mr_call_done(documents->vm);
    mr_documents_free(documents);
    return result;
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct mr_bytes trimmed(struct mr_bytes text)
{
    while (text.length > 0 && is_white(text.data[text.length - 1]))
        text.length--;
    while (text.length > 0 && is_white(text.data[0]))
        text = (struct mr_bytes){text.data + 1, text.length - 1};
    return text;
}

bool mr_document_bare(struct mr_bytes text, struct mr_buf *out)
{
    struct mr_documents *documents = mr_documents_new();
    struct mr_vm *vm = documents->vm;
    char why[256];
    struct mr_bytes bare = trimmed(text);
    bool null = mr_bytes_equal(bare, MR_BYTES("null"));
    if (decode_in(vm, text, why, sizeof(why)) == 0 && lua_type(vm->L, -1) == LUA_TSTRING)
        bare.data = lua_tolstring(vm->L, -1, &bare.length);
    mr_buf_append(out, bare.data, bare.length);
    mr_call_done(vm);
    mr_documents_free(documents);
    return !null;
}

struct mr_documents *mr_documents_new(void)
{
    static const struct mr_host nobody;
    struct mr_documents *documents = mr_alloc(sizeof(*documents));
    documents->vm = mr_vm_new(&nobody, NULL, MR_SANDBOXED);
    return documents;
}

bool mr_documents_say_failure(struct mr_documents *documents, struct mr_bytes text)
{
    struct mr_vm *vm = documents->vm;
    char why[256];
    bool fails = false;
    if (text.data != NULL && decode_in(vm, text, why, sizeof(why)) == 0 && lua_istable(vm->L, -1)) {
        lua_pushliteral(vm->L, "success");
        lua_rawget(vm->L, -2);
        fails = lua_isboolean(vm->L, -1) && !lua_toboolean(vm->L, -1);
        lua_pop(vm->L, 1);
    }
    mr_call_done(vm);
    return fails;
}

/* Returns the length of the control character at `text` if JSON allows it in a string, else 0.
 * These are DEL, and U+0080 to U+009F, which have two bytes. */
static size_t control_at(const char *text, const char *end)
{
    uint8_t first = (uint8_t)text[0], second = end - text > 1 ? (uint8_t)text[1] : 0;
    if (first == 0x7f)
        return 1;
    return first == 0xc2 && second >= 0x80 && second < 0xa0 ? 2 : 0;
}

static void append_line(struct mr_buf *out, struct mr_bytes text)
{
    bool in_string = false;
    const char *end = text.data + text.length;
    for (const char *at = text.data; at < end; at++) {
        size_t control = control_at(at, end);
        if (!in_string && is_white(*at))
            continue;
        in_string = in_string != (*at == '"');
        if (control > 0)
            mr_buf_printf(out, "\\u00%02x", (uint8_t)at[control - 1]);
        else
            mr_buf_append(out, at, *at == '\\' ? 2 : 1);
        at += *at == '\\' || control == 2;
    }
}

bool mr_documents_line(struct mr_documents *documents, struct mr_bytes text, struct mr_buf *out)
{
    char why[256];
    bool valid = decode_in(documents->vm, text, why, sizeof(why)) == 0;
    mr_call_done(documents->vm);
    if (valid)
        append_line(out, text);
    return valid;
}

void mr_documents_free(struct mr_documents *documents)
{
    if (documents == NULL)
        return;
    mr_vm_free(documents->vm);
    free(documents);
}
