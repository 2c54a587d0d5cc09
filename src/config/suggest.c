/* Finds the name for "did you mean ...?" in errors. */
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "config/store.h"

enum { LONGEST = 160 }; /* of longer names, only the beginning is compared */

/* Copies a name in the form for comparison: `["` becomes a dot, `"]` is dropped, and so is the
 * environment's prefix. Returns the length. */
static size_t bare(const char *name, char out[LONGEST + 1])
{
    size_t length = 0;
    if (strncmp(name, "MOONROUTE_", 10) == 0)
        name += 10;
    for (; *name != '\0' && length < LONGEST; name++)
        if (strchr("\"]", *name) == NULL)
            out[length++] = (char)(*name == '[' ? '.' : *name);
    out[length] = '\0';
    return length;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t low = a < b ? a : b;
    return low < c ? low : c;
}

/* Returns how many characters to insert, delete, change or swap with their neighbour to turn one
 * text into the other. */
static size_t edits(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *spare = before;
        before = above, above = row, row = spare;
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1, row[j]);
        }
    }
    return row[b_length];
}

static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

void mr_suggest_offer(struct mr_suggest *nearest, const char *candidate)
{
    char given[LONGEST + 1], offered[LONGEST + 1];
    size_t given_length = bare(nearest->given, given);
    size_t distance = edits(given, given_length, offered, bare(candidate, offered));
    /* The right key in the wrong table is nearer than any misspelled key. */
    if (strcmp(last_part(given), last_part(offered)) != 0) {
        if (distance > (strlen(last_part(given)) + 1) / 3)
            return;
        distance += LONGEST;
    }
    if (nearest->name != NULL && nearest->distance <= distance)
        return;
    free(nearest->name);
    nearest->name = mr_strdup(candidate);
    nearest->distance = distance;
}

void mr_suggest_free(struct mr_suggest *nearest)
{
    free(nearest->name);
    nearest->name = NULL;
}
