/* Reads the records of one topic between two places, without a group, for commands. A call with
 * `timeout` blocks, for about that many ms. */
#ifndef MR_KAFKA_CONSUMER_SCAN_H
#define MR_KAFKA_CONSUMER_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errors.h"
#include "config/config.h"
#include "kafka/message.h"

/* A place in each partition that is read. */
struct mr_place {
    enum {
        MR_PLACE_BEGINNING, /* the first record that Kafka still has */
        MR_PLACE_END,       /* behind the last record at the time of mr_scan_begin() */
        MR_PLACE_OFFSET,    /* `value` */
        MR_PLACE_LAST,      /* `value` records before the end */
        MR_PLACE_TIME,      /* the first record from `value` on, in ms since 1970 */
    } kind;
    int64_t value;
};

struct mr_scan_terms {
    const char *topic;
    int32_t partition; /* -1: all */
    struct mr_place from;
    struct mr_place until; /* the first record that is left out */
    bool follow;           /* does not stop at `until` */
};

enum mr_scan_fault {
    MR_SCAN_FINE,
    MR_SCAN_NO_TOPIC,
    MR_SCAN_NO_PARTITION,
    MR_SCAN_NO_OFFSET, /* `from` lies behind the end of the partition */
    MR_SCAN_DENIED,
    MR_SCAN_SILENT, /* no broker answers */
    MR_SCAN_FAILED, /* another error of Kafka */
};

enum mr_scan_step {
    MR_SCAN_RECORD,
    MR_SCAN_NOTHING, /* within `timeout` */
    MR_SCAN_DONE,    /* `until` is reached */
    MR_SCAN_BROKEN,  /* the topic is gone or denied: see mr_scan_broken() */
};

struct mr_scan;

/* Returns NULL with errors added if the client cannot be made. */
struct mr_scan *mr_scan_new(const struct mr_config *config, struct mr_errors *errors);
/* Looks up the places, and begins to read. Call it once. After a fault mr_scan_why() explains. */
enum mr_scan_fault mr_scan_begin(struct mr_scan *scan, const struct mr_scan_terms *terms,
                                 int timeout);
/* Takes the next record, which the caller frees. The records of a partition come in their order.
 * Leaves out what an aborted or open transaction wrote. */
enum mr_scan_step mr_scan_next(struct mr_scan *scan, struct mr_message *message, int timeout);
enum mr_scan_fault mr_scan_broken(const struct mr_scan *scan);
const char *mr_scan_why(const struct mr_scan *scan);
void mr_scan_free(struct mr_scan *scan);

#endif
