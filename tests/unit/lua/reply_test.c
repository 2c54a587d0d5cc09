/* Replies whose making runs code of the script: what was borrowed stays what it was. */
#include "world.h"

#define ROUTER  "local router, cjson = require 'moonroute', require 'cjson' "
#define HANDLER "function handleMessage(topic, message, headers, context) "

/* A text of so many times the letter, in quotes. */
static void assert_text_of(struct mr_bytes text, char letter, size_t times)
{
    assert_int_equal(text.length, times + 2);
    for (size_t i = 1; i <= times; i++)
        if (text.data[i] != letter)
            fail_msg("byte %zu is '%c'", i, text.data[i]);
}

/* A table of headers that runs `code` as the runtime looks into it. */
#define ODD_HEADERS(code)                                                                          \
    "setmetatable({ ['x-a'] = '1' }, { __index = function(_, key) " code " end })"

static void a_value_is_encoded_after_what_its_headers_encode(void **state)
{
    static const size_t lengths[] = {1, 200, 4000, 100000, 2000000};
    struct world *world = *state;
    world_script(world, ROUTER HANDLER "return ('R'):rep(message), " ODD_HEADERS(
                            "if key == 1 then cjson.encode({ ('S'):rep(message * 3) }) "
                            "cjson.encode({ ('S'):rep(2000000) }) end") " end");
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char message[32];
        snprintf(message, sizeof(message), "%zu", lengths[i]);
        struct mr_task *task = world_start(world, message);
        assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
        assert_text_of(world->result.value, 'R', lengths[i]);
        assert_int_equal(world->result.header_count, 1);
        assert_string_equal(world_text(world->result.headers[0].value), "1");
        world_end(world, task);
    }
}

/* It waits to be used while other handlers, and the same script, encode. */
static void a_reply_stays_what_it_is_while_others_are_made(void **state)
{
    struct world *world = *state;
    struct mr_result first;
    world_script(world, ROUTER HANDLER "return (message.letter):rep(message.times), "
                                       "{ h = (message.letter):rep(20) } end");
    struct mr_task *kept = world_start(world, "{\"letter\":\"K\",\"times\":5000}");
    first = world->result;
    for (int i = 0; i < 50; i++) {
        struct mr_task *other = world_start(world, "{\"letter\":\"o\",\"times\":60000}");
        assert_text_of(world->result.value, 'o', 60000);
        assert_text_of(first.value, 'K', 5000);
        world_end(world, other);
    }
    assert_string_equal(world_text(first.headers[0].value), "KKKKKKKKKKKKKKKKKKKK");
    world_end(world, kept);
}

/* Headers first: what their metamethods do to the value shows in it. */
static void what_headers_do_to_the_value_is_in_the_reply(void **state)
{
    struct world *world = *state;
    assert_handles(world,
                   ROUTER HANDLER "local value = { a = 1 } return value, " ODD_HEADERS(
                       "value.a = nil value.b = { 'new' } value = nil") " end",
                   "1", "{\"b\":[\"new\"]}");
}

static void odd_headers_are_an_error_or_harmless(void **state)
{
    static const struct {
        const char *returned, *part; /* NULL: it is a reply, 1 */
    } cases[] = {
        {ODD_HEADERS("error('odd', 0)"), "odd"},
        {ODD_HEADERS("return 5"), "headers"},
        {ODD_HEADERS("coroutine.yield(1)"), "yield"},
        {ODD_HEADERS("router.sleep(1)"), "no message is being handled"},
        {ODD_HEADERS("router.publish('t', 1)"), "no message is being handled"},
        {ODD_HEADERS("router.spawn(function() end)"), "no message is being handled"},
        {ODD_HEADERS("local function f() return 1 + f() end f()"), "stack overflow"},
        {ODD_HEADERS("cjson.decode('[\"' .. ('\\\\u0041'):rep(500) .. '\"]')"), NULL},
        {ODD_HEADERS("pcall(cjson.encode, { 1, { 0/0 } })"), NULL},
        {ODD_HEADERS("tostring(context.offset)"), NULL},
        {ODD_HEADERS("for i = 1, 50 do context.headers[i] = {} end"), NULL},
        {"{ setmetatable({}, { __index = function(_, i) cjson.encode({ 1 }) return 'n' .. i end }) "
         "}",
         NULL},
        {"{ { 'a', 9007199254740993LL }, { 'b', true } }", NULL},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char script[1000];
        snprintf(script, sizeof(script), ROUTER HANDLER "return 1, %s end", cases[i].returned);
        print_message("%s\n", cases[i].returned);
        if (cases[i].part != NULL)
            assert_fails(world, script, "1", cases[i].part);
        else
            assert_handles(world, script, "1", "1");
    }
}

/* --- trusted scripts have finalizers, which run wherever Lua allocates --- */

static int trusted_setup(void **state)
{
    world_setup(state);
    struct world *world = *state;
    mr_vm_free(world->vm);
    world->vm = world_vm(world, MR_TRUSTED);
    return 0;
}

/* So much garbage with finalizers that some run amid nearly everything. */
static const char finalizing[] = ROUTER
    "local runs, busy = 0, false local big = ('S'):rep(1200000) "
    "local function litter() local p = newproxy(true) getmetatable(p).__gc = function() "
    "runs = runs + 1 cjson.encode({ big, 1, runs }) "
    "cjson.decode('[\"' .. ('\\\\u0053'):rep(300) .. '\", 9007199254740993]') litter() end end "
    "for _ = 1, 3 do litter() end " HANDLER "collectgarbage() collectgarbage('setpause', 10) "
    "local list = {} for i = 1, 200 do list[i] = 9007199254740993LL + i end "
    "local text = cjson.encode(list) local expected = {} "
    "for i = 1, 200 do expected[i] = tostring(list[i]):sub(1, -3) end "
    "assert(text == '[' .. table.concat(expected, ',') .. ']', 'encode') "
    "local words = {} for i = 1, 200 do words[i] = '\"' .. ('\\\\u0041'):rep(i) .. '\"' end "
    "local read = cjson.decode('[' .. table.concat(words, ',') .. ']') "
    "for i = 1, 200 do assert(read[i] == ('A'):rep(i), 'decode') end "
    "assert(runs > 0, 'no finalizer ran') return { list[1], 'fine' } end";

static void finalizers_may_encode_and_decode_amid_it(void **state)
{
    struct world *world = *state;
    world_script(world, finalizing);
    for (int i = 0; i < 5; i++) {
        struct mr_task *task = world_start(world, "1");
        assert_reply(world, "[9007199254740994,\"fine\"]");
        world_end(world, task);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_value_is_encoded_after_what_its_headers_encode),
        world_test(a_reply_stays_what_it_is_while_others_are_made),
        world_test(what_headers_do_to_the_value_is_in_the_reply),
        world_test(odd_headers_are_an_error_or_harmless),
        cmocka_unit_test_setup_teardown(finalizers_may_encode_and_decode_amid_it, trusted_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
