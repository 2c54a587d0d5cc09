/* Looks into JSON documents outside any worker, for the commands. */
#ifndef MR_LUA_DOCUMENT_H
#define MR_LUA_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/bytes.h"

/* Returns 0 if the text is JSON, else -1 with `why`. */
int mr_document_check(struct mr_bytes text, char *why, size_t size);
/* Appends what nestjs sends for a JSON document: the text of a string, or any other document
 * without the white space around it. Returns false for null, which has no value. */
bool mr_document_bare(struct mr_bytes text, struct mr_buf *out);

/* Looks into many documents with one VM. Free it with mr_documents_free(). */
struct mr_documents;
struct mr_documents *mr_documents_new(void);
/* Returns true for an object whose "success" is false: an error in the envelope of kafka-client. */
bool mr_documents_say_failure(struct mr_documents *documents, struct mr_bytes text);
/* Appends the document on one line: without white space between its parts, with every number and
 * string as it is written. Escapes control characters that a terminal would obey. Returns false,
 * with nothing appended, if the text, which must be UTF-8, is not JSON. */
bool mr_documents_line(struct mr_documents *documents, struct mr_bytes text, struct mr_buf *out);
void mr_documents_free(struct mr_documents *documents);

#endif
