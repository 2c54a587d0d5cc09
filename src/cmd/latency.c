#include "cmd/latency.h"

#include <stdio.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

uint64_t mr_latency_quantile(const uint64_t *sorted, size_t count, size_t permille)
{
    size_t rank = (count * permille + 999) / 1000;
    return count == 0 ? 0 : sorted[rank == 0 ? 0 : rank - 1];
}

void mr_latency_print(struct mr_asking *asking)
{
    static const size_t permilles[] = {500, 900, 990, 999, 1000};
    double seconds = (double)(asking->ended - asking->began) / 1e9;
    if (asking->answers > 0)
        qsort(asking->latencies, asking->answers, sizeof(asking->latencies[0]), by_value);
    printf("%-12s %12zu\n%-12s %12zu\n%-12s %12zu\n%-12s %12zu\n%-12s %12.1f\n", "requests",
           asking->count, "answered", asking->answers - asking->errors, "errors", asking->errors,
           "timed out", asking->timeouts, "a second", (double)asking->answers / seconds);
    for (size_t i = 0; asking->answers > 0 && i < sizeof(permilles) / sizeof(permilles[0]); i++)
        printf("p%-11g %9.2f ms\n", (double)permilles[i] / 10,
               (double)mr_latency_quantile(asking->latencies, asking->answers, permilles[i]) / 1e6);
}
