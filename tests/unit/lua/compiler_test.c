/* Scripts that crash or miscalculate in LuaJIT's compiled code, and one that crashes its parser, as
 * sandboxed handlers. tests/lua/compiled_spec.lua has more of them. */
#include "evaluating.h"

static void objects_are_concatenated_in_loops(void **state)
{
    assert_handles(*state,
                   "local meta = {} "
                   "meta['__con' .. 'cat'] = function() return 'c' end "
                   "function handleMessage(_, message) "
                   "local price, n = setmetatable({}, meta), 0 "
                   "for i = 1, message.turns do n = n + #(price .. 'a' .. price .. 'b') end "
                   "return n end",
                   "{\"turns\":3000}", "3000");
}

static void strings_are_cut_where_a_message_says(void **state)
{
    static const char script[] =
        "function handleMessage(_, message) "
        "local last for i = 1, 3000 do last = message.text:sub(message.from, message.to) end "
        "return last end";
    static const struct {
        const char *message, *cut;
    } cases[] = {
        {"{\"text\":\"abcd\",\"from\":2147483647,\"to\":-2147483647}", "\"\""},
        {"{\"text\":\"abcd\",\"from\":-2147483648,\"to\":2147483647}", "\"abcd\""},
        {"{\"text\":\"abcd\",\"from\":0,\"to\":-3}", "\"ab\""},
        {"{\"text\":\"abcd\",\"from\":2,\"to\":1e300}", "\"bcd\""},
        {"{\"text\":\"abcd\",\"from\":-4294967296,\"to\":4294967296}", "\"abcd\""},
        {"{\"text\":\"abcd\",\"from\":9007199254740992,\"to\":-1}", "\"\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_handles(*state, script, cases[i].message, cases[i].cut);
}

static void integers_of_64_bits_are_calculated_in_loops(void **state)
{
    assert_handles(*state,
                   "function handleMessage(_, message) "
                   "local wrong, zero = 0, 0LL "
                   "for i = 1, 3000 do "
                   "if (message.big + i) * zero ~= 0 then wrong = wrong + 1 end "
                   "if bit.rol(message.big, 8) ~= 0x2000000000000100LL then wrong = wrong + 1 end "
                   "end return wrong end",
                   "{\"big\":9007199254740993}", "0");
}

static void a_loop_over_nil_is_an_error(void **state)
{
    static const char harmful[] =
        "local x for _ in (nil):foo() do end function handleMessage() end";
    struct world *world = *state;
    world_files(world, "test.lua", harmful, NULL);
    assert_null(world_load(world));
    if (strstr(mr_errors_text(&world->errors), "scripts/test.lua:1: ") == NULL)
        fail_msg("%s", mr_errors_text(&world->errors));
    mr_errors_free(&world->errors);
    mr_generation_check(world->vm, &world->snapshot, &world->errors);
    assert_true(world->errors.count > 0);
    world_script(world, evaluating);
    assert_refused(world, harmful, ":1: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(objects_are_concatenated_in_loops),
        world_test(strings_are_cut_where_a_message_says),
        world_test(integers_of_64_bits_are_calculated_in_loops),
        world_test(a_loop_over_nil_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
