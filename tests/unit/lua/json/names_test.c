#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>

#include "lua/json/names.h"
#include "seed.h"

enum { STRINGS = 1 };

static struct mr_names names;

static int set_up(void **state)
{
    lua_State *L = luaL_newstate();
    mr_names_open(L, &names);
    lua_rawgeti(L, LUA_REGISTRYINDEX, names.strings);
    *state = L;
    return 0;
}

static int tear_down(void **state)
{
    lua_close(*state);
    return 0;
}

/* In memory of its own, with as much behind it as is said. */
static struct mr_name *push(lua_State *L, const char *text, size_t length, size_t behind)
{
    char *bytes = malloc(length + behind + 1);
    memset(bytes, '"', length + behind + 1);
    memcpy(bytes, text, length);
    struct mr_name *name =
        mr_names_push(L, &names, STRINGS, bytes, length, bytes + length + behind);
    free(bytes);
    size_t got_length;
    const char *got = lua_tolstring(L, -1, &got_length);
    assert_int_equal(got_length, length);
    assert_memory_equal(got, text, length);
    lua_pop(L, 1);
    return name;
}

static void a_name_is_kept_whatever_is_behind_it(void **state)
{
    static const char text[] = "sixteen letters!";
    for (size_t length = 0; length <= MR_NAME_MOST; length++) {
        struct mr_name *name = push(*state, text, length, 0);
        assert_non_null(name);
        name->size = 7;
        for (size_t behind = 0; behind < 20; behind++)
            assert_ptr_equal(push(*state, text, length, behind), name);
        assert_int_equal(name->size, 7);
    }
}

static void names_of_nul_bytes_are_told_apart_by_their_length(void **state)
{
    for (int turn = 0; turn < 3; turn++)
        for (size_t length = 0; length <= MR_NAME_MOST; length++)
            push(*state, (const char[MR_NAME_MOST]){0}, length, 20);
}

static void a_long_name_is_not_kept(void **state)
{
    assert_null(push(*state, "seventeen letters", 17, 20));
    assert_null(push(*state, "seventeen letters", 17, 20));
}

static void any_name_is_what_was_asked_for(void **state)
{
    struct seed seed = new_seed("any_name_is_what_was_asked_for");
    for (int i = 0; i < 20000; i++) {
        char text[24];
        int length = snprintf(text, sizeof(text), "name %d", (int)random_below(&seed, 5000));
        push(*state, text, (size_t)length, random_below(&seed, 20));
    }
}

static void a_name_that_comes_often_gets_its_place(void **state)
{
    char text[24];
    for (int i = 0; i < 5000; i++)
        push(*state, text, (size_t)snprintf(text, sizeof(text), "once %d", i), 20);
    for (int i = 0; i < 4 && push(*state, "often", 5, 20) == NULL; i++)
        continue;
    assert_non_null(push(*state, "often", 5, 20));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_name_is_kept_whatever_is_behind_it),
        TEST(names_of_nul_bytes_are_told_apart_by_their_length),
        TEST(a_long_name_is_not_kept),
        TEST(any_name_is_what_was_asked_for),
        TEST(a_name_that_comes_often_gets_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
