#include "master/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/panic.h"

/* The first number above a worker's own descriptors. Each descriptor is duplicated above them
 * first, so that none overwrites another. */
enum { FIRST_FREE_FD = MR_WORKER_PLACE_FD + 1 };

/* Opens a channel. Returns the worker's end, with a number above the worker's own, or -errno. Sets
 * *near to the master's end. */
static int open_channel(int *near)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    int far = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    int error = errno;
    close(ends[1]);
    if (far < 0) {
        close(ends[0]);
        return -error;
    }
    *near = ends[0];
    return far;
}

/* Gives the worker the signals of a fresh process, but blocks those that mr_process_begin() holds
 * back. A terminal sends some of them to all of its processes, and the master alone acts on
 * them. */
static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t waiting, all;
    sigemptyset(&waiting);
    sigaddset(&waiting, SIGINT);
    sigaddset(&waiting, SIGHUP);
    sigaddset(&waiting, SIGUSR1);
    sigaddset(&waiting, SIGTERM);
    sigfillset(&all);
    MR_ASSERT(posix_spawnattr_setsigmask(attributes, &waiting) == 0);
    MR_ASSERT(posix_spawnattr_setsigdefault(attributes, &all) == 0);
    MR_ASSERT(
        posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0);
}

static void set_files(posix_spawn_file_actions_t *files, int channel, int board, int place)
{
    MR_ASSERT(posix_spawn_file_actions_adddup2(files, channel, MR_WORKER_CHANNEL_FD) == 0);
    MR_ASSERT(posix_spawn_file_actions_adddup2(files, board, MR_WORKER_SCOREBOARD_FD) == 0);
    if (place >= 0)
        MR_ASSERT(posix_spawn_file_actions_adddup2(files, place, MR_WORKER_PLACE_FD) == 0);
    int first = place >= 0 ? FIRST_FREE_FD : MR_WORKER_PLACE_FD;
    MR_ASSERT(posix_spawn_file_actions_addclosefrom_np(files, first) == 0);
}

static int execute(uint64_t slot, int channel, int board, int place, pid_t *pid)
{
    char number[24], name[48], command[] = "worker", option[] = "--slot";
    snprintf(number, sizeof(number), "%" PRIu64, slot);
    snprintf(name, sizeof(name), "moonroute: worker %s", number);
    char *argv[] = {name, command, option, number, NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    MR_ASSERT(posix_spawnattr_init(&attributes) == 0);
    MR_ASSERT(posix_spawn_file_actions_init(&files) == 0);
    set_signals(&attributes);
    set_files(&files, channel, board, place);
    /* This is the running binary, even if its file was replaced meanwhile. */
    int error = posix_spawn(pid, "/proc/self/exe", &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return -error;
}

int mr_spawn_worker(uint64_t slot, int board_fd, int place_fd, pid_t *pid, int *channel_fd)
{
    int near = -1;
    int channel = open_channel(&near);
    if (channel < 0)
        return channel;
    int board = fcntl(board_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    int place = place_fd > 0 ? fcntl(place_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD) : -1;
    int result = board < 0 ? -errno : execute(slot, channel, board, place, pid);
    if (board >= 0)
        close(board);
    if (place >= 0)
        close(place);
    close(channel);
    if (result != 0)
        close(near);
    else
        *channel_fd = near;
    return result;
}
