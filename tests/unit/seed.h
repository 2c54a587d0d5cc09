/* Random steps that can be taken again: the seed is printed, and MR_TEST_SEED sets it. */
#ifndef TESTS_UNIT_SEED_H
#define TESTS_UNIT_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct seed {
    uint64_t state;
};

static inline struct seed new_seed(const char *test)
{
    const char *given = getenv("MR_TEST_SEED");
    struct seed seed = {given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL)};
    printf("%s: MR_TEST_SEED=%llu\n", test, (unsigned long long)seed.state);
    return seed;
}

/* splitmix64 */
static inline uint64_t next_random(struct seed *seed)
{
    uint64_t z = seed->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline size_t random_below(struct seed *seed, size_t limit)
{
    return (size_t)(next_random(seed) % limit);
}

#endif
