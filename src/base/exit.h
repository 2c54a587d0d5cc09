/* Exit codes of every command. The numbers are those of BSD sysexits if one exists. */
#ifndef MR_BASE_EXIT_H
#define MR_BASE_EXIT_H

enum mr_exit {
    MR_EXIT_OK = 0,
    MR_EXIT_FAILED = 1,       /* an error reply, failed specs, an unhealthy router */
    MR_EXIT_USAGE = 64,       /* a wrong command line */
    MR_EXIT_DATA = 65,        /* a script that does not load, text that is not JSON */
    MR_EXIT_UNAVAILABLE = 69, /* the broker cannot be reached */
    MR_EXIT_INTERNAL = 70,
    MR_EXIT_MEMORY = 71, /* a worker whose Lua used twice its memory budget */
    MR_EXIT_FULL = 72,   /* a worker to be replaced: its scripts keep too much memory */
    MR_EXIT_FENCED = 73, /* a worker that lost its name in its groups to another member */
    MR_EXIT_TIMEOUT = 75,
    MR_EXIT_DENIED = 77, /* Kafka does not allow it */
    MR_EXIT_CONFIG = 78,
    MR_EXIT_INTERRUPTED = 130, /* by Ctrl-C or SIGTERM, in good order */
};

#endif
