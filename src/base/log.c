#include "base/log.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log_sink.h"
#include "base/panic.h"
#include "base/utf8.h"

static const struct {
    const char *name, *colour;
} levels[] = {
    [MR_LOG_DEBUG] = {"debug", "\033[90m"},
    [MR_LOG_INFO] = {"info", "\033[32m"},
    [MR_LOG_WARN] = {"warn", "\033[33m"},
    [MR_LOG_ERROR] = {"error", "\033[31m"},
};

static struct {
    enum mr_log_format format;
    bool coloured;
    char path[4096];
    char who[32];
    uint64_t dropped; /* lines that the log has reported as dropped */
    uint64_t lost;    /* lines that mr_log_lost() has returned */
} sink = {.format = MR_LOG_TEXT};

enum mr_log_level mr_log_lowest = MR_LOG_INFO;

int mr_log_open(const char *path, enum mr_log_format format, enum mr_log_level level,
                const char *who)
{
    bool to_file = path != NULL && path[0] != '\0';
    int result = mr_log_sink_open(to_file ? path : NULL);
    if (result < 0)
        return result;
    sink.coloured = mr_log_sink_is_terminal();
    sink.format = format;
    mr_log_lowest = level;
    strncpy(sink.path, to_file ? path : "", sizeof(sink.path) - 1);
    strncpy(sink.who, who, sizeof(sink.who) - 1);
    return 0;
}

void mr_log_reopen(void)
{
    if (sink.path[0] == '\0')
        return;
    int result = mr_log_sink_open(sink.path);
    if (result < 0)
        mr_log(MR_LOG_ERROR, "log_reopen_failed", MR_S("file", sink.path),
               MR_S("message", strerror(-result)));
}

enum mr_log_level mr_log_level_of(const char *name)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(levels[i].name, name) == 0)
            return (enum mr_log_level)i;
    MR_UNREACHABLE("a log level that the configuration let pass");
}

static void put_time(struct mr_buf *line, bool with_date)
{
    int64_t now = mr_clock_wall_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm parts;
    char text[32];
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), with_date ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &parts);
    mr_buf_printf(line, "%s.%03d%s", text, (int)(now % 1000), with_date ? "Z" : "");
}

static void put_json(struct mr_buf *line, enum mr_log_level level, const char *event,
                     const struct mr_log_field *fields)
{
    mr_buf_string(line, "{\"time\":\"");
    put_time(line, true);
    mr_buf_printf(line, "\",\"level\":\"%s\",\"process\":\"%s\",\"event\":\"%s\"",
                  levels[level].name, sink.who, event);
    for (; fields->name != NULL; fields++) {
        mr_buf_printf(line, ",\"%s\":", fields->name);
        if (fields->is_integer)
            mr_buf_printf(line, "%lld", (long long)fields->integer);
        else
            mr_buf_json(line, fields->text.data, fields->text.length);
    }
    mr_buf_string(line, "}\n");
}

/* Returns true if the text needs no quotes: printable ASCII and UTF-8, except the characters that
 * begin with 0xc2, some of which are control characters. */
static bool is_plain(struct mr_bytes text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= ' ' || byte == '"' || byte == 0x7f || byte == 0xc2)
            return false;
    }
    return text.length > 0 && mr_utf8_valid(text.data, text.length);
}

static void put_text_field(struct mr_buf *line, const struct mr_log_field *field)
{
    mr_buf_printf(line, " %s=", field->name);
    if (field->is_integer)
        mr_buf_printf(line, "%lld", (long long)field->integer);
    else if (is_plain(field->text))
        mr_buf_append(line, field->text.data, field->text.length);
    else
        mr_buf_json(line, field->text.data, field->text.length);
}

static void put_text(struct mr_buf *line, enum mr_log_level level, const char *event,
                     const struct mr_log_field *fields)
{
    const char *on = sink.coloured ? levels[level].colour : "";
    const char *off = sink.coloured ? "\033[0m" : "";
    put_time(line, false);
    mr_buf_printf(line, " %s%-5s%s %-9s %s", on, levels[level].name, off, sink.who, event);
    for (; fields->name != NULL; fields++)
        put_text_field(line, fields);
    mr_buf_string(line, "\n");
}

void mr_log_flush(void)
{
    uint64_t dropped = mr_log_sink_dropped(), lines = dropped - sink.dropped;
    if (!mr_log_sink_flush() || lines == 0)
        return;
    sink.dropped = dropped;
    mr_log(MR_LOG_WARN, "log_lines_dropped", MR_I("lines", lines),
           MR_S("message", "the reader of the log was too slow"));
}

uint64_t mr_log_lost(void)
{
    uint64_t dropped = mr_log_sink_dropped(), lines = dropped - sink.lost;
    sink.lost = dropped;
    return lines;
}

void mr_log_write(enum mr_log_level level, const char *event, const struct mr_log_field *fields)
{
    if (!mr_log_enabled(level))
        return;
    struct mr_buf line = {0};
    mr_log_flush();
    if (sink.format == MR_LOG_JSON)
        put_json(&line, level, event, fields);
    else
        put_text(&line, level, event, fields);
    mr_log_sink_write(line.data, line.length);
    mr_buf_free(&line);
}
