#include "config/restart_keys.h"

#include "config/store.h"

static bool needs_restart(const struct mr_config_setting *setting, const char *context)
{
    (void)context;
    return (setting->key->flags & MR_KEY_RESTART) != 0;
}

void mr_config_keep(struct mr_config *config, const struct mr_config *running)
{
    mr_config_drop(config, needs_restart, NULL);
    for (size_t i = 0; i < running->count; i++) {
        const struct mr_config_setting *setting = &running->settings[i];
        if (needs_restart(setting, NULL))
            mr_config_store(config, setting->key, setting->path, setting->text, setting->origin);
    }
    config->in_container = running->in_container;
}
