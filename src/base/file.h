/* Whole files, as configuration, scripts and secrets are read. */
#ifndef MR_BASE_FILE_H
#define MR_BASE_FILE_H

#include <stddef.h>

#include "base/buf.h"

/* Appends what the file holds. Returns 0, or -errno (-EFBIG where it holds more than `most` bytes)
 * with nothing appended.
 */
int mr_file_read(const char *path, size_t most, struct mr_buf *out);

#endif
