/* What docs/CONFIGURATION.md and config/moonroute.lua have in common: they are made from the table
 * of keys by the two programs config_page_test and config_sample_test when these are called with
 * --write; without it they prove that they were. */
#ifndef MR_TESTS_MADE_FROM_KEYS_H
#define MR_TESTS_MADE_FROM_KEYS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/store.h"

/* The path of a file of the repository, four folders above this one. */
static inline struct mr_buf in_repository(const char *name)
{
    struct mr_buf path = {0};
    mr_buf_string(&path, __FILE__);
    for (int up = 0; up < 4; up++)
        path.length = (size_t)((char *)memrchr(path.data, '/', path.length) - path.data);
    mr_buf_printf(&path, "/%s", name);
    return path;
}

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

static inline void assert_up_to_date(const char *name, const struct mr_buf *wanted)
{
    struct mr_buf path = in_repository(name), there = {0};
    assert_int_equal(mr_file_read(mr_buf_text(&path), 1 << 20, &there), 0);
    if (strcmp(mr_buf_text(&there), mr_buf_text(wanted)) != 0)
        fail_msg("%s differs from the table of keys: call this program with --write", name);
    mr_buf_free(&path);
    mr_buf_free(&there);
}

static inline int write_file(const char *name, const struct mr_buf *text)
{
    struct mr_buf path = in_repository(name);
    FILE *file = fopen(mr_buf_text(&path), "w");
    bool written = file != NULL && fputs(mr_buf_text(text), file) >= 0;
    if (file == NULL || fclose(file) != 0 || !written)
        perror(mr_buf_text(&path));
    mr_buf_free(&path);
    return written ? 0 : 1;
}

#endif
