#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/idmap.h"
#include "panics.h"
#include "seed.h"

static struct mr_idmap map;
static int values[8];

static int tear_down(void **state)
{
    (void)state;
    mr_idmap_free(&map);
    return 0;
}

static void expect_nothing(void *value)
{
    assert_null(value);
}

static void an_empty_map_has_nothing(void **state)
{
    (void)state;
    assert_null(mr_idmap_get(&map, MR_BYTES("a")));
    assert_null(mr_idmap_remove(&map, MR_BYTES("a")));
    mr_idmap_drain(&map, expect_nothing);
}

static void what_was_put_is_found_by_its_bytes(void **state)
{
    (void)state;
    char other[] = "key";
    mr_idmap_put(&map, MR_BYTES("key"), &values[0]);
    mr_idmap_put(&map, MR_BYTES("key2"), &values[1]);
    mr_idmap_put(&map, MR_BYTES("k\0y"), &values[2]);
    mr_idmap_put(&map, MR_BYTES("k\0z"), &values[3]);
    mr_idmap_put(&map, MR_BYTES(""), &values[4]);
    assert_int_equal(map.count, 5);
    assert_ptr_equal(mr_idmap_get(&map, mr_bytes_of(other)), &values[0]);
    assert_ptr_equal(mr_idmap_get(&map, MR_BYTES("key2")), &values[1]);
    assert_ptr_equal(mr_idmap_get(&map, MR_BYTES("k\0y")), &values[2]);
    assert_ptr_equal(mr_idmap_get(&map, MR_BYTES("k\0z")), &values[3]);
    assert_ptr_equal(mr_idmap_get(&map, MR_BYTES_NONE), &values[4]);
    assert_null(mr_idmap_get(&map, MR_BYTES("ke")));
    assert_null(mr_idmap_get(&map, MR_BYTES("k\0")));
}

static void keys_that_begin_or_end_alike_are_different(void **state)
{
    (void)state;
    mr_idmap_put(&map, MR_BYTES("0123456789abcdef"), &values[0]);
    assert_null(mr_idmap_get(&map, MR_BYTES("0123456789abcdeg")));
    assert_null(mr_idmap_get(&map, MR_BYTES("1123456789abcdef")));
    assert_null(mr_idmap_get(&map, MR_BYTES("01234567")));
    assert_null(mr_idmap_get(&map, MR_BYTES("0123456789abcdef\0")));
}

static void an_entry_of_the_same_key_is_replaced_and_its_key_too(void **state)
{
    (void)state;
    char *first = strdup("the key");
    assert_null(mr_idmap_put(&map, mr_bytes_of(first), &values[0]));
    assert_ptr_equal(mr_idmap_put(&map, MR_BYTES("the key"), &values[1]), &values[0]);
    memset(first, 'x', strlen(first));
    free(first); /* the map borrows the second key now */
    assert_int_equal(map.count, 1);
    assert_ptr_equal(mr_idmap_get(&map, MR_BYTES("the key")), &values[1]);
}

static void removing_gives_back_what_was_there_once(void **state)
{
    (void)state;
    mr_idmap_put(&map, MR_BYTES("a"), &values[0]);
    mr_idmap_put(&map, MR_BYTES("b"), &values[1]);
    assert_ptr_equal(mr_idmap_remove(&map, MR_BYTES("a")), &values[0]);
    assert_null(mr_idmap_remove(&map, MR_BYTES("a")));
    assert_null(mr_idmap_get(&map, MR_BYTES("a")));
    assert_int_equal(map.count, 1);
    assert_ptr_equal(mr_idmap_get(&map, MR_BYTES("b")), &values[1]);
}

static void put_null(void *unused)
{
    (void)unused;
    mr_idmap_put(&map, MR_BYTES("a"), NULL);
}

static void a_value_is_not_null(void **state)
{
    (void)state;
    char said[256];
    assert_true(panics(put_null, NULL, said, sizeof(said)));
}

static void a_freed_map_is_empty(void **state)
{
    (void)state;
    mr_idmap_put(&map, MR_BYTES("a"), &values[0]);
    mr_idmap_free(&map);
    assert_null(map.entries);
    assert_int_equal(map.count, 0);
    assert_int_equal(map.capacity, 0);
    assert_null(mr_idmap_get(&map, MR_BYTES("a")));
    mr_idmap_put(&map, MR_BYTES("a"), &values[1]);
    assert_ptr_equal(mr_idmap_get(&map, MR_BYTES("a")), &values[1]);
}

/* The model: key number i is in the map where present[i]. Keys are of three shapes: one byte and
 * another, UUIDs, long ones. */
enum { MOST_KEYS = 4096 };
static struct {
    char *keys[MOST_KEYS];
    size_t lengths[MOST_KEYS];
    bool present[MOST_KEYS];
    size_t count;
} model;

static void make_keys(void)
{
    for (size_t i = 0; i < MOST_KEYS; i++) {
        char text[64] = {(char)(i >> 8), (char)i};
        size_t length = 2;
        if (i % 3 == 1)
            length = (size_t)sprintf(text, "%08zx-0000-4000-8000-000000000000", i);
        else if (i % 3 == 2)
            length = (size_t)sprintf(text, "a long key of the customer of number %zu", i);
        model.keys[i] = malloc(length); /* exactly its bytes, for the sanitizer */
        memcpy(model.keys[i], text, length);
        model.lengths[i] = length;
    }
}

static struct mr_bytes key_of(size_t i)
{
    return (struct mr_bytes){model.keys[i], model.lengths[i]};
}

static void *value_of(size_t i)
{
    return &model.keys[i];
}

static void step(struct seed *seed, size_t keys)
{
    size_t i = random_below(seed, keys);
    void *expected = model.present[i] ? value_of(i) : NULL;
    switch (random_below(seed, 8)) {
    case 0:
        assert_ptr_equal(mr_idmap_get(&map, key_of(i)), expected);
        break;
    case 1:
        assert_ptr_equal(mr_idmap_remove(&map, key_of(i)), expected);
        model.count -= model.present[i];
        model.present[i] = false;
        break;
    default:
        mr_idmap_put(&map, key_of(i), value_of(i));
        model.count += !model.present[i];
        model.present[i] = true;
    }
}

static void compare_all(size_t keys)
{
    assert_int_equal(map.count, model.count);
    for (size_t i = 0; i < keys; i++)
        assert_ptr_equal(mr_idmap_get(&map, key_of(i)), model.present[i] ? value_of(i) : NULL);
}

static void take_from_model(void *value)
{
    size_t i = (size_t)((char **)value - model.keys);
    assert_true(model.present[i]);
    model.present[i] = false;
    model.count--;
}

/* With few keys the map stays small and nearly full: entries sit far from their home and wrap
 * around its end. */
static void random_steps_agree_with_the_model(size_t keys, size_t steps, size_t capacity)
{
    struct seed seed = new_seed("idmap");
    make_keys();
    for (size_t i = 0; i < steps; i++) {
        step(&seed, keys);
        if (i % (steps / 1000) == 0)
            compare_all(keys);
    }
    assert_int_equal(map.capacity, capacity);
    mr_idmap_drain(&map, take_from_model);
    assert_int_equal(model.count, 0);
    compare_all(keys);
    for (size_t i = 0; i < MOST_KEYS; i++)
        free(model.keys[i]);
}

static void a_small_and_crowded_map_agrees_with_the_model(void **state)
{
    (void)state;
    random_steps_agree_with_the_model(47, 500000, 64);
}

static void a_growing_map_agrees_with_the_model(void **state)
{
    (void)state;
    random_steps_agree_with_the_model(MOST_KEYS, 200000, 8192);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_map_has_nothing),
        TEST(what_was_put_is_found_by_its_bytes),
        TEST(keys_that_begin_or_end_alike_are_different),
        TEST(an_entry_of_the_same_key_is_replaced_and_its_key_too),
        TEST(removing_gives_back_what_was_there_once),
        TEST(a_value_is_not_null),
        TEST(a_freed_map_is_empty),
        TEST(a_small_and_crowded_map_agrees_with_the_model),
        TEST(a_growing_map_agrees_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
