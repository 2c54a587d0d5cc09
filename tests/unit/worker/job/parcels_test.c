/* In which order waiting records are, and what is counted of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/job/parcels.h"

static struct mr_parcels parcels, others;
static struct mr_job job;

/* A waiting record with that letter, `size` times. */
static struct mr_outgoing record_of(char letter, size_t size, char *value)
{
    memset(value, letter, size);
    return (struct mr_outgoing){.topic = "out", .value = {value, size}};
}

static struct mr_parcel *new_parcel(uint64_t number)
{
    struct mr_parcel *parcel = mr_parcels_new(&parcels, &job, MR_FOR_PUBLISH, 100);
    parcel->number = number;
    return parcel;
}

static void keep(struct mr_parcels *in, const char *letters)
{
    char value[1];
    for (; *letters != '\0'; letters++) {
        const struct mr_outgoing record = record_of(*letters, 1, value);
        mr_parcels_keep(in, new_parcel(0), &record);
        value[0] = '?'; /* the record was borrowed */
    }
}

static void insert(char letter, uint64_t number)
{
    char value[1];
    const struct mr_outgoing record = record_of(letter, 1, value);
    mr_parcels_insert(&parcels, new_parcel(number), &record);
}

/* Takes out all that wait, which are these in this order. */
static void assert_order(struct mr_parcels *in, const char *letters)
{
    assert_int_equal(in->count, strlen(letters));
    for (; *letters != '\0'; letters++) {
        struct mr_parcel *parcel = mr_parcels_pop(in);
        assert_int_equal(parcel->record->value.data[0], *letters);
        free(parcel->record);
        mr_parcels_release(&parcels, parcel);
    }
    assert_null(in->first);
    assert_int_equal(in->count, 0);
    assert_int_equal(in->bytes, 0);
}

static int tear_down(void **state)
{
    (void)state;
    mr_parcels_free(&parcels);
    mr_parcels_free(&others);
    parcels = others = (struct mr_parcels){0};
    return 0;
}

static void records_wait_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    keep(&parcels, "abc");
    assert_order(&parcels, "abc");
    keep(&parcels, "d");
    assert_order(&parcels, "d");
}

static void the_bytes_of_what_waits_are_counted(void **state)
{
    char value[500];
    (void)state;
    const struct mr_outgoing record = record_of('x', sizeof(value), value);
    keep(&parcels, "a");
    size_t before = parcels.bytes;
    mr_parcels_keep(&parcels, new_parcel(0), &record);
    assert_int_equal(parcels.bytes - before, mr_outgoing_size(&record));
    assert_order(&parcels, "ax");
}

static void a_record_is_inserted_by_its_number_wherever_it_belongs(void **state)
{
    (void)state;
    insert('c', 30);
    insert('e', 50); /* last */
    insert('a', 10); /* first */
    insert('d', 40);
    insert('b', 20);
    insert('f', 60);
    assert_order(&parcels, "abcdef");
}

static void the_first_is_moved_behind_those_that_wait_elsewhere(void **state)
{
    (void)state;
    keep(&parcels, "abc");
    keep(&others, "x");
    mr_parcels_move(&parcels, &others);
    mr_parcels_move(&parcels, &others);
    assert_order(&others, "xab");
    assert_order(&parcels, "c");
}

static void all_are_put_ahead_of_those_that_wait_elsewhere(void **state)
{
    (void)state;
    keep(&parcels, "ab");
    keep(&others, "xy");
    mr_parcels_put_ahead(&parcels, &others);
    keep(&others, "z");
    assert_order(&others, "abxyz");
    assert_order(&parcels, "");
    keep(&parcels, "c");
    mr_parcels_put_ahead(&parcels, &others);
    keep(&others, "d");
    assert_order(&others, "cd");
    mr_parcels_put_ahead(&parcels, &others); /* none */
    assert_order(&others, "");
}

static void the_first_of_those_that_wait_shows_their_age(void **state)
{
    (void)state;
    assert_int_equal(mr_parcels_age(&parcels, 150), 0);
    keep(&parcels, "a");
    assert_int_equal(mr_parcels_age(&parcels, 150), 50);
    assert_order(&parcels, "a");
    assert_int_equal(mr_parcels_age(&parcels, 150), 0);
}

static void a_released_parcel_is_used_again_as_if_it_were_new(void **state)
{
    (void)state;
    struct mr_parcel *parcel = mr_parcels_new(&parcels, &job, MR_FOR_REPLY, 7);
    parcel->single = parcel->confirmed = true;
    parcel->number = 9;
    mr_parcels_release(&parcels, parcel);
    struct mr_parcel *again = mr_parcels_new(&parcels, NULL, MR_FOR_PUBLISH, 8);
    assert_ptr_equal(again, parcel);
    assert_null(again->job);
    assert_int_equal(again->purpose, MR_FOR_PUBLISH);
    assert_int_equal(again->sent, 8);
    assert_int_equal(again->number, 0);
    assert_false(again->single || again->confirmed);
    mr_parcels_release(&parcels, again);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(records_wait_in_the_order_in_which_they_came),
        TEST(the_bytes_of_what_waits_are_counted),
        TEST(a_record_is_inserted_by_its_number_wherever_it_belongs),
        TEST(the_first_is_moved_behind_those_that_wait_elsewhere),
        TEST(all_are_put_ahead_of_those_that_wait_elsewhere),
        TEST(the_first_of_those_that_wait_shows_their_age),
        TEST(a_released_parcel_is_used_again_as_if_it_were_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
