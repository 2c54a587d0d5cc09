/* The verdict of an error of librdkafka on a record. */
#include "kafka/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>

#include "kafka/view.h"

#define SAYS(name, transactional, how)                                                             \
    assert_int_equal(mr_kafka_sent(RD_KAFKA_RESP_ERR_##name, transactional), MR_##how)

static void an_error_of_the_producer_is_no_verdict_on_its_record(void **state)
{
    (void)state;
    for (int transactional = 0; transactional < 2; transactional++) {
        SAYS(OUT_OF_ORDER_SEQUENCE_NUMBER, transactional, SENT_BACK);
        SAYS(UNKNOWN_PRODUCER_ID, transactional, SENT_BACK);
        SAYS(INVALID_PRODUCER_EPOCH, transactional, SENT_BACK);
        SAYS(_FATAL, transactional, SENT_BACK);
        SAYS(_PURGE_QUEUE, transactional, SENT_BACK);
    }
}

static void an_error_that_is_retried_elsewhere_is_no_verdict_when_it_is_final(void **state)
{
    (void)state;
    SAYS(NOT_LEADER_FOR_PARTITION, false, SENT_BACK);
    SAYS(NOT_ENOUGH_REPLICAS_AFTER_APPEND, false, SENT_BACK);
    SAYS(_TRANSPORT, false, SENT_BACK);
    SAYS(_MSG_TIMED_OUT, false, SENT_BACK);
}

static void an_error_of_the_record_or_its_topic_is_a_verdict(void **state)
{
    (void)state;
    for (int transactional = 0; transactional < 2; transactional++) {
        SAYS(NO_ERROR, transactional, SENT);
        SAYS(_QUEUE_FULL, transactional, SENT_FULL);
        SAYS(MSG_SIZE_TOO_LARGE, transactional, SENT_TOO_LARGE);
        SAYS(TOPIC_AUTHORIZATION_FAILED, transactional, SENT_DENIED);
        SAYS(UNKNOWN_TOPIC_OR_PART, transactional, SENT_NO_TOPIC);
        SAYS(_UNKNOWN_PARTITION, transactional, SENT_NO_PARTITION);
        SAYS(INVALID_RECORD, transactional, SENT_REFUSED);
    }
}

static void an_error_that_names_nobody_fails_the_transaction_and_refuses_a_record(void **state)
{
    (void)state;
    SAYS(INVALID_REQUIRED_ACKS, true, SENT_BACK);
    SAYS(INVALID_REQUIRED_ACKS, false, SENT_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_of_the_producer_is_no_verdict_on_its_record),
        cmocka_unit_test(an_error_that_is_retried_elsewhere_is_no_verdict_when_it_is_final),
        cmocka_unit_test(an_error_of_the_record_or_its_topic_is_a_verdict),
        cmocka_unit_test(an_error_that_names_nobody_fails_the_transaction_and_refuses_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
