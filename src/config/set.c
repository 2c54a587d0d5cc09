/* Sets values, and describes errors in them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "config/store.h"

/* Appends the shortest text that reads back as the same number. */
static void append_number(struct mr_buf *out, double number)
{
    if (number == floor(number) && fabs(number) <= MR_INTEGER_MOST) {
        mr_buf_printf(out, "%.0f", number);
        return;
    }
    char text[32] = "";
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    mr_buf_string(out, text);
}

static void append_text(struct mr_buf *out, struct mr_config_value value)
{
    if (value.given == MR_GIVEN_NUMBER)
        append_number(out, value.number);
    else if (value.given == MR_GIVEN_BOOLEAN)
        mr_buf_string(out, value.boolean ? "true" : "false");
    else
        mr_buf_string(out, value.text);
}

static void append_quoted(struct mr_buf *out, const char *text)
{
    enum { SHOWN = 80 };
    size_t length = 0;
    while (text[length] != '\0' && length < SHOWN) {
        size_t run = mr_utf8_length(text + length, strlen(text + length));
        length += run > 0 ? run : 1;
    }
    mr_buf_json(out, text, length);
    if (text[length] != '\0')
        mr_buf_string(out, "...");
}

/* Appends a string, number or boolean, without the secrets in it. */
static void append_shown(const struct mr_config *config, struct mr_buf *out,
                         struct mr_config_value value)
{
    struct mr_buf text = {0}, shown = {0};
    append_text(&text, value);
    mr_config_append_shown(config, mr_buf_text(&text), &shown);
    if (value.given == MR_GIVEN_STRING)
        append_quoted(out, mr_buf_text(&shown));
    else
        mr_buf_string(out, mr_buf_text(&shown));
    mr_buf_free(&text);
    mr_buf_free(&shown);
}

/* Returns true for a text like USER:PASSWORD@HOST. */
static bool has_login(struct mr_config_value value)
{
    const char *at = value.given == MR_GIVEN_STRING ? strrchr(value.text, '@') : NULL;
    return at != NULL && memchr(value.text, ':', (size_t)(at - value.text)) != NULL;
}

static void append_got(const struct mr_config *config, struct mr_buf *out, bool secret,
                       struct mr_config_value value)
{
    if (value.given == MR_GIVEN_OTHER)
        mr_buf_printf(out, "%s%s", strcmp(value.text, "nil") == 0 ? "" : "a ", value.text);
    else if (value.given == MR_GIVEN_LIST)
        mr_buf_string(out, *value.text == '\0' ? "an empty list" : "a list");
    else if (secret)
        mr_buf_string(out, "another value");
    else if (has_login(value))
        mr_buf_string(out, "a text with a login in it");
    else if (value.given == MR_GIVEN_NUMBER && !isfinite(value.number))
        mr_buf_string(out, isnan(value.number) ? "NaN" : "infinity");
    else
        append_shown(config, out, value);
}

static void refuse(const struct mr_config *config, const struct mr_config_key *key,
                   const char *path, struct mr_config_value value, const char *origin,
                   struct mr_errors *errors)
{
    struct mr_buf what = {0};
    mr_config_expected(key, &what);
    mr_buf_string(&what, ", got ");
    append_got(config, &what, (key->flags & MR_KEY_SECRET) != 0, value);
    mr_errors_add(errors, "%s: %s: expected %s", origin, path, mr_buf_text(&what));
    mr_buf_free(&what);
}

void mr_config_set_value(struct mr_config *config, const char *path, struct mr_config_value value,
                         const char *origin, struct mr_errors *errors)
{
    const struct mr_config_key *key = mr_config_key_at(path);
    if (key == NULL && mr_config_path_kind(path) == MR_PATH_UNKNOWN) {
        mr_config_unknown(path, origin, errors);
        return;
    }
    static const struct mr_config_key table = {.kind = MR_KIND_ENTRY};
    if (key == NULL)
        key = &table; /* a table: it holds keys but is not one itself */
    struct mr_buf given = {0}, text = {0};
    append_text(&given, value);
    if (!mr_config_takes(key, value.given) || !mr_config_parse(key, mr_buf_text(&given), &text))
        refuse(config, key, path, value, origin, errors);
    else if (key->kind != MR_KIND_STRING || text.length > 0 || key->fallback != NULL)
        mr_config_store(config, key, path, mr_buf_text(&text), origin);
    mr_buf_free(&given);
    mr_buf_free(&text);
}

bool mr_config_check_item(const struct mr_config *config, const char *path, size_t index,
                          struct mr_config_value value, const char *origin,
                          struct mr_errors *errors)
{
    const struct mr_config_key *key = mr_config_key_at(path);
    struct mr_buf item = {0};
    if (value.given == MR_GIVEN_STRING && mr_config_is_item(key, value.text))
        return true;
    mr_buf_printf(&item, "%s[%zu]", path, index);
    refuse(config, mr_config_item_key(key), mr_buf_text(&item), value, origin, errors);
    mr_buf_free(&item);
    return false;
}

void mr_config_set_text(struct mr_config *config, const char *path, const char *text,
                        const char *origin, struct mr_errors *errors)
{
    struct mr_config_value value = {.given = MR_GIVEN_STRING, .text = text};
    mr_config_set_value(config, path, value, origin, errors);
}

void mr_config_add_entry(struct mr_config *config, const char *path, const char *origin)
{
    const struct mr_config_key *key = mr_config_key_at(path);
    if (key != NULL && key->kind == MR_KIND_ENTRY)
        mr_config_store(config, key, path, "", origin);
}

/* Appends the first name in brackets of the path `given`. Returns the rest of the path; NULL if
 * there is no such name. */
static const char *append_chosen(struct mr_buf *path, const char *given)
{
    const char *name = strstr(given, "[\"");
    if (name == NULL)
        return NULL;
    struct mr_buf ignored = {0};
    const char *rest = mr_config_name(name + 2, &ignored);
    mr_buf_free(&ignored);
    mr_buf_append(path, name, (size_t)(rest - name));
    return rest;
}

/* Offers the key of a pattern, and each table above the key. Replaces the pattern's stars by names
 * from the given path. */
static void offer_pattern(struct mr_suggest *nearest, const char *pattern)
{
    struct mr_buf path = {0};
    const char *given = nearest->given;
    while (*pattern != '\0' && given != NULL) {
        size_t length = strcspn(pattern + 1, ".[") + 1;
        if (strncmp(pattern, ".*", 2) == 0) {
            given = append_chosen(&path, given);
        } else {
            mr_buf_append(&path, pattern, length);
            mr_suggest_offer(nearest, mr_buf_text(&path));
        }
        pattern += length;
    }
    mr_buf_free(&path);
}

void mr_config_unknown(const char *path, const char *origin, struct mr_errors *errors)
{
    struct mr_suggest nearest = {.given = path};
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++)
        offer_pattern(&nearest, key->path);
    if (nearest.name != NULL)
        mr_errors_add(errors, "%s: %s: unknown key (did you mean %s?)", origin, path, nearest.name);
    else
        mr_errors_add(errors, "%s: %s: unknown key", origin, path);
    mr_suggest_free(&nearest);
}
