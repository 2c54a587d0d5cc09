#include "cmd/records/place.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MS = 1000, MINUTE_MS = 60000, HOUR_MS = 3600000, DAY_MS = 86400000 };

/* Reads decimal digits, at least one. Returns false if there are none, or too many. */
static bool read_digits(const char **at, int64_t *value)
{
    char *end;
    if (!isdigit((unsigned char)**at))
        return false;
    errno = 0;
    *value = strtoll(*at, &end, 10);
    *at = end;
    return errno == 0;
}

static int64_t unit_ms(char unit)
{
    switch (unit) {
    case 's':
        return MS;
    case 'm':
        return MINUTE_MS;
    case 'h':
        return HOUR_MS;
    case 'd':
        return DAY_MS;
    default:
        return 0;
    }
}

static bool parse_span(const char *text, int64_t now, int64_t *time)
{
    int64_t count, span;
    if (*text++ != '-' || !read_digits(&text, &count))
        return false;
    int64_t unit = unit_ms(*text);
    if (unit == 0 || text[1] != '\0' || __builtin_mul_overflow(count, unit, &span))
        return false;
    *time = span > now ? 0 : now - span;
    return true;
}

/* Reads exactly `count` digits, up to `most`. */
static bool read_field(const char **at, int count, int most, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (!isdigit((unsigned char)**at))
            return false;
        *value = *value * 10 + (**at - '0');
    }
    return *value <= most;
}

static bool skip(const char **at, char expected)
{
    bool there = **at == expected;
    *at += there;
    return there;
}

static bool read_date(const char **at, struct tm *tm)
{
    if (!read_field(at, 4, 9999, &tm->tm_year) || !skip(at, '-') ||
        !read_field(at, 2, 12, &tm->tm_mon) || !skip(at, '-') ||
        !read_field(at, 2, 31, &tm->tm_mday))
        return false;
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return tm->tm_mon >= 0 && tm->tm_mday >= 1;
}

/* Reads the fraction of a second, of which the first three digits count. */
static bool read_fraction(const char **at, int64_t *ms)
{
    *ms = 0;
    if (!skip(at, '.'))
        return true;
    if (!isdigit((unsigned char)**at))
        return false;
    for (int64_t unit = 100; isdigit((unsigned char)**at); (*at)++, unit /= 10)
        *ms += unit * (**at - '0');
    return true;
}

static bool read_clock(const char **at, struct tm *tm, int64_t *ms)
{
    if (!read_field(at, 2, 23, &tm->tm_hour) || !skip(at, ':') ||
        !read_field(at, 2, 59, &tm->tm_min))
        return false;
    if (skip(at, ':') && !read_field(at, 2, 59, &tm->tm_sec))
        return false;
    return read_fraction(at, ms);
}

/* Reads Z, +HH:MM, +HHMM or nothing, into ms to the east of UTC. */
static bool read_zone(const char **at, int64_t *east)
{
    int hours, minutes;
    *east = 0;
    if (**at == '\0' || skip(at, 'Z'))
        return true;
    int64_t sign = **at == '-' ? -1 : 1;
    if ((!skip(at, '+') && !skip(at, '-')) || !read_field(at, 2, 23, &hours))
        return false;
    skip(at, ':');
    if (!read_field(at, 2, 59, &minutes))
        return false;
    *east = sign * ((int64_t)hours * HOUR_MS + (int64_t)minutes * MINUTE_MS);
    return true;
}

static bool parse_iso(const char *text, int64_t *time)
{
    struct tm tm = {0};
    int64_t ms = 0, east = 0;
    if (!read_date(&text, &tm))
        return false;
    int day = tm.tm_mday;
    if ((skip(&text, 'T') || skip(&text, ' ')) &&
        (!read_clock(&text, &tm, &ms) || !read_zone(&text, &east)))
        return false;
    if (*text != '\0')
        return false;
    *time = (int64_t)timegm(&tm) * MS + ms - east;
    return tm.tm_mday == day; /* timegm() turns February 30 into March 2 */
}

bool mr_time_parse(const char *text, int64_t now, int64_t *time)
{
    return parse_span(text, now, time) || parse_iso(text, time);
}

bool mr_place_parse(const char *text, int64_t now, struct mr_place *place)
{
    const char *at = text + (*text == '-');
    *place = (struct mr_place){.kind = MR_PLACE_TIME};
    if (strcmp(text, "beginning") == 0)
        place->kind = MR_PLACE_BEGINNING;
    else if (strcmp(text, "end") == 0)
        place->kind = MR_PLACE_END;
    else if (read_digits(&at, &place->value) && *at == '\0')
        place->kind = *text == '-' ? MR_PLACE_LAST : MR_PLACE_OFFSET;
    else
        return mr_time_parse(text, now, &place->value);
    return true;
}
