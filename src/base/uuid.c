#include "base/uuid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <uuid/uuid.h>

#include "base/panic.h"

/* Random bytes, fetched in bulk. uuid_generate_random() asks the kernel each time, which costs more
 * than the rest of a reply. Our processes never continue after a fork without an exec, so no two
 * processes share these bytes. */
static struct {
    unsigned char bytes[256 * sizeof(uuid_t)];
    size_t left;
} entropy;

static void refill(void)
{
    ssize_t got;
    do
        got = getrandom(entropy.bytes, sizeof(entropy.bytes), 0);
    while (got < 0 && errno == EINTR);
    MR_ASSERT(got >= (ssize_t)sizeof(uuid_t)); /* 256 bytes at once are never cut short */
    entropy.left = (size_t)got / sizeof(uuid_t);
}

void mr_uuid_text(char text[MR_UUID_SIZE])
{
    uuid_t id;
    if (entropy.left == 0)
        refill();
    entropy.left--;
    memcpy(id, entropy.bytes + entropy.left * sizeof(uuid_t), sizeof(uuid_t));
    id[6] = (unsigned char)((id[6] & 0x0f) | 0x40); /* version 4 */
    id[8] = (unsigned char)((id[8] & 0x3f) | 0x80); /* the variant of RFC 4122 */
    uuid_unparse_lower(id, text);
}
