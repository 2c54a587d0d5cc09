/* Prints the table of a run of requests. */
#ifndef MR_CMD_LATENCY_H
#define MR_CMD_LATENCY_H

#include "cmd/asking.h"

/* Prints the numbers of answers, errors and time-outs, the answers per second, and the quantiles of
 * the latencies. Sorts asking->latencies. */
void mr_latency_print(struct mr_asking *asking);
/* Returns the latency (ns) that `permille` in a thousand of the sorted latencies do not exceed, by
 * the nearest rank. Returns 0 if there are none. */
uint64_t mr_latency_quantile(const uint64_t *sorted, size_t count, size_t permille);

#endif
