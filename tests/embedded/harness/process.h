/* The program as a child process. Whatever becomes of the test, the child does not outlive it. */
#ifndef MR_EMBEDDED_PROCESS_H
#define MR_EMBEDDED_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "harness/folder.h"

enum { PROCESS_WORDS = 24 };

/* How to start it. Of the test's own environment it sees next to nothing. */
struct process {
    const struct folder *folder; /* works here; output goes to files in it */
    const char *out, *err;       /* names of those files, which are appended to */
    bool closed;                 /* it starts with its three standard descriptors closed instead */
    bool blocked; /* it starts with all signals blocked, as its parent might have them */
    const char *arguments[PROCESS_WORDS];   /* behind the program's name; NULL ends them */
    const char *environment[PROCESS_WORDS]; /* "NAME=value"; NULL ends it */
};

pid_t process_start(const struct process *process);
/* Reaps it. Fails the test when it takes longer or was ended by a signal. Returns the exit code. */
int process_await(pid_t pid, int ms);
void process_kill(pid_t pid);  /* and reaps it */
bool process_alive(pid_t pid); /* any process, not just a child; a zombie is not */

/* One command to its end. The caller frees `out` and `err`. */
struct ended {
    int code;
    char *out, *err;
};
struct ended process_run(const struct folder *folder, const char *const *environment,
                         const char *const *arguments);
void ended_free(struct ended *ended);

#endif
