/* Makes docs/METRICS.md from the table of metrics and from what the exposition shows of it. */
#include "a_view.h"
#include "made.h"
#include "master/exposition.h"

static const char page[] = "docs/METRICS.md";

static const char head[] =
    "# Metrics\n"
    "\n"
    "<!-- Made from src/base/metrics.c by `unit_master_metrics_page_test --write`. -->\n"
    "\n"
    "`GET /metrics` of the admin listener (`admin.listen`, `127.0.0.1:8080`) answers in the text\n"
    "format of Prometheus. Each name begins with the service's name, which is left out here:\n"
    "`_messages_received_total` is `moonroute_messages_received_total` by default. A character of\n"
    "`service` that no metric's name may have becomes `_`. [STABILITY.md](STABILITY.md#metrics) "
    "says\n"
    "which parts are stable, and [EVENTS.md](EVENTS.md) has the log events that the table names.\n"
    "\n"
    "- A metric without the label `worker` is the sum over the workers. `worker` is the number of "
    "a\n"
    "  worker's slot, from 0.\n"
    "- Counters belong to the router: if a worker dies, nothing of them is lost. They begin at 0 "
    "when\n"
    "  the router starts. The gauges of a dead worker are 0 until another worker takes its "
    "place.\n";

struct advice {
    const char *name, *unit;
    const char *text;
};

/* One row per metric: its unit, and when to worry or what to do. */
static const struct advice advices[] = {
    {"messages_received_total", "messages",
     "Worry if the rate is 0 while the groups' lag grows: see `/health/ready`. A rate far above "
     "that of `_messages_processed_total` for minutes means slow handlers or many retries."},
    {"messages_processed_total", "messages",
     "`success`: the handler returned. `error`: a request was answered with `router.fail`. "
     "`dead_letter`: all attempts failed. `expired`: the request was past its deadline "
     "(`rpc.drop_expired`). Worry if the share of `dead_letter` or `error` rises: `handler_failed` "
     "in the log names the reason. Messages of a retry topic count for the topic that they came "
     "from, when they are done."},
    {"message_processing_duration_seconds", "seconds",
     "Compare with the usual: a rise is a slower script, or a slower service behind "
     "`router.request`. Above `drain_timeout`, rebalances abandon handlers."},
    {"retry_attempts_total", "handlers",
     "Worry if the rate rises: something behind the scripts fails. `handler_failed` names it."},
    {"retry_moves_total", "messages",
     "Nothing at a few per minute. At a high rate, many messages wait for long retries: look at "
     "`retry.base` and `retry.cap`, and at the reason of the failures."},
    {"messages_sent_total", "records",
     "Replies, requests, published records, retries and dead letters count. Worry if the rate is "
     "0 while messages are received and scripts should answer: see `output_unacknowledged`."},
    {"message_publish_duration_seconds", "seconds",
     "Worry above 0.5 s: a leader or replica of an output topic is slow or missing. Run "
     "`kafka-topics.sh --describe` on it."},
    {"dlq_messages_total", "messages",
     "Worry at any rise that you do not know. Read the dead letters: their headers have the error "
     "and the traceback."},
    {"dlq_blocked_partitions", "partitions",
     "Worry above 0: these partitions stand still. `dead_letter_blocked` names the topic and the "
     "reason. Create it, allow WRITE on it, or raise its `max.message.bytes`."},
    {"damaged_partitions", "partitions",
     "Worry above 0: these partitions stand still. `partition_damaged` names the topic, the "
     "partition and the offset. Restore the batch, or move the group's offset behind it."},
    {"transactions_stalled", "workers",
     "Worry above 0 for a minute: messages of exactly-once routes wait. `output_stalled` and "
     "`transactions_stalled` name the topic or the reason."},
    {"oldest_handler_seconds", "seconds",
     "Worry if it passes the longest time that a handler should take: `handler_old` names a "
     "message "
     "whose handler does not end. `budget.total` bounds it."},
    {"log_lines_dropped_total", "lines",
     "Worry above 0: the reader of the log is too slow or has stopped. Use `log.file`, or raise "
     "`log.level`."},
    {"oldest_unacknowledged_seconds", "seconds",
     "Worry from 10 on: `records_unacknowledged` names a partition whose messages wait. Run "
     "`kafka-topics.sh --describe` for the topics that its script writes to."},
    {"active_consumers", "consumers",
     "It is the number of groups times the number of workers. If it is lower for a minute, see "
     "`/health` and `worker_died`. It does not show if a consumer has joined: `/health/ready` "
     "does."},
    {"active_producers", "producers",
     "It is the number of workers, or twice as many with exactly-once routes. If it is lower for a "
     "minute, see `worker_died`. A producer that sends refused records one by one does not count."},
    {"clients_ending", "clients",
     "Worry if it stays above 0 for minutes: see `group_not_closed`. Restart the router at a quiet "
     "moment; the process ends anyway."},
    {"uptime_seconds", "seconds",
     "A fall means that the router was started again. If nobody did that, look for the reason in "
     "the supervisor's log and in `dmesg`."},
    {"messages_in_flight", "messages",
     "Worry if it stays at `concurrency` times the number of routes and workers: handlers wait for "
     "a slow service, or `concurrency` is too low."},
    {"messages", "messages",
     "Shows where messages wait; a state that was never entered has no series. Worry if `blocked`, "
     "`forward_retry`, `unrouted` or `unjudged` stays above 0: see `dead_letter_blocked`. The "
     "states are in [ARCHITECTURE.md](ARCHITECTURE.md), \"A job's life\"."},
    {"circuit_breaker_state", "state",
     "Worry at 2: the service behind the breaker fails. `breaker_opened` has the moment. A breaker "
     "of a worker that died counts as closed."},
    {"circuit_breaker_rejected_total", "calls",
     "A rise means that handlers fail at once with 503, because a service behind them fails. It "
     "ends when the breaker closes."},
    {"reloads_total", "reloads",
     "Worry if `failed` rises: the workers go on with the old scripts. `reload_refused` has file "
     "and line."},
    {"worker_restarts_total", "workers",
     "Worry at any rise. `signal`: somebody else killed the worker, or it crashed. `exit`: it "
     "ended "
     "by itself. `budget`: a handler passed its budget and could not be stopped. `wedged`: its "
     "loop "
     "stood still. `memory`: its scripts kept too much. `fenced`: another member has its name. "
     "See \"Causes of death\" in [EVENTS.md](EVENTS.md#causes-of-death)."},
    {"lua_memory_bytes", "bytes",
     "Worry if it only grows: `_lua_script_memory_bytes` shows the script. It may pass the largest "
     "`budget.memory` for a moment. LuaJIT's own code and the buffers of librdkafka come on top."},
    {"lua_script_memory_bytes", "bytes",
     "Worry near `budget.memory` of the script's route: new messages of the script wait then "
     "(`memory_full`). Look for a table that grows in its globals or modules."},
    {"topics_missing", "topics",
     "Worry above 0: a dead letter would block its partition. `topic_missing` and "
     "`topic_not_created` name the topics. Worker 0 looks for them."},
    {"response_topics_unavailable", "topics",
     "Worry above 0 for a minute: requests of handlers fail or time out. "
     "`response_topic_unavailable` names the topic and the reason."},
    {"rpc_pending", "requests",
     "Worry if it grows towards `rpc.max_pending` per worker: a service behind the handlers is "
     "slow. Further requests fail."},
    {"rpc_timeouts_total", "requests",
     "Worry at a rise: the service that was asked is slow or down, or its replies do not come. "
     "Compare with `_rpc_late_replies_total`."},
    {"rpc_late_replies_total", "replies",
     "As many as time-outs: the service works, and needs longer than `rpc.timeout`. Far fewer: its "
     "replies are lost, or it is down."},
};

static const struct advice *advice_of(const char *name)
{
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
        if (strcmp(advices[i].name, name) == 0)
            return &advices[i];
    return NULL;
}

/* Returns true if the label's values are the user's, or too many for the page. */
static bool is_open(const char *label)
{
    static const char *const open[] = {"topic", "worker", "name", "script", "le"};
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        if (strcmp(label, open[i]) == 0)
            return true;
    return false;
}

/* Appends each value that the label has in the samples. */
static void append_values(struct mr_buf *out, const char *samples, const char *label)
{
    char pair[128], opening[64];
    const char *before = " (";
    snprintf(opening, sizeof(opening), "%s=\"", label);
    for (const char *at = samples; (at = strstr(at, opening)) != NULL; at++) {
        const char *value = at + strlen(opening);
        int length = (int)strcspn(value, "\"");
        snprintf(pair, sizeof(pair), "%s%.*s\"", opening, length, value);
        if (strstr(samples, pair) != at)
            continue;
        mr_buf_printf(out, "%s`%.*s`", before, length, value);
        before = ", ";
    }
    mr_buf_string(out, ")");
}

/* Appends the labels of a metric's samples, as the first of them has them. */
static void append_labels(struct mr_buf *out, const char *samples)
{
    const char *brace = samples + strcspn(samples, "{\n"), *before = "";
    for (const char *at = brace; *at == '{' || *at == ',';) {
        char label[32];
        snprintf(label, sizeof(label), "%.*s", (int)strcspn(at + 1, "="), at + 1);
        mr_buf_printf(out, "%s`%s`", before, label);
        if (!is_open(label))
            append_values(out, samples, label);
        before = ", ";
        at = strchr(at, '"') + 1;
        at += strcspn(at, "\"") + 1;
    }
}

/* Returns the samples of one metric; `text` is the whole exposition. */
static struct mr_buf samples_of(const char *text, const char *name)
{
    char type[128];
    struct mr_buf samples = {0};
    snprintf(type, sizeof(type), "# TYPE shop_%s ", name);
    const char *begin = strchr(strstr(text, type), '\n') + 1;
    const char *end = strchr(begin, '#');
    mr_buf_append(&samples, begin, end == NULL ? strlen(begin) : (size_t)(end - begin));
    return samples;
}

static void append_row(struct mr_buf *out, const struct mr_metric *metric, const char *exposition)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    const struct advice *advice = advice_of(metric->name);
    struct mr_buf samples = samples_of(exposition, metric->name);
    mr_buf_printf(out, "| `_%s` | %s | ", metric->name, kinds[metric->kind]);
    append_labels(out, mr_buf_text(&samples));
    mr_buf_printf(out, " | %s | %s | %s |\n", advice == NULL ? "" : advice->unit, metric->help,
                  advice == NULL ? "" : advice->text);
    mr_buf_free(&samples);
}

/* Prints a board that has a row of every kind. */
static struct mr_buf exposition(void)
{
    void *a = NULL;
    struct mr_buf out = {0};
    assert_int_equal(set_up_view(&a), 0);
    struct mr_slot *slot = &((struct a_view *)a)->board.slots[0];
    struct mr_topic_row *orders = &slot->topics[mr_slot_topic(slot, "orders")];
    for (enum mr_job_state state = 0; state < MR_JOB_SETTLED; state++)
        mr_messages_enter(orders, state);
    mr_slot_breaker(slot, "payments");
    mr_slot_script(slot, "orders.lua");
    mr_exposition(&((struct a_view *)a)->view, &out);
    tear_down_view(&a);
    return out;
}

static void append_bounds(struct mr_buf *out)
{
    mr_buf_printf(out,
                  "- A worker has room for %d topics, %d circuit breakers and %d scripts. Messages "
                  "of further\n"
                  "  topics count as the topic `other`; further breakers and scripts are not "
                  "shown.\n"
                  "- The buckets of histograms end at (s):",
                  MR_SLOT_TOPICS - 1, MR_SLOT_BREAKERS, MR_SLOT_SCRIPTS);
    for (int i = 0; i < MR_BUCKETS; i++)
        mr_buf_printf(out, "%s%s%g", i == 0 ? "" : ",", i == 9 ? "\n  " : " ",
                      (double)mr_bucket_bounds[i] / 1e9);
    mr_buf_string(out,
                  ".\n\n| name | type | labels | unit | meaning | what to do, or when to worry "
                  "|\n|---|---|---|---|---|---|\n");
}

static struct mr_buf made(void)
{
    struct mr_buf out = {0}, shown = exposition();
    mr_buf_string(&out, head);
    append_bounds(&out);
    for (const struct mr_metric *metric = mr_metrics; metric->name != NULL; metric++)
        append_row(&out, metric, mr_buf_text(&shown));
    mr_buf_free(&shown);
    return out;
}

static void every_metric_has_a_row_that_says_what_to_do(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct mr_metric *metric = mr_metrics; metric->name != NULL; metric++, count++)
        if (advice_of(metric->name) == NULL)
            fail_msg("%s has no row in `advices`: its unit, and what to do", metric->name);
    assert_int_equal(count, sizeof(advices) / sizeof(advices[0]));
}

static void a_unit_in_a_name_is_the_metrics_unit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
        const char *name = advices[i].name;
        assert_int_equal(strstr(name, "_seconds") != NULL, strcmp(advices[i].unit, "seconds") == 0);
        assert_int_equal(strstr(name, "_bytes") != NULL, strcmp(advices[i].unit, "bytes") == 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_has_a_row_that_says_what_to_do),
        cmocka_unit_test(a_unit_in_a_name_is_the_metrics_unit),
        MADE_TEST(page, made),
    };
    return is_to_write(argc, argv) ? write_made(page, made)
                                   : cmocka_run_group_tests(tests, NULL, NULL);
}
