#include "master/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 64 };

static int open_at(const struct mr_address *address)
{
    const int on = 1;
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    /* After a restart the port is still in TIME_WAIT. If another socket listens on it, bind() fails
     * all the same. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&address->socket, address->length) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

static const char *advice(int error)
{
    if (error == EADDRINUSE)
        return "; is another router running? Set another port, or 0 for any";
    if (error == EACCES)
        return "; set a port above 1023";
    return "";
}

int mr_listen(struct mr_address *address, const char *key, struct mr_errors *errors)
{
    char text[MR_ADDRESS_TEXT];
    int fd = open_at(address);
    if (fd < 0) {
        mr_address_text(address, text);
        mr_errors_add(errors, "%s: cannot listen at %s: %s%s", key, text, strerror(-fd),
                      advice(-fd));
        return -1;
    }
    address->length = sizeof(address->socket);
    getsockname(fd, (struct sockaddr *)&address->socket, &address->length);
    return fd;
}
