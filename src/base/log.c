#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
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
    int fd;
    enum mr_log_format format;
    bool coloured;
    char path[4096];
    char who[32];
} sink = {.fd = STDERR_FILENO, .format = MR_LOG_TEXT};

enum mr_log_level mr_log_lowest = MR_LOG_INFO;

/* Opens the file for appending. Lines are short, and each goes out in one write(2): lines of
 * processes that share a file never mix. */
static int open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    return fd < 0 ? -errno : fd;
}

static void use(int fd)
{
    if (sink.fd != STDERR_FILENO)
        close(sink.fd);
    sink.fd = fd;
    sink.coloured = isatty(fd) == 1;
}

int mr_log_open(const char *path, enum mr_log_format format, enum mr_log_level level,
                const char *who)
{
    int fd = STDERR_FILENO;
    bool to_file = path != NULL && path[0] != '\0';
    if (to_file && (fd = open_file(path)) < 0)
        return fd;
    use(fd);
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
    int fd = open_file(sink.path);
    if (fd < 0)
        mr_log(MR_LOG_ERROR, "log_reopen_failed", MR_S("file", sink.path),
               MR_S("message", strerror(-fd)));
    else
        use(fd);
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

void mr_log_write(enum mr_log_level level, const char *event, const struct mr_log_field *fields)
{
    if (!mr_log_enabled(level))
        return;
    struct mr_buf line = {0};
    if (sink.format == MR_LOG_JSON)
        put_json(&line, level, event, fields);
    else
        put_text(&line, level, event, fields);
    /* If the log cannot be written, no log can say so; the metrics still show what happens. */
    ssize_t written = write(sink.fd, line.data, line.length);
    (void)written;
    mr_buf_free(&line);
}
