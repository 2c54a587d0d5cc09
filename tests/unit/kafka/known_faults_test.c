#include "kafka/known_faults.h"

#include "kafka/version.h"
#include "known_faults_page.h"

static void the_page_and_the_table_have_the_same_faults(void **state)
{
    (void)state;
    assert_page_has("docs/LIBRDKAFKA.md", mr_kafka_known_faults);
}

static void the_number_of_the_version_is_that_of_its_text(void **state)
{
    (void)state;
    uint64_t number = mr_kafka_version_number();
    char text[32];
    snprintf(text, sizeof(text), "%u.%u.%u", (unsigned)(number >> 24 & 0xff),
             (unsigned)(number >> 16 & 0xff), (unsigned)(number >> 8 & 0xff));
    assert_string_equal(text, mr_kafka_version());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_and_the_table_have_the_same_faults),
        cmocka_unit_test(the_number_of_the_version_is_that_of_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
