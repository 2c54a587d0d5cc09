#include "cmd/dev_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* $XDG_RUNTIME_DIR is the user's own; in /tmp the name says whose it is, and only a file of that
 * user's is believed. */
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
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int length = snprintf(text, sizeof(text), "%ld %s\n", (long)getpid(), brokers);
    ssize_t written = write(fd, text, (size_t)length);
    close(fd);
    return written == length ? 0 : -EIO;
}

void mr_dev_file_remove(void)
{
    char path[4096];
    path_of(path, sizeof(path));
    unlink(path);
}

static bool is_own(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == getuid();
}

bool mr_dev_file_read(char *brokers, size_t size)
{
    char path[4096], text[512];
    long pid = 0;
    path_of(path, sizeof(path));
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = is_own(fd) ? read(fd, text, sizeof(text) - 1) : -1;
    close(fd);
    if (length <= 0)
        return false;
    text[length] = '\0';
    char *space = strchr(text, ' ');
    if (space == NULL || (pid = strtol(text, NULL, 10)) <= 0 || kill((pid_t)pid, 0) != 0)
        return false;
    space[1 + strcspn(space + 1, "\n")] = '\0';
    snprintf(brokers, size, "%s", space + 1);
    return true;
}
