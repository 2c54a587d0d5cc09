#include "cmd/dev_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes the note's path. $XDG_RUNTIME_DIR belongs to the user. In /tmp the name contains the
 * user's id, and the note is ignored if another user owns it. */
static void path_of(char *path, size_t size)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime != NULL && runtime[0] == '/')
        snprintf(path, size, "%s/moonroute-dev", runtime);
    else
        snprintf(path, size, "/tmp/moonroute-dev-%u", (unsigned)getuid());
}

int mr_dev_file_write(const char *brokers)
{
    char path[4096], text[512];
    path_of(path, sizeof(path));
    unlink(path);
    int length = snprintf(text, sizeof(text), "%ld %s\n", (long)getpid(), brokers);
    if (length >= (int)sizeof(text))
        return -E2BIG;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, text, (size_t)length);
    close(fd);
    return written == length ? 0 : -EIO;
}

static bool is_own(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == getuid();
}

/* Reads the note. Returns the process that left it, with its broker, or 0 if there is none. */
static pid_t read_note(char *brokers, size_t size)
{
    char path[4096], text[512];
    path_of(path, sizeof(path));
    /* O_NONBLOCK: opening a pipe that somebody left there does not wait for its writer. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t length = is_own(fd) ? read(fd, text, sizeof(text) - 1) : -1;
    close(fd);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    char *space = strchr(text, ' ');
    if (space == NULL)
        return 0;
    space[1 + strcspn(space + 1, "\n")] = '\0';
    snprintf(brokers, size, "%s", space + 1);
    return (pid_t)strtol(text, NULL, 10);
}

void mr_dev_file_remove(void)
{
    char path[4096], brokers[512];
    path_of(path, sizeof(path));
    if (read_note(brokers, sizeof(brokers)) == getpid())
        unlink(path);
}

bool mr_dev_file_read(char *brokers, size_t size)
{
    pid_t pid = read_note(brokers, size);
    return pid > 0 && kill(pid, 0) == 0;
}
