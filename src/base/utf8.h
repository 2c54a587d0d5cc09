/* Strict UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). */
#ifndef MR_BASE_UTF8_H
#define MR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length, 1 to 4, of the character that begins at `text`; 0 where the bytes are no character.
 */
size_t mr_utf8_length(const char *text, size_t available);
bool mr_utf8_valid(const char *text, size_t length);

#endif
