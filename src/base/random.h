/* Cheap random numbers (splitmix64), to spread things. Not for secrets. */
#ifndef MR_BASE_RANDOM_H
#define MR_BASE_RANDOM_H

#include <stdint.h>

/* Returns the next number and changes the state. Any seed will do as the first state. */
static inline uint64_t mr_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

#endif
