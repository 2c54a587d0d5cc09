/* Passwords and the like that must not be shown. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/panic.h"
#include "config/store.h"

#define HIDDEN "[hidden]"

void mr_config_add_secret(struct mr_config *config, const char *text)
{
    if (*text == '\0')
        return;
    config->secrets =
        mr_realloc(config->secrets, (config->secret_count + 1) * sizeof(config->secrets[0]));
    config->secrets[config->secret_count++] = mr_strdup(text);
}

void mr_config_free_secrets(struct mr_config *config)
{
    for (size_t i = 0; i < config->secret_count; i++)
        free(config->secrets[i]);
    free(config->secrets);
}

/* Returns the length of the longest secret that begins at `at`; 0 if there is none. */
static size_t secret_at(const struct mr_config *config, const char *at)
{
    size_t longest = 0;
    for (size_t i = 0; i < config->secret_count; i++) {
        size_t length = strlen(config->secrets[i]);
        if (length > longest && strncmp(at, config->secrets[i], length) == 0)
            longest = length;
    }
    return longest;
}

void mr_config_append_shown(const struct mr_config *config, const char *text, struct mr_buf *out)
{
    while (*text != '\0') {
        size_t secret = secret_at(config, text);
        mr_buf_append(out, secret > 0 ? HIDDEN : text, secret > 0 ? strlen(HIDDEN) : 1);
        text += secret > 0 ? secret : 1;
    }
    mr_buf_append(out, "", 0);
}

void mr_config_hide_secrets(const struct mr_config *config, struct mr_errors *errors)
{
    struct mr_buf shown = {0};
    mr_config_append_shown(config, mr_errors_text(errors), &shown);
    mr_buf_free(&errors->text);
    errors->text = shown;
}

/* Returns true if a word of the name, between underscores, ends in `end`. */
static bool has_word(const char *name, const char *end)
{
    size_t length = strlen(end);
    for (size_t word; *name != '\0'; name += word + (name[word] != '\0')) {
        word = strcspn(name, "_");
        if (word >= length && strncasecmp(name + word - length, end, length) == 0)
            return true;
    }
    return false;
}

static bool is_secret_name(const char *name)
{
    static const char *const parts[] = {"PASSWORD",    "PASSWD", "PASSPHRASE",
                                        "SECRET",      "TOKEN",  "CREDENTIAL",
                                        "DATABASE_UR", "DB_UR",  "CONNECTION_STR"};
    static const char *const words[] = {"PASS", "PWD", "KEY", "KEYS", "AUTH", "DSN"};
    if (strcmp(name, "PWD") == 0 || strcmp(name, "OLDPWD") == 0)
        return false;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcasestr(name, parts[i]) != NULL)
            return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (has_word(name, words[i]))
            return true;
    size_t length = strlen(name);
    return length >= 5 && strcasecmp(name + length - 5, "_FILE") == 0;
}

/* Returns true for SCHEME://LOGIN@HOST. */
static bool has_login(const char *value)
{
    const char *login = strstr(value, "://");
    if (login == NULL)
        return false;
    login += 3;
    size_t length = strcspn(login, "/?#");
    return memchr(login, '@', length) != NULL;
}

bool mr_config_is_secret(const char *name, const char *value)
{
    return is_secret_name(name) || has_login(value);
}
