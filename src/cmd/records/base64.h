/* Base64 (RFC 4648, section 4: with padding). */
#ifndef MR_CMD_RECORDS_BASE64_H
#define MR_CMD_RECORDS_BASE64_H

#include "base/buf.h"

/* Appends the bytes as base64. */
void mr_base64(struct mr_buf *to, struct mr_bytes bytes);

#endif
