#include "harness/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "harness/test.h"

/* What the sanitizers and the coverage of the build go by. */
static const char *const inherited[] = {
    "PATH",         "LD_LIBRARY_PATH", "ASAN_OPTIONS",     "UBSAN_OPTIONS",
    "LSAN_OPTIONS", "GCOV_PREFIX",     "GCOV_PREFIX_STRIP"};

static void redirect(const char *name, int to)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || dup2(fd, to) < 0)
        _exit(127);
}

static void set_environment(const struct process *process)
{
    char *kept[sizeof(inherited) / sizeof(inherited[0])];
    for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
        const char *value = getenv(inherited[i]);
        kept[i] = value == NULL ? NULL : strdup(value);
    }
    clearenv();
    for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++)
        if (kept[i] != NULL)
            setenv(inherited[i], kept[i], 1);
    setenv("HOME", process->folder->path, 1);
    setenv("XDG_RUNTIME_DIR", process->folder->path, 1);
    for (size_t i = 0; process->environment[i] != NULL; i++) {
        char *pair = strdup(process->environment[i]);
        char *value = strchr(pair, '=');
        *value++ = '\0';
        setenv(pair, value, 1); /* a later one wins */
    }
}

/* Another program than this build's, an older one say, can be tested by hand. */
static const char *program(void)
{
    const char *other = getenv("MR_PROGRAM");
    return other != NULL ? other : MR_PROGRAM;
}

static void become(const struct process *process, pid_t parent)
{
    const char *words[PROCESS_WORDS + 2] = {program()};
    for (size_t i = 0; process->arguments[i] != NULL; i++)
        words[i + 1] = process->arguments[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || chdir(process->folder->path) != 0)
        _exit(127);
    redirect("/dev/null", STDIN_FILENO);
    redirect(process->out, STDOUT_FILENO);
    redirect(process->err, STDERR_FILENO);
    for (int fd = STDIN_FILENO; process->closed && fd <= STDERR_FILENO; fd++)
        close(fd);
    set_environment(process);
    union {
        const char **from;
        char **to;
    } list = {words};
    execv(words[0], list.to);
    _exit(127);
}

/* The child has its mask before anybody can send it a signal. */
pid_t process_start(const struct process *process)
{
    pid_t parent = getpid();
    sigset_t all, before;
    fflush(NULL);
    sigfillset(&all);
    sigprocmask(process->blocked ? SIG_BLOCK : SIG_UNBLOCK, process->blocked ? &all : NULL,
                &before);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become(process, parent);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

int process_await(pid_t pid, int ms)
{
    int status = 0;
    AWAIT_WITHIN(ms, waitpid(pid, &status, WNOHANG) == pid);
    if (!WIFEXITED(status))
        fail_msg("ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

void process_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

bool process_alive(pid_t pid)
{
    char path[64], line[256];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    const char *state = fgets(line, sizeof(line), file) == NULL ? NULL : strrchr(line, ')');
    fclose(file);
    return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

struct ended process_run(const struct folder *folder, const char *const *environment,
                         const char *const *arguments)
{
    char out[64], err[64];
    snprintf(out, sizeof(out), "%s", unique("out"));
    snprintf(err, sizeof(err), "%s", unique("err"));
    struct process process = {.folder = folder, .out = out, .err = err};
    for (size_t i = 0; arguments[i] != NULL; i++)
        process.arguments[i] = arguments[i];
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
        process.environment[i] = environment[i];
    pid_t pid = process_start(&process);
    int status = 0;
    uint64_t end = mr_clock_ms() + PATIENCE;
    while (waitpid(pid, &status, WNOHANG) != pid) {
        if (mr_clock_ms() >= end) {
            process_kill(pid);
            fail_msg("%s does not end", arguments[0]);
        }
        usleep(2000);
    }
    if (!WIFEXITED(status))
        fail_msg("%s: ended by signal %d", arguments[0], WTERMSIG(status));
    return (struct ended){WEXITSTATUS(status), folder_read(folder, out), folder_read(folder, err)};
}

void ended_free(struct ended *ended)
{
    free(ended->out);
    free(ended->err);
}
