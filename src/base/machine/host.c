#include "base/machine/host.h"

#include <string.h>
#include <unistd.h>

#include "base/topic.h"

void mr_host_name(char name[MR_HOST_SIZE])
{
    memset(name, 0, MR_HOST_SIZE);
    gethostname(name, MR_HOST_SIZE - 1);
    for (char *at = name; *at != '\0'; at++)
        if (!mr_topic_legal((struct mr_bytes){at, 1}) && *at != '.')
            *at = '-';
}
