/* The types of values: the texts and Lua values that each type accepts, and its description in
 * errors. */
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/panic.h"
#include "base/topic.h"
#include "config/store.h"

static bool in_range(const struct mr_config_key *key, double value)
{
    return value >= key->least && value <= (key->most != 0 ? key->most : DBL_MAX);
}

static bool parse_string(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    mr_buf_string(out, text);
    return key->kind != MR_KIND_TEXT || *text != '\0';
}

static bool parse_name(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    (void)key;
    mr_buf_string(out, text);
    return isalpha((unsigned char)*text) && mr_topic_legal(mr_bytes_of(text));
}

static bool parse_topic(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    (void)key;
    mr_buf_string(out, text);
    return mr_topic_legal(mr_bytes_of(text));
}

static bool parse_variable(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    (void)key;
    mr_buf_string(out, text);
    return *text != '\0' && text[strcspn(text, " \t\r\n=,")] == '\0';
}

static bool parse_template(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    static const char *const names[] = {"{base}", "{topic}"};
    struct mr_buf filled = {0};
    while (*text != '\0') {
        size_t length = 1;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (strncmp(text, names[i], strlen(names[i])) == 0)
                length = strlen(names[i]);
        mr_buf_append(out, text, length);
        mr_buf_append(&filled, length > 1 ? "x" : text, 1);
        text += length;
    }
    struct mr_buf ignored = {0};
    bool legal = parse_topic(key, mr_buf_text(&filled), &ignored);
    mr_buf_free(&filled);
    mr_buf_free(&ignored);
    return legal;
}

static bool parse_script(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    (void)key;
    size_t length = strlen(text);
    mr_buf_string(out, text);
    return length > 4 && strcmp(text + length - 4, ".lua") == 0 && text[0] != '.' &&
           strchr(text, '/') == NULL;
}

static bool parse_integer(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    const char *digits = text + (*text == '-');
    if (*digits == '\0' || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    mr_buf_printf(out, "%lld", value);
    return errno == 0 && fabs((double)value) <= MR_INTEGER_MOST && in_range(key, (double)value);
}

static bool parse_number(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    char *end;
    if (*text == '\0' || strspn(text, "0123456789.+-eE") != strlen(text))
        return false;
    double value = strtod(text, &end);
    mr_buf_string(out, text);
    return *end == '\0' && isfinite(value) && in_range(key, value);
}

static bool parse_boolean(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    (void)key;
    bool yes = strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;
    mr_buf_string(out, yes ? "true" : "false");
    return yes || strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static bool parse_size(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    static const char *const units[] = {"", "B", "KB", "MB", "GB"}; /* factor 1024, as for memory */
    static const long long factors[] = {1, 1, 1LL << 10, 1LL << 20, 1LL << 30};
    char *unit;
    errno = 0;
    long long value = isdigit((unsigned char)*text) ? strtoll(text, &unit, 10) : -1;
    if (value < 0 || errno != 0)
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        long long bytes;
        if (strcasecmp(unit, units[i]) != 0)
            continue;
        if (__builtin_mul_overflow(value, factors[i], &bytes))
            return false;
        mr_buf_printf(out, "%lld", bytes);
        return (double)bytes <= MR_INTEGER_MOST && in_range(key, (double)bytes);
    }
    return false;
}

static bool parse_one_of(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    size_t before = out->length;
    for (const char *at = text; *at != '\0'; at++)
        mr_buf_append(out, (char[]){(char)tolower((unsigned char)*at)}, 1);
    return out->length > before && mr_config_listed(key->choices, out->data + before);
}

static bool parse_workers(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    if (strcasecmp(text, "auto") != 0)
        return parse_integer(key, text, out);
    mr_buf_string(out, "auto");
    return true;
}

static bool is_port(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 5 && strspn(text, "0123456789") == length &&
           strtol(text, NULL, 10) <= 65535;
}

static bool is_host(const char *text, size_t length)
{
    if (length > 2 && text[0] == '[' && text[length - 1] == ']')
        return strspn(text + 1, "0123456789abcdefABCDEF:.%") >= length - 2;
    return length > 0 && strcspn(text, " \t\r\n:/,[]") >= length;
}

static bool is_host_port(const char *text)
{
    const char *colon = strrchr(text, ':');
    return colon != NULL && is_host(text, (size_t)(colon - text)) && is_port(colon + 1);
}

static bool parse_host_port(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    (void)key;
    mr_buf_string(out, text);
    return is_host_port(text);
}

/* Accepts brokers as librdkafka does: with or without a protocol, with or without a port (9092). */
static bool parse_broker(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    (void)key;
    const char *protocol = strstr(text, "://");
    const char *host = protocol == NULL ? text : protocol + 3;
    mr_buf_string(out, text);
    return is_host(host, strlen(host)) || is_host_port(host);
}

typedef bool parse_fn(const struct mr_config_key *key, const char *text, struct mr_buf *out);

/* Parses the items between commas, without blanks around them. */
static bool parse_list(const struct mr_config_key *key, const char *text, parse_fn *parse_item,
                       struct mr_buf *out)
{
    bool valid = true, more = *text != '\0';
    while (valid && more) {
        size_t length = strcspn(text, ",");
        const char *next = text + length;
        text += strspn(text, " \t");
        while (next > text + 1 && isspace((unsigned char)next[-1]))
            next--;
        char *item = mr_strndup(text, next > text ? (size_t)(next - text) : 0);
        valid = parse_item(key, item, out);
        free(item);
        text += strcspn(text, ",");
        more = *text == ',';
        if (more)
            mr_buf_append(out, text++, 1);
    }
    return valid;
}

static bool parse_brokers(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    return *text != '\0' && parse_list(key, text, parse_broker, out);
}

static bool parse_topics(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    return parse_list(key, text, parse_topic, out);
}

static bool parse_variables(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    return parse_list(key, text, parse_variable, out);
}

/* Lists: the type of their items, for errors, and how an item is parsed. */
static const struct {
    enum mr_config_kind kind;
    struct mr_config_key item;
    parse_fn *parse;
} lists[] = {
    {MR_KIND_BROKERS, {.kind = MR_KIND_HOST_PORT}, parse_broker},
    {MR_KIND_TOPICS, {.kind = MR_KIND_TOPIC}, parse_topic},
    {MR_KIND_VARIABLES, {.kind = MR_KIND_VARIABLE}, parse_variable},
};

static size_t list_of(const struct mr_config_key *key)
{
    size_t i = 0;
    while (lists[i].kind != key->kind)
        i++;
    return i;
}

const struct mr_config_key *mr_config_item_key(const struct mr_config_key *key)
{
    return &lists[list_of(key)].item;
}

bool mr_config_is_item(const struct mr_config_key *key, const char *text)
{
    struct mr_buf ignored = {0};
    bool valid = *text != '\0' && parse_list(key, text, lists[list_of(key)].parse, &ignored);
    mr_buf_free(&ignored);
    return valid;
}

enum {
    STRING = 1 << MR_GIVEN_STRING,
    NUMBER = 1 << MR_GIVEN_NUMBER,
    BOOLEAN = 1 << MR_GIVEN_BOOLEAN,
    LIST = 1 << MR_GIVEN_LIST,
};

#define LEGAL_TOPIC "1 to 249 of letters, digits, \".\", \"_\" and \"-\""

static const struct {
    unsigned takes;
    parse_fn *parse;      /* NULL: takes no value */
    const char *expected; /* NULL: depends on the key */
} kinds[] = {
    [MR_KIND_ENTRY] = {0, NULL, "a table"},
    [MR_KIND_STRING] = {STRING, parse_string, "a string"},
    [MR_KIND_TEXT] = {STRING, parse_string, "a string that is not empty"},
    [MR_KIND_NAME] = {STRING, parse_name, "a letter, then letters, digits, \".\", \"_\" or \"-\""},
    [MR_KIND_TOPIC] = {STRING, parse_topic, "a topic name (" LEGAL_TOPIC ")"},
    [MR_KIND_TEMPLATE] = {STRING, parse_template,
                          "a topic name, perhaps with {base} or {topic} (" LEGAL_TOPIC ")"},
    [MR_KIND_SCRIPT] = {STRING, parse_script, "the name of a .lua file in the scripts folder"},
    [MR_KIND_INTEGER] = {STRING | NUMBER, parse_integer, NULL},
    [MR_KIND_DURATION] = {STRING | NUMBER, parse_integer, NULL},
    [MR_KIND_NUMBER] = {STRING | NUMBER, parse_number, NULL},
    [MR_KIND_BOOLEAN] = {STRING | BOOLEAN, parse_boolean, "true or false"},
    [MR_KIND_SIZE] = {STRING | NUMBER, parse_size, NULL},
    [MR_KIND_ONE_OF] = {STRING, parse_one_of, NULL},
    [MR_KIND_WORKERS] = {STRING | NUMBER, parse_workers, NULL},
    [MR_KIND_HOST_PORT] = {STRING, parse_host_port, "HOST:PORT"},
    [MR_KIND_SCALAR] = {STRING | NUMBER | BOOLEAN, parse_string, "a string, a number or a boolean"},
    [MR_KIND_BROKERS] = {STRING | LIST, parse_brokers, "a list of HOST:PORT"},
    [MR_KIND_VARIABLE] = {STRING, parse_variable, "the name of a variable"},
    [MR_KIND_VARIABLES] = {STRING | LIST, parse_variables, "a list of names of variables"},
    [MR_KIND_TOPICS] = {STRING | LIST, parse_topics, "a list of topic names (" LEGAL_TOPIC ")"},
};

bool mr_config_parse(const struct mr_config_key *key, const char *text, struct mr_buf *out)
{
    return kinds[key->kind].parse != NULL && kinds[key->kind].parse(key, text, out);
}

bool mr_config_takes(const struct mr_config_key *key, enum mr_config_given given)
{
    return (kinds[key->kind].takes & 1U << given) != 0;
}

static void expected_number(const struct mr_config_key *key, const char *what, struct mr_buf *out)
{
    if (key->most != 0)
        mr_buf_printf(out, "%s from %.15g to %.15g", what, key->least, key->most);
    else
        mr_buf_printf(out, "%s of %.15g or more", what, key->least);
    if (key->kind == MR_KIND_DURATION)
        mr_buf_string(out, " (milliseconds)");
}

static void expected_choice(const struct mr_config_key *key, struct mr_buf *out)
{
    const char *at = key->choices;
    mr_buf_string(out, "one of ");
    for (size_t length; *at != '\0'; at += length + (at[length] == '|')) {
        length = strcspn(at, "|");
        mr_buf_printf(out, "%s\"%.*s\"", at == key->choices ? "" : ", ", (int)length, at);
    }
}

void mr_config_expected(const struct mr_config_key *key, struct mr_buf *out)
{
    if (kinds[key->kind].expected != NULL) {
        mr_buf_string(out, kinds[key->kind].expected);
    } else if (key->kind == MR_KIND_ONE_OF) {
        expected_choice(key, out);
    } else if (key->kind == MR_KIND_SIZE) {
        mr_buf_printf(out, "a size such as \"256MB\", %.0f bytes or more", key->least);
    } else {
        if (key->kind == MR_KIND_WORKERS)
            mr_buf_string(out, "\"auto\" or ");
        expected_number(key, key->kind == MR_KIND_NUMBER ? "a number" : "an integer", out);
    }
}
