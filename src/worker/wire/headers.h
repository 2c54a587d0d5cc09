/* Headers as lists of pairs, in the order they came; names are matched without regard to case. */
#ifndef MR_WORKER_WIRE_HEADERS_H
#define MR_WORKER_WIRE_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/record.h"

static inline bool mr_header_is(const struct mr_pair *header, struct mr_bytes name)
{
    return header->name.length == name.length &&
           strncasecmp(header->name.data, name.data, name.length) == 0;
}
/* Finds the last header of that name. Returns false if there is none, or if its value is null. */
bool mr_header_find(const struct mr_pair *headers, size_t count, struct mr_bytes name,
                    struct mr_bytes *value);

/* Appends `extra` to the `own` headers at the front of `headers`, which has room. Skips each header
 * whose name an own header has. So a header that a script adds, or hands on from another message,
 * never replaces one of the dialect. Returns the new count. */
size_t mr_headers_append(struct mr_pair *headers, size_t own, const struct mr_pair *extra,
                         size_t count);

#endif
