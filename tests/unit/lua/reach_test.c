/* What code of a script can reach, tried from outside: by whatever way, nothing beyond the sandbox,
 * and nothing of another script's. */
#include "world.h"

/* Walks all that can be reached from what the code returns and raises, its own environment, strings
 * and the context, and names what nobody should have. A variable `keep` of its own outlives runs.
 */
static const char searcher[] =
    "router, cjson = require 'moonroute', require 'cjson' keep = {}\n"
    "local forbidden = { 'io', 'debug', 'package', 'ffi', 'jit', 'dofile', 'loadfile', "
    "'newproxy',\n"
    "  'getfenv', 'setfenv', 'module', 'gcinfo', 'arg', 'popen', 'execute', 'getenv', 'exit',\n"
    "  'remove_file', 'rename', 'tmpname', 'setlocale', 'loadlib', 'loaders', 'preload', 'dump',\n"
    "  'getinfo', 'getupvalue', 'sethook', 'getregistry', 'cdef', 'isyieldable', 'signal', "
    "'begin',\n"
    "  'contexts', 'fill', 'charge', 'freeze', 'harden', 'tops', 'await', 'classify' }\n"
    "local mine = { suspended = true, dead = true }\n"
    "local function index(value, key) return value[key] end\n"
    "local function search(value, path, seen)\n"
    "  local kind = type(value)\n"
    "  if kind == 'thread' and not mine[coroutine.status(value)] then error('thread ' .. path, 0) "
    "end\n"
    "  if kind == 'userdata' and value ~= router.null then error('userdata ' .. path, 0) end\n"
    "  if kind == 'table' and not seen[value] or kind == 'string' and not seen[kind] then\n"
    "    seen[kind == 'table' and value or kind] = true\n"
    "    for _, name in ipairs(forbidden) do\n"
    "      local ok, got = pcall(index, value, name)\n"
    "      if ok and got ~= nil and not (name == 'debug' and type(got) == 'function') then\n"
    "        error('reached ' .. path .. '.' .. name, 0)\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "  if kind == 'table' and not seen[path] then\n"
    "    local meta = getmetatable(value)\n"
    "    if type(meta) == 'table' and not seen[meta] then search(meta, path .. '@', seen) end\n"
    "    for k, v in pairs(value) do\n"
    "      if not seen[k] then search(k, path .. '.key', seen) end\n"
    "      if not seen[v] then search(v, path .. '.' .. tostring(k):sub(1, 20), seen) end\n"
    "    end\n"
    "  end\n"
    "end\n"
    "function handleMessage(_, code, headers, context)\n"
    "  own = context\n"
    "  local chunk = assert(loadstring(code))\n"
    "  local seen, results = {}, { pcall(chunk) }\n"
    "  seen[search] = true\n"
    "  search(results, 'result', seen) search(_G, '_G', seen)\n"
    "  search(router, 'router', seen) search('', '\"\"', seen)\n"
    "  search(headers, 'headers', seen) search(context, 'context', seen)\n"
    "  return 'nothing'\n"
    "end\n";

/* A neighbour, whose world is as it was. */
static const char neighbour[] =
    "local router, cjson = require 'moonroute', require 'cjson'\n"
    "local names = {}\n"
    "for name in pairs(_G) do names[#names + 1] = name end\n"
    "local count = #names\n"
    "function handleMessage(topic, message, headers, context)\n"
    "  local found = 0\n"
    "  for _ in pairs(_G) do found = found + 1 end\n"
    "  assert(found == count + 1, 'globals')\n"
    "  assert(('x'):upper() == 'X' and ('%d'):format(3) == '3' and #('x'):rep(3) == 3)\n"
    "  assert(string.format('%s', 1) == '1' and math.floor(1.5) == 1 and tostring(1) == '1')\n"
    "  assert(table.concat({ 1, 2 }, '-') == '1-2' and select('#', unpack { 1, 2 }) == 2)\n"
    "  assert(not pcall(function() return leaked end) and not pcall(function() return "
    "('').leaked() end))\n"
    "  assert(string.leaked == nil and router.leaked == nil and table.leaked == nil and os.leaked "
    "== nil)\n"
    "  assert(cjson.null == router.null and type(router.publish) == 'function' and cjson.leaked == "
    "nil)\n"
    "  assert(cjson.encode { a = 1 } == '{\"a\":1}' and cjson.encode(router.array {}) == '[]')\n"
    "  assert(context.partition == 3 and context.leaked == nil and headers.leaked == nil)\n"
    "  for key in pairs(getmetatable(1LL) and {} or { x = 1 }) do error(key) end\n"
    "  local seen = 0\n"
    "  for _, value in ipairs { 1, 2, 3 } do seen = seen + value end\n"
    "  for _ in next, { 1, 2 } do seen = seen + 1 end\n"
    "  assert(seen == 8 and coroutine.wrap(function() coroutine.yield(5) end)() == 5)\n"
    "  return 'well'\n"
    "end\n";

static void open_both(struct world *world)
{
    if (world->generation != NULL)
        return;
    world_files(world, "lib/shared.lua",
                "local shared = {} "
                "function shared.env() return _G end "
                "function shared.run(f, ...) return f(...) end "
                "shared.load = load "
                "return shared",
                "other.lua", neighbour, "test.lua", searcher, NULL);
    world->generation = world_load(world);
    assert_string_equal(mr_errors_text(&world->errors), "");
}

static struct mr_task *begin(struct world *world, const char *file, const char *value)
{
    struct mr_incoming incoming = world_message(value);
    struct mr_task *task = mr_task_start(mr_generation_script(world->generation, file),
                                         MR_CODEC_RAW, &incoming, world, &world->result);
    world->tasks[world->task_count++] = task;
    return task;
}

static void assert_returns(struct world *world, const char *file, const char *code,
                           const char *expected)
{
    struct mr_task *task = begin(world, file, code);
    if (world->result.outcome != MR_OUTCOME_RETURNED)
        fail_msg("%s: %s raised: %s", code, file,
                 world->result.outcome == MR_OUTCOME_RAISED
                     ? world_text(world->result.fault.message)
                     : "not ended");
    assert_string_equal(world_text(world->result.value), expected);
    world_end(world, task);
}

static void assert_reaches_nothing(struct world *world, const char *const *codes, size_t count)
{
    open_both(world);
    for (size_t i = 0; i < count; i++) {
        assert_returns(world, "test.lua", codes[i], "nothing");
        assert_returns(world, "other.lua", codes[i], "well");
    }
}

#define REACH(name, ...)                                                                           \
    static void name(void **state)                                                                 \
    {                                                                                              \
        static const char *const codes[] = {__VA_ARGS__};                                          \
        assert_reaches_nothing(*state, codes, sizeof(codes) / sizeof(codes[0]));                   \
    }

/* Each value in the place of load's environment, by each way to call it. */
#define NO_ENVIRONMENT                                                                             \
    "local none = { 0, 1, -1, 1 / 0, true, false, '', '_G', router.null, 1LL, 1i, print, load, "   \
    "  coroutine.create(print), function() end } "                                                 \
    "local all = {} for i, env in ipairs(none) do "

REACH(no_value_but_a_table_is_an_environment,
      NO_ENVIRONMENT "all[i] = { load('return _G', 'x', 't', env) } end return all",
      NO_ENVIRONMENT "local ok, f = pcall(load, 'return _G', 'x', 't', env) "
                     "all[i] = ok and f and f() end return all",
      NO_ENVIRONMENT "local ok, f = pcall(load, function() keep.once = not keep.once "
                     "return keep.once and 'return _G' or nil end, 'x', 't', env) "
                     "all[i] = ok and f and f() end return all",
      NO_ENVIRONMENT "all[i] = select(2, coroutine.resume(coroutine.create(load), "
                     "'return _G', 'x', 't', env)) end return all",
      NO_ENVIRONMENT "local ok, made = pcall(router.all, { function() "
                     "return load('return function() return _G end', 'x', 't', env)() end }) "
                     "all[i] = ok and made[1]() or made end return all",
      NO_ENVIRONMENT "local ok, f = pcall(require('shared').load, 'return _G', 'x', 't', env) "
                     "all[i] = ok and f and f() end return all",
      NO_ENVIRONMENT "local ok, f = pcall(loadstring, 'return _G', 'x', 't', env) "
                     "all[i] = ok and f and f() end return all",
      NO_ENVIRONMENT
      "local meta = setmetatable({}, { __call = function(_, ...) "
      "return load(...) end }) local ok, f = pcall(meta, 'return _G', 'x', nil, env) "
      "all[i] = ok and f and f() end return all")

REACH(code_that_is_loaded_sees_what_it_was_given_and_no_more,
      "return load('return _G', 'x', 't', {})()", "return load('return _G', 'x', 't', string)()",
      "return load('return dump, rep', 'x', 't', string)()",
      "return load('leaked = 1', 'x', 't', string)()",
      "return load('leaked = 1', 'x', 't', router)()", "return load('leaked = 1', 'x', 't', own)()",
      "return load('publish = 1', 'x', 't', router)()", "return load('leaked = 1', 'x', 't', os)()",
      "return load('return _G, x', 'x', 't', setmetatable({}, { __index = function(t, k) "
      "return k .. k end }))()",
      "return load('return x', 'x', 't', setmetatable({}, { __index = _G }))()",
      "return load('return _G', 'x', 't', router.array {})()",
      "return load('return _G', 'x', 't', router.breaker('b'))()",
      "return load('return load(...)')('return _G', 'x', 't', {})()",
      "return load('return (...)')(_G)", "return coroutine.wrap(load('return _G'))()",
      "return coroutine.wrap(load('return _G', 'x', 't', {}))()",
      "return router.all { load('return _G', 'x', 't', {}), load('return _G') }",
      "router.spawn(load('keep = _G', 'x', 't', {}))",
      "return xpcall(load('nothing()', 'x', 't', {}), load('return _G, ...', 'x', 't', {}))",
      "return xpcall(load('error(_G or {})', 'x', 't', {}), function(...) return ... end)",
      "return (('return _G'):gsub('.+', load))", "return (('return _G'):gsub('.+', loadstring))",
      "return setmetatable({}, { __index = load })['return _G']",
      "return setmetatable({}, { __call = load })('return _G', 'x', 't')",
      "return setmetatable({}, { __concat = load }) .. 'return _G'",
      "return setmetatable({}, { __lt = load }) < setmetatable({}, { __lt = load })",
      "return load(coroutine.wrap(function() coroutine.yield('return ') coroutine.yield('_G') "
      "end))()",
      "return load(setmetatable({}, { __call = function() return 'return _G' end }))",
      "return load(setmetatable({}, { __tostring = function() return 'return _G' end }))",
      "return require('shared').env()", "return require('shared').run(load('return _G'))",
      "return require('shared').run(require, 'moonroute.host')",
      "return select(2, pcall(error, load('return _G')))",
      "return require('shared').load('return _G', '@lua/moonroute/strands.lua')()",
      "return load('return _G', '@lua/moonroute/sandbox.lua', 't')()",
      "return load('leaked = 1 return _G', '=(command line)')()")

REACH(bytecode_is_never_loaded, "return ('').dump", "return string.dump(print)",
      "return load('\\27LJ\\2\\10', 'x', 'b')", "return load('\\27LJ\\2\\10', 'x', 'bt')",
      "return loadstring('\\27LJ\\2\\10')", "return loadstring('\\27Lua')",
      "local parts = { '\\27', 'L', 'J\\2' } return load(function() return table.remove(parts, 1) "
      "end, "
      "'x', 'b')",
      "local parts = { '\\27', 'L', 'J\\2' } return loadstring(function() return "
      "table.remove(parts, 1) "
      "end, 'x')",
      "return load('\\27LJ\\2\\10', nil, {})", "return load('\\27LJ', 'x', nil, {})",
      "return pcall(load, '\\27LJ\\2', 'x', setmetatable({}, { __tostring = function() return 'b' "
      "end }))")

/* Every name that Lua or the runtime knows, and names that are none. */
REACH(
    nothing_but_libraries_can_be_required,
    "local all = {} for _, name in ipairs { '_G', 'io', 'debug', 'package', 'ffi', 'jit', "
    "'jit.util', 'jit.opt', 'jit.profile', 'table.new', 'table.clear', 'string.buffer', "
    "'moonroute.host', 'moonroute.sandbox', 'moonroute.loader', 'moonroute.strands', "
    "'moonroute.json', 'moonroute.fault', 'moonroute.apart', 'moonroute.entry', 'cjson.safe', "
    "'cjson.core', 'luv', 'busted' } do all[#all + 1] = { pcall(require, name) } "
    "if all[#all][1] then error('required ' .. name, 0) end end return all",
    "local all = {} for _, name in ipairs { '', '.', '..', '/', '../shared', './shared', "
    "'lib.shared', 'lib/shared', '/etc/passwd', 'shared\\0', '\\0', 'shared.lua', 'test', 'other', "
    "'../test', '__index', '__metatable', 'moonroute\\0', 'moonroute.', '.moonroute', '%s%s%n', "
    "('a'):rep(100000), 'shared/', '[[', 'null' } do if pcall(require, name) then "
    "error('required ' .. name, 0) end end",
    "local all = {} for _, name in ipairs { 0, 1.5, true, router.null, 1LL, {}, print, "
    "setmetatable({}, { __tostring = function() return 'moonroute.host' end }), "
    "setmetatable({}, { __eq = function() return true end }) } do "
    "all[#all + 1] = { pcall(require, name) } if all[#all][1] then error('required', 0) end end "
    "return all",
    "return pcall(require)", "return setmetatable({}, { __index = require }).moonroute",
    "require('shared').moonroute = require return require('shared').moonroute('ffi')",
    "return ('ffi'):gsub('.+', require)",
    "return router.all { function() return require 'io' end }")

REACH(metatables_of_values_cannot_be_had_or_set,
      "local all = {} for _, v in ipairs { '', 0, true, router.null, print, 1LL, 1i, string, "
      "router, router.log, cjson, own, own.headers, _G, router.array {}, cjson.decode '[]', "
      "cjson.decode '{\"a\":[1]}'.a, router.breaker('b'), coroutine.create(print), math, os } do "
      "local meta = getmetatable(v) all[#all + 1] = meta "
      "if type(meta) == 'table' then error('the metatable of ' .. tostring(v), 0) end "
      "all[#all + 1] = { pcall(setmetatable, v, { __index = { leaked = 1 } }) } end "
      "for _, set in ipairs(all) do if type(set) == 'table' and set[1] then "
      "error('a metatable was set', 0) end end return all",
      "getmetatable('').__index = { leaked = print }", "getmetatable('').__index.leaked = print",
      "rawset(getmetatable(''), '__index', {})", "('').leaked = 1", "rawset('', 'leaked', 1)",
      "string.leaked = print", "string.format = function() return 'mine' end",
      "rawset(string, 'leaked', 1)", "rawset(router, 'publish', nil)", "router.publish = nil",
      "rawset(router.log, 'info', nil)", "rawset(cjson, 'null', 0)", "cjson.leaked = 1",
      "table.insert(string, 'x')", "table.insert(router, 1, 'x') return #router",
      "table.move({ 1, 2 }, 1, 2, 1, table)", "table.sort(math)", "table.remove(string)",
      "for k, v in pairs(string) do string[k] = nil end",
      "local walk, copy = pairs(string) copy.leaked = 1 copy.upper = nil return copy",
      "local walk, copy = pairs(router) copy.leaked = 1 copy.null = nil return copy",
      "return table.foreach(router, function(k, v) return v end)",
      "return next(string), next(router), next(cjson)", "_G.string = { leaked = 1 } string = nil",
      "return setmetatable({}, cjson.decode('{\"__index\":{\"leaked\":1},\"__metatable\":1}'))",
      "own.leaked = 1 own.partition = nil return pairs(own)", "rawset(own, '__index', _G)",
      "own.headers.leaked = 1 own.headers[1] = own",
      "string, table, math, os, unpack, select, error, assert = nil")

/* What one message has kept, looked at by the next: contexts, coroutines, functions. */
REACH(what_a_handler_keeps_is_worth_nothing_to_the_next,
      "keep.context = own keep.co = coroutine.create(function() return own.headers end) "
      "keep.running = coroutine.running() keep.wrapped = coroutine.wrap(function() while true do "
      "coroutine.yield(own) end end) keep.wrapped()",
      "return keep.context.headers", "return coroutine.resume(keep.co)", "return keep.wrapped()",
      "return pairs(keep.context)", "keep.context.leaked = 1", "return keep.context.raw",
      "keep.co, keep.wrapped = nil return coroutine.running()",
      "return coroutine.wrap(function() return type(coroutine.running()) end)()",
      "return router.all { function() return coroutine.running() end }",
      "return router.all { function() coroutine.yield(1) end }",
      "return router.all { function() return coroutine.wrap(coroutine.yield)(1) end }",
      "router.spawn(function() keep.main = coroutine.running() end) return keep.main",
      "local co = coroutine.wrap(function() router.sleep(0) end) "
      "return pcall(coroutine.resume, co)",
      "return coroutine.resume(coroutine.create(coroutine.running))",
      "return coroutine.wrap(coroutine.wrap)(coroutine.yield)")

/* Numbers of LuaJIT's own, whose literals need no ffi: they lead to no C type. */
REACH(
    int64_and_complex_numbers_lead_nowhere,
    "local all = {} for _, number in ipairs { 1LL, -1LL, 1ULL, 1i, 0x7fffffffffffffffLL } do "
    "for _, try in ipairs { function() return number() end, function() return number('int') end, "
    "function() return number.int end, function() return number[0] end, "
    "function() return number[1e9] end, function() number[0] = 1 end, "
    "function() number.re = 1 end, function() return #number end, "
    "function() return number .. number end, function() return number .. 'x' end, "
    "function() return number < 'x' end, function() return number == 'x' end, "
    "function() return number + {} end, function() return number:free() end, "
    "function() return pairs(number) end, function() return ipairs(number) end, "
    "function() return next(number) end, function() return rawget(number, 1) end, "
    "function() return ({ [number] = number })[number] end, "
    "function() return setmetatable({}, { __index = number }).x end, "
    "function() return setmetatable({}, { __call = number })() end, "
    "function() return tostring(number), cjson.encode { number } end, "
    "function() return string.format('%d %s %x %p', number, number, number, number) end, "
    "function() return bit.tohex(number), bit.band(number, 1), bit.bswap(number) end, "
    "function() return ('x'):rep(number) end, function() return math.max(number, 1) end, "
    "function() return load('return _G', 'x', 't', number) end, "
    "function() return router.log('x', { n = number }) end, "
    "function() error(number) end } do all[#all + 1] = { pcall(try) } end end return all",
    "return (1LL):x()", "return (1i).re, (1i).im, (1i)[1000000]",
    "for i = 1, 200 do local ok, v = pcall(function() return (1i)[i * 100000] end) keep[1] = v end")

/* Holes that others had, each by its way. */
REACH(
    known_holes_of_other_hosts_are_none_here,
    /* CVE-2022-0543 (Debian's Redis): a library that was left */
    "return package.loadlib('/lib/x86_64-linux-gnu/libc.so.6', '*')",
    "return require('package').loadlib", "return _G['package'], rawget(_G, 'package')",
    "return module('x', function(t) return t end)",
    /* CVE-2015-4335, CVE-2024-46981 (Redis): bytecode; a collection amid a load */
    "local f = load(string.rep('local a = {} ', 150) .. ' return function() return _G end') "
    "return f and f()",
    /* CVE-2025-49844 (Redis): the chunk's name is collected while it is parsed */
    "for i = 1, 200 do local made = {} load(function() if #made > 20 then return nil end "
    "for j = 1, 100 do made[#made + 1] = ('x'):rep(j) end return 'local x = \"' .. #made .. '\" ' "
    "end, "
    "('n'):rep(500) .. i) end",
    "for i = 1, 300 do load('return \"' .. ('s'):rep(i) .. i .. '\" .. x +', ('n'):rep(300) .. i) "
    "end",
    /* CVE-2024-31449 (Redis): bit.tohex beyond its buffer */
    "return bit.tohex(0, -2147483648), bit.tohex(-1, 2147483647), bit.tohex(1, -1000), "
    "bit.tohex(1, 2 ^ 53)",
    /* CVE-2025-46817 (Redis): unpack and byte beyond the stack */
    "return pcall(unpack, {}, -1, 2147483647), pcall(unpack, { 1 }, -2147483648, 2147483647)",
    "return pcall(unpack, {}, 2147483646, 2147483647), pcall(unpack, {}, 1, 1e7), "
    "pcall(unpack, {}, -2 ^ 53, 2 ^ 53)",
    "return pcall(string.byte, ('x'):rep(1e6), -2147483648, 2147483647), ('x'):byte(-2 ^ 53, 2 ^ "
    "53)",
    "return pcall(select, -2147483648, 1), pcall(select, 2147483647, 1), pcall(select, -2, 1)",
    "return pcall(table.concat, {}, '', -2147483648, -2147483640), "
    "pcall(table.concat, { 1 }, 'x', 2147483647, 2147483647)",
    /* CVE-2025-46818 (Redis): another user's code by the metatable of a basic type */
    "for _, v in ipairs { 1, true, print } do local meta = getmetatable(v) meta.__index = print "
    "end",
    /* CVE-2025-46819 (Redis): brackets without an end */
    "local all = {} for _, text in ipairs { '[', '[=', '[==', '--[', '--[=', '--[==[', 'x = [=', "
    "'x = [' .. ('='):rep(100000), '[' .. ('='):rep(100000) .. '[', "
    "'--[' .. ('='):rep(1e5) .. '[' .. ('x'):rep(1e5), '\\'', '\"\\\\', '\"\\\\u{', '\"\\\\x', "
    "'\"\\\\9999\"', "
    "'0x', '1e', '0x1p', '1LLL', '\\xff\\xfe', '#!', '::', 'goto', 'goto x' } do "
    "all[#all + 1] = { load('return ' .. text) } all[#all + 1] = { load(text) } end return all",
    /* CVE-2022-24834 (Redis): JSON whose escapes overflow a length */
    "return #cjson.encode { ('\\1'):rep(1000000), ('\"'):rep(1000000) }",
    "return pcall(cjson.decode, ('['):rep(100000)), pcall(cjson.decode, ('{\"a\":'):rep(100000))",
    /* CVE-2018-11218 (Redis): libraries of its own */
    "return pcall(function() return struct or cmsgpack or redis end)",
    /* CVE-2021-22901's kind (Envoy, OpenResty): a request's objects after its end */
    "if keep.old then return pcall(function() return keep.old.key, keep.old.headers end) end "
    "keep.old = own",
    /* CVE-2024-25176 and its kind (LuaJIT): numbers as text */
    "return ('%7g'):format(0x1.144399609d407p+401), ('%.99g'):format(0x1.fffffffffffffp+1023), "
    "('%99.99f'):format(-0x1.fffffffffffffp+1023), ('%.99a'):format(1 / 3), "
    "('%99.99e'):format(5e-324), "
    "('%.14g'):format(2 ^ 1023), ('%.99f'):format(5e-324), ('%q'):format(('\\0'):rep(1000))",
    "for digits = 0, 99 do for _, kind in ipairs { 'g', 'e', 'f', 'a' } do "
    "for _, n in ipairs { 5e-324, 2 ^ 1023, 1e300, 0.1, 9.9999999, 1 / 0, 0 / 0 } do "
    "keep.n = (('%%99.%d%s'):format(digits, kind)):format(n) end end end",
    /* CVE-2024-25177 (LuaJIT): a metatable of nil that compiled code had left out */
    "for i = 1, 300 do local t = setmetatable({ i }, nil) if i > 290 then keep[i] = t end end "
    "for i = 291, 300 do keep[i] = getmetatable(keep[i]) end",
    /* CVE-2019-19391, CVE-2020-15890 (LuaJIT): by debug.getinfo, by __gc */
    "return debug.getinfo(1, '>S')",
    "for i = 1, 1000 do setmetatable({}, { __gc = function() error(_G) end }) end "
    "return collectgarbage 'count'",
    /* CVE-2014-5461 (Lua): more parameters than stack */
    "local f = load('return function(' .. ('p,'):rep(150) .. 'p, ...) return ... end')() "
    "return f(unpack({}, 1, 60)), pcall(f, unpack({}, 1, 5000))",
    "local names = {} for i = 1, 300 do names[i] = 'v' .. i end local list = table.concat(names, "
    "',') "
    "return load('local ' .. list), load('return function(' .. list .. ') end'), "
    "load(('do '):rep(1000)), load(('('):rep(1000)), load(('{'):rep(1000)), load(('-'):rep(1e5) .. "
    "'1'), "
    "load('return ' .. ('function() return '):rep(500)), load('x = ' .. ('not '):rep(1e5) .. '1'), "
    "load('return ' .. ('1 .. '):rep(1000) .. '1'), load('goto x ' .. ('::x:: '):rep(3))",
    /* times and places that no calendar, no list has */
    "return pcall(os.date, '*t', 1e300), pcall(os.date, '%c', -1e18), pcall(os.date, '%', 0), "
    "pcall(os.date, ('%c'):rep(5000)), pcall(os.date, '!%Ez%O%9', 2 ^ 62), pcall(os.time, "
    "{ year = 1e15, month = -1e15, day = 1 }), pcall(os.date, '*t', 0 / 0)",
    "return pcall(table.insert, {}, 2147483647, 1), "
    "pcall(math.random, 2 ^ 53, -2 ^ 53), "
    "pcall(math.random, 0), pcall(string.char, -1), pcall(string.rep, 'x', 2 ^ 31, 'y'), "
    "pcall(string.rep, 'x', -2 ^ 53), pcall(string.sub, 'x', -2 ^ 31, 2 ^ 31 - 1), "
    "pcall(string.find, 'x', '[', 1), pcall(string.find, 'x', '%b', 1), pcall(string.find, 'x', "
    "'%f'), "
    "pcall(string.find, 'x', ('('):rep(40)), pcall(string.gsub, 'x', '(', '%9'), "
    "pcall(string.gsub, 'x', '.', '%'), pcall(string.format, '%' .. ('9'):rep(50) .. 'd', 1)")

/* While scripts load, and when they go. */
static void code_that_runs_as_it_loads_reaches_no_more(void **state)
{
    static const char probe[] =
        "local function probe() "
        "  local all = { pcall(load, 'return _G', 'x', 't', 1) } "
        "  assert(not all[1], 'an environment that is none') "
        "  for _, name in ipairs { 'io', 'debug', 'package', 'ffi', 'getfenv' } do "
        "    assert(not pcall(function() return _G[name] end), name) "
        "    assert(not pcall(load('return ' .. name)), name) "
        "    assert(not pcall(require, name), name) "
        "  end "
        "  assert(not pcall(rawset, string, 'leaked', 1)) "
        "  assert(getmetatable '' == false) "
        "end ";
    struct world *world = *state;
    char text[2000], lib[2000];
    snprintf(text, sizeof(text),
             "%s probe() coroutine.wrap(probe)() function onLoad() probe() "
             "require('lib').probe() end function onUnload() probe() end "
             "function handleMessage() return require('lib').probe() or 'fine' end",
             probe);
    snprintf(lib, sizeof(lib), "%s probe() return { probe = probe }", probe);
    world_files(world, "lib/lib.lua", lib, "test.lua", text, NULL);
    world->generation = world_load(world);
    assert_string_equal(mr_errors_text(&world->errors), "");
    world_end(world, world_start(world, "1"));
    assert_reply(world, "\"fine\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(no_value_but_a_table_is_an_environment),
        world_test(code_that_is_loaded_sees_what_it_was_given_and_no_more),
        world_test(bytecode_is_never_loaded),
        world_test(nothing_but_libraries_can_be_required),
        world_test(metatables_of_values_cannot_be_had_or_set),
        world_test(what_a_handler_keeps_is_worth_nothing_to_the_next),
        world_test(int64_and_complex_numbers_lead_nowhere),
        world_test(known_holes_of_other_hosts_are_none_here),
        world_test(code_that_runs_as_it_loads_reaches_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
