#include "master/topics.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

static int by_name(const void *a, const void *b)
{
    const struct mr_topic_row *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static bool has_counted(const struct mr_topic_row *row)
{
    for (int status = 0; status < MR_STATUSES; status++)
        if (mr_cell_get(&row->processed[status]) > 0)
            return true;
    return mr_messages_seen(row, MR_JOB_QUEUED); /* every message begins there */
}

/* Collects every slot's rows, sorted so that rows of the same topic are neighbours. Returns how
 * many; the caller frees the array. */
static size_t collect(const struct mr_scoreboard *board, const struct mr_topic_row ***rows)
{
    size_t count = 0;
    *rows = mr_alloc(board->slot_count * MR_SLOT_TOPICS * sizeof(**rows));
    for (uint64_t slot = 0; slot < board->slot_count; slot++) {
        const struct mr_slot *from = &board->slots[slot];
        uint64_t topics = mr_slot_topics(from);
        for (uint64_t row = 0; row < topics; row++)
            (*rows)[count++] = &from->topics[row];
        if (has_counted(&from->topics[MR_SLOT_TOPICS - 1]))
            (*rows)[count++] = &from->topics[MR_SLOT_TOPICS - 1];
    }
    qsort(*rows, count, sizeof(**rows), by_name);
    return count;
}

static void add(struct mr_topic_sums *sums, const struct mr_topic_row *row)
{
    for (int status = 0; status < MR_STATUSES; status++)
        sums->processed[status] += mr_cell_get(&row->processed[status]);
    for (enum mr_job_state state = 0; state < MR_JOB_SETTLED; state++) {
        sums->messages[state] += mr_messages_in(row, state);
        sums->seen[state] = sums->seen[state] || mr_messages_seen(row, state);
    }
}

size_t mr_topics_sum(const struct mr_scoreboard *board, struct mr_topic_sums **sums)
{
    const struct mr_topic_row **rows;
    size_t row_count = collect(board, &rows), count = 0;
    *sums = mr_alloc(row_count * sizeof(**sums));
    for (size_t i = 0; i < row_count; i++) {
        if (i == 0 || by_name(&rows[i - 1], &rows[i]) != 0)
            (*sums)[count++].name = rows[i]->name;
        add(&(*sums)[count - 1], rows[i]);
    }
    free(rows);
    return count;
}
