#include "worker/consumer/troubles.h"

#include <stdio.h>
#include <string.h>

/* Kept free for the number of troubles that were left out. */
enum { RESERVE = 32 };

void mr_troubles_add(struct mr_troubles *troubles, enum mr_outage kind, const char *why)
{
    const char *before = troubles->length > 0 ? "; " : "";
    size_t needed = strlen(before) + strlen(why);
    if (kind == MR_OUTAGE_NONE)
        return;
    if (troubles->first == MR_OUTAGE_NONE)
        troubles->first = kind;
    if (troubles->length + needed + RESERVE >= troubles->size) {
        troubles->left_out++;
        return;
    }
    snprintf(troubles->text + troubles->length, troubles->size - troubles->length, "%s%s", before,
             why);
    troubles->length += needed;
}

enum mr_outage mr_troubles_end(struct mr_troubles *troubles)
{
    if (troubles->left_out > 0)
        snprintf(troubles->text + troubles->length, troubles->size - troubles->length,
                 "%s%zu more groups", troubles->length > 0 ? "; and " : "", troubles->left_out);
    return troubles->first;
}
