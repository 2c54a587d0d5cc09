/* The reasons why a response topic is not read, or only in part. Three sources report them, and the
 * worst one is logged. A fault ends by itself, even if only after a person has acted. */
#ifndef MR_WORKER_RPC_DEAF_H
#define MR_WORKER_RPC_DEAF_H

#include <stdbool.h>
#include <stddef.h>

/* The worse ones first. */
enum mr_deaf {
    MR_DEAF_FORBIDDEN,  /* hidden or missing, and may not be created */
    MR_DEAF_HIDDEN,     /* may not be described */
    MR_DEAF_DENIED,     /* may not be read */
    MR_DEAF_MISSING,    /* missing, and nobody is to create it */
    MR_DEAF_UNASKED,    /* missing, and so is each topic that requests ask */
    MR_DEAF_UNKNOWN,    /* could not be looked up, or not created */
    MR_DEAF_GONE,       /* existed, and is looked for */
    MR_DEAF_LEADERLESS, /* a partition has no leader */
    MR_DEAF_NOT
};

struct mr_deafness {
    enum mr_deaf looked_up; /* by the inbox, which asks for the topic by name */
    enum mr_deaf read;      /* by the inbox's client, while it reads */
    enum mr_deaf shown;     /* by the cluster, when it answers about its state */
};

enum mr_deaf mr_deaf_worst(const struct mr_deafness *deafness);
/* Returns true if access lists forbid to read or create the topic. */
bool mr_deaf_is_denied(enum mr_deaf deaf);
/* Returns true if only a person can end the fault, so that no request need wait for that. */
bool mr_deaf_lasts(enum mr_deaf deaf);
/* Writes what is wrong and what to do. If the fault is MR_DEAF_UNKNOWN, `detail` says why. If it is
 * MR_DEAF_UNASKED, `detail` is the name of a topic that is asked. */
void mr_deaf_text(enum mr_deaf deaf, const char *topic, const char *detail, char *text,
                  size_t size);

#endif
