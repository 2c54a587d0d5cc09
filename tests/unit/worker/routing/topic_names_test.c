#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/routing/topic_names.h"

static void dead_letters_go_where_the_template_says(void **state)
{
    static const struct {
        const char *template, *topic, *to;
    } rows[] = {
        {"{base}-dlq", "x-commands", "x-dlq"},
        {"{base}-dlq", "x", "x-dlq"},
        {"{base}-dlq", "x-commands-commands", "x-commands-dlq"},
        {"{base}-dlq", "x-commands-v2", "x-commands-v2-dlq"},
        {"{base}-dlq", "-commands", "-commands-dlq"},
        {"{base}-dlq", "x-Commands", "x-Commands-dlq"},
        {"{topic}.DLT", "x-commands", "x-commands.DLT"},
        {"dead.{topic}", "x", "dead.x"},
        {"{base}.{topic}", "x-commands", "x.x-commands"},
        {"dead-letters", "x-commands", "dead-letters"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char to[MR_TOPIC_ROOM];
        assert_true(mr_topic_dead_letter(rows[i].template, rows[i].topic, to));
        assert_string_equal(to, rows[i].to);
    }
}

static void answers_come_to_the_responses_of_a_topic(void **state)
{
    static const struct {
        const char *topic, *to;
    } rows[] = {
        {"x-commands", "x-responses"},
        {"x", "x-responses"},
        {"a-commands-commands", "a-commands-responses"},
        {"x-commands-v2", "x-commands-v2-responses"},
        {"x-Commands", "x-Commands-responses"},
        {"commands", "commands-responses"},
        {"-commands", "-commands-responses"},
        {"xcommands", "xcommands-responses"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char to[MR_TOPIC_ROOM];
        assert_true(mr_topic_response(rows[i].topic, to));
        assert_string_equal(to, rows[i].to);
    }
}

static void retries_wait_in_the_retry_topic(void **state)
{
    (void)state;
    char to[MR_TOPIC_ROOM];
    assert_true(mr_topic_retry("x-commands", to));
    assert_string_equal(to, "x-commands-retry");
}

/* The longest topic whose dead-letter topic still has a name, and one more. */
static void a_name_that_would_be_too_long_is_none(void **state)
{
    (void)state;
    char topic[MR_TOPIC_ROOM], to[MR_TOPIC_ROOM];
    memset(topic, 'n', sizeof(topic));
    topic[245] = '\0';
    assert_true(mr_topic_dead_letter("{base}-dlq", topic, to));
    assert_int_equal(strlen(to), 249);
    topic[245] = 'n', topic[246] = '\0';
    assert_false(mr_topic_dead_letter("{base}-dlq", topic, to));
    assert_string_equal(to, "");
    assert_false(mr_topic_retry(topic, to));
    assert_false(mr_topic_response(topic, to));
}

static void the_topics_that_a_name_belongs_to_are_found(void **state)
{
    static const struct {
        const char *template, *topic, *from[MR_TOPIC_ORIGINS + 1];
    } rows[] = {
        {"{base}-dlq", "x-dlq", {"x", "x-commands"}},
        {"{base}-dlq", "x-commands-dlq", {"x-commands-commands"}},
        {"{base}-dlq", "x-dlq-dlq", {"x-dlq", "x-dlq-commands"}},
        {"{base}-dlq", "x-retry", {NULL}},
        {"{base}-dlq", "-dlq", {NULL}},
        {"{base}-dlq", "", {NULL}},
        {"{topic}.DLT", "x-commands.DLT", {"x-commands"}},
        {"{topic}.DLT", "x.DLT", {"x"}},
        {"{topic}.DLT", "x.dlt", {NULL}},
        {"dead.{topic}", "dead.x", {"x"}},
        {"dead.{topic}", "x.dead", {NULL}},
        {"{base}.{topic}", "x.x", {"x"}},
        {"{base}.{topic}", "x.x-commands", {"x-commands"}},
        {"{topic}.{base}", "x-commands.x", {"x-commands"}},
        {"{topic}.{base}", "x-commands.y", {NULL}},
        {"{topic}{topic}", "xx", {"x"}},
        {"{topic}{topic}", "xxx", {NULL}},
        {"dead-letters", "dead-letters", {NULL}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM];
        size_t count = mr_topic_dead_letter_of(rows[i].template, rows[i].topic, from);
        for (size_t j = 0; j < count; j++) {
            assert_non_null(rows[i].from[j]);
            assert_string_equal(from[j], rows[i].from[j]);
        }
        assert_null(rows[i].from[count]);
    }
}

static void what_was_filled_in_is_found_again(void **state)
{
    static const char *const templates[] = {"{base}-dlq",     "{topic}.DLT",
                                            "a.{base}.b",     "{topic}-{base}-x",
                                            "{base}{topic}.", "{base}-commands"};
    static const char *const topics[] = {"x", "x-commands", "a.b_c-commands-commands", "-commands"};
    (void)state;
    for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        for (size_t j = 0; j < sizeof(topics) / sizeof(topics[0]); j++) {
            char to[MR_TOPIC_ROOM], from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM];
            bool found = false;
            assert_true(mr_topic_dead_letter(templates[i], topics[j], to));
            size_t count = mr_topic_dead_letter_of(templates[i], to, from);
            for (size_t k = 0; k < count; k++)
                found = found || strcmp(from[k], topics[j]) == 0;
            assert_true(found);
        }
    }
}

static void retries_and_answers_are_found_too(void **state)
{
    (void)state;
    char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM];
    assert_int_equal(mr_topic_retry_of("x-commands-retry", from), 1);
    assert_string_equal(from[0], "x-commands");
    assert_int_equal(mr_topic_retry_of("x-dlq", from), 0);
    assert_int_equal(mr_topic_response_of("x-responses", from), 2);
    assert_string_equal(from[0], "x");
    assert_string_equal(from[1], "x-commands");
}

static void a_template_without_placeholders_is_constant(void **state)
{
    (void)state;
    assert_true(mr_topic_template_is_constant("dead-letters"));
    assert_false(mr_topic_template_is_constant("{base}-dlq"));
    assert_false(mr_topic_template_is_constant("dead.{topic}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dead_letters_go_where_the_template_says),
        cmocka_unit_test(answers_come_to_the_responses_of_a_topic),
        cmocka_unit_test(retries_wait_in_the_retry_topic),
        cmocka_unit_test(a_name_that_would_be_too_long_is_none),
        cmocka_unit_test(the_topics_that_a_name_belongs_to_are_found),
        cmocka_unit_test(what_was_filled_in_is_found_again),
        cmocka_unit_test(retries_and_answers_are_found_too),
        cmocka_unit_test(a_template_without_placeholders_is_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
