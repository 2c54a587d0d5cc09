/* Trace context: the headers traceparent, tracestate (W3C Trace Context) and baggage (W3C Baggage).
 * Those of a message are added to the records that its handler sends, replies included, unless the
 * script sets them. A tracestate belongs to its traceparent: if the script sets the traceparent,
 * the message's tracestate is not added. */
#ifndef MR_WORKER_WIRE_TRACE_CONTEXT_H
#define MR_WORKER_WIRE_TRACE_CONTEXT_H

#include <stddef.h>

#include "base/record.h"

struct mr_trace_context {
    struct mr_pair *headers;
    size_t capacity;
    struct mr_outgoing record;
};

/* Returns the record to send: `record` itself if nothing is added, else the trace's own, valid
 * until the next call. `headers` are the message's. */
const struct mr_outgoing *mr_trace_context_pass(struct mr_trace_context *trace,
                                                const struct mr_pair *headers, size_t count,
                                                const struct mr_outgoing *record);
void mr_trace_context_free(struct mr_trace_context *trace);

#endif
