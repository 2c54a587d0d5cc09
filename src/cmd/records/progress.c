#include "cmd/records/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { INTERVAL_MS = 1000 };

void mr_progress_begin(struct mr_progress *progress, const char *verb)
{
    *progress = (struct mr_progress){
        .verb = verb,
        .quiet = !isatty(STDERR_FILENO) || isatty(STDOUT_FILENO),
        .next = mr_clock_ms() + INTERVAL_MS,
    };
}

void mr_progress_count(struct mr_progress *progress, bool chosen)
{
    progress->read++;
    progress->chosen += chosen;
    if (progress->quiet || mr_clock_ms() < progress->next)
        return;
    progress->next = mr_clock_ms() + INTERVAL_MS;
    progress->told = true;
    fprintf(stderr, "\r%zu records read, %zu %s", progress->read, progress->chosen, progress->verb);
    fflush(stderr);
}

void mr_progress_end(struct mr_progress *progress)
{
    if (progress->told)
        fputs("\r\033[K", stderr);
    progress->told = false;
}
