/* Why a response topic is not listened to, or only in part: what each of three sources knows of it,
 * and what is said of the worst. It heals by itself, if only after somebody has done something. */
#ifndef MR_WORKER_RPC_DEAF_H
#define MR_WORKER_RPC_DEAF_H

#include <stdbool.h>
#include <stddef.h>

/* The worse ones first. */
enum mr_deaf {
    MR_DEAF_FORBIDDEN,  /* it is hidden or missing, and may not be created */
    MR_DEAF_HIDDEN,     /* it may not be described */
    MR_DEAF_DENIED,     /* it may not be read */
    MR_DEAF_MISSING,    /* it is not there, and nobody is to create it */
    MR_DEAF_UNKNOWN,    /* it could not be looked up, or not be created */
    MR_DEAF_GONE,       /* it was there, and is looked for */
    MR_DEAF_LEADERLESS, /* a partition of it has no leader */
    MR_DEAF_NOT
};

struct mr_deafness {
    enum mr_deaf looked_up; /* by the inbox, as it asks for the topic by name */
    enum mr_deaf read;      /* by its client, as it reads */
    enum mr_deaf shown;     /* by the cluster, when its state is asked for */
};

enum mr_deaf mr_deaf_worst(const struct mr_deafness *deafness);
/* Access lists forbid it. */
bool mr_deaf_is_denied(enum mr_deaf deaf);
/* Nothing but somebody's deed ends it, so no request need wait for its end. */
bool mr_deaf_lasts(enum mr_deaf deaf);
/* Writes what is wrong and what to do; `detail` says why for MR_DEAF_UNKNOWN. */
void mr_deaf_text(enum mr_deaf deaf, const char *topic, const char *detail, char *text,
                  size_t size);

#endif
