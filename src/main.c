#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/machine/process.h"
#include "base/print.h"
#include "cmd/command.h"

/* Read by jemalloc: memory that a burst took and freed is given back even if its threads are idle
 * by then. */
extern const char *malloc_conf;
const char *malloc_conf = "background_thread:true";

static void print_help(FILE *to)
{
    fprintf(to, "usage: moonroute COMMAND [OPTIONS]\nA Lua-scriptable message router for Apache "
                "Kafka.\n\n");
    for (const struct mr_command *command = mr_commands; command->name != NULL; command++) {
        char left[64];
        snprintf(left, sizeof(left), "%s %s", command->name, command->arguments);
        if (!command->hidden)
            fprintf(to, "  %-24s %s\n", left, command->summary);
    }
    fprintf(to, "\n'moonroute COMMAND --help' lists the options of a command.\n");
}

/* Returns the exit code: a failure if the command's output could not be written. */
static int finish(const char *name, int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "moonroute %s: cannot write to standard output: %s\n", name, strerror(errno));
    return code == MR_EXIT_OK ? MR_EXIT_INTERNAL : code;
}

static int run(const struct mr_command *command, int argc, char **argv)
{
    if (!command->listens)
        mr_process_listen();
    return finish(command->name, command->run(command, argc, argv));
}

int main(int argc, char **argv)
{
    mr_process_begin();
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return finish("help", MR_EXIT_OK);
    }
    if (strcmp(name, "--version") == 0)
        name = "version";
    for (const struct mr_command *command = mr_commands; command->name != NULL; command++)
        if (strcmp(command->name, name) == 0)
            return run(command, argc - 1, argv + 1);
    if (argc > 1)
        mr_print(stderr, "moonroute: unknown command '%s'\n", name);
    print_help(stderr);
    return MR_EXIT_USAGE;
}
