/* Finds the structure that contains a member. */
#ifndef MR_BASE_CONTAINER_H
#define MR_BASE_CONTAINER_H

#include <stddef.h>

/* Returns the `type` whose `member` is at `pointer`. If `pointer` points to const, do not write
 * through the result. */
#define MR_CONTAINER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
