/* The fetching threads of librdkafka, one per broker. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_FETCHER_H
#define MR_KAFKA_CONSUMER_FETCHER_H

#include <librdkafka/rdkafka.h>

/* {0} has no threads to wake; mr_fetcher_free() makes it {0} again. */
struct mr_fetcher {
    rd_kafka_t *handle;
    char *username, *password; /* from the handle's configuration, or empty */
};

/* Begins with the handle, which must outlive the fetcher. */
void mr_fetcher_begin(struct mr_fetcher *fetcher, rd_kafka_t *handle);
/* Wakes every fetching thread, so that it looks for work at once. A thread that found none sleeps
 * for up to a second. Room in the queue does not wake it before librdkafka 2.2, and
 * rd_kafka_resume_partitions() does not in 2.0 to 2.8.
 *
 * There is no call for this, but rd_kafka_sasl_set_credentials() wakes all these threads. It sends
 * nothing and, with the values that are set already, changes nothing. */
void mr_fetcher_wake(const struct mr_fetcher *fetcher);
void mr_fetcher_free(struct mr_fetcher *fetcher);

#endif
