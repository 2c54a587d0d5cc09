/* Seeing a panic: the function runs in a child, which is to end by SIGABRT. */
#ifndef TESTS_UNIT_PANICS_H
#define TESTS_UNIT_PANICS_H

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* True where function(data) panics; `said` is what went to standard error, cut to size. */
static inline bool panics(void (*function)(void *data), void *data, char *said, size_t size)
{
    int out[2], status = 0;
    size_t length = 0;
    if (pipe(out) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(out[1], STDERR_FILENO);
        function(data);
        _exit(0);
    }
    close(out[1]);
    for (ssize_t got;
         length + 1 < size && (got = read(out[0], said + length, size - 1 - length)) > 0;)
        length += (size_t)got;
    said[length] = '\0';
    close(out[0]);
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT && strstr(said, "moonroute: panic at ") != NULL;
}

#endif
