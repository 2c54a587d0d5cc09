/* Pauses between tries that fail one after the other: each is twice as long, up to a longest one.
 */
#ifndef MR_BASE_BACKOFF_H
#define MR_BASE_BACKOFF_H

#include <stdint.h>

/* Returns the pause after that many failures in a row: none after none, `first` after the first.
 * The unit is the caller's. */
uint64_t mr_backoff_after(uint64_t failures, uint64_t first, uint64_t longest);
/* Returns the pause that follows `pause`: `first` after none. */
uint64_t mr_backoff_next(uint64_t pause, uint64_t first, uint64_t longest);

#endif
