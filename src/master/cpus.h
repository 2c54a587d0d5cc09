/* How many CPUs this process may use: its affinity, and the quota of its control group (a
 * container's --cpus). */
#ifndef MR_MASTER_CPUS_H
#define MR_MASTER_CPUS_H

#include <stdint.h>

/* At least 1. */
uint64_t mr_cpus(void);

/* The same from what is given: `self` as /proc/self/cgroup, `root` as /sys/fs/cgroup; what cannot
 * be read limits nothing. */
uint64_t mr_cpus_within(uint64_t affinity, const char *self, const char *root);

#endif
