/* Shared by every command that needs the configuration: the options for it, and reading it. The
 * order of precedence is: command line, environment, file, defaults. */
#ifndef MR_CMD_SETTINGS_H
#define MR_CMD_SETTINGS_H

#include "base/errors.h"
#include "cmd/options.h"
#include "config/config.h"
#include "config/snapshot.h"

struct mr_settings {
    const char *config_file; /* --config */
    const char *scripts;     /* --scripts */
    const char *brokers;     /* --brokers */
    const char *workers;     /* --workers */
    const char *admin;       /* --admin */
    const char *log_level;   /* --log-level */
    const char *log_format;  /* --log-format */
    /* Changes what was read before it is checked; NULL: does not. */
    void (*complete)(void *context, struct mr_config *config, struct mr_errors *errors);
    void *context;
    const char *read_last; /* the file that the last snapshot was read from; NULL: none */
    const char *in_use;    /* the same of the last snapshot that was accepted */
};

/* Rows for an option table. */
#define MR_SETTINGS_CONFIG_OPTION(settings)                                                        \
    {                                                                                              \
        "config", MR_OPTION_TEXT, &(settings)->config_file, "FILE",                                \
            "Configuration file (default: config/moonroute.lua or /etc/moonroute/moonroute.lua, "  \
            "the first that exists)."                                                              \
    }
#define MR_SETTINGS_FILE_OPTIONS(settings)                                                         \
    MR_SETTINGS_CONFIG_OPTION(settings),                                                           \
    {                                                                                              \
        "brokers", MR_OPTION_TEXT, &(settings)->brokers, "HOST:PORT,...",                          \
            "Bootstrap servers of Kafka (default: kafka.brokers, localhost:9092)."                 \
    }
/* `workers_default` and `format_default` are literals for the help. */
#define MR_SETTINGS_RUN_OPTIONS(settings, workers_default, format_default)                         \
    {"scripts", MR_OPTION_TEXT, &(settings)->scripts, "DIR",                                       \
     "Folder of the handler scripts (default: scripts)."},                                         \
        {"workers", MR_OPTION_TEXT, &(settings)->workers, "N",                                     \
         "Number of worker processes (default: " workers_default ")."},                            \
        {"admin", MR_OPTION_TEXT, &(settings)->admin, "HOST:PORT",                                 \
         "Address of the admin listener (default: admin.listen, 127.0.0.1:8080)."},                \
        {"log-level", MR_OPTION_TEXT, &(settings)->log_level, "LEVEL",                             \
         "Lowest level that is logged: debug, info, warn or error (default: log.level, info)."},   \
    {                                                                                              \
        "log-format", MR_OPTION_TEXT, &(settings)->log_format, "FORMAT",                           \
            "Form of the log: json or text (default: " format_default ")."                         \
    }

/* Reads the configuration from these settings, the environment and the file. Never returns NULL,
 * but do not use the result if errors were added. The caller frees it. It is an error if --config
 * names a file that does not exist. It is one, too, if a usual file may be there but cannot be
 * read, or if it is in use and is gone. */
struct mr_config *mr_settings_config(const struct mr_settings *settings, struct mr_errors *errors);

/* Reads the configuration and the scripts, for the master at start and at every reload. Returns
 * NULL if errors were added. */
struct mr_snapshot *mr_settings_snapshot(struct mr_settings *settings, uint64_t generation,
                                         struct mr_errors *errors);
/* Notes that the last snapshot is in use. Its file must be there from then on. */
void mr_settings_accepted(struct mr_settings *settings);

#endif
