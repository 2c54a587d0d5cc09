/* The troubles of several groups in one text, which names all groups for which there is room. */
#ifndef MR_WORKER_CONSUMER_TROUBLES_H
#define MR_WORKER_CONSUMER_TROUBLES_H

#include <stddef.h>

#include "base/scoreboard.h"

/* Empty if only `text` and `size` are set, and the text is "". */
struct mr_troubles {
    char *text;
    size_t size;
    size_t length;
    size_t left_out;      /* troubles that the text has no room for */
    enum mr_outage first; /* the kind of the first trouble */
};

/* Adds a group's trouble; MR_OUTAGE_NONE is none. */
void mr_troubles_add(struct mr_troubles *troubles, enum mr_outage kind, const char *why);
/* Adds how many troubles were left out, and returns the kind of the first one. */
enum mr_outage mr_troubles_end(struct mr_troubles *troubles);

#endif
