#include "base/machine/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Reads to the end. Does not ask for the size first: pipes and /proc have none. */
static int read_all(int fd, size_t most, struct mr_buf *out)
{
    enum { STEP = 65536 };
    for (size_t taken = 0; taken <= most;) {
        ssize_t got = read(fd, mr_buf_reserve(out, STEP), STEP);
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got == 0)
            return 0;
        if (got > 0) {
            out->length += (size_t)got;
            taken += (size_t)got;
        }
    }
    return -EFBIG;
}

int mr_file_read(const char *path, size_t most, struct mr_buf *out)
{
    size_t before = out->length;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = read_all(fd, most, out);
    close(fd);
    if (result != 0)
        out->length = before;
    mr_buf_append(out, "", 0); /* a NUL behind the end */
    return result;
}
