/* Hostile handlers: what they try ends as their own message's outcome; the next message, the other
 * topics and the worker are as before. (Endless ones and greedy ones are in budget_test.c.) */
#include "base/exit.h"
#include "harness/process.h"
#include "harness/world.h"

/* Runs the message, which is Lua. What it may spoil is there for every one. */
static const char hostile[] = "router, cjson = require 'moonroute', require 'cjson'\n"
                              "shared = require 'shared'\n"
                              "function handleMessage(topic, code, headers, context)\n"
                              "  return assert(loadstring(code, '=code'))(context, headers)\n"
                              "end\n";
static const char shared[] = "return { answer = 42 }";

/* Uses what hostile scripts go for. */
static const char honest[] =
    "local router = require 'moonroute'\n"
    "local cjson = require 'cjson'\n"
    "function handleMessage(topic, message, headers, context)\n"
    "  router.sleep(1)\n"
    "  local list = { 3, 1, 2 }\n"
    "  table.sort(list)\n"
    "  local n = 0\n"
    "  for _ in pairs(context) do n = n + 1 end\n"
    "  assert(n > 4 and #router.array() == 0 and getmetatable('') == false)\n"
    "  assert(cjson.decode('[5]')[1] == 5 and tostring(router.null) == 'userdata: NULL')\n"
    "  return { table.concat(list), ('x'):rep(3), string.format('%d', 4), math.floor(1.5),\n"
    "    cjson.encode({ 1 }), coroutine.wrap(function() router.sleep(1) return 'w' end)() }\n"
    "end\n";
static const char honest_reply[] = "[\"123\",\"xxx\",\"4\",1,\"[1]\",\"w\"]";

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    router_script(&world->router, "lib/shared", shared);
    world_serve(world, "hostile", 1, hostile);
    world_serve(world, "honest", 1, honest);
    router_script(&world->router, "lib/endless", "while true do end");
    world_serve(world, "endless", 1, "function handleMessage() require 'endless' end");
    router_config(&world->router,
                  "defaults = { retry = { max = 0 }, budget = { time = 20000, memory = '1GB' } },"
                  "routes = { hostile = { codec = 'raw' },"
                  "endless = { budget = { time = 300 } } }");
    router_start(&world->router);
    return 0;
}

struct attempt {
    const char *code;
    const char *status; /* of the error reply; NULL: it is a success */
    const char *reply;  /* what is in it */
};

static const struct record *run_code(struct world *world, const char *code)
{
    const char *id = unique("attempt");
    world_send(world, &(struct question){.topic = "hostile",
                                         .value = mr_bytes_of(code),
                                         .dialect = PLAIN,
                                         .id = mr_bytes_of(id)});
    return world_reply(world, id);
}

static void assert_outcome(struct world *world, const struct attempt *attempt)
{
    const struct record *reply = run_code(world, attempt->code);
    struct mr_bytes status = record_header(reply, "status-code");
    static char text[20000];
    snprintf(text, sizeof(text), "%.*s", (int)reply->value.length, reply->value.data);
    if (strstr(text, attempt->reply) == NULL || (attempt->status != NULL) != (status.data != NULL))
        fail_msg("%s\nended as: %s", attempt->code, text);
    if (attempt->status != NULL)
        assert_text(status, attempt->status);
}

/* Each ends as it should, its topic and the other one are served behind it, by the same process. */
static void assert_harmless(struct world *world, const struct attempt *attempts, size_t count)
{
    pid_t before = 0, after = 0;
    assert_int_equal(router_workers(&world->router, &before, 1), 1);
    for (size_t i = 0; i < count; i++) {
        assert_outcome(world, &attempts[i]);
        assert_text(run_code(world, "return 'served'")->value, "served");
        assert_text(world_ask(world, "honest", "{}")->value, honest_reply);
        assert_int_equal(router_workers(&world->router, &after, 1), 1);
        if (after != before)
            fail_msg("the worker died of: %s", attempts[i].code);
    }
}
#define HARMLESS(state, attempts)                                                                  \
    assert_harmless(state, attempts, sizeof(attempts) / sizeof((attempts)[0]))

static void recursion_without_end(void **state)
{
    static const struct attempt attempts[] = {
        {"local function f() return 1 + f() end f()", "500", "stack overflow"},
        {"local function f() return (('x'):gsub('x', f)) end f()", "500", "stack overflow"},
        {"local function f() table.sort({ 1, 2, 3 }, f) end f()", "500", "stack overflow"},
        {"local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f()", "500",
         "stack overflow"},
        {"local function f() xpcall(f, f) end f() return 'out'", NULL, "out"},
        {"local function f() return 1 + setmetatable({}, { __index = f }).x end f()", "500",
         "stack overflow"},
        {"local t = {} for _ = 1, 1e5 do t = setmetatable({}, { __index = t }) end return t.x",
         "500", "loop in gettable"},
        {"local function f() return coroutine.wrap(f)() end f()", "500", "stack overflow"},
        {"local function f() return assert(load(f)) end f()", "500", ""},
        {"local function f() return require('shared').answer + f() end f()", "500",
         "stack overflow"},
    };
    HARMLESS(*state, attempts);
}

static void replies_that_cannot_be(void **state)
{
    static const struct attempt attempts[] = {
        {"local t = {} t.t = t return t", "500", "a table that is in itself"},
        {"local t = {} for _ = 1, 1e4 do t = { t } end return t", "500", "512 levels"},
        {"return { a = 0/0 }", "500", "a: NaN"},
        {"return print", "500", "function"},
        {"return coroutine.create(print)", "500", "thread"},
        {"return { [1] = 1, [1e9] = 2 }", "500", "holes"},
        {"return { [{}] = 1 }", "500", "no string"},
        {"return { a = '\\255' }", "500", "UTF-8"},
        {"local s, t = ('x'):rep(2 ^ 20), {} for i = 1, 400 do t[i] = s end return t", "500",
         "256 MB"},
        {"return 1, 5", "500", "headers"},
        {"return 1, { [{}] = 1 }", "500", "headers"},
        {"return 1, { a = {} }", "500", "headers"},
        {"return 1, setmetatable({}, { __index = error })", "500", ""},
        {"return setmetatable({ 1 }, { __index = error, __len = error, __pairs = error })", NULL,
         "[1]"},
        {"return router", NULL, "{}"},
        {"return ...", NULL, ""},
        {"local t = {} for i = 1, 1e5 do t[i] = i end return #cjson.encode(t)", NULL, "588896"},
        {"local h = {} for i = 1, 200 do h['h' .. i] = i end return 'many', h", NULL, "many"},
        {"return ('R'):rep(200), setmetatable({ ['x-a'] = '1' }, { __index = function(_, k) "
         "if k == 1 then cjson.encode({ ('S'):rep(1e5) }) cjson.encode({ ('S'):rep(2e6) }) end "
         "end })",
         NULL, "RRRRRRRR"},
        {"return { r = ('R'):rep(2e5) }, setmetatable({ ['x-a'] = '1' }, { __index = function(_, "
         "k) "
         "cjson.encode({ ('S'):rep(3e6) }) end })",
         NULL, "RRRRRRRR"},
        {"return 'n', { n = 1e300, nan = 0/0, b = true, a = 'c\\0d' }", NULL, "n"},
        {"return 'n', { ['a\\0b'] = 'c' }", "500", "zero byte"},
    };
    HARMLESS(*state, attempts);
}

static void errors_that_hurt(void **state)
{
    static const struct attempt attempts[] = {
        {"error()", "500", "nil"},
        {"error(print)", "500", "function"},
        {"error(coroutine.create(print))", "500", "thread"},
        {"error(router.null)", "500", "userdata"},
        {"error(setmetatable({}, { __tostring = error }))", "500", "cannot be shown"},
        {"error(setmetatable({}, { __tostring = function() return {} end }))", "500",
         "cannot be shown"},
        {"error(setmetatable({}, { __tostring = function() coroutine.yield(1) end }))", "500",
         "cannot be shown"},
        {"error(setmetatable({}, { __tostring = function() router.sleep(1) end }))", "500",
         "cannot be shown"},
        {"error(setmetatable({}, { __tostring = function() router.publish('x', 1) end }))", "500",
         "cannot be shown"},
        {"local function f(t) return 1 + tostring(t) end "
         "error(setmetatable({}, { __tostring = f }))",
         "500", "cannot be shown"},
        {"error(setmetatable({ a = 1 }, { __index = function() error('again') end }))", "500", ""},
        {"local t = {} t.message = t t.error = t t.statusCode = t error(t)", "500", ""},
        {"local t = { code = 1 } t.t = t error(t)", "500", "table"},
        {"error(('x'):rep(3e6))", "500", "xxx..."},
        {"error({ statusCode = 400, message = ('\\255'):rep(3e6) })", "400", "..."},
        {"xpcall(error, function() error('inner') end) error('outer', 0)", "500", "outer"},
        {"return select('#', xpcall(error, coroutine.yield))", NULL, "2"},
        {"return tostring(select(2, xpcall(error, function(e) return e end, 'plain')))", NULL,
         "plain"},
        {"error('x', -1e9)", "500", "x"},
        {"error('x', 1e9)", "500", "x"},
        {"local co = coroutine.create(function() router.publish('t', setmetatable({}, "
         "{ __index = function() coroutine.yield() end })) end) coroutine.resume(co) "
         "error(setmetatable({}, { __index = function() coroutine.resume(co) end }))",
         "500", ""},
    };
    HARMLESS(*state, attempts);
}

static void tampering(void **state)
{
    static const struct attempt attempts[] = {
        {"handleMessage = nil _G.handleMessage = print return 'done'", NULL, "done"},
        {"for name in pairs(_G) do if name ~= 'handleMessage' and name ~= 'assert' and "
         "name ~= 'loadstring' then spoiled = true end end return 'done'",
         NULL, "done"},
        {"string.format = nil", "500", "string: read-only"},
        {"rawset(table, 'sort', print)", "500", "table: read-only"},
        {"router.sleep = nil", "500", "router: read-only"},
        {"cjson.encode = nil", "500", "cjson: read-only"},
        {"cjson.encode_max_depth(1)", "500", "nil value"},
        {"cjson.decode_invalid_numbers(true)", "500", "nil value"},
        {"getmetatable('').__index = {}", "500", "boolean"},
        {"getmetatable(router.array()).__index = print", "500", "boolean"},
        {"getmetatable(...).__index = print", "500", "boolean"},
        {"setmetatable(_G, nil)", "500", "protected"},
        {"setmetatable(..., nil)", "500", "protected"},
        {"setmetatable(router.array(), {})", "500", "protected"},
        {"(''):x()", "500", "nil value"},
        {"local s = '' s.x = 1", "500", "index"},
        {"for k in pairs(string) do table.insert(string, k) table.sort(string) "
         "table.remove(string) end return 'done'",
         NULL, "done"},
        {"return { unpack(string) }", NULL, "{}"},
        {"local _, all = pairs(router) all.sleep = nil for k in pairs(all) do all[k] = 5 end "
         "return 'done'",
         NULL, "done"},
        {"math.randomseed(1) return 'done'", NULL, "done"},
        {"setmetatable(_G, { __gc = error, __index = error })", "500", "protected"},
        {"(...).offset = -1 (...).headers = 5 return 'done'", NULL, "done"},
    };
    HARMLESS(*state, attempts);
}

/* 10 MB, copied a thousand times over, would be 10 GB. `message.max.bytes` is 1 GB. */
#define LONG "local long = ('x'):rep(1.02e7) local many = {} "
#define OVER "for i = 1, 1000 do many['h' .. i] = long end "

static void one_long_text_in_many_places(void **state)
{
    static const struct attempt attempts[] = {
        {LONG OVER "return 'x', many", "500", "over its memory budget of 1024 MiB, by the records"},
        {LONG OVER "router.publish('published', 1, { headers = many })", "500", "by the records"},
        {LONG OVER "pcall(router.request, 'honest', 1, { headers = many })", "500",
         "by the records"},
        {LONG
         "for i = 1, 100 do many['h' .. i] = long end "
         "return tostring(select(2, pcall(router.publish, 'published', 1, { headers = many })))",
         NULL, "(message.max.bytes)"},
        {LONG "for i = 1, 100 do many['h' .. i] = long end "
              "return tostring(select(2, pcall(router.request, 'honest', 1, { headers = many })))",
         NULL, "(message.max.bytes)"},
        {LONG "for i = 1, 1000 do many[i] = long end return tostring(pcall(cjson.encode, many))",
         NULL, "false"},
        {LONG "for i = 1, 60 do many['f' .. i] = long end router.log(long, many) return 'logged'",
         NULL, "logged"},
    };
    HARMLESS(*state, attempts);
}

/* Inputs that broke others: CVE-2022-24735 and -0543, CVE-2024-31449, CVE-2025-46817, -46818 and
 * -46819 (Redis, Valkey); CVE-2024-25176 and -25178, issues 1048, 1152, 1367 and 1471 (LuaJIT);
 * what is used after its request has ended (Envoy, HAProxy). */
static void what_broke_others(void **state)
{
    static const struct attempt attempts[] = {
        {"getmetatable(1) return 'out'", NULL, "out"},
        {"getmetatable(nil).__index = print", "500", "nil"},
        {"setmetatable(0, {})", "500", "table expected"},
        {"return tostring(getmetatable(print)) .. tostring(getmetatable(true)) .. "
         "tostring(getmetatable(router.null))",
         NULL, "nilnilnil"},
        {"getmetatable(cjson.decode('[]')).__index = print", "500", "boolean"},
        {"return #bit.tohex(1, -2 ^ 31) + #bit.tohex(1, 2 ^ 31 - 1)", NULL, ""},
        {"return select('#', pcall(unpack, {}, 1e10))", NULL, ""},
        {"return select('#', pcall(unpack, {}, 2 ^ 31 - 1, 2 ^ 31))", NULL, ""},
        {"return tostring(loadstring('return [' .. ('='):rep(1e6) .. '[x'))", NULL, "nil"},
        {"return tostring(loadstring('--[' .. ('='):rep(1e6)))", NULL, "function"},
        {"return tostring(loadstring('return 0x' .. ('f'):rep(1e6)))", NULL, ""},
        {"for i = 1, 400 do string.format('%7g%.99g%99.14g', i * 1e100, 2 ^ -i, 2 ^ i) end return "
         "'out'",
         NULL, "out"},
        {"return select(-1, setmetatable({}, { __call = pcall })())", NULL, "stack overflow"},
        {"local t = {} for i = 1, 100 do t[i] = pcall end return tostring(pcall(unpack(t)))", NULL,
         "true"},
        {"local t = {} for i = 1, 7001 do t[i] = xpcall end return tostring(xpcall(unpack(t)))",
         NULL, ""},
        {"local add add = function(a, b) local _ add(a, b) end local meta = { __add = add } "
         "local a, b = setmetatable({}, meta), setmetatable({}, meta) "
         "coroutine.wrap(function() xpcall(error, function() pcall(error) "
         "local _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _ _ = a + b end) end)() return 'out'",
         NULL, "out"},
        {"local t = setmetatable({}, { __newindex = pcall, __call = pairs }) "
         "local function look(n, ...) local _ = { ... } t[t] = t if n > 0 then look(n - 1, n, ...) "
         "end end pcall(look, 150) return 'out'",
         NULL, "out"},
        {"kept = ... return 'kept'", NULL, "kept"},
        {"return kept.offset", "500", "its message is done"},
        {"for _ in pairs(kept) do end", "500", "its message is done"},
        {"later = coroutine.wrap(function() router.sleep(3600000) end) router.spawn(later) "
         "error('over', 0)",
         "500", "over"},
        {"later()", "500", "waits for the router"},
        {"return tostring((-2LL ^ 63LL) / -1LL) .. tostring((-2LL ^ 63LL) % -1LL) .. "
         "tostring(1LL / 0LL)",
         NULL, "LL"},
        {"return nil + 1LL", "500", "arithmetic"},
        {"local x = 1i x.re = 5", "500", ""},
        {"setmetatable(1LL, {})", "500", "table expected"},
        {"local t = { 1, 2, 3 } table.sort(t, function() for i = 1, 3 do t[i] = nil end "
         "return true end) return 'out'",
         NULL, "out"},
        {"local s = '' for k in pairs(string) do s = s .. k end return s:find('dump') or 'none'",
         NULL, "none"},
    };
    HARMLESS(*state, attempts);
}

static void escapes(void **state)
{
    static const struct attempt attempts[] = {
        {"io.open('/etc/passwd')", "500", "undefined global 'io'"},
        {"os.execute('true')", "500", "nil value"},
        {"os.exit(1)", "500", "nil value"},
        {"os.getenv('HOME')", "500", "nil value"},
        {"os.remove('x')", "500", "nil value"},
        {"debug.sethook()", "500", "undefined global 'debug'"},
        {"require 'ffi'", "500", "module 'ffi' not found"},
        {"package.loadlib('libc.so.6', '*')", "500", "undefined global 'package'"},
        {"jit.off()", "500", "undefined global 'jit'"},
        {"getfenv(0).io = 1", "500", "undefined global 'getfenv'"},
        {"setfenv(1, {})", "500", "undefined global 'setfenv'"},
        {"newproxy(true)", "500", "undefined global 'newproxy'"},
        {"dofile('/etc/passwd')", "500", "undefined global 'dofile'"},
        {"loadfile('/etc/passwd')", "500", "undefined global 'loadfile'"},
        {"string.dump(print)", "500", "nil value"},
        {"('').dump(print)", "500", "nil value"},
        {"assert(loadstring('\\27LJ\\2'))", "500", "attempt to load"},
        {"assert(load('\\27LJ\\2', 'x', 'b'))", "500", "attempt to load"},
        {"collectgarbage('stop')", "500", "only collectgarbage"},
        {"require '../../config/moonroute'", "500", "not found"},
        {"require '/etc/passwd'", "500", "not found"},
        {"require 'moonroute.host'", "500", "not found"},
        {"require 'a\\0b'", "500", "not found"},
        {"require(nil)", "500", "expected a module's name"},
        {"return load('return x', 'x', 't', { x = 5 })() .. tostring(coroutine.running())", NULL,
         "5nil"},
        {"return tostring(getmetatable(1LL)) .. tostring(1LL + 1)", NULL, "ffi2LL"},
        {"return (1LL).x", "500", "no member"},
        {"return (1i)[1e9]", NULL, ""},
        {"return load('return _G', 'x', 't', 1)().io", "500",
         "expected a table as the environment"},
        {"return load('return io', 'x', 't', false)", "500", "expected a table as the environment"},
        {"return tostring(pcall(load, 'return 1', 'x', 't', print))", NULL, "false"},
    };
    HARMLESS(*state, attempts);
}

static void coroutines_out_of_place(void **state)
{
    static const struct attempt attempts[] = {
        {"coroutine.yield('sleep', 5)", "500", "yield outside a coroutine"},
        {"coroutine.yield(router.null, 'request', {})", "500", "yield outside a coroutine"},
        {"return { pcall(coroutine.yield) }", NULL, "[false,"},
        {"return { coroutine.wrap(coroutine.wrap(coroutine.yield))() }", NULL, "{}"},
        {"return { coroutine.resume(coroutine.create(coroutine.yield), 1) }", NULL, "[true,1]"},
        {"return (('x'):gsub('x', function() router.sleep(1) end))", "500", "yield across C-call"},
        {"('x'):gsub('x', function() coroutine.yield(1) end)", "500", "yield"},
        {"table.sort({ 1, 2, 3 }, function() router.sleep(1) end)", "500", "yield across C-call"},
        {"return { pcall(tostring, setmetatable({}, { __tostring = function() router.sleep(1) end "
         "})) }",
         NULL, "["},
        {"return select('#', load(function() router.sleep(1) end))", NULL, "1"},
        {"return setmetatable({}, { __index = function() router.sleep(1) return 'in' end }).x",
         NULL, "in"},
        {"for v in function(_, c) router.sleep(1) return not c and 'it' or nil end do "
         "return v end",
         NULL, "it"},
        {"return (select(2, pcall(function() router.sleep(1) return 'caught' end)))", NULL,
         "caught"},
        {"local co co = coroutine.create(function() return coroutine.resume(co) end) "
         "return { coroutine.resume(co) }",
         NULL, "[true,false,\"cannot resume"},
        {"waiting = coroutine.create(function() router.sleep(1) end) "
         "return { coroutine.resume(waiting), coroutine.resume(waiting) }",
         NULL, "[true,false,\"cannot resume dead"},
        {"local f = coroutine.wrap(function() end) f() f()", "500", "cannot resume dead"},
        {"local t = {} for i = 1, 1e4 do t[i] = coroutine.wrap(function() coroutine.yield() end) "
         "t[i]() end return #t",
         NULL, "10000"},
    };
    HARMLESS(*state, attempts);
}

static void arguments_out_of_range(void **state)
{
    static const struct attempt attempts[] = {
        {"router.sleep(0/0)", "500", "expected milliseconds"},
        {"router.sleep('1')", "500", "expected milliseconds"},
        {"router.sleep(-1/0) router.sleep(-5) return 'awake'", NULL, "awake"},
        {"router.request()", "500", "topic"},
        {"router.request('x')", "500", "value"},
        {"router.request('x', 1, { timeout = 0/0 })", "500", "timeout"},
        {"router.request('honest', 1, { timeout = -1/0 })", "504", "after 1ms"},
        {"router.request('x', 1, { reply_to = '\\0' })", "500", "reply_to"},
        {"router.publish('bad topic', 1)", "500", "topic"},
        {"router.publish('a\\0b', 1)", "500", "topic"},
        {"router.publish(('x'):rep(1000), 1)", "500", "topic"},
        {"router.publish('x', print)", "500", "value"},
        {"router.publish('x', 1, { partition = -1 })", "500", "partition"},
        {"router.publish('x', 1, { partition = 1e300 })", "500", "partition"},
        {"router.publish('x', 1, { key = {} })", "500", "key"},
        {"router.publish('x', 1, { timestamp = 0/0 })", "500", "timestamp"},
        {"router.publish('x', 1, { headers = { { 1, 2 } } })", "500", "headers"},
        {"router.publish('x', setmetatable({}, { __index = error }))", "500", ""},
        {"router.publish('published', ('x'):rep(2e6)) return 'sent'", NULL, "sent"},
        {"router.retry('soon')", "500", "expected milliseconds"},
        {"router.log(setmetatable({}, { __tostring = error }), { [print] = print, x = 1e300 }) "
         "return 'logged'",
         NULL, "logged"},
        {"router.log('x', 5)", "500", "fields"},
        {"router.env(nil)", "500", "expected a name"},
        {"return tostring(router.env('A_PASSWORD'))", NULL, "nil"},
        {"return { os.date('%'), tostring(os.date('!*t', 1e300)), #os.date('%999999999d') }", NULL,
         "["},
        {"return #os.date(('%c%Ez%Oq%!'):rep(1e4)) > 0", NULL, "true"},
        {"return os.time { year = 1e300, month = -1e9, day = 1 } ~= 5", NULL, "true"},
        {"return ('%99999d'):format(1)", "500", "format"},
        {"return #('%s'):rep(1e3):format(unpack({}, 1, 1e3))", NULL, "3000"},
        {"return unpack({}, 1, 1e8)", "500", "too many results"},
        {"return unpack({}, -2 ^ 31, 2 ^ 31 - 1)", "500", "too many results"},
        {"return tonumber('1', 99)", "500", "base"},
        {"return table.concat({ 1, nil, 3 }, ',', 1, 3)", "500", "nil"},
        {"return table.concat({}, '', 1, 2 ^ 31 - 1)", "500", "nil"},
        {"return ('x'):rep(-1) .. #('x'):rep(1e6)", NULL, "1000000"},
        {"return cjson.decode(('['):rep(1e5))", "500", "cjson.decode"},
        {"return cjson.decode('{\"a\":1e999}')", "500", "byte 6: a number out of range"},
        {"return ('x'):rep(30):find(('x?'):rep(12) .. ('x'):rep(12)) ~= nil", NULL, "true"},
        {"return (('('):rep(300)):find(('('):rep(300))", "500", "too many captures"},
        {"return assert(loadstring('return ' .. ('('):rep(1e5)))", "500", "too many"},
        {"return bit.tohex(1, -1e9) .. bit.bor(1e300) .. string.char(0)", NULL, ""},
    };
    HARMLESS(*state, attempts);
}

/* Ended by force in the middle of loading: the next messages wait, and load it, as ever. */
static void a_library_that_never_loads_leaves_the_router_usable(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 2; i++) {
        assert_text(world_ask(world, "endless", "{}")->value,
                    "{\"statusCode\":504,\"message\":\"over its time budget of 300 ms\","
                    "\"error\":\"InternalServerError\"}");
        assert_text(world_ask(world, "honest", "{}")->value, honest_reply);
    }
}

/* --- sandbox = false --- */

static void trusted_scripts_have_all_of_lua(void **state)
{
    struct world *world = world_new(1, 1);
    (void)state;
    world_serve(world, "trusted", 1,
                "local ffi, router = require 'ffi', require 'moonroute'\n"
                "ffi.cdef 'int getpid(void);'\n"
                "function handleMessage(topic, message)\n"
                "  router.sleep(1)\n"
                "  return { ffi.C.getpid(), io.open('/proc/self/stat'):read('*n') }\n"
                "end\n");
    router_config(&world->router, "sandbox = false, env = { allow = { 'MR_SPEC_KEY' } }");
    router_start(&world->router);
    pid_t pid = 0;
    char expected[64];
    assert_int_equal(router_workers(&world->router, &pid, 1), 1);
    snprintf(expected, sizeof(expected), "[%d,%d]", (int)pid, (int)pid);
    assert_text(world_ask(world, "trusted", "{}")->value, expected);
    folder_write(&world->router.folder, "spec/trust_spec.lua",
                 "it('is trusted', function() "
                 "assert.is_table(require('moonroute.sandbox').environment(error).io) end)\n"
                 "it('reads what env.allow names', function() "
                 "assert.equal('value', require('moonroute').env('MR_SPEC_KEY')) end)");
    static const char *const commands[] = {"check", "test"};
    static const char *const environment[] = {"MR_SPEC_KEY=value", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct ended ended =
            process_run(&world->router.folder, environment,
                        (const char *[]){commands[i], "--config", "moonroute.lua", NULL});
        if (ended.code != 0)
            fail_msg("%s: %s%s", commands[i], ended.out, ended.err);
        ended_free(&ended);
    }
    struct ended refused = process_run(&world->router.folder, NULL,
                                       (const char *[]){"test", "--brokers", "localhost:1", NULL});
    assert_int_equal(refused.code, MR_EXIT_USAGE);
    ended_free(&refused);
    world_tear_down((void **)&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursion_without_end),
        cmocka_unit_test(replies_that_cannot_be),
        cmocka_unit_test(errors_that_hurt),
        cmocka_unit_test(tampering),
        cmocka_unit_test(one_long_text_in_many_places),
        cmocka_unit_test(what_broke_others),
        cmocka_unit_test(escapes),
        cmocka_unit_test(coroutines_out_of_place),
        cmocka_unit_test(arguments_out_of_range),
        cmocka_unit_test(a_library_that_never_loads_leaves_the_router_usable),
        cmocka_unit_test(trusted_scripts_have_all_of_lua),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
