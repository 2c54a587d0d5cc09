/* Estimates who holds Lua's memory, by samples. About every `interval` bytes one allocation becomes
 * a sample, with the script and the account for which it was made. The sample stands for the bytes
 * since the sample before, until it is freed. Neither garbage nor the moment of a collection makes
 * the estimate unfair: a script that allocates much and keeps nothing holds nothing. */
#ifndef MR_LUA_RUN_HOLDERS_H
#define MR_LUA_RUN_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The memory of one task, or of one load of scripts. It is open from mr_account_open to
 * mr_account_close, and must not move. */
struct mr_account {
    uint64_t number; /* unique; 0: closed */
    size_t bytes;
    size_t row; /* its script's; MR_HOLDER_RUNTIME: of a load, whose scripts take turns */
};

struct mr_holder {
    char *name;   /* of a script: "echo.lua"; "" is the runtime, which is the first */
    size_t bytes; /* in all its accounts, also those closed since */
    size_t open;  /* of these, in open accounts or left by loads */
};

/* The last row collects the scripts that have no row of their own. */
enum { MR_HOLDERS = 256, MR_HOLDER_RUNTIME = 0, MR_HOLDER_OTHERS = MR_HOLDERS - 1 };

struct mr_sample {
    size_t bytes;
    struct mr_account *account; /* NULL: none */
    uint64_t number;            /* of the account, whose memory may be another account's by now */
    size_t holder;
    bool loaded; /* allocated by a load */
};

/* A {0} with an interval is empty; mr_holders_free() makes it empty again. */
struct mr_holders {
    size_t interval;            /* bytes */
    int64_t until;              /* bytes until the next sample */
    void **addresses;           /* a hash map: NULL is free */
    struct mr_sample *samples;  /* at the same places */
    size_t capacity, count;     /* capacity: a power of two */
    unsigned shift;             /* from a hash to a place */
    struct mr_account *account; /* of the current run; NULL: none */
    size_t holder;              /* the row of the current run */
    uint64_t accounts;          /* opened so far */
    size_t open_bytes;          /* of the accounts that are open */
    uint64_t random;
    size_t named; /* rows that have a name */
    struct mr_holder all[MR_HOLDERS];
};

void mr_holders_init(struct mr_holders *holders);
void mr_holders_free(struct mr_holders *holders);
/* Returns the row of the script in that file, which is made at its first use. */
size_t mr_holders_row(struct mr_holders *holders, const char *name);

void mr_account_open(struct mr_holders *holders, struct mr_account *account, size_t row);
/* Closes the account. From now on its memory counts only for its script. */
void mr_account_close(struct mr_holders *holders, struct mr_account *account);

static inline size_t mr_holders_place(const struct mr_holders *holders, const void *memory)
{
    return (uint32_t)((uint32_t)((uintptr_t)memory >> 3) * 2654435769u) >> holders->shift;
}

/* Returns false if the memory is no sample. If it returns true, the memory may be a sample. */
static inline bool mr_holders_may_know(const struct mr_holders *holders, const void *memory)
{
    return holders->addresses[mr_holders_place(holders, memory)] != NULL;
}
/* Forgets the sample at that address, if there is one. Call it before the memory is freed or
 * moved. */
void mr_holders_forget(struct mr_holders *holders, void *memory);

/* Counts an allocation of that size. Returns true if the caller must note it as a sample. */
static inline bool mr_holders_is_due(struct mr_holders *holders, size_t size)
{
    holders->until -= (int64_t)size;
    return holders->until < 0;
}
void mr_holders_note(struct mr_holders *holders, void *memory, size_t size);

#endif
