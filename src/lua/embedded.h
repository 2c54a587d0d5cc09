/* The Lua sources of the repository's lua/ folder, compiled into the binary by cmake/embed.cmake.
 */
#ifndef MR_LUA_EMBEDDED_H
#define MR_LUA_EMBEDDED_H

#include <stddef.h>

struct mr_embedded_file {
    const char *name; /* below lua/, with slashes */
    const char *text;
    size_t length;
};

extern const struct mr_embedded_file mr_embedded_files[]; /* ends with a NULL name */

#endif
