/* Checks of the configuration as a whole. */
#include <regex.h>
#include <string.h>

#include "base/machine/host.h"
#include "base/topic.h"
#include "config/store.h"

struct checking {
    const struct mr_config *config;
    const char *origin;
    struct mr_errors *errors;
};

/* Returns the origin of the path or, if it is a table, of a setting in it. */
static const char *place_of(const struct checking *checking, const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < checking->config->count; i++) {
        const struct mr_config_setting *setting = &checking->config->settings[i];
        if (strncmp(setting->path, path, length) == 0 && setting->origin[0] != '\0')
            return setting->origin;
    }
    return checking->origin;
}

/* Adds an error if `path` is set and `needed` is not. */
static void check_pair(const struct checking *checking, const char *path, const char *needed)
{
    if (mr_config_is_set(checking->config, path) && !mr_config_is_set(checking->config, needed))
        mr_errors_add(checking->errors, "%s: %s: set without %s", place_of(checking, path), path,
                      needed);
}

static void check_pattern(const struct checking *checking, const char *path, const char *pattern)
{
    regex_t regex;
    char why[128];
    int code = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (code == 0) {
        regfree(&regex);
    } else {
        regerror(code, &regex, why, sizeof(why));
        mr_errors_add(checking->errors, "%s: %s: not a POSIX extended regular expression: %s",
                      place_of(checking, path), path, why);
    }
    if (mr_config_route_string(checking->config, pattern, "script")[0] == '\0')
        mr_errors_add(checking->errors, "%s: %s: a pattern needs `script`, the handler's file",
                      place_of(checking, path), path);
}

static void check_topic(const struct checking *checking, const char *path, const char *name)
{
    if (!mr_topic_legal(mr_bytes_of(name)))
        mr_errors_add(
            checking->errors,
            "%s: %s: not a topic name (1 to 249 of letters, digits, \".\", \"_\" and \"-\")",
            place_of(checking, path), path);
}

/* A login in an address would be taken for a part of the host's name, and shown in the log. The
 * error does not show it. */
static void check_broker(void *context, const char *name, const char *address)
{
    const struct checking *checking = context;
    static const char path[] = "kafka.brokers";
    (void)name;
    if (strchr(address, '@') != NULL)
        mr_errors_add(checking->errors,
                      "%s: %s: an address holds no login: set kafka.sasl.username and "
                      "kafka.sasl.password",
                      place_of(checking, path), path);
}

/* The limit is that of a host's name: a longer name would be cut, and two names could become the
 * same. */
static void check_instance(const struct checking *checking)
{
    static const char path[] = "kafka.group_instance_id";
    if (strlen(mr_config_string(checking->config, path)) >= MR_HOST_SIZE)
        mr_errors_add(checking->errors, "%s: %s: longer than %d bytes", place_of(checking, path),
                      path, MR_HOST_SIZE - 1);
}

static void check_delays(const struct checking *checking, const char *table)
{
    struct mr_buf base = {0}, cap = {0};
    mr_buf_printf(&base, "%s.retry.base", table);
    mr_buf_printf(&cap, "%s.retry.cap", table);
    int64_t least = mr_config_integer(checking->config, mr_buf_text(&base));
    int64_t most = mr_config_integer(checking->config, mr_buf_text(&cap));
    bool own = mr_config_is_set(checking->config, mr_buf_text(&base)) ||
               mr_config_is_set(checking->config, mr_buf_text(&cap));
    if (own && least > most)
        mr_errors_add(checking->errors, "%s: %s.retry: base (%lld) is more than cap (%lld)",
                      place_of(checking, table), table, (long long)least, (long long)most);
    mr_buf_free(&base);
    mr_buf_free(&cap);
}

static void check_route(void *context, const char *name, const char *value)
{
    (void)value;
    const struct checking *checking = context;
    struct mr_buf path = {0};
    mr_config_path_child(&path, "routes", name);
    if (name[0] == '^')
        check_pattern(checking, mr_buf_text(&path), name);
    else
        check_topic(checking, mr_buf_text(&path), name);
    check_delays(checking, mr_buf_text(&path));
    mr_buf_free(&path);
}

static void check_topics_entry(void *context, const char *name, const char *value)
{
    (void)value;
    const struct checking *checking = context;
    struct mr_buf path = {0};
    mr_config_path_child(&path, "topics", name);
    check_topic(checking, mr_buf_text(&path), name);
    mr_buf_free(&path);
}

void mr_config_check(const struct mr_config *config, const char *origin, struct mr_errors *errors)
{
    struct checking checking = {config, origin, errors};
    check_pair(&checking, "kafka.sasl.username", "kafka.sasl.password");
    check_pair(&checking, "kafka.sasl.password", "kafka.sasl.username");
    check_pair(&checking, "kafka.tls.certificate", "kafka.tls.key");
    check_pair(&checking, "kafka.tls.key", "kafka.tls.certificate");
    check_pair(&checking, "kafka.tls.key_password", "kafka.tls.key");
    mr_config_list(config, "kafka.brokers", check_broker, &checking);
    check_instance(&checking);
    check_delays(&checking, "defaults");
    mr_config_map(config, "routes", check_route, &checking);
    mr_config_map(config, "topics", check_topics_entry, &checking);
}
