/* Command-line options of a command, from a table: parsing, usage errors (exit 64) and --help. */
#ifndef MR_CMD_OPTIONS_H
#define MR_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cmd/command.h"

enum mr_option_kind {
    MR_OPTION_FLAG, /* into: bool * */
    MR_OPTION_TEXT, /* into: const char ** */
    MR_OPTION_LIST, /* into: struct mr_option_list *; may be repeated */
};

enum { MR_OPTION_LIST_MAX = 256 };
struct mr_option_list {
    const char *items[MR_OPTION_LIST_MAX];
    size_t count;
};

struct mr_option {
    const char *name; /* without the dashes; NULL ends a table */
    enum mr_option_kind kind;
    void *into;
    const char *value; /* the value's name in the help: "FILE" */
    const char *help;
};

/* Takes the options out of argv (both `--name VALUE` and `--name=VALUE`; `--` ends them) and leaves
 * the positional arguments in argv[1..]. Returns their count, from `least` to `most`. Returns -1 if
 * the command must end with *code: 0 after printing help, 64 after printing a usage error on
 * standard error. */
int mr_options_parse(const struct mr_command *command, const struct mr_option *options, int argc,
                     char **argv, int least, int most, int *code);
/* Reads the whole number that the option --NAME was given as. Leaves `*number` as it is if `text`
 * is NULL. Returns 0, or MR_EXIT_USAGE after printing the error. */
int mr_options_number(const struct mr_command *command, const char *name, const char *text,
                      int64_t least, int64_t most, int64_t *number);
/* Returns 0 if the argument is the name of a topic, or MR_EXIT_USAGE after printing the error. */
int mr_options_topic(const struct mr_command *command, const char *topic);
/* Splits each NAME=VALUE of --header into a pair, borrowed from the list. Returns 0, or
 * MR_EXIT_USAGE after printing the error. */
int mr_options_headers(const struct mr_command *command, const struct mr_option_list *list,
                       struct mr_pair *pairs);

#endif
