/* The table of commands: `moonroute NAME ...`. A command is one file in this folder and one row in
 * commands.c. */
#ifndef MR_CMD_COMMAND_H
#define MR_CMD_COMMAND_H

#include <stdbool.h>

#include "base/exit.h"

struct mr_command {
    const char *name;
    const char *arguments; /* as usage shows them: "TOPIC [JSON|-]" */
    const char *summary;   /* one sentence */
    /* argv[0] is the command's name. Returns an enum mr_exit. */
    int (*run)(const struct mr_command *self, int argc, char **argv);
    bool hidden;  /* not for people: the worker, started by the master */
    bool listens; /* calls mr_process_listen itself, when it can obey signals */
};

extern const struct mr_command mr_commands[]; /* ends with a NULL name */

int mr_cmd_run(const struct mr_command *self, int argc, char **argv);
int mr_cmd_dev(const struct mr_command *self, int argc, char **argv);
int mr_cmd_check(const struct mr_command *self, int argc, char **argv);
int mr_cmd_test(const struct mr_command *self, int argc, char **argv);
int mr_cmd_request(const struct mr_command *self, int argc, char **argv);
int mr_cmd_publish(const struct mr_command *self, int argc, char **argv);
int mr_cmd_tail(const struct mr_command *self, int argc, char **argv);
int mr_cmd_health(const struct mr_command *self, int argc, char **argv);
int mr_cmd_status(const struct mr_command *self, int argc, char **argv);
int mr_cmd_version(const struct mr_command *self, int argc, char **argv);
int mr_cmd_worker(const struct mr_command *self, int argc, char **argv);

#endif
