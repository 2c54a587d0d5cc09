/* Writes a record as one line of JSON. */
#ifndef MR_CMD_RECORDS_LINE_H
#define MR_CMD_RECORDS_LINE_H

#include "base/buf.h"
#include "kafka/message.h"
#include "lua/document.h"

/* Appends the line, without a line end. Its fields are topic, partition, offset, timestamp, key,
 * headers and the value. The timestamp is in ms, and headers are a list of pairs. A part that the
 * record lacks is null. The value is one of:
 * - value: it is JSON that a handler can read, written as it is, without white space between;
 * - text: it is other text in UTF-8;
 * - base64: it is anything else.
 * A record without a value has `value` null and `tombstone` true. A key or a header's value that is
 * not UTF-8 is written as {"base64":"..."}. */
void mr_record_line(struct mr_buf *line, struct mr_documents *documents,
                    const struct mr_message *message, const struct mr_pair *headers, size_t count);

#endif
