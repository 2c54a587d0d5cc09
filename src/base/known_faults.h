/* Known faults of a library, by its version. A table of them is a source file beside the rooms that
 * use the library. `moonroute version` prints the faults of the version that is linked. The unit
 * test of a table holds it against its page in docs. */
#ifndef MR_BASE_KNOWN_FAULTS_H
#define MR_BASE_KNOWN_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A row without `fault` ends a table. */
struct mr_known_fault {
    const char *fault, *affected; /* as in the first two columns of the page */
    uint64_t since, before;       /* the versions that have it: since <= version < before */
    const char *test;             /* as in the page; NULL: no test shows the fault */
};

/* `before` of a fault that no version is known to be without. */
#define MR_FAULT_REMAINS UINT64_MAX

static inline bool mr_known_fault_has(const struct mr_known_fault *fault, uint64_t version)
{
    return fault->since <= version && version < fault->before;
}

/* Counts the faults of the version that the version `other` has not. */
static inline size_t mr_known_faults_mended(const struct mr_known_fault *table, uint64_t version,
                                            uint64_t other)
{
    size_t count = 0;
    for (const struct mr_known_fault *row = table; row->fault != NULL; row++)
        count += mr_known_fault_has(row, version) && !mr_known_fault_has(row, other);
    return count;
}

#endif
