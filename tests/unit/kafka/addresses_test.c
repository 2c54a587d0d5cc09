#include "kafka/addresses.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_unreached(const char *wanted)
{
    char text[64];
    mr_addresses_unreached(text, sizeof(text));
    assert_string_equal(text, wanted);
}

static void addresses_without_a_connection_are_named(void **state)
{
    (void)state;
    assert_unreached("");
    mr_addresses_note(1, "kafka-1", 9092, false);
    mr_addresses_note(2, "::1", 9093, false);
    assert_unreached("kafka-1:9092, [::1]:9093");
    mr_addresses_note(1, "kafka-1", 9092, true);
    assert_unreached("[::1]:9093");
    mr_addresses_note(2, "kafka-2", 9094, false);
    assert_unreached("kafka-2:9094");
    mr_addresses_note(2, "kafka-2", 9094, true);
    assert_unreached("");
}

static void a_text_that_is_too_short_is_cut(void **state)
{
    char text[8];
    (void)state;
    mr_addresses_note(1, "kafka-1", 9092, false);
    mr_addresses_note(2, "kafka-2", 9092, false);
    mr_addresses_unreached(text, sizeof(text));
    assert_string_equal(text, "kafka-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_without_a_connection_are_named),
        cmocka_unit_test(a_text_that_is_too_short_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
