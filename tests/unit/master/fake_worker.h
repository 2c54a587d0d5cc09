/* What stands in for a worker: this very test program, started again by the master. What it does is
 * written in the script echo.lua, in words. */
#ifndef MR_TESTS_FAKE_WORKER_H
#define MR_TESTS_FAKE_WORKER_H

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/clock.h"
#include "base/exit.h"
#include "base/scoreboard.h"
#include "config/snapshot.h"

struct fake {
    struct mr_channel channel;
    struct mr_scoreboard board;
    struct mr_slot *slot;
    uint64_t prepared;
    bool stubborn, chatty;
};

static inline void fake_answer(struct fake *fake, enum mr_frame_kind kind, uint64_t generation,
                               const char *why, uint64_t code)
{
    struct mr_buf body = {0};
    mr_buf_put_u64(&body, generation);
    if (kind == MR_FRAME_REFUSED) {
        mr_buf_put_bytes(&body, why, strlen(why));
        mr_buf_put_u64(&body, code);
    }
    mr_channel_put(&fake->channel, kind, (struct mr_bytes){body.data, body.length});
    mr_channel_flush(&fake->channel);
    mr_buf_free(&body);
}

/* What the master must not have let through, "" where all is well. */
static inline const char *fake_inspect(void)
{
    struct sigaction action;
    sigset_t mask;
    int open_files = 0;
    DIR *stream = opendir("/proc/self/fd");
    while (readdir(stream) != NULL)
        open_files++;
    closedir(stream);
    if (open_files != 2 + 5 + 1) /* . and .., 0 to 3, the place, the stream */
        return "files are open that should not be\n";
    sigprocmask(SIG_BLOCK, NULL, &mask);
    if (sigismember(&mask, SIGCHLD) || sigismember(&mask, SIGUSR2) || !sigismember(&mask, SIGINT))
        return "signals are blocked that should not be\n";
    sigaction(SIGPIPE, NULL, &action);
    return action.sa_handler == SIG_DFL ? "" : "SIGPIPE is not as in a fresh process\n";
}

static inline void fake_leave_orphan(void)
{
    if (fork() == 0) {
        if (fork() == 0) {
            usleep(100000);
            _exit(0);
        }
        _exit(0);
    }
}

static inline void fake_load(struct fake *fake, const struct mr_snapshot *snapshot)
{
    const char *text = snapshot->files[0].text;
    fake->prepared = snapshot->generation;
    fake->stubborn = strstr(text, "stubborn") != NULL;
    fake->chatty = strstr(text, "chatty") != NULL;
    if (strstr(text, "orphan") != NULL)
        fake_leave_orphan();
    if (strstr(text, "quit") != NULL)
        _exit(MR_EXIT_CONFIG);
    if (strstr(text, "crash") != NULL) {
        mr_run_begins(&fake->slot->run, 1, mr_clock_ms(), 1000); /* as when scripts load */
        kill(getpid(), SIGKILL);
    }
    const char *why = strstr(text, "inspect") != NULL ? fake_inspect() : "";
    if (strstr(text, "refuse") != NULL)
        why = "scripts/echo.lua:1: it was told to refuse\n";
    if (why[0] == '\0')
        fake_answer(fake, MR_FRAME_LOADED, fake->prepared, NULL, 0);
    else
        fake_answer(fake, MR_FRAME_REFUSED, fake->prepared, why,
                    strstr(text, "property") != NULL ? MR_EXIT_CONFIG : MR_EXIT_DATA);
}

static inline void fake_take(struct fake *fake, const struct mr_frame *frame)
{
    if (frame->kind == MR_FRAME_PREPARE) {
        struct mr_snapshot *snapshot = mr_snapshot_decode(frame->body);
        fake_load(fake, snapshot);
        mr_snapshot_free(snapshot);
    } else if (frame->kind == MR_FRAME_SWITCH) {
        mr_cell_set(&fake->slot->generation, fake->prepared);
        mr_cell_set(&fake->slot->state, MR_WORKER_READY);
        if (fake->chatty)
            while (write(fake->channel.fd, "nonsense", 8) > 0)
                ;
    } else if (frame->kind == MR_FRAME_STOP && !fake->stubborn) {
        _exit(0);
    }
}

static inline int fake_worker(const char *number)
{
    struct fake fake = {0};
    if (mr_scoreboard_attach(&fake.board, MR_WORKER_SCOREBOARD_FD) != 0)
        return MR_EXIT_INTERNAL;
    fake.slot = &fake.board.slots[atoi(number)];
    mr_channel_init(&fake.channel, MR_WORKER_CHANNEL_FD);
    int gone = 0;
    while (gone == 0) {
        struct mr_frame frame;
        struct pollfd wait = {.fd = MR_WORKER_CHANNEL_FD, .events = POLLIN};
        poll(&wait, 1, 1000);
        gone = mr_channel_fill(&fake.channel);
        while (mr_channel_next(&fake.channel, &frame) == 1)
            fake_take(&fake, &frame);
        mr_cell_set(&fake.slot->heartbeat, mr_clock_ms());
    }
    _exit(0);
}

#endif
