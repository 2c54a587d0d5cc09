/* Looking into a JSON document outside any worker, for the commands. */
#ifndef MR_LUA_DOCUMENT_H
#define MR_LUA_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/bytes.h"

/* Returns 0 for JSON, -1 with `why` for what is none. */
int mr_document_check(struct mr_bytes text, char *why, size_t size);
/* Appends what nestjs sends of a JSON document: the text of a string, any other less the white
 * space around it. False for null, which has no value. */
bool mr_document_bare(struct mr_bytes text, struct mr_buf *out);

/* For many documents. */
struct mr_documents;
struct mr_documents *mr_documents_new(void);
/* True for an object whose "success" is false: an error in the envelope of kafka-client. */
bool mr_documents_say_failure(struct mr_documents *documents, struct mr_bytes text);
void mr_documents_free(struct mr_documents *documents);

#endif
