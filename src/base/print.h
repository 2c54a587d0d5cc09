/* Prints text that may come from outside: errors of scripts, names of files, answers of a broker. A
 * command or the master prints every text of its own through these functions. */
#ifndef MR_BASE_PRINT_H
#define MR_BASE_PRINT_H

#include <stdio.h>

#include "base/bytes.h"

/* Prints control characters, which a terminal would obey, as the log and JSON do (\u001b). Prints
 * bytes that are not UTF-8 as \xff. Keeps line ends and tabs. */
void mr_print_bytes(FILE *to, struct mr_bytes text);
/* Prints as mr_print_bytes does, but escapes line ends and tabs as well: the text stays on its
 * line. */
void mr_print_line(FILE *to, struct mr_bytes text);
void mr_print(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
