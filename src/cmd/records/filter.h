/* Chooses records by key, headers and text. */
#ifndef MR_CMD_RECORDS_FILTER_H
#define MR_CMD_RECORDS_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "kafka/message.h"

struct mr_record_filter {
    const char *key;               /* the whole key; NULL: any */
    const char *grep;              /* a part of the value; NULL: any */
    const struct mr_pair *headers; /* each must be there, with that value */
    size_t header_count;
};

/* Returns true if the record has all that the filter wants. `headers` are the record's. */
bool mr_record_passes(const struct mr_record_filter *filter, const struct mr_message *message,
                      const struct mr_pair *headers, size_t count);

#endif
