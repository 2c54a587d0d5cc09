#include "worker/consumer/instance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/machine/host.h"

enum { NAME_MOST = MR_HOST_SIZE - 1, OTHERS = 0xffffff };

static void name_by_host(struct mr_instance *instance, uint64_t number)
{
    char host[MR_HOST_SIZE];
    mr_host_name(host);
    snprintf(instance->name, sizeof(instance->name), "%s-%" PRIu64, host, number);
}

static void add_other(struct mr_instance *instance, uint64_t other)
{
    size_t length = strlen(instance->name);
    if (other != 0)
        snprintf(instance->name + length, sizeof(instance->name) - length, "-%06" PRIx64, other);
}

void mr_instance_name(struct mr_instance *instance, const struct mr_config *config, uint64_t number,
                      struct mr_membership_row *row)
{
    const char *given = mr_config_string(config, "kafka.group_instance_id");
    uint64_t other = mr_cell_get(&row->other);
    *instance = (struct mr_instance){0};
    if (given[0] == '\0')
        return;
    if (strcmp(given, "auto") == 0) {
        name_by_host(instance, mr_cell_get(&row->number));
    } else {
        instance->lasting = other == 0;
        snprintf(instance->name, sizeof(instance->name), "%.*s-%" PRIu64, NAME_MOST, given, number);
    }
    add_other(instance, other);
    mr_note_write(&row->name, instance->name);
}

void mr_instance_fenced(struct mr_instance *instance, struct mr_membership_row *row)
{
    mr_log(MR_LOG_ERROR, "instance_fenced", MR_S("instance", instance->name),
           MR_S("message", "another member of the group has taken this name: two routers share one "
                           "kafka.group_instance_id, or two machines share one host name. A worker "
                           "of another name replaces this worker; give each router its own name"));
    instance->fenced = true;
    mr_note_write(&row->lost, instance->name);
    mr_cell_set(&row->other, 1 + (mr_clock_ns() ^ (uint64_t)getpid() << 7) % OTHERS);
    mr_cell_set(&row->fenced, mr_clock_ms());
}

bool mr_instance_stays(const struct mr_instance *instance, bool returns)
{
    return instance->name[0] != '\0' && !instance->fenced && (returns || instance->lasting);
}
