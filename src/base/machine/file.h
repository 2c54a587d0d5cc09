/* Reads whole files: configuration, scripts and secrets. */
#ifndef MR_BASE_MACHINE_FILE_H
#define MR_BASE_MACHINE_FILE_H

#include <stddef.h>

#include "base/buf.h"

/* Appends the file's content. Returns 0; or -errno with nothing appended (-EFBIG if the file holds
 * more than `most` bytes). */
int mr_file_read(const char *path, size_t most, struct mr_buf *out);

#endif
