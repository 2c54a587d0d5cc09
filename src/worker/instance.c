#include "worker/instance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/topic.h"

enum { NAME_MOST = 200, TAKEN_MOST = 0xffffff };

/* Kafka takes what may be a topic's name. */
static void host_name(char host[NAME_MOST + 1])
{
    memset(host, 0, NAME_MOST + 1);
    gethostname(host, NAME_MOST);
    for (char *at = host; *at != '\0'; at++)
        if (!mr_topic_legal((struct mr_bytes){at, 1}) && *at != '.')
            *at = '-';
}

static void name_by_host(struct mr_instance *instance, uint64_t number)
{
    char host[NAME_MOST + 1], claimed[NAME_MOST + 32];
    host_name(host);
    snprintf(claimed, sizeof(claimed), "group member %s", host);
    mr_claim_from(&instance->claim, claimed, (unsigned)number);
    snprintf(instance->name, sizeof(instance->name), "%s-%u", host, instance->claim.number);
}

void mr_instance_name(struct mr_instance *instance, const struct mr_config *config, uint64_t number,
                      const struct mr_slot *slot)
{
    const char *given = mr_config_string(config, "kafka.group_instance_id");
    uint64_t other = mr_cell_get(&slot->other_name);
    *instance = (struct mr_instance){0};
    if (given[0] == '\0')
        return;
    if (strcmp(given, "auto") == 0) {
        name_by_host(instance, number);
    } else {
        instance->lasting = other == 0;
        snprintf(instance->name, sizeof(instance->name), "%.*s-%" PRIu64, NAME_MOST, given, number);
    }
    size_t length = strlen(instance->name);
    if (other != 0)
        snprintf(instance->name + length, sizeof(instance->name) - length, "-%06" PRIx64, other);
}

void mr_instance_fenced(const struct mr_instance *instance, struct mr_slot *slot)
{
    mr_log(MR_LOG_ERROR, "instance_fenced", MR_S("instance", instance->name),
           MR_S("message",
                "another member of the group has taken this name: two routers were given one "
                "kafka.group_instance_id, or two machines have one host name. The worker is "
                "replaced by one of another name; give each router a name of its own"));
    mr_cell_set(&slot->other_name, 1 + (mr_clock_ns() ^ (uint64_t)getpid() << 7) % TAKEN_MOST);
}

void mr_instance_free(struct mr_instance *instance)
{
    mr_claim_release(&instance->claim);
}
