/* Sends a command's requests: `count` of them, at most `concurrency` open at once. Passes each
 * answer on, and counts everything. */
#ifndef MR_CMD_ASKING_H
#define MR_CMD_ASKING_H

#include <stddef.h>
#include <stdint.h>

#include "base/idmap.h"
#include "cmd/client.h"
#include "lua/document.h"
#include "worker/wire/request.h"

struct mr_asked; /* an open request */

struct mr_asking {
    /* Set by the caller. The client is open, and its asker listens to reply_to. */
    struct mr_client *client;
    enum mr_dialect dialect;
    const char *reply_to;
    int timeout; /* ms, per request */
    size_t count, concurrency;
    /* Called per answer. May be NULL. */
    void (*answered)(const struct mr_heard *heard, const struct mr_pair *headers, size_t count);

    size_t answers, errors, timeouts; /* errors count as answers, too */
    uint64_t *latencies;              /* ns, one per answer */
    uint64_t began, ended;            /* ns */
    struct mr_documents *documents;
    struct mr_idmap open;             /* by correlation id */
    struct mr_asked *oldest, *newest; /* in the order in which they were sent and time out */
    size_t begun, open_count;
};

/* Sends all requests and waits until each is answered or times out. Returns 0, or -1 with `why` if
 * one cannot be sent or the client fails. */
int mr_asking_run(struct mr_asking *asking, char *why, size_t size);
void mr_asking_free(struct mr_asking *asking);

#endif
