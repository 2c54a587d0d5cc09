#include "base/machine/claim.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/panic.h"

/* Binds a name in the kernel's own name space of sockets, not a file. The kernel frees the name
 * when the process ends, however it ends. Returns as bind(2) does. */
static int bind_name(int fd, uint64_t name, unsigned number)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
                          "moonroute/%016llx/%u", (unsigned long long)name, number);
    return bind(fd, (const struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length));
}

void mr_claim_lowest(struct mr_claim *claim, const char *name)
{
    mr_claim_from(claim, name, 0);
}

void mr_claim_from(struct mr_claim *claim, const char *name, unsigned first)
{
    /* A socket's name has room for about a hundred bytes. */
    uint64_t hashed = mr_hash(mr_bytes_of(name));
    claim->number = first;
    claim->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    MR_ASSERT(claim->fd > 0);
    while (bind_name(claim->fd, hashed, claim->number) != 0)
        MR_ASSERT(++claim->number < UINT16_MAX);
}

void mr_claim_release(struct mr_claim *claim)
{
    if (claim->fd > 0)
        close(claim->fd);
    claim->fd = 0;
}
