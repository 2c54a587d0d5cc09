#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"
#include "cmd/broker.h"
#include "cmd/fail.h"
#include "cmd/records/filter.h"
#include "cmd/records/interrupt.h"
#include "cmd/records/line.h"
#include "cmd/records/place.h"
#include "cmd/records/progress.h"

enum { WAIT_MS = 200, HEADERS_MOST = 256 };

struct tail {
    const struct mr_command *command;
    struct mr_settings settings;
    const char *partition, *from, *until, *count; /* as given */
    bool follow, json;
    struct mr_option_list headers;
    struct mr_pair wanted[MR_OPTION_LIST_MAX];
    struct mr_record_filter filter;
    struct mr_scan_terms terms;
    int64_t most; /* records to print; 0: no limit */
    struct mr_config *config;
    struct mr_scan *scan;
    struct mr_documents *documents;
    struct mr_buf line;
    struct mr_progress progress;
};

/* --- the command line --- */

static int read_place(const struct tail *tail, const char *name, const char *text,
                      struct mr_place *place)
{
    int64_t now = mr_clock_wall_ms();
    if (text == NULL || mr_place_parse(text, now, place))
        return 0;
    return mr_fail(
        tail->command, MR_EXIT_USAGE,
        "--%s %s: expected beginning, end, an offset, -COUNT, or a time such as " MR_TIME_FORM,
        name, text);
}

/* Checks what --until may be: a later record than the last one cannot be waited for. */
static int check_until(const struct tail *tail)
{
    const struct mr_place *until = &tail->terms.until;
    if (tail->until == NULL)
        return 0;
    if (tail->follow)
        return mr_fail(tail->command, MR_EXIT_USAGE, "--until and --follow exclude each other");
    if (until->kind == MR_PLACE_END ||
        (until->kind == MR_PLACE_TIME && until->value <= mr_clock_wall_ms()))
        return 0;
    return mr_fail(tail->command, MR_EXIT_USAGE, "--until %s: expected end, or a time that is past",
                   tail->until);
}

/* Decides if the command waits for new records. It does by default, since the default of --from is
 * the end; with a bound, it stops at the end of the topic. */
static bool follows(const struct tail *tail)
{
    bool from_end = tail->terms.from.kind == MR_PLACE_END;
    bool bound = tail->until != NULL || (tail->count != NULL && !from_end);
    return tail->follow || !bound;
}

static int read_terms(struct tail *tail, const char *topic)
{
    int64_t partition = -1;
    int code;
    tail->terms = (struct mr_scan_terms){
        .topic = topic, .from = {.kind = MR_PLACE_END}, .until = {.kind = MR_PLACE_END}};
    if ((code = mr_options_topic(tail->command, topic)) != 0 ||
        (code = mr_options_number(tail->command, "partition", tail->partition, 0, INT32_MAX,
                                  &partition)) != 0 ||
        (code = mr_options_number(tail->command, "count", tail->count, 1, INT64_MAX,
                                  &tail->most)) != 0 ||
        (code = read_place(tail, "from", tail->from, &tail->terms.from)) != 0 ||
        (code = read_place(tail, "until", tail->until, &tail->terms.until)) != 0 ||
        (code = check_until(tail)) != 0)
        return code;
    tail->terms.partition = (int32_t)partition;
    tail->terms.follow = follows(tail);
    tail->filter.headers = tail->wanted;
    tail->filter.header_count = tail->headers.count;
    return mr_options_headers(tail->command, &tail->headers, tail->wanted);
}

/* --- the cluster --- */

static int open_scan(struct tail *tail)
{
    struct mr_errors errors = {0};
    tail->config = mr_broker_config(&tail->settings, &errors);
    if (errors.count == 0)
        tail->scan = mr_scan_new(tail->config, &errors);
    mr_broker_print(tail->config, &errors);
    return tail->scan == NULL ? MR_EXIT_CONFIG : 0;
}

static int explain(const struct tail *tail, enum mr_scan_fault fault)
{
    const char *topic = tail->terms.topic, *why = mr_scan_why(tail->scan);
    switch (fault) {
    case MR_SCAN_FINE:
        return 0;
    case MR_SCAN_NO_TOPIC:
        return mr_fail(tail->command, MR_EXIT_DATA, "%s: there is no such topic", topic);
    case MR_SCAN_NO_PARTITION:
        return mr_fail(tail->command, MR_EXIT_DATA, "%s: no partition %s: %s", topic,
                       tail->partition, why);
    case MR_SCAN_NO_OFFSET:
        return mr_fail(tail->command, MR_EXIT_DATA, "%s: no offset %s: %s", topic, tail->from, why);
    case MR_SCAN_DENIED:
        return mr_fail(tail->command, MR_EXIT_DENIED,
                       "%s: may not be read: allow READ and DESCRIBE on it", topic);
    case MR_SCAN_SILENT:
        return mr_broker_silent(tail->command, tail->config);
    case MR_SCAN_FAILED:
        return mr_fail(tail->command, MR_EXIT_UNAVAILABLE, "%s: cannot be read: %s", topic, why);
    }
    MR_UNREACHABLE("a fault");
}

static int begin(struct tail *tail)
{
    int timeout = (int)mr_config_integer(tail->config, "kafka.connection_timeout");
    return explain(tail, mr_scan_begin(tail->scan, &tail->terms, timeout));
}

/* --- the records --- */

static void print(struct tail *tail, const struct mr_message *message)
{
    struct mr_pair pairs[HEADERS_MOST], *headers = pairs;
    size_t count = mr_message_headers(message, pairs, HEADERS_MOST);
    if (count > HEADERS_MOST) {
        headers = mr_alloc(count * sizeof(*headers));
        mr_message_headers(message, headers, count);
    }
    bool chosen = mr_record_passes(&tail->filter, message, headers, count);
    if (chosen) {
        mr_buf_clear(&tail->line);
        mr_record_line(&tail->line, tail->documents, message, headers, count);
        mr_buf_string(&tail->line, "\n");
        fwrite(tail->line.data, 1, tail->line.length, stdout);
    }
    mr_progress_count(&tail->progress, chosen);
    if (headers != pairs)
        free(headers);
}

static bool has_enough(const struct tail *tail)
{
    return tail->most > 0 && tail->progress.chosen >= (size_t)tail->most;
}

/* Prints until the end, and flushes whenever no record is there at once. */
static int print_all(struct tail *tail)
{
    struct mr_message message;
    int wait = 0;
    enum mr_scan_step step = MR_SCAN_NOTHING;
    while (!has_enough(tail) && !mr_interrupted() && !ferror(stdout)) {
        step = mr_scan_next(tail->scan, &message, wait);
        if (step == MR_SCAN_DONE || step == MR_SCAN_BROKEN)
            break;
        if (step == MR_SCAN_RECORD) {
            print(tail, &message);
            mr_message_free(&message);
        } else {
            fflush(stdout);
        }
        wait = step == MR_SCAN_RECORD ? 0 : WAIT_MS;
    }
    mr_progress_end(&tail->progress);
    if (step == MR_SCAN_BROKEN)
        return explain(tail, mr_scan_broken(tail->scan));
    if (!mr_interrupted())
        return MR_EXIT_OK;
    return mr_fail(tail->command, MR_EXIT_INTERRUPTED, "stopped after %zu records, %zu printed",
                   tail->progress.read, tail->progress.chosen);
}

static int serve(struct tail *tail, const char *topic)
{
    int code = read_terms(tail, topic);
    if (code == 0)
        code = open_scan(tail);
    if (code != 0)
        return code;
    mr_interrupt_watch();
    tail->documents = mr_documents_new();
    mr_progress_begin(&tail->progress, "printed");
    if ((code = begin(tail)) == 0)
        code = print_all(tail);
    return code;
}

static void close_tail(struct tail *tail)
{
    if (tail->scan != NULL)
        mr_scan_free(tail->scan);
    if (tail->config != NULL)
        mr_config_free(tail->config);
    mr_documents_free(tail->documents);
    mr_buf_free(&tail->line);
    free(tail);
}

int mr_cmd_tail(const struct mr_command *self, int argc, char **argv)
{
    struct tail *tail = mr_alloc(sizeof(*tail));
    int code;
    const struct mr_option options[] = {
        MR_SETTINGS_FILE_OPTIONS(&tail->settings),
        {"partition", MR_OPTION_TEXT, &tail->partition, "N", "Read only this partition."},
        {"from", MR_OPTION_TEXT, &tail->from, "PLACE",
         "First record: beginning, end, an offset, -COUNT (so many before the end of each "
         "partition), or a time (default: end)."},
        {"until", MR_OPTION_TEXT, &tail->until, "PLACE",
         "Stop at this time, or at the end that the topic has at the start."},
        {"key", MR_OPTION_TEXT, &tail->filter.key, "KEY", "Print only records with this key."},
        {"header", MR_OPTION_LIST, &tail->headers, "NAME=VALUE",
         "Print only records with this header; may be repeated."},
        {"grep", MR_OPTION_TEXT, &tail->filter.grep, "TEXT",
         "Print only records whose value contains the text."},
        {"count", MR_OPTION_TEXT, &tail->count, "N", "Stop after so many printed records."},
        {"follow", MR_OPTION_FLAG, &tail->follow, NULL,
         "Wait for new records at the end, also if there is a --count."},
        {"json", MR_OPTION_FLAG, &tail->json, NULL, "Print JSON lines, as without this option."},
        {.name = NULL},
    };
    tail->command = self;
    code = 0;
    if (mr_options_parse(self, options, argc, argv, 1, 1, &code) >= 0)
        code = serve(tail, argv[1]);
    close_tail(tail);
    return code;
}
