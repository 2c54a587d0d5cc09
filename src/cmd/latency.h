/* The table of a run of requests. */
#ifndef MR_CMD_LATENCY_H
#define MR_CMD_LATENCY_H

#include "cmd/asking.h"

/* Prints how many were answered, with what, how fast, and the quantiles of their latencies. Sorts
 * asking->latencies. */
void mr_latency_print(struct mr_asking *asking);
/* The latency (ns) that so many in a thousand of the sorted ones do not exceed, by the nearest
 * rank; 0 of none. */
uint64_t mr_latency_quantile(const uint64_t *sorted, size_t count, size_t permille);

#endif
