/* Looking into a JSON document outside any worker, for the commands. */
#ifndef MR_LUA_DOCUMENT_H
#define MR_LUA_DOCUMENT_H

#include <stdbool.h>

#include "base/bytes.h"

/* Returns 0 for JSON, -1 with `why` for what is none. */
int mr_document_check(struct mr_bytes text, char *why, size_t size);
/* True for an object whose "success" is false: an error in the envelope of kafka-client. */
bool mr_document_says_failure(struct mr_bytes text);

#endif
