/* Passwords and the like that must not be shown. */
#include <stdlib.h>
#include <string.h>

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
