/* From a member to the structure that holds it. */
#ifndef MR_BASE_CONTAINER_H
#define MR_BASE_CONTAINER_H

#include <stddef.h>

/* The `type` whose `member` the pointer points to; its result may be written through, as the
 * pointer may. */
#define MR_CONTAINER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
