#include "base/machine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/panic.h"

/* Opens a file on `fd` if it is closed, in the wrong direction: a command that cannot print must
 * notice. Without /dev/null it opens a directory, which cannot be read or written either. */
static void stand_in(int fd)
{
    int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
        return;
    int opened = open("/dev/null", mode);
    if (opened < 0)
        opened = open("/", O_RDONLY | O_DIRECTORY);
    if (opened != fd) /* all lower descriptors are open, so `fd` is the lowest free one */
        _exit(MR_EXIT_INTERNAL);
}

/* Asserts nothing: nothing can be reported yet, and these calls cannot fail. */
void mr_process_begin(void)
{
    static const int held[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    sigset_t mask;
    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        sigaddset(&mask, held[i]);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        stand_in(fd);
}

void mr_process_listen(void)
{
    sigset_t none;
    sigemptyset(&none);
    MR_ASSERT(pthread_sigmask(SIG_SETMASK, &none, NULL) == 0);
}

static void do_nothing(int signal)
{
    (void)signal;
}

void mr_process_ignore(int signal)
{
    struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    MR_ASSERT(sigaction(signal, &action, NULL) == 0);
}
