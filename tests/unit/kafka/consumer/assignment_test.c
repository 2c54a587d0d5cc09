#include "kafka/consumer/assignment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Of a version 1, with two bytes of the assignor's own. */
static char two_topics[] = "\0\1\0\0\0\2"
                           "\0\6orders\0\0\0\2\0\0\0\0\0\0\0\3"
                           "\0\5pings\0\0\0\1\0\0\0\1"
                           "\0\0\0\2xy";
static char orders[] = "\0\0\0\0\0\1\0\6orders\0\0\0\1\0\0\0\1\0\0\0\0";
static char huge[] = "\0\0\0\0\0\1\0\6orders\xff\xff\xff\xff\0\0\0\1";
static char endless[] = "\0\0\xff\xff\xff\xff\0\6orders\0\0\0\0";

static struct rd_kafka_group_member_info member(char *bytes, size_t size)
{
    return (struct rd_kafka_group_member_info){.member_assignment = bytes,
                                               .member_assignment_size = (int)size};
}

static int32_t count(struct rd_kafka_group_member_info *members, int member_count,
                     const char *topic)
{
    struct rd_kafka_group_info group = {.members = members, .member_cnt = member_count};
    return mr_assignment_count(&group, topic);
}

static void partitions_of_a_topic_are_counted_over_all_members(void **state)
{
    struct rd_kafka_group_member_info members[] = {member(two_topics, sizeof(two_topics) - 1),
                                                   member(NULL, 0),
                                                   member(orders, sizeof(orders) - 1)};
    (void)state;
    assert_int_equal(count(members, 3, "orders"), 3);
    assert_int_equal(count(members, 3, "pings"), 1);
    assert_int_equal(count(members, 3, "order"), 0);
    assert_int_equal(count(members, 0, "orders"), 0);
}

static void an_assignment_that_is_cut_off_or_lies_has_none(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(two_topics) - 8; size++) {
        struct rd_kafka_group_member_info cut = member(two_topics, size);
        assert_in_range(count(&cut, 1, "pings"), 0, 0);
    }
    struct rd_kafka_group_member_info liars[] = {member(huge, sizeof(huge) - 1),
                                                 member(endless, sizeof(endless) - 1)};
    assert_int_equal(count(liars, 2, "orders"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_of_a_topic_are_counted_over_all_members),
        cmocka_unit_test(an_assignment_that_is_cut_off_or_lies_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
