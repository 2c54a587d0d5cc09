#include "worker/wire/trace_context.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "worker/wire/headers.h"

enum kind { NONE, TRACEPARENT, TRACESTATE, BAGGAGE, KINDS };

static enum kind kind_of(const struct mr_pair *header)
{
    static const struct mr_bytes names[KINDS] = {[TRACEPARENT] = {"traceparent", 11},
                                                 [TRACESTATE] = {"tracestate", 10},
                                                 [BAGGAGE] = {"baggage", 7}};
    for (enum kind kind = TRACEPARENT; kind < KINDS; kind++)
        if (mr_header_is(header, names[kind]))
            return kind;
    return NONE;
}

/* Returns the kinds of trace headers that are present, one bit per kind. */
static unsigned kinds_in(const struct mr_pair *headers, size_t count)
{
    unsigned kinds = 0;
    for (size_t i = 0; i < count; i++)
        kinds |= 1U << kind_of(&headers[i]);
    return kinds & ~(1U << NONE);
}

static void begin(struct mr_trace_context *trace, const struct mr_outgoing *record, size_t most)
{
    if (most > trace->capacity) {
        trace->headers = mr_realloc(trace->headers, most * sizeof(trace->headers[0]));
        trace->capacity = most;
    }
    trace->record = *record;
    trace->record.headers = trace->headers;
    if (record->header_count > 0)
        memcpy(trace->headers, record->headers, record->header_count * sizeof(trace->headers[0]));
}

const struct mr_outgoing *mr_trace_context_pass(struct mr_trace_context *trace,
                                                const struct mr_pair *headers, size_t count,
                                                const struct mr_outgoing *record)
{
    unsigned wanted = kinds_in(headers, count);
    if (wanted == 0)
        return record;
    unsigned own = kinds_in(record->headers, record->header_count);
    if (own & 1U << TRACEPARENT)
        own |= 1U << TRACESTATE;
    if ((wanted & ~own) == 0)
        return record;
    begin(trace, record, record->header_count + count);
    for (size_t i = 0; i < count; i++)
        if (1U << kind_of(&headers[i]) & wanted & ~own)
            trace->headers[trace->record.header_count++] = headers[i];
    return &trace->record;
}

void mr_trace_context_free(struct mr_trace_context *trace)
{
    free(trace->headers);
    *trace = (struct mr_trace_context){0};
}
