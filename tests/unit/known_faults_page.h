/* A table of known faults and its page in docs: each row of the table is a row of the page. Each
 * row of the page is a row of the table, unless the fault or gap is in all versions. */
#ifndef MR_TESTS_KNOWN_FAULTS_PAGE_H
#define MR_TESTS_KNOWN_FAULTS_PAGE_H

#include "base/known_faults.h"
#include "made.h"

static inline const struct mr_known_fault *row_of(const struct mr_known_fault *table,
                                                  const char *line)
{
    const struct mr_known_fault *found = NULL;
    for (const struct mr_known_fault *row = table; row->fault != NULL && found == NULL; row++) {
        struct mr_buf cells = {0};
        mr_buf_printf(&cells, "| %s | %s |", row->fault, row->affected);
        if (strncmp(line, mr_buf_text(&cells), strlen(mr_buf_text(&cells))) == 0)
            found = row;
        mr_buf_free(&cells);
    }
    return found;
}

static inline bool is_of_all_versions(const char *line)
{
    const char *affected = strstr(line, " | ");
    return affected == NULL || strncmp(affected + 3, "all", 3) == 0;
}

/* Returns true for a row of a table whose head begins with "fault"; `within` is whether the line
 * before belonged to such a table. */
static inline bool is_fault(const char *line, bool *within)
{
    bool is_head = strncmp(line, "| fault", 7) == 0;
    *within = is_head || (*within && line[0] == '|');
    return *within && !is_head && line[1] == ' ';
}

static inline void assert_page_has(const char *name, const struct mr_known_fault *table)
{
    size_t rows = 0, found = 0;
    bool within = false;
    struct mr_buf path = in_repository(name), page = {0};
    mr_file_read(mr_buf_text(&path), 1 << 20, &page);
    char *text = strdup(mr_buf_text(&page)), *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        bool is_row = is_fault(line, &within);
        const struct mr_known_fault *row = is_row ? row_of(table, line) : NULL;
        if (is_row && row == NULL && !is_of_all_versions(line))
            fail_msg("%s: the table of the code has no row for: %s", name, line);
        if (row != NULL && row->test != NULL && strstr(line, row->test) == NULL)
            fail_msg("%s: the page's row does not name %s: %s", name, row->test, line);
        found += row != NULL;
    }
    for (const struct mr_known_fault *row = table; row->fault != NULL; row++)
        rows++;
    if (found != rows)
        fail_msg("%s has %zu of the table's %zu rows", name, found, rows);
    free(text);
    mr_buf_free(&page);
    mr_buf_free(&path);
}

#endif
