/* Pauses between attempts that fail in a row: each pause is twice as long as the one before, up to
 * a limit. */
#ifndef MR_BASE_BACKOFF_H
#define MR_BASE_BACKOFF_H

#include <stdint.h>

/* Returns the pause after `failures` failures in a row: 0 after none, `first` after the first. The
 * caller chooses the unit. */
uint64_t mr_backoff_after(uint64_t failures, uint64_t first, uint64_t longest);
/* Returns the pause that follows `pause`: `first` if `pause` is 0. */
uint64_t mr_backoff_next(uint64_t pause, uint64_t first, uint64_t longest);

#endif
