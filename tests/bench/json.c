/* Our JSON codec beside lua-cjson, on the same documents. tools/bench json builds it with the
 * objects of the release preset.
 *
 * Usage: json ROUNDS MS FILE...     A round takes each side and direction in turn for MS
 * milliseconds; a line of JSON each: file, side, direction, ns a document. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/buf.h"
#include "lua/run/call.h"
#include "lua/state.h"
#include "lua/vm.h"

enum { BATCH_NS = 1000000 };

struct side {
    const char *name;
    lua_State *L;
    struct mr_json *json; /* NULL: lua-cjson */
    struct mr_bytes text;
    int decode, encode, string, value; /* on the stack: lua-cjson's functions; the document, read */
};

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "json: %s\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void decode(const struct side *side)
{
    if (side->json != NULL) {
        mr_json_decode(side->L, side->json, side->text);
        return;
    }
    lua_pushvalue(side->L, side->decode);
    lua_pushvalue(side->L, side->string);
    lua_call(side->L, 1, 1);
}

static void encode(const struct side *side)
{
    if (side->json != NULL) {
        struct mr_bytes text = mr_json_encode(side->L, side->json, side->value);
        lua_pushlstring(side->L, text.data, text.length); /* as lua-cjson does */
        return;
    }
    lua_pushvalue(side->L, side->encode);
    lua_pushvalue(side->L, side->value);
    lua_call(side->L, 1, 1);
}

/* ns a call, over `ms` at least. */
static double measure(const struct side *side, void (*run)(const struct side *), double ms)
{
    double began = now_ns(), calls = 0, batch = 1, passed;
    do {
        double batch_began = now_ns();
        for (double i = 0; i < batch; i++) {
            run(side);
            lua_pop(side->L, 1);
        }
        calls += batch;
        if (now_ns() - batch_began < BATCH_NS)
            batch *= 2;
        passed = now_ns() - began;
    } while (passed < ms * 1e6);
    return passed / calls;
}

static struct mr_bytes read_file(const char *path)
{
    struct mr_buf text = {0};
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die(path);
    for (size_t got; (got = fread(mr_buf_reserve(&text, 65536), 1, 65536, file)) > 0;)
        text.length += got;
    fclose(file);
    return (struct mr_bytes){text.data, text.length};
}

static void prepare(struct side *side)
{
    lua_State *L = side->L;
    lua_getglobal(L, "require");
    lua_pushliteral(L, "cjson");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "decode");
    side->decode = lua_gettop(L);
    lua_getfield(L, -2, "encode");
    side->encode = lua_gettop(L);
    lua_pushlstring(L, side->text.data, side->text.length);
    side->string = lua_gettop(L);
    decode(side);
    side->value = lua_gettop(L);
}

struct job {
    struct side *side;
    const char *file;
    double ms;
};

static int run(lua_State *L, void *data)
{
    struct job *job = data;
    struct side *side = job->side;
    side->L = L;
    prepare(side);
    double in = measure(side, decode, job->ms), out = measure(side, encode, job->ms);
    printf("{\"file\":\"%s\",\"side\":\"%s\",\"decode\":%.1f,\"encode\":%.1f}\n", job->file,
           side->name, in, out);
    lua_settop(L, 0);
    return 0;
}

static void run_round(struct mr_vm *vm[2], const char *file, double ms)
{
    struct mr_bytes text = read_file(file);
    struct side sides[] = {{.name = "moonroute", .json = &vm[0]->json, .text = text},
                           {.name = "lua-cjson", .text = text}};
    for (int i = 0; i < 2; i++) {
        struct job job = {&sides[i], file, ms};
        if (mr_call(vm[i], run, &job) != 0)
            die(mr_call_message(vm[i]));
        mr_call_done(vm[i]);
    }
}

int main(int argc, char **argv)
{
    static const struct mr_host nobody;
    struct mr_vm *vm[] = {mr_vm_new(&nobody, NULL, MR_SANDBOXED),
                          mr_vm_new(&nobody, NULL, MR_SANDBOXED)};
    if (argc < 4)
        die("usage: json ROUNDS MS FILE...");
    for (int round = 0; round < atoi(argv[1]); round++)
        for (int i = 3; i < argc; i++)
            run_round(vm, argv[i], atof(argv[2]));
    return 0;
}
