#include "config/restart_keys.h"

#include <stdlib.h>

#include "config/store.h"

static bool needs_restart(const struct mr_config_setting *setting)
{
    return (setting->key->flags & MR_KEY_RESTART) != 0;
}

static void drop(struct mr_config *config)
{
    size_t left = 0;
    for (size_t i = 0; i < config->count; i++) {
        struct mr_config_setting *setting = &config->settings[i];
        if (!needs_restart(setting)) {
            config->settings[left++] = *setting;
            continue;
        }
        free(setting->path);
        free(setting->text);
        free(setting->origin);
    }
    config->count = left;
}

void mr_config_keep(struct mr_config *config, const struct mr_config *running)
{
    drop(config);
    for (size_t i = 0; i < running->count; i++) {
        const struct mr_config_setting *setting = &running->settings[i];
        if (needs_restart(setting))
            mr_config_store(config, setting->key, setting->path, setting->text, setting->origin);
    }
    config->in_container = running->in_container;
}
