#include "harness/http.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "harness/test.h"

static int open_at(int port)
{
    const struct timeval limit = {.tv_sec = 5};
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void read_all(int fd, struct mr_buf *answer)
{
    char bytes[4096];
    for (ssize_t got; (got = read(fd, bytes, sizeof(bytes))) > 0;)
        mr_buf_append(answer, bytes, (size_t)got);
}

int http_get(int port, const char *path, char **body)
{
    struct mr_buf answer = {0};
    int status = 0;
    int fd = open_at(port);
    if (fd >= 0) {
        dprintf(fd, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n", path,
                port);
        read_all(fd, &answer);
        close(fd);
    }
    const char *text = mr_buf_text(&answer);
    const char *end = strstr(text, "\r\n\r\n");
    if (strncmp(text, "HTTP/1.", 7) == 0 && end != NULL)
        status = atoi(text + 9);
    if (body != NULL)
        *body = strdup(status == 0 ? "" : end + 4);
    mr_buf_free(&answer);
    return status;
}
