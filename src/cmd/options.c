#include "cmd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/topic.h"
#include "cmd/fail.h"

static void print_usage(FILE *to, const struct mr_command *command)
{
    fprintf(to, "usage: moonroute %s [OPTIONS]%s%s\n", command->name,
            command->arguments[0] ? " " : "", command->arguments);
}

static void print_help(const struct mr_command *command, const struct mr_option *options)
{
    print_usage(stdout, command);
    printf("%s\n\n", command->summary);
    for (; options->name != NULL; options++) {
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", options->name, options->value ? " " : "",
                 options->value ? options->value : "");
        printf("  %-26s %s\n", left, options->help);
    }
    printf("  %-26s %s\n", "--help", "Print this help.");
}

static int usage_error(const struct mr_command *command, const char *what, const char *which,
                       int *code)
{
    mr_print(stderr, "moonroute %s: %s%s\n", command->name, what, which);
    print_usage(stderr, command);
    fprintf(stderr, "'moonroute %s --help' lists the options.\n", command->name);
    *code = MR_EXIT_USAGE;
    return -1;
}

static const struct mr_option *find(const struct mr_option *options, const char *name,
                                    size_t length)
{
    for (; options->name != NULL; options++)
        if (strlen(options->name) == length && strncmp(options->name, name, length) == 0)
            return options;
    return NULL;
}

static bool store(const struct mr_option *option, const char *value)
{
    if (option->kind == MR_OPTION_TEXT) {
        *(const char **)option->into = value;
        return true;
    }
    struct mr_option_list *list = option->into;
    if (list->count == MR_OPTION_LIST_MAX)
        return false;
    list->items[list->count++] = value;
    return true;
}

/* Takes the option at argv[*at], and its value with it. Returns 0, or -1 with *code. */
static int take(const struct mr_command *command, const struct mr_option *options, int argc,
                char **argv, int *at, int *code)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    const struct mr_option *option =
        find(options, name, equals ? (size_t)(equals - name) : strlen(name));
    if (option == NULL)
        return usage_error(command, "unknown option ", argv[*at], code);
    if (option->kind == MR_OPTION_FLAG) {
        if (equals != NULL)
            return usage_error(command, "takes no value: ", argv[*at], code);
        *(bool *)option->into = true;
        return 0;
    }
    if (equals == NULL && *at + 1 == argc)
        return usage_error(command, "needs a value: ", argv[*at], code);
    const char *value = equals ? equals + 1 : argv[++*at];
    return store(option, value) ? 0
                                : usage_error(command, "given too often: --", option->name, code);
}

int mr_options_parse(const struct mr_command *command, const struct mr_option *options, int argc,
                     char **argv, int least, int most, int *code)
{
    int count = 0;
    bool only_positionals = false;
    for (int i = 1; i < argc; i++) {
        bool is_option = !only_positionals && strncmp(argv[i], "-", 1) == 0 && argv[i][1] != '\0';
        if (!is_option) {
            argv[++count] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            only_positionals = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(command, options);
            *code = MR_EXIT_OK;
            return -1;
        } else if (argv[i][1] != '-') {
            return usage_error(command, "unknown option ", argv[i], code);
        } else if (take(command, options, argc, argv, &i, code) != 0) {
            return -1;
        }
    }
    if (count < least)
        return usage_error(command, "missing ", command->arguments, code);
    if (count > most)
        return usage_error(command, "unexpected argument ", argv[most + 1], code);
    return count;
}

int mr_options_number(const struct mr_command *command, const char *name, const char *text,
                      int64_t least, int64_t most, int64_t *number)
{
    char *end;
    if (text == NULL)
        return 0;
    *number = strtoll(text, &end, 10);
    if (*text != '\0' && *end == '\0' && *number >= least && *number <= most)
        return 0;
    return mr_fail(command, MR_EXIT_USAGE, "--%s %s: expected a whole number, %lld to %lld", name,
                   text, (long long)least, (long long)most);
}

int mr_options_topic(const struct mr_command *command, const char *topic)
{
    if (mr_topic_legal(mr_bytes_of(topic)))
        return 0;
    return mr_fail(command, MR_EXIT_USAGE, "%s: not a topic name: 1 to 249 of a-z A-Z 0-9 . _ -",
                   topic);
}

int mr_options_headers(const struct mr_command *command, const struct mr_option_list *list,
                       struct mr_pair *pairs)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *given = list->items[i], *equals = strchr(given, '=');
        if (equals == NULL || equals == given)
            return mr_fail(command, MR_EXIT_USAGE, "--header %s: expected NAME=VALUE", given);
        pairs[i] = (struct mr_pair){{given, (size_t)(equals - given)}, mr_bytes_of(equals + 1)};
    }
    return 0;
}
