/* Strict UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). */
#ifndef MR_BASE_UTF8_H
#define MR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the length, 1 to 4, of the character at `text`; 0 if the bytes are not a character. */
size_t mr_utf8_length(const char *text, size_t available);
bool mr_utf8_valid(const char *text, size_t length);

#endif
