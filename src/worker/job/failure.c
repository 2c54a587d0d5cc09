#include "worker/job/failure.h"

#include <string.h>

#include "base/panic.h"

struct mr_bytes mr_failure_cut(struct mr_bytes text, size_t most)
{
    if (text.length <= most)
        return text;
    while (most > 0 && ((unsigned char)text.data[most] & 0xc0) == 0x80)
        most--;
    return (struct mr_bytes){text.data, most};
}

static struct mr_bytes put(char **to, struct mr_bytes text)
{
    struct mr_bytes copy = {*to, text.length};
    if (text.length > 0)
        memcpy(*to, text.data, text.length);
    *to += text.length;
    return copy;
}

struct mr_failure *mr_failure_new(const struct mr_fault *fault)
{
    struct mr_bytes message = mr_failure_cut(fault->message, MR_FAILURE_MESSAGE);
    struct mr_bytes trace = mr_failure_cut(fault->trace, MR_FAILURE_TRACE);
    struct mr_bytes name = mr_failure_cut(fault->name, MR_FAILURE_MESSAGE);
    struct mr_failure *failure =
        mr_alloc(sizeof(*failure) + message.length + name.length + trace.length);
    char *to = (char *)(failure + 1);
    *failure = (struct mr_failure){.fault = *fault};
    failure->fault.message = put(&to, message);
    failure->fault.name = put(&to, name);
    failure->fault.trace = put(&to, trace);
    return failure;
}

struct mr_fault mr_failure_own(enum mr_fault_kind kind, const char *message)
{
    return (struct mr_fault){.kind = kind,
                             .status = 500,
                             .message = mr_bytes_of(message),
                             .name = MR_BYTES("InternalServerError")};
}
