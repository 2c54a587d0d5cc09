/* Prints for a person what may hold foreign text: errors of scripts, names of files, answers of a
 * broker. Every text that a command or the master prints itself passes here. */
#ifndef MR_BASE_PRINT_H
#define MR_BASE_PRINT_H

#include <stdio.h>

#include "base/bytes.h"

/* Control characters, which a terminal would obey, are printed as the log and JSON write them
 * (\u001b), bytes that are no UTF-8 as \xff; line ends and tabs stay. */
void mr_print_bytes(FILE *to, struct mr_bytes text);
/* The same, with line ends and tabs printed likewise: the text stays within its line. */
void mr_print_line(FILE *to, struct mr_bytes text);
void mr_print(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
