#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/poison.h"

static const struct mr_message_id first = {"group", "orders", 3, 1234567890123};

static void deaths_of_the_same_message_are_counted_together(void **state)
{
    struct mr_poisons poisons = {0};
    (void)state;
    assert_null(mr_poisons_find(&poisons, &first));
    assert_int_equal(mr_poisons_note(&poisons, &first, "signal SIGSEGV")->deaths, 1);
    const struct mr_poison *twice = mr_poisons_note(&poisons, &first, "signal SIGKILL");
    assert_int_equal(twice->deaths, 2);
    assert_string_equal(twice->cause, "signal SIGKILL");
    assert_ptr_equal(mr_poisons_find(&poisons, &first), twice);
    assert_int_equal(poisons.count, 1);
    mr_poisons_free(&poisons);
}

static void messages_differ_by_group_topic_partition_and_offset(void **state)
{
    const struct mr_message_id others[] = {{"other", "orders", 3, 1234567890123},
                                           {"group", "alerts", 3, 1234567890123},
                                           {"group", "orders", 4, 1234567890123},
                                           {"group", "orders", 3, 1234567890124}};
    struct mr_poisons poisons = {0};
    (void)state;
    mr_poisons_note(&poisons, &first, "x");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(mr_poisons_note(&poisons, &others[i], "x")->deaths, 1);
    assert_int_equal(poisons.count, 5);
    mr_poisons_free(&poisons);
}

static void what_is_done_with_is_forgotten_after_a_while(void **state)
{
    struct mr_poisons poisons = {0};
    struct mr_message_id second = first;
    (void)state;
    second.offset++;
    mr_poisons_note(&poisons, &first, "x");
    mr_poisons_note(&poisons, &second, "y");
    assert_true(mr_poisons_done(&poisons, &first, 1000));
    mr_poisons_tidy(&poisons, 1000 + MR_POISON_KEPT - 1);
    assert_non_null(mr_poisons_find(&poisons, &first));
    mr_poisons_tidy(&poisons, 1000 + MR_POISON_KEPT);
    assert_null(mr_poisons_find(&poisons, &first));
    assert_false(mr_poisons_done(&poisons, &first, 1000));
    assert_int_equal(mr_poisons_note(&poisons, &first, "x")->deaths, 1);
    assert_string_equal(mr_poisons_find(&poisons, &second)->cause, "y");
    mr_poisons_free(&poisons);
}

static void the_oldest_gives_way_to_the_newest(void **state)
{
    struct mr_poisons poisons = {0};
    struct mr_message_id id = first;
    (void)state;
    for (id.offset = 0; id.offset <= MR_POISONS; id.offset++)
        mr_poisons_note(&poisons, &id, "x");
    assert_int_equal(poisons.count, MR_POISONS);
    id.offset = 0;
    assert_null(mr_poisons_find(&poisons, &id));
    id.offset = MR_POISONS;
    assert_non_null(mr_poisons_find(&poisons, &id));
    mr_poisons_free(&poisons);
}

static void what_is_encoded_is_decoded(void **state)
{
    struct mr_buf bytes = {0};
    struct mr_poison poison;
    (void)state;
    char cause[] = "signal SIGSEGV";
    mr_poison_encode(&(struct mr_poison){.id = first, .cause = cause, .deaths = 3}, &bytes);
    assert_true(mr_poison_decode((struct mr_bytes){bytes.data, bytes.length}, &poison));
    assert_string_equal(poison.id.group, "group");
    assert_string_equal(poison.id.topic, "orders");
    assert_int_equal(poison.id.partition, 3);
    assert_int_equal(poison.id.offset, 1234567890123);
    assert_int_equal(poison.deaths, 3);
    assert_string_equal(poison.cause, "signal SIGSEGV");
    mr_poison_free(&poison);
    for (size_t length = 0; length < bytes.length; length++)
        assert_false(mr_poison_decode((struct mr_bytes){bytes.data, length}, &poison));
    mr_buf_string(&bytes, "x");
    assert_false(mr_poison_decode((struct mr_bytes){bytes.data, bytes.length}, &poison));
    mr_buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deaths_of_the_same_message_are_counted_together),
        cmocka_unit_test(messages_differ_by_group_topic_partition_and_offset),
        cmocka_unit_test(what_is_done_with_is_forgotten_after_a_while),
        cmocka_unit_test(the_oldest_gives_way_to_the_newest),
        cmocka_unit_test(what_is_encoded_is_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
