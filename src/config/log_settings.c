#include "config/log_settings.h"

#include <string.h>

#include "base/log.h"

int mr_log_settings(const struct mr_config *config, const char *who)
{
    bool json = strcmp(mr_config_string(config, "log.format"), "json") == 0;
    return mr_log_open(mr_config_string(config, "log.file"), json ? MR_LOG_JSON : MR_LOG_TEXT,
                       mr_log_level_of(mr_config_string(config, "log.level")), who);
}
