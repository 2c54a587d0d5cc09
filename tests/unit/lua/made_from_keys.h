/* The common part of docs/CONFIGURATION.md, config/moonroute.lua and moonroute.lua(5). All are made
 * from the table of keys. The programs are config_page_test, config_sample_test and
 * config_man_test. */
#ifndef MR_TESTS_MADE_FROM_KEYS_H
#define MR_TESTS_MADE_FROM_KEYS_H

#include "made.h"

#include "config/store.h"

/* A key that a route has from `defaults`. */
static inline bool is_policy(const struct mr_config_key *key)
{
    return key->inherits != NULL && strncmp(key->inherits, "defaults.", 9) == 0;
}

/* Says what a later version brings, as a sentence behind others. */
static inline void append_pending(struct mr_buf *out, const struct mr_config_key *key)
{
    if (key->pending)
        mr_buf_string(out, " Not in this version yet.");
}

#endif
