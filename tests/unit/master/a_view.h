/* A scoreboard of two workers, both well, and a view of it. */
#ifndef MR_TESTS_A_VIEW_H
#define MR_TESTS_A_VIEW_H

#include <stdlib.h>

#include "master/view.h"

struct a_view {
    struct mr_view view;
    struct mr_scoreboard board;
    struct mr_worker_history histories[2];
};

static inline void make_well(struct mr_slot *slot, uint64_t pid)
{
    mr_cell_set(&slot->pid, pid);
    mr_cell_set(&slot->state, MR_WORKER_READY);
    mr_cell_set(&slot->broker, MR_BROKER_UP);
    mr_cell_set(&slot->generation, 3);
    mr_cell_set(&slot->heartbeat, 100000);
}

static inline int set_up_view(void **state)
{
    struct a_view *a = calloc(1, sizeof(*a));
    if (mr_scoreboard_create(&a->board, 2) != 0)
        return -1;
    make_well(&a->board.slots[0], 201);
    make_well(&a->board.slots[1], 202);
    a->histories[0] = (struct mr_worker_history){.started = 2000, .restarts = 0};
    a->histories[1] = (struct mr_worker_history){.started = 90500, .restarts = 4};
    a->view = (struct mr_view){.version = "1.2.3",
                               .service = "shop",
                               .pid = 200,
                               .now = 100250,
                               .started = 1000,
                               .generation = 3,
                               .board = &a->board,
                               .histories = a->histories};
    *state = a;
    return 0;
}

static inline int tear_down_view(void **state)
{
    struct a_view *a = *state;
    mr_scoreboard_close(&a->board);
    free(a);
    return 0;
}

#endif
