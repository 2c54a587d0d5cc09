/* Scripts' code that runs while C reads what they gave it: metamethods in replies, headers,
 * options, fields of the log and errors that encode, decode, send, wait and change what is being
 * read. Run under the address sanitizer; here each must come out as it was given. */
#include "world.h"

/* Uses everything that the rooms of src/lua share, and makes garbage. */
static const char preamble[] =
    "local router, cjson = require 'moonroute', require 'cjson' "
    "local kept = {} "
    "local function disturb() "
    "  cjson.encode { ('S'):rep(100000), { deep = { 1LL, 2 ^ 60 } } } "
    "  cjson.decode('{\"k\\\\n\":\"' .. ('\\\\t'):rep(3000) .. '\",\"n\":9007199254740993}') "
    "  for i = 1, 300 do kept[i % 7] = ('g'):rep(i * 13) .. i end "
    "  pcall(router.publish, 'other', { ('P'):rep(5000) }, { headers = { p = ('P'):rep(5000) } }) "
    "  pcall(cjson.encode, { ('S'):rep(5000), print }) "
    "  pcall(router.breaker, 'b', { failures = kept }) "
    "  for i = 1, rawget(_G, 'newproxy') and 20 or 0 do "
    "    getmetatable(newproxy(true)).__gc = function() "
    "      cjson.decode('[\"' .. ('\\\\t'):rep(50) .. i .. '\", 9007199254740993]') "
    "      pcall(router.publish, 'f', { cjson.encode { ('F'):rep(500) } }, { headers = { f = 'f' } "
    "}) "
    "    end "
    "  end "
    "end "
    "local function odd(to) "
    "  local function run(...) disturb() return to and to(...) end "
    "  return setmetatable({}, { __index = run, __tostring = to and run or function() disturb() "
    "return 'shown' end, __call = run, __len = run, __pairs = run, __eq = run, __lt = run, __le = "
    "run, "
    "__concat = run, __unm = run, __newindex = run }) "
    "end "
    "function handleMessage(topic, message, headers, context) ";

/* Reads all of a record; notes those to the topic "t". */
static int publish(void *data, void *job, const struct mr_outgoing *record, char *error,
                   size_t size)
{
    struct world *world = data;
    struct world_record other;
    (void)error, (void)size;
    other.count = 0;
    world_note(strcmp(record->topic, "t") == 0 ? &world->published : &other, job, record);
    return 0;
}

static int open_world(void **state, enum mr_trust trust)
{
    static const struct mr_host host = {
        .publish = publish, .request = world_request, .sleep = world_sleep};
    struct world *world = calloc(1, sizeof(*world));
    world->vm = mr_vm_new(&host, world, trust);
    *state = world;
    return 0;
}

static int sandboxed(void **state)
{
    return open_world(state, MR_SANDBOXED);
}

static int trusted(void **state)
{
    return open_world(state, MR_TRUSTED);
}

struct variant {
    const char *body, *reply, *beside;
};

static void put_headers(const struct world *world, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < world->result.header_count; i++) {
        const struct mr_pair *pair = &world->result.headers[i];
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%.*s=%.*s;", (int)pair->name.length, pair->name.data,
                 pair->value.data != NULL ? (int)pair->value.length : 1,
                 pair->value.data != NULL ? pair->value.data : "-");
    }
}

/* Resumes what waits until it has ended. */
static void finish(struct world *world, struct mr_task *task)
{
    struct mr_resumption done = {.kind = MR_RESUME_DONE};
    for (; world->result.outcome == MR_OUTCOME_YIELDED; done.wait++)
        mr_task_resume(task, &done, &world->result);
}

/* LuaJIT names the place of a stack that is full only if the code was compiled. */
static const char *without_place(const char *message)
{
    static const char place[] = "scripts/test.lua:1: ";
    static char text[8192];
    const char *found = strstr(message, "scripts/test.lua:1: stack overflow");
    if (found == NULL)
        return message;
    snprintf(text, sizeof(text), "%.*s%s", (int)(found - message), message, found + strlen(place));
    return text;
}

static void check(struct world *world, const struct variant *variant)
{
    char script[6000], beside[3000];
    snprintf(script, sizeof(script), "%s %s end", preamble, variant->body);
    world->published.topic[0] = '\0';
    world_script(world, script);
    struct mr_task *task =
        world_start(world, "{\"list\":[1,2,3],\"id\":7,\"text\":\"\\u00e4\\n\"}");
    finish(world, task);
    if (world->result.outcome == MR_OUTCOME_RAISED)
        snprintf(beside, sizeof(beside), "raised");
    else
        put_headers(world, beside, sizeof(beside));
    if (strcmp(world->published.topic, "t") == 0) {
        size_t used = strlen(beside);
        snprintf(beside + used, sizeof(beside) - used, " %s %s %s", world->published.key,
                 world->published.value, world->published.headers);
    }
    const char *got = without_place(world_text(world->result.outcome == MR_OUTCOME_RAISED
                                                   ? world->result.fault.message
                                                   : world->result.value));
    if (strcmp(got, variant->reply) != 0 || strcmp(beside, variant->beside) != 0)
        fail_msg("%s: %s and %s", variant->body, got, beside);
    world_end(world, task);
}

static const struct variant replies[] = {
    {"return { a = ('R'):rep(50) }, odd()",
     "{\"a\":\"RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR\"}", ""},
    {"return { a = 1 }, setmetatable({ x = '1' }, getmetatable(odd()))", "{\"a\":1}", "x=1;"},
    {"local value = { a = 1 } return value, odd(function(t, k) value.a, value.b = nil, k end)",
     "{\"b\":1}", ""},
    {"local value = { 1, 2, 3 } return value, setmetatable({ h = 'v' }, { __index = function(t, k) "
     "disturb() for i = 1, 2000 do value[i] = i % 2 end value[7] = nil end })",
     "reply: a list with holes", "raised"},
    {"return ('text'):rep(20) .. #kept, setmetatable({ h = ('v'):rep(30) .. #kept }, "
     "{ __index = function() disturb() end })",
     "\"texttexttexttexttexttexttexttexttexttexttexttexttexttexttexttexttexttexttexttext0\"",
     "h=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv0;"},
    {"local list = { { 'a', '1' } } list[2] = setmetatable({}, { __index = function(t, k) "
     "disturb() "
     "list[3] = nil list[1][1] = nil return k == 1 and 'b' or ('2'):rep(10) end }) list[3] = { "
     "'c', '3' } "
     "return 1, list",
     "1", "a=1;b=2222222222;"},
    {"local list = {} for i = 1, 5 do list[i] = setmetatable({}, { __index = function(t, k) "
     "disturb() "
     "return k == 1 and 'n' .. i or i end }) end return { #list }, list",
     "[5]", "n1=1;n2=2;n3=3;n4=4;n5=5;"},
    {"local list = {} for i = 1, 3 do list[i] = setmetatable({}, { __index = function(t, k) "
     "for j = 4, 40 do list[j] = { 'more' .. j, 'x' } end disturb() return 'h' .. i end }) end "
     "list[2] = { 'a', false } return 1, list",
     "1",
     "h1=h1;a=false;h3=h3;more4=x;more5=x;more6=x;more7=x;more8=x;more9=x;more10=x;more11=x;more12="
     "x;more13=x;more14=x;more15=x;more16=x;more17=x;more18=x;more19=x;more20=x;more21=x;more22=x;"
     "more23=x;more24=x;more25=x;more26=x;more27=x;more28=x;more29=x;more30=x;more31=x;more32=x;"
     "more33=x;more34=x;more35=x;more36=x;more37=x;more38=x;more39=x;more40=x;"},
    {"return { 1, 2 ^ 53, 9007199254740993LL, -1LL }, { { 'n', 9007199254740993LL }, { 'm', 0.1 }, "
     "{ 'b', true } }",
     "[1,9007199254740992,9007199254740993,-1]", "n=9007199254740993;m=0.1;b=true;"},
    {"return { router.null, message.list, message.text }, setmetatable({ h = 1LL }, "
     "{ __index = function() disturb() message.list[2] = 'changed' end })",
     "[null,[1,\"changed\",3],\"ä\\n\"]", "h=1;"},
    {"local both = setmetatable({ a = 'x' }, { __index = disturb }) return both, both",
     "{\"a\":\"x\"}", "a=x;"},
    {"return headers, headers", "{}", ""},
    {"return message, message",
     "reply: headers: list: expected a string, number or boolean, got a table", "raised"},
    {"return 1, context.headers", "1", ""},
    {"return 1, router", "1", ""},
    {"return 1, setmetatable({}, { __index = function(t, k) error(odd()) end })",
     "reply: an error that is not text", "raised"},
    {"return 1, setmetatable({}, { __index = function(t, k) error() end })",
     "reply: an error that is not text", "raised"},
    {"return 1, setmetatable({}, { __index = function(t, k) router.sleep(1) end })",
     "reply: scripts/test.lua:1: router.sleep: no message is being handled", "raised"},
    {"return 1, setmetatable({}, { __index = function(t, k) return coroutine.yield(1) end })",
     "reply: lua/moonroute/headers.lua:74: attempt to yield outside a coroutine: use router.sleep "
     "or router.request",
     "raised"},
    {"return 1, setmetatable({}, { __index = function(t, k) return t[k] end })",
     "reply: stack overflow", "raised"},
    {"return 1, setmetatable({}, { __index = function(t, k) handleMessage('x', { list = {} }, {}, "
     "context) "
     "end })",
     "1", ""},
    {"return 1, setmetatable({ a = odd() }, { __index = disturb })",
     "reply: headers: a: expected a string, number or boolean, got a table", "raised"},
    {"return 1, { [odd()] = 1 }", "reply: headers: a name must be a string, got a table", "raised"},
    {"return 1, { ['a\\0b'] = 1 }", "reply: headers: a name cannot have a zero byte: \"a\\0b\"",
     "raised"},
    {"return setmetatable({ odd(), setmetatable({ 1 }, getmetatable(odd())) }, "
     "getmetatable(odd()))",
     "[{},[1]]", ""},
    {"return setmetatable({ 1, 2, odd() }, { __index = function() return 3 end, __len = function() "
     "return 100 end })",
     "[1,2,{}]", ""},
    {"local value = {} value.me = setmetatable({ value }, { __index = disturb }) return value.a",
     "-", ""},
    {"return odd", "reply: a value of type function is no JSON", "raised"},
};

static const struct variant sends[] = {
    {"router.publish('t', setmetatable({ a = 1 }, { __index = function(t, k) disturb() return k == "
     "'id' and "
     "('K'):rep(20) or nil end })) return 1",
     "1", " KKKKKKKKKKKKKKKKKKKK {\"a\":1} "},
    {"local once local value = { a = ('v'):rep(9) } setmetatable(value, { __index = function(t, k) "
     "disturb() "
     "if once then return nil end once = true router.publish('t', value, { key = 'inner' }) "
     "value.a = 'new' return k .. '!' end }) "
     "router.publish('t', value) return value.a",
     "\"new\"", " id! {\"a\":\"new\"} "},
    {"router.publish('t', 1, { headers = setmetatable({ h = ('1'):rep(30) }, { __index = "
     "function(t, k) "
     "disturb() router.publish('t', 2, { headers = { inner = ('2'):rep(30) } }) end }) }) return 1",
     "1", " - 1 h=111111111111111111111111111111"},
    {"router.publish('t', 1, { headers = { setmetatable({}, { __index = function(t, k) disturb() "
     "return k == 1 and 'first' or ('f'):rep(20) end }), { 'second', 's' } } }) return 1",
     "1", " - 1 first=ffffffffffffffffffff;second=s"},
    {"local options = setmetatable({ key = 'k' }, { __index = function(t, k) disturb() return 'x' "
     "end, "
     "__pairs = function() return next, { partition = 9 } end }) router.publish('t', 1, options) "
     "return 1",
     "1", " k 1 "},
    {"router.publish('t', 1, { key = odd() })",
     "scripts/test.lua:1: router.publish: key: expected a string or a number, got shown", "raised"},
    {"router.publish('t', 1, { partition = odd() })",
     "scripts/test.lua:1: router.publish: partition: expected a whole number, 0 or more, got "
     "shown",
     "raised"},
    {"router.publish('t', 1, { timestamp = setmetatable({}, { __lt = disturb, __le = disturb, "
     "__tostring = "
     "function() disturb() return ('z'):rep(40) end }) })",
     "scripts/test.lua:1: router.publish: timestamp: expected milliseconds since 1970, a whole "
     "number, got zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
     "raised"},
    {"router.publish('t', 1, { [odd()] = 1 })",
     "scripts/test.lua:1: router.publish: unknown option 'shown'", "raised"},
    {"router.publish(odd(), 1)",
     "scripts/test.lua:1: router.publish: topic: expected a string, got a table", "raised"},
    {"router.publish('t', odd()) return 1", "1", " - {} "},
    {"router.publish('t', setmetatable({ messageId = 5LL }, getmetatable(odd()))) return 1", "1",
     " 5 {\"messageId\":5} "},
    {"router.publish('t', { odd(function() return 1 end), print })",
     "scripts/test.lua:1: router.publish: value: [2]: a value of type function is no JSON",
     "raised"},
    {"router.publish('t', 1, odd()) return 1", "1", " - 1 "},
    {"router.publish('t', 1, router.null)",
     "scripts/test.lua:1: router.publish: options: expected a table, got a userdata", "raised"},
    {"router.publish('t', 1, { headers = { h = odd() } })",
     "scripts/test.lua:1: router.publish: headers: h: expected a string, number or boolean, got a "
     "table",
     "raised"},
    {"router.publish('t', 1, { headers = { [1] = { 'a', 'b' }, [3] = { 'c', 'd' } } })",
     "scripts/test.lua:1: router.publish: headers: expected names, or a list of { name, value }, "
     "got a mixture or a list with holes",
     "raised"},
    {"router.publish('t', 1, { headers = { { odd(), 'v' } } })",
     "scripts/test.lua:1: router.publish: headers: a name must be a string, got a table", "raised"},
    /* the record is half made while others run */
    {"router.publish('t', 1, { headers = setmetatable({ late = ('L'):rep(30) }, { __index = "
     "function() "
     "router.sleep(1) disturb() end }) }) return 1",
     "1", " - 1 late=LLLLLLLLLLLLLLLLLLLLLLLLLLLLLL"},
    {"router.publish('t', setmetatable({ v = ('L'):rep(30) }, { __index = function(_, k) "
     "router.sleep(1) "
     "disturb() return k == 'id' and 'late' or nil end })) return 1",
     "1", " late {\"v\":\"LLLLLLLLLLLLLLLLLLLLLLLLLLLLLL\"} "},
    {"return router.all { function() router.publish('t', 1, { headers = setmetatable({ one = "
     "('1'):rep(30) }, "
     "{ __index = function() router.sleep(1) disturb() end }) }) end, function() "
     "router.publish('t', 2, "
     "{ headers = { two = ('2'):rep(40) } }) return 2 end }",
     "reply: a list with holes", "raised - 1 one=111111111111111111111111111111"},
    {"local co = coroutine.wrap(function() router.publish('t', 1, { headers = setmetatable({ h = "
     "'co' }, "
     "{ __index = function() coroutine.yield() disturb() end }) }) return 'sent' end) co() "
     "disturb() "
     "return co()",
     "\"sent\"", " - 1 h=co"},
};

static const struct variant others[] = {
    {"router.log(odd(), { a = odd(), [odd()] = 1, [1] = odd(), ['x y'] = 2LL }) return 1", "1", ""},
    {"local fields = {} for i = 1, 80 do fields['f' .. i] = odd() end router.log('m', fields) "
     "return 1",
     "1", ""},
    {"local fields = { a = 1, b = 2 } setmetatable(fields, { __index = disturb }) fields.c = "
     "setmetatable({}, "
     "{ __tostring = function() fields.a, fields.b, fields.d = nil, nil, disturb() return 'c' end "
     "}) "
     "router.log.warn('m', fields) return 1",
     "1", ""},
    {"router.log.error('m', { [setmetatable({}, { __tostring = function() disturb() "
     "router.log('inner', "
     "{ x = odd() }) return ('n'):rep(400) end })] = 1 }) return 1",
     "1", ""},
    {"router.log('m', { a = setmetatable({}, { __tostring = function() error(odd()) end }) }) "
     "return 1",
     "1", ""},
    {"print(odd(), odd(function() return 5 end)) return 1", "1", ""},
    {"return (cjson.encode { odd(function() return cjson.encode { 2 } end), cjson.encode { 1 } })",
     "\"[{},\\\"[1]\\\"]\"", ""},
    {"local t = { 1 } setmetatable(t, { __index = function() return cjson.encode(t) end }) "
     "return { cjson.encode(t), t.x }",
     "[\"[1]\",\"[1]\"]", ""},
    {"return { pcall(cjson.encode, { a = { b = odd(print), c = print } }) }",
     "[false,\"cjson.encode: a.c: a value of type function is no JSON\"]", ""},
    {"return { pcall(cjson.decode, odd()) }",
     "[false,\"cjson.decode: bad argument #1 to '?' (string expected, got table)\"]", ""},
    {"router.breaker(odd())",
     "scripts/test.lua:1: router.breaker: name: expected a string, got a table", "raised"},
    {"router.breaker('b', { failures = odd() })",
     "scripts/test.lua:1: router.breaker: failures: expected a whole number of 1 to 1000000, got "
     "shown",
     "raised"},
    {"router.breaker('b', { [odd()] = 1 })",
     "scripts/test.lua:1: router.breaker: unknown option 'shown'", "raised"},
    {"router.breaker('b', odd()) return 1", "1", ""},
    {"local b = router.breaker('b') return { b:call(odd(function(_, ...) disturb() return "
     "select('#', ...) end), "
     "1, 2) , b(odd(function() return b:state() end)) }",
     "[2,\"closed\"]", ""},
    {"local b = router.breaker 'c' return { pcall(b.call, b, function() error(odd()) end) }",
     "[false,{}]", ""},
    {"router.sleep(odd())", "scripts/test.lua:1: router.sleep: expected milliseconds, got shown",
     "raised"},
    {"router.env(odd())", "scripts/test.lua:1: router.env: expected a name, got a table", "raised"},
    {"return router.all(odd(function() return function() end end))", "[]", ""},
    {"local once local list = { print } return router.all(setmetatable({ nil, function() return 2 "
     "end }, "
     "{ __index = function() disturb() once = not once return once and function() return 1 end or "
     "nil end }))",
     "[1,2]", ""},
    {"local list list = { function() list[2] = nil disturb() return 1 end, function() return 2 end "
     "} "
     "return router.all(list)",
     "[1,2]", ""},
    {"local list list = { function() list[1], list[2] = nil, nil return 1 end, function() "
     "router.sleep(1) "
     "return 2 end } return router.all(list)",
     "[1,2]", ""},
    {"local list list = { function() router.sleep(1) list[1], list[2] = nil, nil return 1 end, "
     "function() router.sleep(1) error({ statusCode = 409, message = 'kept' }) end } return "
     "router.all(list)",
     "kept", "raised"},
    {"local list list = { function() list[3] = function() return 3 end return 1 end, function() "
     "return 2 end } "
     "return router.all(list)",
     "[1,2]", ""},
};

static const struct variant errors[] = {
    {"error(odd())", "shown", "raised"},
    {"error(odd(function(t, k) return k == 'statusCode' and 404 or k == 'message' and odd() or nil "
     "end))",
     "shown", "raised"},
    {"error(setmetatable({}, { __index = function(t, k) disturb() rawset(t, k, kept) return ({ "
     "statusCode = "
     "400, message = ('m'):rep(40) .. #kept, error = 'Name' })[k] end }))",
     "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm6", "raised"},
    {"error({ statusCode = odd(), message = 'm' })", "m", "raised"},
    {"error({ statusCode = setmetatable({}, { __lt = disturb, __le = disturb, __mod = disturb }) "
     "})",
     "Unknown error occurred", "raised"},
    {"error({ statusCode = 400, message = { 'a', odd(), 'b' }, error = odd() })",
     "[\"a\",{},\"b\"]", "raised"},
    {"error({ statusCode = 400LL, message = 5LL, error = 'x' })", "5LL", "raised"},
    {"error({ retry_after = odd(), message = 'm' })", "m", "raised"},
    {"error({ retry_after = 1 / 0, message = odd() })", "shown", "raised"},
    {"error({ retryable = odd(), message = 'm' })", "m", "raised"},
    {"error({ message = setmetatable({ 'a' }, { __concat = disturb, __index = function(t, k) "
     "disturb() "
     "return 'i' end }) })",
     "a", "raised"},
    {"error(setmetatable({}, { __tostring = function() error(odd()) end }))",
     "(table that cannot be shown)", "raised"},
    {"error(setmetatable({}, { __tostring = function() return odd() end }))",
     "(table that cannot be shown)", "raised"},
    {"error(setmetatable({}, { __index = function(t, k) return t[k] end }))", "{}", "raised"},
    {"error(setmetatable({}, { __index = function(t, k) router.sleep(1) return 'x' end }))", "{}",
     "raised"},
    {"error(setmetatable({}, { __index = function(t, k) router.publish('t', 1) return 'x' end }))",
     "{}", "raised"},
    {"error(setmetatable({}, { __metatable = 'mine', __index = function(t, k) coroutine.yield() "
     "end }))",
     "{}", "raised"},
    {"error(setmetatable({ message = ('\\255'):rep(9) }, { __index = function(t, k) disturb() end "
     "}))",
     "���������", "raised"},
    {"error(tostring(coroutine.create(disturb)):sub(1, 6))", "scripts/test.lua:1: thread",
     "raised"},
    {"error(router.null)", "userdata: NULL", "raised"},
    {"error(1LL)", "1LL", "raised"},
    {"return router.all { function() error(odd()) end }", "shown", "raised"},
    {"local ok, e = xpcall(function() error(odd()) end, function(e) disturb() return tostring(e) "
     "end) "
     "return { ok, e }",
     "[false,\"shown\"]", ""},
    {"assert(false, odd())", "shown", "raised"},
};

static void all_of(struct world *world, const struct variant *variants, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(world, &variants[i]);
}

#define EACH(name, variants)                                                                       \
    static void name(void **state)                                                                 \
    {                                                                                              \
        all_of(*state, variants, sizeof(variants) / sizeof(variants[0]));                          \
    }

EACH(a_reply_is_what_was_returned_whatever_its_headers_do, replies)
EACH(a_record_is_what_was_given_whatever_runs_as_it_is_read, sends)
EACH(what_else_is_given_to_the_router_may_run_code, others)
EACH(an_error_may_run_code_when_it_is_looked_at, errors)

/* Finalizers run wherever Lua allocates, where scripts are trusted. */
#define both(function)                                                                             \
    {#function, function, sandboxed, world_teardown, NULL},                                        \
    {                                                                                              \
#function "_beside_finalizers", function, trusted, world_teardown, NULL                    \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        both(a_reply_is_what_was_returned_whatever_its_headers_do),
        both(a_record_is_what_was_given_whatever_runs_as_it_is_read),
        both(what_else_is_given_to_the_router_may_run_code),
        both(an_error_may_run_code_when_it_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
