/* Holds the settings and reads them. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "config/store.h"

struct mr_config *mr_config_new(void)
{
    return mr_alloc(sizeof(struct mr_config));
}

static void free_setting(struct mr_config_setting *setting)
{
    free(setting->path);
    free(setting->text);
    free(setting->origin);
}

void mr_config_free(struct mr_config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->count; i++)
        free_setting(&config->settings[i]);
    free(config->settings);
    mr_config_free_secrets(config);
    free(config);
}

/* Returns the index of the first setting whose path is not less than `path`. */
static size_t lower_bound(const struct mr_config *config, const char *path)
{
    size_t low = 0, high = config->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(config->settings[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct mr_config_setting *mr_config_find(const struct mr_config *config, const char *path)
{
    size_t at = lower_bound(config, path);
    bool found = at < config->count && strcmp(config->settings[at].path, path) == 0;
    return found ? &config->settings[at] : NULL;
}

void mr_config_store(struct mr_config *config, const struct mr_config_key *key, const char *path,
                     const char *text, const char *origin)
{
    if ((key->flags & MR_KEY_SECRET) != 0)
        mr_config_add_secret(config, text);
    if (mr_config_find(config, path) != NULL)
        return;
    if (config->count == config->capacity) {
        config->capacity = config->capacity ? config->capacity * 2 : 32;
        config->settings =
            mr_realloc(config->settings, config->capacity * sizeof(config->settings[0]));
    }
    size_t at = lower_bound(config, path);
    struct mr_config_setting *setting = &config->settings[at];
    memmove(setting + 1, setting, (config->count - at) * sizeof(*setting));
    *setting = (struct mr_config_setting){mr_strdup(path), key, mr_strdup(text), mr_strdup(origin)};
    config->count++;
}

void mr_config_drop(struct mr_config *config, mr_config_is_fn *goes, const char *context)
{
    size_t left = 0;
    for (size_t i = 0; i < config->count; i++) {
        if (goes(&config->settings[i], context))
            free_setting(&config->settings[i]);
        else
            config->settings[left++] = config->settings[i];
    }
    config->count = left;
}

static bool begins_with(const struct mr_config_setting *setting, const char *prefix)
{
    return strncmp(setting->path, prefix, strlen(prefix)) == 0;
}

void mr_config_unset(struct mr_config *config, const char *prefix)
{
    mr_config_drop(config, begins_with, prefix);
}

bool mr_config_is_set(const struct mr_config *config, const char *path)
{
    return mr_config_find(config, path) != NULL;
}

const char *mr_config_origin(const struct mr_config *config, const char *path)
{
    const struct mr_config_setting *setting = mr_config_find(config, path);
    return setting == NULL ? "" : setting->origin;
}

const char *mr_config_effective(const struct mr_config *config, const struct mr_config_key *key,
                                const char *path)
{
    const struct mr_config_setting *setting = mr_config_find(config, path);
    while (setting == NULL && key->inherits != NULL) {
        setting = mr_config_find(config, key->inherits);
        key = mr_config_key_at(key->inherits);
        MR_ASSERT(key != NULL);
    }
    if (setting != NULL)
        return setting->text;
    if (config->in_container && strcmp(key->path, "kafka.brokers") == 0)
        return "kafka:9092";
    return key->fallback == NULL ? "" : key->fallback;
}

/* Returns the value in canonical form, since defaults are written for people ("256MB"). The caller
 * frees `out`, which owns the text. */
static const char *read(const struct mr_config *config, const char *path, unsigned kinds,
                        struct mr_buf *out)
{
    const struct mr_config_key *key = mr_config_key_at(path);
    MR_ASSERT(key != NULL && (kinds & (1U << key->kind)) != 0);
    const char *text = mr_config_effective(config, key, path);
    MR_ASSERT(*text == '\0' || mr_config_parse(key, text, out));
    return mr_buf_text(out);
}

int64_t mr_config_integer(const struct mr_config *config, const char *path)
{
    struct mr_buf text = {0};
    int64_t value = strtoll(read(config, path,
                                 1U << MR_KIND_INTEGER | 1U << MR_KIND_DURATION |
                                     1U << MR_KIND_SIZE | 1U << MR_KIND_WORKERS,
                                 &text),
                            NULL, 10); /* "auto" is 0 */
    mr_buf_free(&text);
    return value;
}

double mr_config_number(const struct mr_config *config, const char *path)
{
    struct mr_buf text = {0};
    double value = strtod(read(config, path, 1U << MR_KIND_NUMBER, &text), NULL);
    mr_buf_free(&text);
    return value;
}

bool mr_config_boolean(const struct mr_config *config, const char *path)
{
    struct mr_buf text = {0};
    bool value = strcmp(read(config, path, 1U << MR_KIND_BOOLEAN, &text), "true") == 0;
    mr_buf_free(&text);
    return value;
}

const char *mr_config_string(const struct mr_config *config, const char *path)
{
    const struct mr_config_key *key = mr_config_key_at(path);
    MR_ASSERT(key != NULL && key->kind != MR_KIND_ENTRY);
    return mr_config_effective(config, key, path);
}

const char *mr_config_list_text(const struct mr_config *config, const char *path)
{
    const struct mr_config_key *key = mr_config_key_at(path);
    MR_ASSERT(key != NULL && mr_config_key_is_list(key));
    return mr_config_effective(config, key, path);
}

void mr_config_list(const struct mr_config *config, const char *path, mr_config_each_fn *each,
                    void *context)
{
    const char *at = mr_config_list_text(config, path);
    while (*at != '\0') {
        size_t length = strcspn(at, ",");
        char *item = mr_strndup(at, length);
        each(context, "", item);
        free(item);
        at += length + (at[length] == ',');
    }
}

void mr_config_map(const struct mr_config *config, const char *path, mr_config_each_fn *each,
                   void *context)
{
    MR_ASSERT(mr_config_path_kind(path) == MR_PATH_MAP);
    size_t length = strlen(path);
    struct mr_buf last = {0}, name = {0};
    bool first = true;
    for (size_t i = lower_bound(config, path); i < config->count; i++) {
        const struct mr_config_setting *setting = &config->settings[i];
        if (strncmp(setting->path, path, length) != 0)
            break;
        if (strncmp(setting->path + length, "[\"", 2) != 0)
            continue;
        mr_buf_clear(&name);
        const char *rest = mr_config_name(setting->path + length + 2, &name);
        if (first || strcmp(mr_buf_text(&last), mr_buf_text(&name)) != 0)
            each(context, mr_buf_text(&name), *rest == '\0' ? setting->text : "");
        first = false;
        mr_buf_clear(&last);
        mr_buf_append(&last, name.data, name.length);
    }
    mr_buf_free(&last);
    mr_buf_free(&name);
}

/* Returns the path routes["NAME"].KEY; the caller frees it. */
static struct mr_buf route_path(const char *route, const char *key)
{
    struct mr_buf path = {0};
    mr_config_path_child(&path, "routes", route);
    mr_buf_printf(&path, ".%s", key);
    return path;
}

int64_t mr_config_route_integer(const struct mr_config *config, const char *route, const char *key)
{
    struct mr_buf path = route_path(route, key);
    int64_t value = mr_config_integer(config, mr_buf_text(&path));
    mr_buf_free(&path);
    return value;
}

double mr_config_route_number(const struct mr_config *config, const char *route, const char *key)
{
    struct mr_buf path = route_path(route, key);
    double value = mr_config_number(config, mr_buf_text(&path));
    mr_buf_free(&path);
    return value;
}

bool mr_config_route_boolean(const struct mr_config *config, const char *route, const char *key)
{
    struct mr_buf path = route_path(route, key);
    bool value = mr_config_boolean(config, mr_buf_text(&path));
    mr_buf_free(&path);
    return value;
}

const char *mr_config_route_string(const struct mr_config *config, const char *route,
                                   const char *key)
{
    struct mr_buf path = route_path(route, key);
    const char *value = mr_config_string(config, mr_buf_text(&path));
    mr_buf_free(&path);
    return value;
}
