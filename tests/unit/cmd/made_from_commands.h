/* The common part of docs/COMMANDS.md and the manual page moonroute(1). Both are made from the
 * table of commands, from each command's options, and from the rows below. The programs are linked
 * so that a command calls __wrap_mr_options_parse(), which sees its options. */
#ifndef MR_TESTS_MADE_FROM_COMMANDS_H
#define MR_TESTS_MADE_FROM_COMMANDS_H

#include "made.h"

#include "cmd/options.h"

enum { OPTIONS_MOST = 32, CODES_MOST = 8, EXIT_MOST = 132 };

/* A command: text that its help has no room for, an example, and its exit codes besides 0,
 * MR_EXIT_USAGE and MR_EXIT_INTERNAL. */
struct about {
    const char *name, *text, *example;
    int codes[CODES_MOST];
};

static const struct about abouts[] = {
    {"run",
     "The log goes to standard error, or to `log.file`. SIGHUP reloads configuration and scripts, "
     "in all workers or in none. SIGTERM and Ctrl-C stop the router: handlers that run may end "
     "within `shutdown_timeout`, and offsets are committed. A second Ctrl-C kills the workers. "
     "SIGUSR1 opens the log file again.",
     "moonroute run --brokers kafka-1:9092,kafka-2:9092 --workers 4",
     {MR_EXIT_DATA, MR_EXIT_CONFIG}},
    {"dev",
     "The broker runs inside this process, and is empty at each start. Each script gets a topic of "
     "4 partitions, and so does each route that is no pattern. If `kafka.brokers` is not set, "
     "`request` and `publish` of the "
     "same user find this broker.",
     "moonroute dev --scripts scripts --log-level debug",
     {MR_EXIT_DATA, MR_EXIT_CONFIG}},
    {"check",
     "Nothing is served, and no broker is asked. The command loads each script as a worker does, "
     "and reports all errors that it finds.",
     "moonroute check --config config/moonroute.lua",
     {MR_EXIT_DATA, MR_EXIT_CONFIG}},
    {"test",
     "PATH is a file, or a folder of `*_spec.lua` files; without it, the folder `spec`. A spec can "
     "require `moonroute`. The configuration decides only if the scripts that a spec loads are "
     "trusted (`sandbox`). The program busted must be installed.",
     "moonroute test spec/orders_spec.lua",
     {MR_EXIT_FAILED, MR_EXIT_UNAVAILABLE, MR_EXIT_CONFIG}},
    {"request",
     "The value is JSON. With `-` it is read from standard input, and without it the value is "
     "null. The reply goes to standard output, and its headers to standard error.",
     "moonroute request greetings-commands '{\"name\":\"Ada\"}' --timeout 5000",
     {MR_EXIT_FAILED, MR_EXIT_DATA, MR_EXIT_UNAVAILABLE, MR_EXIT_TIMEOUT, MR_EXIT_CONFIG}},
    {"publish",
     "The value is given as for `request`. The command ends when Kafka has acknowledged the "
     "message, and prints nothing.",
     "moonroute publish orders-events '{\"id\":7}' --key 7 --header source=shell",
     {MR_EXIT_DATA, MR_EXIT_UNAVAILABLE, MR_EXIT_CONFIG}},
    {"tail",
     "Each line has topic, partition, offset, timestamp, key, headers (a list of pairs), and the "
     "value: as `value` if it is JSON, else as `text`, else as `base64`. Without bounds the "
     "command "
     "begins at the end of the topic and waits for new records. With `--until`, or with `--count` "
     "and a `--from`, it stops at the end that the topic has at the start, unless it follows. A "
     "time is a date, a date and a time (2026-11-30T22:19:33Z, UTC without a zone), or a span "
     "before now (-15m; s, m, h, d). Records of aborted transactions are left out.",
     "moonroute tail orders-events --from -15m --until end --header source=shell",
     {MR_EXIT_DATA, MR_EXIT_UNAVAILABLE, MR_EXIT_DENIED, MR_EXIT_CONFIG, MR_EXIT_INTERRUPTED}},
    {"health",
     "The command asks `/health` of the admin listener, and prints the answer. If the router is "
     "not healthy, the answer has a reason per unhealthy "
     "worker.",
     "moonroute health --admin 127.0.0.1:8080",
     {MR_EXIT_FAILED, MR_EXIT_UNAVAILABLE, MR_EXIT_TIMEOUT, MR_EXIT_CONFIG}},
    {"status",
     "The command asks `/status` of the admin listener, and prints tables of the workers and "
     "topics.",
     "moonroute status --json",
     {MR_EXIT_UNAVAILABLE, MR_EXIT_TIMEOUT, MR_EXIT_CONFIG}},
    {"version",
     "librdkafka and LuaJIT are the system's, or those that ship with Moonroute (`built by "
     "tools/deps`). Each line `known fault` is a fault of the version in use, with the versions "
     "that have it. Moonroute works around these faults; docs/LIBRDKAFKA.md and docs/LUAJIT.md say "
     "how.",
     "moonroute version",
     {0}},
};

/* Returns the meaning of an exit code; NULL if it is none. The compiler requires a case per code.
 */
static inline const char *meaning_of(enum mr_exit code)
{
    switch (code) {
    case MR_EXIT_OK:
        return "Success.";
    case MR_EXIT_FAILED:
        return "The reply is an error, a spec failed, or the router is not healthy.";
    case MR_EXIT_USAGE:
        return "The command line is wrong.";
    case MR_EXIT_DATA:
        return "A script does not load, a value is not JSON, Kafka refuses a record, or a topic is "
               "missing.";
    case MR_EXIT_UNAVAILABLE:
        return "No broker or no router answers, or busted is not installed.";
    case MR_EXIT_INTERNAL:
        return "Moonroute has a fault, or its output cannot be written.";
    case MR_EXIT_MEMORY:
        return "The Lua of a worker used twice its memory budget.";
    case MR_EXIT_FULL:
        return "A worker is to be replaced, because its scripts keep too much memory.";
    case MR_EXIT_FENCED:
        return "A worker lost its name in a group to another member.";
    case MR_EXIT_TIMEOUT:
        return "A reply or an answer did not come in time.";
    case MR_EXIT_DENIED:
        return "Kafka does not allow it.";
    case MR_EXIT_INTERRUPTED:
        return "Ctrl-C or SIGTERM ended the command before its end.";
    case MR_EXIT_CONFIG:
        return "The configuration has an error.";
    }
    return NULL;
}

static inline const struct about *about_of(const char *name)
{
    for (size_t i = 0; i < sizeof(abouts) / sizeof(abouts[0]); i++)
        if (strcmp(abouts[i].name, name) == 0)
            return &abouts[i];
    fail_msg("the command %s has no row in `abouts`: text, example, exit codes", name);
    return NULL;
}

static inline bool ends_with(const struct mr_command *command, int code)
{
    bool found = code == MR_EXIT_OK || code == MR_EXIT_USAGE || code == MR_EXIT_INTERNAL;
    for (const int *at = about_of(command->name)->codes; *at != 0; at++)
        found = found || *at == code;
    return found;
}

/* Returns the next command that is for people. Begin with NULL; NULL ends. */
static inline const struct mr_command *next_command(const struct mr_command *command)
{
    command = command == NULL ? mr_commands : command + 1;
    while (command->name != NULL && command->hidden)
        command++;
    return command->name == NULL ? NULL : command;
}

/* The options of the command that was called last. */
static struct mr_option options_seen[OPTIONS_MOST];

int __wrap_mr_options_parse(const struct mr_command *command, const struct mr_option *options,
                            int argc, char **argv, int least, int most, int *code);

int __wrap_mr_options_parse(const struct mr_command *command, const struct mr_option *options,
                            int argc, char **argv, int least, int most, int *code)
{
    size_t count = 0;
    (void)command, (void)argc, (void)argv, (void)least, (void)most;
    for (; options[count].name != NULL; count++)
        options_seen[count] = options[count];
    assert_true(count < OPTIONS_MOST);
    options_seen[count].name = NULL;
    *code = MR_EXIT_OK;
    return -1;
}

/* Returns the command's options; a NULL name ends them. They are good until the next call. */
static inline const struct mr_option *options_of(const struct mr_command *command)
{
    char name[32], *argv[] = {name, NULL};
    snprintf(name, sizeof(name), "%s", command->name);
    options_seen[0].name = NULL;
    assert_int_equal(command->run(command, 1, argv), MR_EXIT_OK);
    return options_seen;
}

/* An option's help is "MEANING (default: DEFAULT)." */
struct option_help {
    char meaning[256], fallback[128];
};

static inline struct option_help help_of(const struct mr_option *option)
{
    static const char mark[] = " (default: ";
    struct option_help help = {.fallback = ""};
    const char *at = strstr(option->help, mark);
    if (at == NULL) {
        snprintf(help.meaning, sizeof(help.meaning), "%s", option->help);
        return help;
    }
    const char *begin = at + strlen(mark);
    assert_string_equal(begin + strlen(begin) - 2, ").");
    snprintf(help.meaning, sizeof(help.meaning), "%.*s.", (int)(at - option->help), option->help);
    snprintf(help.fallback, sizeof(help.fallback), "%.*s", (int)strlen(begin) - 2, begin);
    return help;
}

#endif
