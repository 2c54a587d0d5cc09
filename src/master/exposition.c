#include "master/exposition.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/panic.h"
#include "master/topics.h"

/* The context for writing one metric's lines. */
struct line {
    const struct mr_view *view;
    struct mr_buf *out;
    struct mr_buf name; /* SERVICE_NAME */
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void put_name(struct mr_buf *out, const char *service, const char *metric)
{
    if (is_digit(service[0]))
        mr_buf_string(out, "_");
    for (const char *at = service; *at; at++)
        mr_buf_append(out, is_letter(*at) || is_digit(*at) ? at : "_", 1);
    mr_buf_printf(out, "_%s", metric);
}

static void put_label_value(struct mr_buf *out, const char *value)
{
    for (const char *at = value; *at; at++) {
        if (*at == '\n')
            mr_buf_string(out, "\\n");
        else if (*at == '"' || *at == '\\')
            mr_buf_append(out, (char[]){'\\', *at}, 2);
        else
            mr_buf_append(out, at, 1);
    }
}

static void put_seconds(struct mr_buf *out, uint64_t nanoseconds)
{
    mr_buf_printf(out, " %" PRIu64 ".%09" PRIu64 "\n", nanoseconds / 1000000000u,
                  nanoseconds % 1000000000u);
}

static void put_plain(struct line *line, uint64_t value)
{
    mr_buf_printf(line->out, "%s %" PRIu64 "\n", line->name.data, value);
}

static void put_labelled(struct line *line, const char *label, const char *text, uint64_t value)
{
    mr_buf_printf(line->out, "%s{%s=\"%s\"} %" PRIu64 "\n", line->name.data, label, text, value);
}

static uint64_t counter_sum(const struct mr_scoreboard *board, int index)
{
    uint64_t sum = 0;
    for (uint64_t slot = 0; slot < board->slot_count; slot++)
        sum += mr_cell_get(&board->slots[slot].counters[index]);
    return sum;
}

static uint64_t gauge_sum(const struct mr_scoreboard *board, int index)
{
    uint64_t sum = 0;
    for (uint64_t slot = 0; slot < board->slot_count; slot++)
        sum += mr_cell_get(&board->slots[slot].gauges[index]);
    return sum;
}

static void put_each_gauge(struct line *line, int index)
{
    const struct mr_scoreboard *board = line->view->board;
    for (uint64_t slot = 0; slot < board->slot_count; slot++)
        mr_buf_printf(line->out, "%s{worker=\"%" PRIu64 "\"} %" PRIu64 "\n", line->name.data, slot,
                      mr_cell_get(&board->slots[slot].gauges[index]));
}

/* Writes a histogram. Its count is the sum of the buckets read, so that both always agree. */
static void put_histogram(struct line *line, int index)
{
    const struct mr_scoreboard *board = line->view->board;
    uint64_t count = 0, sum = 0;
    for (int bucket = 0; bucket <= MR_BUCKETS; bucket++) {
        for (uint64_t slot = 0; slot < board->slot_count; slot++)
            count += mr_cell_get(&board->slots[slot].histograms[index].buckets[bucket]);
        mr_buf_printf(line->out, "%s_bucket{le=\"", line->name.data);
        if (bucket < MR_BUCKETS)
            mr_buf_printf(line->out, "%g", (double)mr_bucket_bounds[bucket] / 1e9);
        else
            mr_buf_string(line->out, "+Inf");
        mr_buf_printf(line->out, "\"} %" PRIu64 "\n", count);
    }
    for (uint64_t slot = 0; slot < board->slot_count; slot++)
        sum += mr_cell_get(&board->slots[slot].histograms[index].sum);
    mr_buf_printf(line->out, "%s_sum", line->name.data);
    put_seconds(line->out, sum);
    mr_buf_printf(line->out, "%s_count %" PRIu64 "\n", line->name.data, count);
}

static void put_topics(struct line *line)
{
    struct mr_topic_sums *sums;
    size_t count = mr_topics_sum(line->view->board, &sums);
    for (size_t i = 0; i < count; i++) {
        for (int status = 0; status < MR_STATUSES; status++) {
            mr_buf_printf(line->out, "%s{topic=\"", line->name.data);
            put_label_value(line->out, sums[i].name);
            mr_buf_printf(line->out, "\",status=\"%s\"} %" PRIu64 "\n", mr_status_names[status],
                          sums[i].processed[status]);
        }
    }
    free(sums);
}

/* Writes the states of a topic that a message was ever in. So an idle topic has few lines, and no
 * line vanishes again. */
static void put_messages(struct line *line)
{
    struct mr_topic_sums *sums;
    size_t count = mr_topics_sum(line->view->board, &sums);
    for (size_t i = 0; i < count; i++) {
        for (int state = 0; state < MR_JOB_SETTLED; state++) {
            if (!sums[i].seen[state])
                continue;
            mr_buf_printf(line->out, "%s{topic=\"", line->name.data);
            put_label_value(line->out, sums[i].name);
            mr_buf_printf(line->out, "\",state=\"%s\"} %" PRIu64 "\n", mr_job_state_names[state],
                          sums[i].messages[state]);
        }
    }
    free(sums);
}

static void put_breakers(struct line *line, enum mr_metric_source source)
{
    const struct mr_scoreboard *board = line->view->board;
    for (uint64_t slot = 0; slot < board->slot_count; slot++) {
        const struct mr_breaker_row *row = board->slots[slot].breakers;
        for (uint64_t left = mr_slot_breakers(&board->slots[slot]); left > 0; left--, row++) {
            mr_buf_printf(line->out, "%s{name=\"", line->name.data);
            put_label_value(line->out, row->name);
            mr_buf_printf(line->out, "\",worker=\"%" PRIu64 "\"} %" PRIu64 "\n", slot,
                          mr_cell_get(source == MR_FROM_BREAKERS ? &row->state : &row->rejected));
        }
    }
}

static void put_scripts(struct line *line)
{
    const struct mr_scoreboard *board = line->view->board;
    for (uint64_t slot = 0; slot < board->slot_count; slot++) {
        const struct mr_script_row *row = board->slots[slot].scripts;
        for (uint64_t left = mr_slot_scripts(&board->slots[slot]); left > 0; left--, row++) {
            mr_buf_printf(line->out, "%s{script=\"", line->name.data);
            put_label_value(line->out, row->name);
            mr_buf_printf(line->out, "\",worker=\"%" PRIu64 "\"} %" PRIu64 "\n", slot,
                          mr_cell_get(&row->bytes));
        }
    }
}

static void put_uptime(struct line *line)
{
    uint64_t uptime = line->view->now - line->view->started;
    mr_buf_printf(line->out, "%s %" PRIu64 ".%03" PRIu64 "\n", line->name.data, uptime / 1000,
                  uptime % 1000);
}

static void put_samples(struct line *line, const struct mr_metric *metric)
{
    const struct mr_view *view = line->view;
    switch (metric->source) {
    case MR_FROM_COUNTER:
        put_plain(line, counter_sum(view->board, metric->index));
        return;
    case MR_FROM_GAUGE:
        put_plain(line, gauge_sum(view->board, metric->index));
        return;
    case MR_FROM_EACH_GAUGE:
        put_each_gauge(line, metric->index);
        return;
    case MR_FROM_HISTOGRAM:
        put_histogram(line, metric->index);
        return;
    case MR_FROM_TOPICS:
        put_topics(line);
        return;
    case MR_FROM_MESSAGES:
        put_messages(line);
        return;
    case MR_FROM_BREAKERS:
    case MR_FROM_REJECTED:
        put_breakers(line, metric->source);
        return;
    case MR_FROM_SCRIPTS:
        put_scripts(line);
        return;
    case MR_FROM_UPTIME:
        put_uptime(line);
        return;
    case MR_FROM_RELOADS:
        for (int i = 0; i < MR_RELOAD_RESULTS; i++)
            put_labelled(line, "result", mr_reload_result_names[i], view->reloads[i]);
        return;
    case MR_FROM_DEATHS:
        for (int i = 0; i < MR_DEATHS; i++)
            put_labelled(line, "reason", mr_death_names[i], view->deaths[i]);
        return;
    }
    MR_UNREACHABLE("a metric without a source");
}

void mr_exposition(const struct mr_view *view, struct mr_buf *out)
{
    static const char *const kinds[] = {[MR_METRIC_COUNTER] = "counter",
                                        [MR_METRIC_GAUGE] = "gauge",
                                        [MR_METRIC_HISTOGRAM] = "histogram"};
    for (const struct mr_metric *metric = mr_metrics; metric->name != NULL; metric++) {
        struct line line = {.view = view, .out = out};
        put_name(&line.name, view->service, metric->name);
        mr_buf_printf(out, "# HELP %s %s\n", line.name.data, metric->help);
        mr_buf_printf(out, "# TYPE %s %s\n", line.name.data, kinds[metric->kind]);
        put_samples(&line, metric);
        mr_buf_free(&line.name);
    }
}
