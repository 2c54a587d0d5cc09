#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

/* How a descriptor is kept from blocking. A regular file needs nothing. */
enum means { BY_NOTHING, BY_FLAG, BY_SOCKET_CALL, BY_ASKING };

enum { LAST_MS = 200 }; /* for lines that wait when the process exits */

static struct {
    int fd;
    enum means means;
    struct mr_buf waiting;
    size_t written; /* bytes of `waiting` */
    uint64_t dropped;
    bool is_closing; /* atexit() knows about it */
} sink = {.fd = STDERR_FILENO};

/* Opens the file for appending, so that processes may share it. */
static int open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    return fd < 0 ? -errno : fd;
}

/* Opens standard error anew if that makes another description of it. Sets the means. */
static int open_stderr(enum means *means)
{
    struct stat status;
    *means = BY_NOTHING;
    if (fstat(STDERR_FILENO, &status) != 0 || S_ISREG(status.st_mode))
        return STDERR_FILENO;
    if (S_ISSOCK(status.st_mode)) {
        *means = BY_SOCKET_CALL;
        return STDERR_FILENO;
    }
    int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    *means = fd >= 0 ? BY_FLAG : BY_ASKING;
    return fd >= 0 ? fd : STDERR_FILENO;
}

static ssize_t put(const char *data, size_t length)
{
    struct pollfd end = {.fd = sink.fd, .events = POLLOUT};
    switch (sink.means) {
    case BY_SOCKET_CALL:
        return send(sink.fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    case BY_ASKING:
        if (poll(&end, 1, 0) == 1 && (end.revents & POLLOUT) != 0)
            return write(sink.fd, data, length < PIPE_BUF ? length : PIPE_BUF);
        errno = EAGAIN;
        return -1;
    case BY_NOTHING:
    case BY_FLAG:
        break;
    }
    return write(sink.fd, data, length);
}

/* Writes as much as it can. Returns how many bytes are done with. If the output is broken, no log
 * can say so, and all bytes are. */
static size_t write_some(const char *data, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t written = put(data + done, length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno == EAGAIN || errno == ENOBUFS ? done : length;
        done += (size_t)written;
    }
    return done;
}

bool mr_log_sink_flush(void)
{
    size_t left = sink.waiting.length - sink.written;
    if (left == 0)
        return true;
    sink.written += write_some(sink.waiting.data + sink.written, left);
    if (sink.written < sink.waiting.length)
        return false;
    mr_buf_free(&sink.waiting);
    sink.written = 0;
    return true;
}

/* Moves what waits to the beginning of the buffer, when more than half of it is written. */
static void tidy(void)
{
    if (sink.written <= sink.waiting.length / 2)
        return;
    struct mr_buf left = {0};
    mr_buf_append(&left, sink.waiting.data + sink.written, sink.waiting.length - sink.written);
    mr_buf_free(&sink.waiting);
    sink.waiting = left;
    sink.written = 0;
}

void mr_log_sink_write(const char *line, size_t length)
{
    size_t done = mr_log_sink_flush() ? write_some(line, length) : 0;
    size_t waiting = sink.waiting.length - sink.written;
    if (done == length)
        return;
    if (done == 0 && waiting + length > MR_LOG_BUFFER) {
        sink.dropped++;
        return;
    }
    tidy();
    mr_buf_append(&sink.waiting, line + done, length - done);
}

uint64_t mr_log_sink_dropped(void)
{
    return sink.dropped;
}

bool mr_log_sink_is_terminal(void)
{
    return isatty(sink.fd) == 1;
}

/* Gives lines that wait a last chance. */
static void close_sink(void)
{
    uint64_t now, until = mr_clock_ms() + LAST_MS;
    while (!mr_log_sink_flush() && (now = mr_clock_ms()) < until) {
        struct pollfd end = {.fd = sink.fd, .events = POLLOUT};
        poll(&end, 1, (int)(until - now));
    }
}

int mr_log_sink_open(const char *path)
{
    enum means means = BY_FLAG;
    int fd = path != NULL ? open_file(path) : open_stderr(&means);
    if (fd < 0)
        return fd;
    if (path != NULL)
        fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK); /* a FIFO, as a file, may have a slow reader */
    if (sink.fd != STDERR_FILENO)
        close(sink.fd);
    sink.fd = fd;
    sink.means = means;
    if (!sink.is_closing)
        sink.is_closing = atexit(close_sink) == 0;
    return 0;
}
