/* What handlers are called with and what they return. */
#include "world.h"

#define HANDLER "function handleMessage(topic, message, headers, context) "
#define ROUTER  "local router = require 'moonroute' "

static void a_handler_gets_topic_message_headers_and_context(void **state)
{
    assert_handles(*state,
                   HANDLER "return topic .. message.a .. type(headers) .. type(context) end",
                   "{\"a\":1}", "\"test1tabletable\"");
}

static void a_null_value_is_nil(void **state)
{
    assert_handles(*state, HANDLER "return { message == nil, context.raw == nil } end", NULL,
                   "[true,true]");
}

static void what_is_no_json_does_not_reach_the_handler(void **state)
{
    static const struct {
        const char *value, *why;
    } cases[] = {
        {"", "not valid JSON: "},
        {"{", "not valid JSON: byte 2: expected a name or '}'"},
        {"{\"a\":NaN}", "not valid JSON: "},
        {"\"\xff\"", "not valid JSON: byte 2 is not UTF-8"},
        {"[1] 2", "not valid JSON: "},
        {"\"12345678\xc3\"", "not valid JSON: byte 10 is not UTF-8"},
    };
    struct world *world = *state;
    world_script(world, HANDLER "error('called') end");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mr_task *task = world_start(world, cases[i].value);
        assert_int_equal(world->result.outcome, MR_OUTCOME_UNDECODABLE);
        assert_non_null(strstr(world_text(world->result.fault.message), cases[i].why));
        world_end(world, task);
    }
}

static void a_value_with_nul_bytes_is_no_json(void **state)
{
    struct world *world = *state;
    struct mr_incoming incoming = world_message(NULL);
    incoming.value = (struct mr_bytes){"\0\0{}", 4};
    world_script(world, HANDLER "error('called') end");
    struct mr_task *task = world_begin(world, MR_CODEC_JSON, &incoming);
    assert_int_equal(world->result.outcome, MR_OUTCOME_UNDECODABLE);
    world_end(world, task);
}

static void five_hundred_and_twelve_levels_are_read_and_no_more(void **state)
{
    struct world *world = *state;
    char text[2 * 513 + 1];
    world_script(world, HANDLER "return message end");
    for (size_t depth = 512; depth <= 513; depth++) {
        memset(text, '[', depth - 1);
        memset(text + depth - 1, '1', 1);
        memset(text + depth, ']', depth - 1);
        text[2 * depth - 1] = '\0';
        struct mr_incoming incoming = world_message(text);
        incoming.value.length = 2 * depth - 1;
        struct mr_task *task = world_begin(world, MR_CODEC_JSON, &incoming);
        assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
        world_end(world, task);
    }
    memset(text, '[', 513);
    memset(text + 513, ']', 513);
    text[1026] = '\0';
    struct mr_task *task = world_start(world, text);
    assert_int_equal(world->result.outcome, MR_OUTCOME_UNDECODABLE);
    world_end(world, task);
}

static void a_megabyte_goes_through(void **state)
{
    struct world *world = *state;
    size_t length = 1 << 20;
    char *text = malloc(length + 3);
    assert_non_null(text);
    memset(text, 'x', length + 2);
    text[0] = text[length + 1] = '"';
    text[length + 2] = '\0';
    world_script(world, HANDLER "return message end");
    struct mr_task *task = world_start(world, text);
    assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
    assert_int_equal(world->result.value.length, length + 2);
    assert_memory_equal(world->result.value.data, text, length + 2);
    world_end(world, task);
    free(text);
}

static void nil_is_no_reply_and_null_an_empty_one(void **state)
{
    struct world *world = *state;
    world_script(world, ROUTER HANDLER "if message == 1 then return router.null end end");
    struct mr_task *task = world_start(world, "1");
    assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
    assert_int_equal(world->result.reply, MR_REPLY_NULL);
    world_end(world, task);
    task = world_start(world, "2");
    assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
    assert_int_equal(world->result.reply, MR_REPLY_NONE);
    world_end(world, task);
}

static void false_and_zero_are_replies(void **state)
{
    assert_handles(*state, HANDLER "return false end", "1", "false");
    assert_handles(*state, HANDLER "return 0 end", "1", "0");
}

static void a_string_reply_is_told_apart(void **state)
{
    struct world *world = *state;
    assert_handles(world, HANDLER "return 'a' end", "1", "\"a\"");
    assert_true(world->result.value_is_string);
    assert_handles(world, HANDLER "return { 'a' } end", "1", "[\"a\"]");
    assert_false(world->result.value_is_string);
}

static void a_second_table_is_headers(void **state)
{
    struct world *world = *state;
    world_script(world, HANDLER "return 1, { { 'a', 'x' }, { 'a', 2 }, { 'b', true } } end");
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "1");
    assert_int_equal(world->result.header_count, 3);
    assert_true(mr_bytes_equal(world->result.headers[1].name, MR_BYTES("a")));
    assert_true(mr_bytes_equal(world->result.headers[1].value, MR_BYTES("2")));
    assert_true(mr_bytes_equal(world->result.headers[2].value, MR_BYTES("true")));
    world_end(world, task);
    world_script(world, HANDLER "return nil, { a = 'x' } end");
    task = world_start(world, "1");
    assert_int_equal(world->result.reply, MR_REPLY_NONE);
    assert_int_equal(world->result.header_count, 1);
    world_end(world, task);
}

static void a_reply_that_cannot_be_written_is_a_fault(void **state)
{
    static const struct {
        const char *returned, *why;
    } cases[] = {
        {"print", "reply: "},
        {"{ f = print }", "reply: "},
        {"0/0", "reply: "},
        {"1/0", "reply: "},
        {"{ [3] = 1 }", "reply: "},
        {"'\\255'", "reply: a string that is not UTF-8"},
        {"(function() local t = {} t.t = t return t end)()", "reply: "},
        {"coroutine.create(print)", "reply: "},
        {"1, 'x'", "reply: headers: expected a table, got a string"},
        {"1, { a = {} }", "reply: headers: a: expected a string, number or boolean, got a table"},
        {"1, { [{}] = 1 }", "reply: headers: a name must be a string, got a table"},
        {"1, { 'a' }", "reply: headers: item 1: expected { name, value }, got a string"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char script[256];
        snprintf(script, sizeof(script), HANDLER "return %s end", cases[i].returned);
        assert_fails(*state, script, "1", cases[i].why);
        assert_int_equal(((struct world *)*state)->result.fault.kind, MR_FAULT_MISTAKE);
    }
}

static void check_arguments(struct world *world, const char *script, const char *reply)
{
    struct mr_pair header = {MR_BYTES("h"), MR_BYTES("v")};
    struct mr_incoming incoming = world_message("7");
    incoming.headers = &header;
    incoming.header_count = 1;
    world_script(world, script);
    struct mr_task *task = world_begin(world, MR_CODEC_JSON, &incoming);
    assert_reply(world, reply);
    world_end(world, task);
}

static void a_handler_gets_what_it_takes(void **state)
{
    struct world *world = *state;
    check_arguments(world, "function handleMessage() return 'nothing' end", "\"nothing\"");
    check_arguments(world, "function handleMessage(_, m) return m end", "7");
    check_arguments(world, "function handleMessage(_, m, h) return { m, h.h } end", "[7,\"v\"]");
    check_arguments(world, "function handleMessage(_, m, h, c) return { m, h.h, c.attempt } end",
                    "[7,\"v\",1]");
    check_arguments(
        world,
        "function handleMessage(...) return { select('#', ...), (select(4, ...)).attempt } end",
        "[4,1]");
}

static void headers_are_a_table_with_the_last_of_a_repeated_name(void **state)
{
    struct world *world = *state;
    struct mr_pair headers[] = {{MR_BYTES("A"), MR_BYTES("1")},
                                {MR_BYTES("A"), MR_BYTES("2")},
                                {MR_BYTES("none"), MR_BYTES_NONE},
                                {MR_BYTES("bytes"), MR_BYTES("\x00\xff")}};
    struct mr_incoming incoming = world_message("1");
    incoming.headers = headers;
    incoming.header_count = 4;
    world_script(world,
                 HANDLER "return { headers.A, headers.none, #headers.bytes, headers.a } end");
    struct mr_task *task = world_begin(world, MR_CODEC_JSON, &incoming);
    assert_reply(world, "[\"2\",\"\",2]");
    world_end(world, task);
    world_script(world, HANDLER
                 "local list = {} "
                 "for i, pair in ipairs(context.headers) do "
                 "  list[i] = pair[1] .. #(type(pair[2]) == 'userdata' and 'null' or pair[2]) end "
                 "return list end");
    task = world_begin(world, MR_CODEC_JSON, &incoming);
    assert_reply(world, "[\"A1\",\"A1\",\"none4\",\"bytes2\"]");
    world_end(world, task);
}

static void two_hundred_headers_arrive(void **state)
{
    struct world *world = *state;
    char names[200][16];
    struct mr_pair headers[200];
    for (int i = 0; i < 200; i++) {
        snprintf(names[i], sizeof(names[i]), "h%d", i);
        headers[i] = (struct mr_pair){mr_bytes_of(names[i]), mr_bytes_of(names[i])};
    }
    struct mr_incoming incoming = world_message("1");
    incoming.headers = headers;
    incoming.header_count = 200;
    world_script(world, HANDLER "local n = 0 for k, v in pairs(headers) do "
                                "assert(k == v) n = n + 1 end return { n, #context.headers } end");
    struct mr_task *task = world_begin(world, MR_CODEC_JSON, &incoming);
    assert_reply(world, "[200,200]");
    world_end(world, task);
}

static void the_context_tells_about_the_record(void **state)
{
    struct world *world = *state;
    struct mr_incoming incoming = world_message("{\"a\": 1}");
    incoming.key = (struct mr_bytes){"k\0k", 3};
    incoming.attempt = 2;
    incoming.is_request = true;
    incoming.correlation_id = (struct mr_bytes){"\xff\x00\x01", 3};
    incoming.reply_to = MR_BYTES("answers");
    incoming.deadline = 1700000030000;
    world_script(world, HANDLER "local c = context return { c.partition, c.offset, #c.key, "
                                "c.timestamp, c.attempt, c.raw, #c.correlation_id, c.reply_to, "
                                "c.deadline, #c.headers } end");
    struct mr_task *task = world_begin(world, MR_CODEC_JSON, &incoming);
    assert_reply(world, "[3,1234567890123,3,1700000000000,2,\"{\\\"a\\\": 1}\",3,\"answers\","
                        "1700000030000,0]");
    world_end(world, task);
}

static void an_event_has_no_correlation_and_no_deadline(void **state)
{
    struct world *world = *state;
    struct mr_incoming incoming = world_message("1");
    incoming.timestamp = -1;
    world_script(world, HANDLER "local n = 0 "
                                "for _, name in ipairs { 'correlation_id', 'reply_to', 'deadline', "
                                "'timestamp', 'key', 'other' } do "
                                "if context[name] == nil then n = n + 1 end end return n end");
    struct mr_task *task = world_begin(world, MR_CODEC_JSON, &incoming);
    assert_reply(world, "6");
    world_end(world, task);
}

static void the_context_can_be_walked_through_and_written(void **state)
{
    assert_handles(*state,
                   HANDLER "local n = 0 for k in pairs(context) do n = n + 1 end return n end", "1",
                   "6"); /* partition offset timestamp attempt raw headers */
    assert_handles(*state, HANDLER "context.mine = 1 return { context.mine, context.attempt } end",
                   "1", "[1,1]");
}

static void a_context_kept_after_its_message_says_so(void **state)
{
    struct world *world = *state;
    world_script(world, HANDLER "if message == 1 then kept = context return 1 end "
                                "return kept.offset end");
    world_end(world, world_start(world, "1"));
    struct mr_task *task = world_start(world, "2");
    assert_raised(world, "test.lua:1: context.offset: its message is done");
    world_end(world, task);
}

static void what_was_read_of_a_kept_context_stays(void **state)
{
    struct world *world = *state;
    world_script(world, HANDLER "if message == 1 then kept = context return context.headers[1] end "
                                "return { kept.offset, kept.key == nil, #kept.headers } end");
    world_end(world, world_start(world, "1"));
    struct mr_task *task = world_start(world, "2");
    assert_reply(world, "[1234567890123,true,0]");
    world_end(world, task);
}

static void a_raw_route_passes_bytes_both_ways(void **state)
{
    struct world *world = *state;
    struct mr_incoming incoming = world_message(NULL);
    incoming.value = (struct mr_bytes){"\0{\xff", 3};
    world_script(world, HANDLER "return message end");
    struct mr_task *task = world_begin(world, MR_CODEC_RAW, &incoming);
    assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
    assert_true(mr_bytes_equal(world->result.value, incoming.value));
    assert_true(world->result.value_is_string);
    world_end(world, task);
    incoming.value = MR_BYTES("");
    world_script(world, HANDLER "return { message == '' } end");
    task = world_begin(world, MR_CODEC_RAW, &incoming);
    assert_reply(world, "[true]");
    world_end(world, task);
}

static void a_bare_message_is_text_unless_it_begins_as_an_object_or_a_list(void **state)
{
    struct world *world = *state;
    static const char *const rows[][2] = {
        {"text", "[\"text\"]"}, {"42", "[\"42\"]"},    {"", "[\"\"]"},
        {" []", "[\" []\"]"},   {"[1, 2]", "[[1,2]]"}, {"{\"a\": null}", "[{\"a\":null}]"},
        {NULL, "[null]"},
    };
    world_script(world, "local null = require('moonroute').null\n" HANDLER
                        "return { message == nil and null or message } end");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mr_incoming incoming = world_message(NULL);
        incoming.value = mr_bytes_of(rows[i][0]);
        struct mr_task *task = world_begin(world, MR_CODEC_BARE, &incoming);
        assert_reply(world, rows[i][1]);
        world_end(world, task);
    }
}

static void a_bare_message_that_begins_as_an_object_and_is_none_is_refused(void **state)
{
    struct world *world = *state;
    struct mr_incoming incoming = world_message(NULL);
    incoming.value = MR_BYTES("{text");
    world_script(world, HANDLER "return 1 end");
    struct mr_task *task = world_begin(world, MR_CODEC_BARE, &incoming);
    assert_int_equal(world->result.outcome, MR_OUTCOME_UNDECODABLE);
    world_end(world, task);
}

static void a_bare_reply_is_a_string_s_own_text_and_json_otherwise(void **state)
{
    struct world *world = *state;
    static const char *const rows[][2] = {
        {"'a \"b\"'", "a \"b\""}, {"''", ""}, {"4.5", "4.5"}, {"true", "true"},
        {"{ 'a' }", "[\"a\"]"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char script[128];
        struct mr_incoming incoming = world_message(NULL);
        snprintf(script, sizeof(script), HANDLER "return %s end", rows[i][0]);
        world_script(world, script);
        struct mr_task *task = world_begin(world, MR_CODEC_BARE, &incoming);
        assert_reply(world, rows[i][1]);
        world_end(world, task);
    }
    struct mr_incoming incoming = world_message(NULL);
    world_script(world, HANDLER "return '\\255' end");
    struct mr_task *task = world_begin(world, MR_CODEC_BARE, &incoming);
    assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED); /* text is UTF-8 */
    world_end(world, task);
}

static void a_long_run_neither_grows_nor_makes_coroutines(void **state)
{
    struct world *world = *state;
    world_script(world, HANDLER "return { message.a, context.offset } end");
    for (int i = 0; i < 2000; i++)
        world_end(world, world_start(world, "{\"a\":[1,2,3]}"));
    size_t before = mr_vm_memory(world->vm);
    for (int i = 0; i < 50000; i++)
        world_end(world, world_start(world, "{\"a\":[1,2,3]}"));
    assert_true(mr_vm_memory(world->vm) < 3 * before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_handler_gets_topic_message_headers_and_context),
        world_test(a_null_value_is_nil),
        world_test(what_is_no_json_does_not_reach_the_handler),
        world_test(a_value_with_nul_bytes_is_no_json),
        world_test(five_hundred_and_twelve_levels_are_read_and_no_more),
        world_test(a_megabyte_goes_through),
        world_test(nil_is_no_reply_and_null_an_empty_one),
        world_test(false_and_zero_are_replies),
        world_test(a_string_reply_is_told_apart),
        world_test(a_second_table_is_headers),
        world_test(a_reply_that_cannot_be_written_is_a_fault),
        world_test(a_handler_gets_what_it_takes),
        world_test(headers_are_a_table_with_the_last_of_a_repeated_name),
        world_test(two_hundred_headers_arrive),
        world_test(the_context_tells_about_the_record),
        world_test(an_event_has_no_correlation_and_no_deadline),
        world_test(the_context_can_be_walked_through_and_written),
        world_test(a_context_kept_after_its_message_says_so),
        world_test(what_was_read_of_a_kept_context_stays),
        world_test(a_raw_route_passes_bytes_both_ways),
        world_test(a_bare_message_is_text_unless_it_begins_as_an_object_or_a_list),
        world_test(a_bare_message_that_begins_as_an_object_and_is_none_is_refused),
        world_test(a_bare_reply_is_a_string_s_own_text_and_json_otherwise),
        world_test(a_long_run_neither_grows_nor_makes_coroutines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
