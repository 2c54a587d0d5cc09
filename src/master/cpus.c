#include "master/cpus.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads the first line of ROOT/FOLDER/FILE. Returns false if there is none. */
static bool read_line(const char *root, const char *folder, const char *file, char *line,
                      size_t size)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s%s/%s", root, folder, file) >= (int)sizeof(path))
        return false;
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return false;
    bool found = fgets(line, (int)size, stream) != NULL;
    fclose(stream);
    return found;
}

static uint64_t least(uint64_t cpus, long long quota, long long period)
{
    if (quota <= 0 || period <= 0) /* no limit */
        return cpus;
    uint64_t allowed = (uint64_t)((quota + period - 1) / period);
    return allowed < cpus ? allowed : cpus;
}

static uint64_t limit_v2(uint64_t cpus, const char *root, const char *folder)
{
    char line[128];
    long long quota, period;
    if (!read_line(root, folder, "cpu.max", line, sizeof(line)) ||
        sscanf(line, "%lld %lld", &quota, &period) != 2) /* "max 100000" has no quota */
        return cpus;
    return least(cpus, quota, period);
}

static uint64_t limit_v1(uint64_t cpus, const char *root, const char *folder)
{
    char quota[64], period[64], base[PATH_MAX];
    snprintf(base, sizeof(base), "%s/cpu", root);
    if (!read_line(base, folder, "cpu.cfs_quota_us", quota, sizeof(quota)) ||
        !read_line(base, folder, "cpu.cfs_period_us", period, sizeof(period)))
        return cpus;
    return least(cpus, atoll(quota), atoll(period));
}

/* Applies `limit` to the folder and to all its parents, because a parent's quota binds its children
 * too. In a container the path may be the host's; then only the root exists. */
static uint64_t limit_upwards(uint64_t cpus, const char *root, char *folder,
                              uint64_t (*limit)(uint64_t, const char *, const char *))
{
    for (;;) {
        cpus = limit(cpus, root, folder);
        char *slash = strrchr(folder, '/');
        if (slash == NULL)
            return cpus;
        *slash = '\0';
    }
}

static bool names_cpu(const char *controllers)
{
    return strcmp(controllers, "cpu") == 0 || strncmp(controllers, "cpu,", 4) == 0 ||
           strstr(controllers, ",cpu,") != NULL;
}

uint64_t mr_cpus_within(uint64_t affinity, const char *self, const char *root)
{
    FILE *stream = fopen(self, "re");
    if (stream == NULL)
        return affinity;
    char line[PATH_MAX + 256];
    while (fgets(line, sizeof(line), stream) != NULL) { /* HIERARCHY:CONTROLLERS:FOLDER */
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *folder = controllers ? strchr(controllers + 1, ':') : NULL;
        if (folder == NULL)
            continue;
        *folder++ = '\0';
        controllers++;
        if (*controllers == '\0')
            affinity = limit_upwards(affinity, root, folder, limit_v2);
        else if (names_cpu(controllers))
            affinity = limit_upwards(affinity, root, folder, limit_v1);
    }
    fclose(stream);
    return affinity;
}

uint64_t mr_cpus(void)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t affinity = online > 0 ? (uint64_t)online : 1;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        affinity = (uint64_t)CPU_COUNT(&set);
    uint64_t cpus = mr_cpus_within(affinity, "/proc/self/cgroup", "/sys/fs/cgroup");
    return cpus > 0 ? cpus : 1;
}
