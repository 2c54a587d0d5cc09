/* The errors of a command. */
#ifndef MR_CMD_FAIL_H
#define MR_CMD_FAIL_H

#include "cmd/command.h"

/* Prints "moonroute COMMAND: ..." on standard error and returns `code`. */
int mr_fail(const struct mr_command *command, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
