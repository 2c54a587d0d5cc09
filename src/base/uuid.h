/* Random UUIDs (RFC 4122, version 4) as text. */
#ifndef MR_BASE_UUID_H
#define MR_BASE_UUID_H

enum { MR_UUID_SIZE = 37 }; /* 36 characters and the NUL */

void mr_uuid_text(char text[MR_UUID_SIZE]); /* lower case */

#endif
