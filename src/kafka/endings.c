#include "kafka/endings.h"

#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"

enum { HANGS_MS = 10000, STACK_BYTES = 262144 };

struct ending {
    rd_kafka_t *handle;
    void *owned;
    char name[128];
    uint64_t began; /* ms */
    bool told;      /* a warning was logged */
    atomic_bool over;
    struct ending *next;
};

static struct ending *all;
static int over_fd = -1; /* an eventfd, written after each ending */

static void *destroy(void *data)
{
    struct ending *ending = data;
    rd_kafka_destroy(ending->handle);
    free(ending->owned);
    atomic_store(&ending->over, true);
    eventfd_write(over_fd, 1);
    return NULL;
}

/* Starts the thread with all signals blocked: signals belong to the loop. */
static bool start_thread(struct ending *ending)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t every, before;
    sigfillset(&every);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    bool started = pthread_create(&thread, &attributes, destroy, ending) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

void mr_endings_add(rd_kafka_t *handle, void *owned)
{
    struct ending *ending = mr_alloc(sizeof(*ending));
    ending->handle = handle;
    ending->owned = owned;
    ending->began = mr_clock_ms();
    snprintf(ending->name, sizeof(ending->name), "%s", rd_kafka_name(handle));
    atomic_init(&ending->over, false);
    if (over_fd < 0)
        over_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    MR_ASSERT(over_fd >= 0);
    ending->next = all;
    all = ending;
    if (!start_thread(ending))
        mr_log(MR_LOG_WARN, "client_not_ended", MR_S("client", ending->name),
               MR_S("message", "no thread could be started to end the client; the client stays "
                               "until the process ends"));
}

static void tell_hanging(struct ending *ending)
{
    if (ending->told || mr_clock_ms() < ending->began + HANGS_MS)
        return;
    ending->told = true;
    mr_log(MR_LOG_WARN, "client_end_hangs", MR_S("client", ending->name),
           MR_S("message", "librdkafka does not end the client; the client holds nothing of its "
                           "group, and ends with the process"));
}

size_t mr_endings_pending(void)
{
    size_t pending = 0;
    for (struct ending **link = &all, *ending; (ending = *link) != NULL;) {
        if (!atomic_load(&ending->over)) {
            pending++;
            tell_hanging(ending);
            link = &ending->next;
            continue;
        }
        *link = ending->next;
        free(ending);
    }
    return pending;
}

bool mr_endings_await(uint64_t ms)
{
    uint64_t ends = mr_clock_ms() + ms, count;
    while (mr_endings_pending() > 0) {
        uint64_t now = mr_clock_ms();
        struct pollfd look = {.fd = over_fd, .events = POLLIN};
        if (now >= ends)
            return false;
        poll(&look, 1, (int)(ends - now));
        ssize_t got = read(over_fd, &count, sizeof(count));
        (void)got; /* nothing to read if the time is up */
    }
    return true;
}
