/* Preloaded into the master, it starts the workers under another program, valgrind say: that one
 * cannot follow a process into /proc/self/exe, which is what workers are started as. $BENCH_UNDER
 * is the command, its words apart by a space, that the worker's arguments are added to. */
#include <dlfcn.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 64 };

typedef int spawn_fn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
                     const posix_spawnattr_t *attributes, char *const arguments[],
                     char *const environment[]);

static void add(char **words, size_t *count, char *word)
{
    if (*count + 1 == WORDS)
        abort();
    words[(*count)++] = word;
    words[*count] = NULL;
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
                const posix_spawnattr_t *attributes, char *const arguments[],
                char *const environment[])
{
    spawn_fn *spawn = (spawn_fn *)dlsym(RTLD_NEXT, "posix_spawn");
    char *under = strdup(getenv("BENCH_UNDER")), *words[WORDS], *rest = under;
    size_t count = 0;
    (void)path, (void)environment;
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;)
        add(words, &count, word);
    for (size_t i = 1; arguments[i] != NULL; i++)
        add(words, &count, arguments[i]);
    unsetenv("LD_PRELOAD");
    int error = spawn(pid, words[0], files, attributes, words, environ);
    free(under);
    return error;
}
