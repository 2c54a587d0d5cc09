/* Lua cannot be interrupted in a C function, such as string.find. So a child reads the file, and
 * the parent kills a child that does not come to an end. The values come back through a pipe. */
#include "lua/config_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lua/config_file.h"

static void write_all(int fd, const struct mr_buf *buf)
{
    size_t done = 0;
    while (done < buf->length) {
        ssize_t written = write(fd, buf->data + done, buf->length - done);
        if (written < 0 && errno != EINTR)
            _exit(1);
        done += written > 0 ? (size_t)written : 0;
    }
}

/* Runs in the child. The parent's handlers of signals share their pipes with it, so none may run.
 */
static _Noreturn void be_child(int fd, struct mr_config *config, const char *file)
{
    struct mr_errors errors = {0};
    struct mr_buf out = {0};
    sigset_t all;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    mr_config_file(config, file, &errors);
    mr_buf_put_u64(&out, errors.count);
    mr_buf_put_bytes(&out, errors.text.data, errors.text.length);
    mr_config_encode_from(config, file, &out);
    write_all(fd, &out);
    _exit(0);
}

/* Reads until the child closes its end. Returns false if it does not in time. */
static bool read_all(int fd, uint64_t until, struct mr_buf *in)
{
    enum { STEP = 65536 };
    for (;;) {
        uint64_t now = mr_clock_ms();
        struct pollfd end = {.fd = fd, .events = POLLIN};
        int found = now < until ? poll(&end, 1, (int)(until - now)) : 0;
        if (found == 0)
            return false;
        ssize_t got = found > 0 ? read(fd, mr_buf_reserve(in, STEP), STEP) : -1;
        if (got == 0)
            return true;
        if (got > 0)
            in->length += (size_t)got;
        else if (errno != EINTR)
            return true;
    }
}

static void take(struct mr_config *config, const char *file, const struct mr_buf *in,
                 struct mr_errors *errors)
{
    struct mr_reader reader = {.at = in->data, .end = in->data + in->length};
    uint64_t count = mr_reader_u64(&reader);
    struct mr_bytes text = mr_reader_bytes(&reader);
    if (reader.failed || !mr_config_decode_from(config, file, &reader)) {
        mr_errors_add(errors, "%s: the process that reads it has crashed", file);
        return;
    }
    mr_buf_append(&errors->text, text.data, text.length);
    errors->count += count;
}

static void be_parent(pid_t child, int fd, struct mr_config *config, const char *file,
                      struct mr_errors *errors)
{
    struct mr_buf in = {0};
    bool in_time = read_all(fd, mr_clock_ms() + MR_CONFIG_READ_TIME, &in);
    if (!in_time)
        kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (in_time)
        take(config, file, &in, errors);
    else
        mr_errors_add(errors, "%s: the configuration does not come to an end within %d ms", file,
                      MR_CONFIG_READ_TIME);
    mr_buf_free(&in);
}

void mr_config_process_file(struct mr_config *config, const char *file, struct mr_errors *errors)
{
    int ends[2];
    pid_t child = -1;
    if (pipe2(ends, O_CLOEXEC) == 0)
        child = fork();
    else
        ends[0] = ends[1] = -1;
    if (child == 0)
        be_child(ends[1], config, file);
    if (child < 0)
        mr_errors_add(errors, "%s: cannot start a process to read it: %s", file, strerror(errno));
    if (ends[1] >= 0)
        close(ends[1]);
    if (child > 0)
        be_parent(child, ends[0], config, file, errors);
    if (ends[0] >= 0)
        close(ends[0]);
}
