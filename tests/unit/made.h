/* Files of the repository that are made from tables of the code. A program of this folder makes
 * each file: called with --write it writes the file, else it proves that the file is up to date. */
#ifndef MR_TESTS_MADE_H
#define MR_TESTS_MADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/machine/file.h"

/* Returns the path of a file of the repository. */
static inline struct mr_buf in_repository(const char *name)
{
    struct mr_buf path = {0};
    mr_buf_printf(&path, MR_REPOSITORY "/%s", name);
    return path;
}

static inline void assert_up_to_date(const char *name, const struct mr_buf *wanted)
{
    struct mr_buf path = in_repository(name), there = {0};
    mr_file_read(mr_buf_text(&path), 1 << 20, &there);
    if (strcmp(mr_buf_text(&there), mr_buf_text(wanted)) != 0)
        fail_msg("%s differs from the code: call this program with --write", name);
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

static inline bool is_to_write(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "--write") == 0;
}

/* Writes the file that `make` makes. Returns the program's exit code. */
static inline int write_made(const char *name, struct mr_buf (*make)(void))
{
    struct mr_buf text = make();
    int result = write_file(name, &text);
    mr_buf_free(&text);
    return result;
}

static inline void assert_made(const char *name, struct mr_buf (*make)(void))
{
    struct mr_buf text = make();
    assert_up_to_date(name, &text);
    mr_buf_free(&text);
}

struct made {
    const char *name;
    struct mr_buf (*make)(void);
};

static inline void the_page_is_made_from_the_table(void **state)
{
    const struct made *page = *state;
    assert_made(page->name, page->make);
}

/* The test that the file `name` is as `make` makes it. */
#define MADE_TEST(name, make)                                                                      \
    cmocka_unit_test_prestate(the_page_is_made_from_the_table, (&(struct made){name, make}))

/* The main function of a program that has no other test. */
static inline int made_main(int argc, char **argv, const char *name, struct mr_buf (*make)(void))
{
    const struct CMUnitTest tests[] = {MADE_TEST(name, make)};
    return is_to_write(argc, argv) ? write_made(name, make)
                                   : cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
