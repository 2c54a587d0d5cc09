/* The threads of librdkafka that fetch, one for each broker. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_FETCHER_H
#define MR_KAFKA_CONSUMER_FETCHER_H

#include <librdkafka/rdkafka.h>

/* {0} has nobody to wake; mr_fetcher_free() returns it to that. */
struct mr_fetcher {
    rd_kafka_t *handle;
    char *username, *password; /* as its configuration has them, or empty */
};

/* The handle has to outlive this. */
void mr_fetcher_begin(struct mr_fetcher *fetcher, rd_kafka_t *handle);
/* Every thread that fetches looks at once at what it may fetch. One that found nothing sleeps for
 * up to a second, and neither room in the queue (before librdkafka 2.2) nor
 * rd_kafka_resume_partitions() wakes it (2.0 to 2.8). librdkafka has no call for that; what it does
 * have is rd_kafka_sasl_set_credentials(), which wakes them all, sends nothing to anybody and,
 * given what is set already, changes nothing. */
void mr_fetcher_wake(const struct mr_fetcher *fetcher);
void mr_fetcher_free(struct mr_fetcher *fetcher);

#endif
