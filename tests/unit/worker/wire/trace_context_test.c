#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker/wire/trace_context.h"

enum { MOST = 6 };

#define HEADER(name, value)                                                                        \
    {                                                                                              \
        MR_BYTES(name), MR_BYTES(value)                                                            \
    }
#define PARENT  HEADER("traceparent", "00-a-b-01")
#define STATE   HEADER("tracestate", "v=1")
#define BAGGAGE HEADER("Baggage", "user=7")
#define OTHER   HEADER("x", "1")

static size_t count_of(const struct mr_pair *headers)
{
    size_t count = 0;
    while (count < MOST && headers[count].name.data != NULL)
        count++;
    return count;
}

static void the_context_of_a_message_goes_with_what_its_handler_sends(void **state)
{
    static const struct {
        const char *what;
        struct mr_pair message[MOST], record[MOST], sent[MOST];
    } rows[] = {
        {"nothing", {OTHER}, {OTHER}, {OTHER}},
        {"no headers at all", {{{0}, {0}}}, {{{0}, {0}}}, {{{0}, {0}}}},
        {"all three, behind the record's own",
         {OTHER, PARENT, STATE, BAGGAGE},
         {HEADER("y", "2")},
         {HEADER("y", "2"), PARENT, STATE, BAGGAGE}},
        {"to a record without headers", {PARENT}, {{{0}, {0}}}, {PARENT}},
        {"two of a name, in their order",
         {STATE, PARENT, HEADER("tracestate", "w=2")},
         {{{0}, {0}}},
         {STATE, PARENT, HEADER("tracestate", "w=2")}},
        {"the script's own parent brings its own state",
         {PARENT, STATE, BAGGAGE},
         {HEADER("TraceParent", "mine")},
         {HEADER("TraceParent", "mine"), BAGGAGE}},
        {"the script's own state",
         {PARENT, STATE},
         {HEADER("tracestate", "mine")},
         {HEADER("tracestate", "mine"), PARENT}},
        {"all of them the script's own",
         {PARENT, STATE, BAGGAGE},
         {BAGGAGE, PARENT},
         {BAGGAGE, PARENT}},
        {"longer names", {HEADER("traceparents", "1"), HEADER("baggag", "2")}, {OTHER}, {OTHER}},
    };
    struct mr_trace_context trace = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct mr_outgoing record = {.topic = "t",
                                           .partition = 3,
                                           .headers = rows[i].record,
                                           .header_count = count_of(rows[i].record)};
        const struct mr_outgoing *sent =
            mr_trace_context_pass(&trace, rows[i].message, count_of(rows[i].message), &record);
        if (sent->header_count != count_of(rows[i].sent) || sent->partition != 3)
            fail_msg("%s: %zu headers", rows[i].what, sent->header_count);
        for (size_t at = 0; at < sent->header_count; at++)
            if (!mr_bytes_equal(sent->headers[at].name, rows[i].sent[at].name) ||
                !mr_bytes_equal(sent->headers[at].value, rows[i].sent[at].value))
                fail_msg("%s: header %zu is %.*s", rows[i].what, at,
                         (int)sent->headers[at].name.length, sent->headers[at].name.data);
    }
    mr_trace_context_free(&trace);
}

static void a_record_that_nothing_goes_with_is_not_copied(void **state)
{
    static const struct mr_pair headers[] = {PARENT};
    struct mr_trace_context trace = {0};
    const struct mr_outgoing record = {.headers = headers, .header_count = 1};
    (void)state;
    assert_ptr_equal(mr_trace_context_pass(&trace, headers, 0, &record), &record);
    assert_ptr_equal(mr_trace_context_pass(&trace, headers, 1, &record), &record);
    assert_null(trace.headers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_context_of_a_message_goes_with_what_its_handler_sends),
        cmocka_unit_test(a_record_that_nothing_goes_with_is_not_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
