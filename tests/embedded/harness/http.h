/* GET from a port of this machine. */
#ifndef MR_EMBEDDED_HTTP_H
#define MR_EMBEDDED_HTTP_H

/* Returns the status, 0 where nobody answers; `body` (NULL where it is not wanted) is the caller's
 * to free. */
int http_get(int port, const char *path, char **body);

#endif
