/* Requests of a command: so many, so many of them open at once; what is answered is handed out and
 * everything is counted. */
#ifndef MR_CMD_ASKING_H
#define MR_CMD_ASKING_H

#include <stddef.h>
#include <stdint.h>

#include "base/idmap.h"
#include "cmd/client.h"
#include "lua/document.h"
#include "worker/wire/request.h"

struct mr_asked; /* one that is open */

struct mr_asking {
    /* Set by the caller, the client open and its asker listening to reply_to. */
    struct mr_client *client;
    enum mr_dialect dialect;
    const char *reply_to;
    int timeout; /* ms, of each */
    size_t count, concurrency;
    /* May be NULL. */
    void (*answered)(const struct mr_heard *heard, const struct mr_pair *headers, size_t count);

    size_t answers, errors, timeouts; /* errors are answers, too */
    uint64_t *latencies;              /* ns, of each answer */
    uint64_t began, ended;            /* ns */
    struct mr_documents *documents;
    struct mr_idmap open;             /* by correlation id */
    struct mr_asked *oldest, *newest; /* in the order they were sent, which is that of their ends */
    size_t begun, open_count;
};

/* Sends them all and waits for what becomes of them. Returns 0, or -1 with `why` where one cannot
 * be sent. */
int mr_asking_run(struct mr_asking *asking, char *why, size_t size);
void mr_asking_free(struct mr_asking *asking);

#endif
