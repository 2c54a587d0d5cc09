/* Who holds Lua's memory, by sampling: about every `interval` bytes one allocation is remembered,
 * until it is freed, with the script and the account on whose behalf it was made. It stands for
 * the bytes since the sample before. An estimate, but one that neither garbage nor the moment of a
 * collection makes unfair: a script that allocates much and keeps nothing holds nothing. */
#ifndef MR_LUA_RUN_HOLDERS_H
#define MR_LUA_RUN_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one task, or one load of scripts, holds. It is open from mr_account_open to
 * mr_account_close, and must not move. */
struct mr_account {
    uint64_t number; /* no other account has it; 0: closed */
    size_t bytes;
    size_t row; /* its script's; MR_HOLDER_RUNTIME: of a load, whose scripts take turns */
};

struct mr_holder {
    char *name;   /* of a script: "echo.lua"; "" is the runtime, which is the first */
    size_t bytes; /* by all its accounts, those closed since included */
    size_t open;  /* of these, by accounts that are open, and what loads have left */
};

/* The last row collects the scripts that have no row of their own. */
enum { MR_HOLDERS = 256, MR_HOLDER_RUNTIME = 0, MR_HOLDER_OTHERS = MR_HOLDERS - 1 };

struct mr_sample {
    size_t bytes;
    struct mr_account *account; /* NULL: none */
    uint64_t number;            /* of the account: it may be another's by now */
    size_t holder;
    bool loaded; /* by a load */
};

/* {0} with an interval is empty; mr_holders_free returns it to that. */
struct mr_holders {
    size_t interval;            /* bytes */
    int64_t until;              /* bytes, to the next sample */
    void **addresses;           /* a hash map: NULL is free */
    struct mr_sample *samples;  /* by the same place */
    size_t capacity, count;     /* capacity: a power of two */
    unsigned shift;             /* of a hash to a place */
    struct mr_account *account; /* that runs now; NULL: none */
    size_t holder;              /* likewise */
    uint64_t accounts;          /* opened so far */
    size_t open_bytes;          /* of the accounts that are open */
    uint64_t random;
    size_t named; /* rows that have a name */
    struct mr_holder all[MR_HOLDERS];
};

void mr_holders_init(struct mr_holders *holders);
void mr_holders_free(struct mr_holders *holders);
/* The row of the script in that file, made at its first use. */
size_t mr_holders_row(struct mr_holders *holders, const char *name);

void mr_account_open(struct mr_holders *holders, struct mr_account *account, size_t row);
/* What it holds is its script's alone from now on. */
void mr_account_close(struct mr_holders *holders, struct mr_account *account);

static inline size_t mr_holders_place(const struct mr_holders *holders, const void *memory)
{
    return (uint32_t)((uint32_t)((uintptr_t)memory >> 3) * 2654435769u) >> holders->shift;
}

/* False: the memory is no sample; true: it may be. */
static inline bool mr_holders_may_know(const struct mr_holders *holders, const void *memory)
{
    return holders->addresses[mr_holders_place(holders, memory)] != NULL;
}
/* The memory is about to be freed, or moved. */
void mr_holders_forget(struct mr_holders *holders, void *memory);

/* True: the allocation of that size is to be noted. */
static inline bool mr_holders_is_due(struct mr_holders *holders, size_t size)
{
    holders->until -= (int64_t)size;
    return holders->until < 0;
}
void mr_holders_note(struct mr_holders *holders, void *memory, size_t size);

#endif
