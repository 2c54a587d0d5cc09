/* Trace context: the headers traceparent, tracestate (W3C Trace Context) and baggage (W3C Baggage)
 * of a message go with what its handler sends, replies included, unless the script sets them. A
 * tracestate belongs to its traceparent: where the script sets that, it does not go alone. */
#ifndef MR_WORKER_WIRE_TRACE_CONTEXT_H
#define MR_WORKER_WIRE_TRACE_CONTEXT_H

#include <stddef.h>

#include "base/record.h"

struct mr_trace {
    struct mr_pair *headers;
    size_t capacity;
    struct mr_outgoing record;
};

/* The record as it is to be sent: itself where nothing goes with it, else one of the trace's, good
 * until the next call. `headers` are the message's. */
const struct mr_outgoing *mr_trace_pass(struct mr_trace *trace, const struct mr_pair *headers,
                                        size_t count, const struct mr_outgoing *record);
void mr_trace_free(struct mr_trace *trace);

#endif
