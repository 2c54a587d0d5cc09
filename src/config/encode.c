/* Encodes the configuration for workers, and compares two configurations. */
#include <string.h>

#include "config/store.h"

static void put_text(struct mr_buf *out, const char *text)
{
    mr_buf_put_bytes(out, text, strlen(text));
}

static void put_setting(struct mr_buf *out, const struct mr_config_setting *setting)
{
    put_text(out, setting->path);
    put_text(out, setting->text);
}

void mr_config_encode(const struct mr_config *config, struct mr_buf *out)
{
    mr_buf_put_u64(out, config->in_container ? 1 : 0);
    mr_buf_put_u64(out, config->count);
    for (size_t i = 0; i < config->count; i++)
        put_setting(out, &config->settings[i]);
}

void mr_config_encode_from(const struct mr_config *config, const char *origin, struct mr_buf *out)
{
    mr_buf_put_u64(out, config->secret_count);
    for (size_t i = 0; i < config->secret_count; i++)
        put_text(out, config->secrets[i]);
    for (size_t i = 0; i < config->count; i++)
        if (strcmp(config->settings[i].origin, origin) == 0)
            put_setting(out, &config->settings[i]);
}

/* Reads a text without NUL bytes. The caller frees `text`. */
static bool read_text(struct mr_reader *reader, struct mr_buf *text)
{
    struct mr_bytes bytes = mr_reader_bytes(reader);
    if (reader->failed || (bytes.length > 0 && memchr(bytes.data, '\0', bytes.length) != NULL))
        return false;
    mr_buf_clear(text);
    mr_buf_append(text, bytes.data, bytes.length);
    return true;
}

/* Reads what put_setting() wrote. Returns the key, or NULL if there is none. The caller frees both
 * texts. */
static const struct mr_config_key *read_setting(struct mr_reader *reader, struct mr_buf *path,
                                                struct mr_buf *text)
{
    return read_text(reader, path) && read_text(reader, text) ? mr_config_key_at(mr_buf_text(path))
                                                              : NULL;
}

static bool decode_setting(struct mr_reader *reader, struct mr_config *config)
{
    struct mr_buf path = {0}, text = {0}, canonical = {0};
    const struct mr_config_key *key = read_setting(reader, &path, &text);
    bool valid =
        key != NULL && (key->kind == MR_KIND_ENTRY ? text.length == 0
                                                   : mr_config_parse(key, text.data, &canonical));
    if (valid)
        mr_config_store(config, key, path.data, mr_buf_text(&canonical), "");
    mr_buf_free(&path);
    mr_buf_free(&text);
    mr_buf_free(&canonical);
    return valid;
}

struct mr_config *mr_config_decode(struct mr_bytes bytes)
{
    struct mr_reader reader = {.at = bytes.data, .end = bytes.data + bytes.length};
    uint64_t in_container = mr_reader_u64(&reader);
    uint64_t count = mr_reader_u64(&reader);
    struct mr_config *config = mr_config_new();
    bool valid = !reader.failed && in_container <= 1;
    config->in_container = in_container == 1;
    for (uint64_t i = 0; valid && i < count; i++)
        valid = decode_setting(&reader, config);
    if (valid && reader.at == reader.end)
        return config;
    mr_config_free(config);
    return NULL;
}

bool mr_config_decode_from(struct mr_config *config, const char *origin, struct mr_reader *reader)
{
    struct mr_buf path = {0}, text = {0};
    uint64_t secrets = mr_reader_u64(reader);
    bool valid = !reader->failed;
    for (uint64_t i = 0; valid && i < secrets; i++)
        if ((valid = read_text(reader, &text)))
            mr_config_add_secret(config, mr_buf_text(&text));
    while (valid && reader->at < reader->end) {
        const struct mr_config_key *key = read_setting(reader, &path, &text);
        valid = key != NULL;
        if (valid)
            mr_config_store(config, key, mr_buf_text(&path), mr_buf_text(&text), origin);
    }
    mr_buf_free(&path);
    mr_buf_free(&text);
    return valid;
}

void mr_config_pending(const struct mr_config *config, mr_config_each_fn *each, void *context)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct mr_config_setting *setting = &config->settings[i];
        struct mr_buf shown = {0};
        if (!setting->key->pending)
            continue;
        mr_config_append_shown(config, setting->text, &shown);
        each(context, setting->path, mr_buf_text(&shown));
        mr_buf_free(&shown);
    }
}

static bool differs(const struct mr_config *before, const struct mr_config *after,
                    const struct mr_config_key *key, const char *path)
{
    return (key->flags & MR_KEY_RESTART) != 0 && strcmp(mr_config_effective(before, key, path),
                                                        mr_config_effective(after, key, path)) != 0;
}

/* Calls `each` for settings of `one` that differ in `other`, among keys below names that the user
 * chose. Skips settings that both have, unless `common`. */
static void chosen_differences(const struct mr_config *one, const struct mr_config *other,
                               bool common, mr_config_each_fn *each, void *context)
{
    for (size_t i = 0; i < one->count; i++) {
        const struct mr_config_setting *setting = &one->settings[i];
        bool both = mr_config_find(other, setting->path) != NULL;
        if (strstr(setting->key->path, ".*") != NULL && (common || !both) &&
            differs(one, other, setting->key, setting->path))
            each(context, setting->path, "");
    }
}

void mr_config_restart_differences(const struct mr_config *before, const struct mr_config *after,
                                   mr_config_each_fn *each, void *context)
{
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++)
        if (strstr(key->path, ".*") == NULL && differs(before, after, key, key->path))
            each(context, key->path, "");
    chosen_differences(before, after, true, each, context);
    chosen_differences(after, before, false, each, context);
}
