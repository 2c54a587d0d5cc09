#include "lua/run/holders.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "base/random.h"

enum {
    HASH_BITS = 32,
    FIRST_BITS = 8,
    SPARSE = 4, /* places per sample, at least */
    LARGE = 16, /* intervals; a larger allocation stands for itself */
};

static void make_places(struct mr_holders *holders, unsigned bits)
{
    holders->capacity = (size_t)1 << bits;
    holders->shift = HASH_BITS - bits;
    holders->addresses = mr_alloc(holders->capacity * sizeof(holders->addresses[0]));
    holders->samples = mr_alloc(holders->capacity * sizeof(holders->samples[0]));
}

/* Returns a random gap between samples, in bytes, `interval` on average. Scripts work in a rhythm,
 * and equal gaps would always meet it at the same beat. */
static int64_t draw(struct mr_holders *holders)
{
    return (int64_t)(mr_random(&holders->random) % (2 * holders->interval));
}

void mr_holders_init(struct mr_holders *holders)
{
    MR_ASSERT(holders->interval > 0 && holders->addresses == NULL);
    make_places(holders, FIRST_BITS);
    holders->until = draw(holders);
    MR_ASSERT(mr_holders_row(holders, "") == MR_HOLDER_RUNTIME);
}

void mr_holders_free(struct mr_holders *holders)
{
    for (size_t i = 0; i < holders->named; i++)
        free(holders->all[i].name);
    free(holders->addresses);
    free(holders->samples);
    *holders = (struct mr_holders){.interval = holders->interval};
}

size_t mr_holders_row(struct mr_holders *holders, const char *name)
{
    for (size_t i = 0; i < holders->named; i++)
        if (strcmp(holders->all[i].name, name) == 0)
            return i;
    if (holders->named == MR_HOLDERS)
        return MR_HOLDER_OTHERS;
    bool last = holders->named == MR_HOLDER_OTHERS;
    holders->all[holders->named].name = mr_strdup(last ? "other scripts" : name);
    return holders->named++;
}

void mr_account_open(struct mr_holders *holders, struct mr_account *account, size_t row)
{
    MR_ASSERT(account->number == 0);
    *account = (struct mr_account){.number = ++holders->accounts, .row = row};
}

static void add(struct mr_holders *holders, struct mr_account *account, size_t bytes)
{
    account->bytes += bytes;
    holders->open_bytes += bytes;
    if (account->row != MR_HOLDER_RUNTIME)
        holders->all[account->row].open += bytes;
}

static void take_off(struct mr_holders *holders, struct mr_account *account, size_t bytes)
{
    account->bytes -= bytes;
    holders->open_bytes -= bytes;
    if (account->row != MR_HOLDER_RUNTIME)
        holders->all[account->row].open -= bytes;
}

void mr_account_close(struct mr_holders *holders, struct mr_account *account)
{
    MR_ASSERT(account->number != 0 && holders->account != account);
    take_off(holders, account, account->bytes);
    *account = (struct mr_account){0};
}

/* --- the map --- */

/* Returns the place of the address, or the free place for it. */
static size_t find(const struct mr_holders *holders, const void *memory)
{
    size_t place = mr_holders_place(holders, memory);
    while (holders->addresses[place] != NULL && holders->addresses[place] != memory)
        place = (place + 1) & (holders->capacity - 1);
    return place;
}

static void grow(struct mr_holders *holders)
{
    struct mr_holders before = *holders;
    make_places(holders, HASH_BITS - holders->shift + 1);
    for (size_t i = 0; i < before.capacity; i++) {
        if (before.addresses[i] == NULL)
            continue;
        size_t place = find(holders, before.addresses[i]);
        holders->addresses[place] = before.addresses[i];
        holders->samples[place] = before.samples[i];
    }
    free(before.addresses);
    free(before.samples);
}

/* Frees the place. Moves up each entry behind it whose own place was taken. */
static void remove_at(struct mr_holders *holders, size_t hole)
{
    size_t mask = holders->capacity - 1, place = hole;
    for (;;) {
        place = (place + 1) & mask;
        if (holders->addresses[place] == NULL)
            break;
        size_t own = mr_holders_place(holders, holders->addresses[place]);
        if (((place - own) & mask) < ((place - hole) & mask))
            continue;
        holders->addresses[hole] = holders->addresses[place];
        holders->samples[hole] = holders->samples[place];
        hole = place;
    }
    holders->addresses[hole] = NULL;
}

void mr_holders_forget(struct mr_holders *holders, void *memory)
{
    size_t place = find(holders, memory);
    if (holders->addresses[place] == NULL)
        return;
    const struct mr_sample *sample = &holders->samples[place];
    holders->all[sample->holder].bytes -= sample->bytes;
    if (sample->loaded)
        holders->all[sample->holder].open -= sample->bytes;
    if (sample->account != NULL && sample->account->number == sample->number)
        take_off(holders, sample->account, sample->bytes);
    remove_at(holders, place);
    holders->count--;
}

/* Returns the bytes that an allocation of that size stands for: an interval for each gap that it
 * ends. On average that is right for any size. A large allocation stands for itself. */
static size_t weigh(struct mr_holders *holders, size_t size)
{
    size_t bytes = 0;
    if (size > LARGE * holders->interval) {
        holders->until = draw(holders);
        return size;
    }
    for (; holders->until < 0; holders->until += draw(holders))
        bytes += holders->interval;
    return bytes;
}

void mr_holders_note(struct mr_holders *holders, void *memory, size_t size)
{
    if (holders->count * SPARSE >= holders->capacity)
        grow(holders);
    size_t place = find(holders, memory);
    MR_ASSERT(holders->addresses[place] == NULL);
    size_t bytes = weigh(holders, size);
    struct mr_account *account = holders->account;
    struct mr_holder *holder = &holders->all[holders->holder];
    bool loaded = account != NULL && account->row == MR_HOLDER_RUNTIME;
    holders->addresses[place] = memory;
    holders->samples[place] = (struct mr_sample){.bytes = bytes,
                                                 .account = account,
                                                 .number = account != NULL ? account->number : 0,
                                                 .holder = holders->holder,
                                                 .loaded = loaded};
    holders->count++;
    holder->bytes += bytes;
    holder->open += loaded ? bytes : 0;
    if (account != NULL)
        add(holders, account, bytes);
}
