#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker/consumer/troubles.h"

static void no_trouble_is_no_text(void **state)
{
    (void)state;
    char text[100] = "";
    struct mr_troubles troubles = {.text = text, .size = sizeof(text)};
    mr_troubles_add(&troubles, MR_OUTAGE_NONE, "left from before");
    assert_int_equal(mr_troubles_end(&troubles), MR_OUTAGE_NONE);
    assert_string_equal(text, "");
}

static void each_trouble_is_named_and_the_first_one_is_the_kind(void **state)
{
    (void)state;
    char text[100] = "";
    struct mr_troubles troubles = {.text = text, .size = sizeof(text)};
    mr_troubles_add(&troubles, MR_OUTAGE_COORDINATOR, "one is silent");
    mr_troubles_add(&troubles, MR_OUTAGE_NONE, "");
    mr_troubles_add(&troubles, MR_OUTAGE_GROUP_DENIED, "two is denied");
    assert_int_equal(mr_troubles_end(&troubles), MR_OUTAGE_COORDINATOR);
    assert_string_equal(text, "one is silent; two is denied");
}

static void those_without_room_are_counted(void **state)
{
    (void)state;
    char text[60] = "", why[30];
    struct mr_troubles troubles = {.text = text, .size = sizeof(text)};
    for (int i = 0; i < 1000; i++) {
        snprintf(why, sizeof(why), "the group %d", i);
        mr_troubles_add(&troubles, MR_OUTAGE_GROUP_DENIED, why);
    }
    mr_troubles_end(&troubles);
    assert_string_equal(text, "the group 0; the group 1; and 998 more groups");
}

static void a_trouble_that_is_too_long_is_counted(void **state)
{
    (void)state;
    char text[40] = "";
    struct mr_troubles troubles = {.text = text, .size = sizeof(text)};
    mr_troubles_add(&troubles, MR_OUTAGE_TOPIC_DENIED, "a text that is longer than there is room");
    assert_int_equal(mr_troubles_end(&troubles), MR_OUTAGE_TOPIC_DENIED);
    assert_string_equal(text, "1 more groups");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_trouble_is_no_text),
        cmocka_unit_test(each_trouble_is_named_and_the_first_one_is_the_kind),
        cmocka_unit_test(those_without_room_are_counted),
        cmocka_unit_test(a_trouble_that_is_too_long_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
