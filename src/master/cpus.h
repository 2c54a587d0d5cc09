/* Counts the CPUs that this process may use: its affinity, limited by the quota of its control
 * group (a container's --cpus). */
#ifndef MR_MASTER_CPUS_H
#define MR_MASTER_CPUS_H

#include <stdint.h>

/* Returns at least 1. */
uint64_t mr_cpus(void);

/* Returns `affinity`, limited by the quotas found. `self` is read as /proc/self/cgroup, and `root`
 * as /sys/fs/cgroup. If a file cannot be read, it limits nothing. */
uint64_t mr_cpus_within(uint64_t affinity, const char *self, const char *root);

#endif
