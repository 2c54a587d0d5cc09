#include "worker/transaction/txn_producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Writes the worker's transactional id. It stays the same after a restart, so that a worker ends
 * the transaction that its predecessor left open. No other process has it, unless two machines have
 * one host name. */
static void name_producer(struct mr_txn_producer *transactional, char *id, size_t size)
{
    char host[256] = "", name[512];
    gethostname(host, sizeof(host) - 1);
    snprintf(name, sizeof(name), "%s-%s",
             mr_config_string(transactional->config, "kafka.client_id"), host);
    if (transactional->claim.fd == 0)
        mr_claim_lowest(&transactional->claim, name);
    snprintf(id, size, "%s-%u", name, transactional->claim.number);
}

static void free_producer(struct mr_txn_producer *transactional)
{
    if (transactional->producer == NULL)
        return;
    mr_topic_warmup_free(&transactional->warmup);
    mr_producer_free(transactional->producer);
    transactional->producer = NULL;
}

int mr_txn_producer_open(struct mr_txn_producer *transactional,
                         const struct mr_producer_events *events, void *data,
                         struct mr_errors *errors)
{
    char id[600];
    name_producer(transactional, id, sizeof(id));
    free_producer(transactional);
    transactional->producer = mr_producer_new_transactional(
        transactional->config, id, transactional->wake_fd, events, data, errors);
    if (transactional->producer == NULL)
        return -1;
    mr_log(MR_LOG_INFO, "transactions_open", MR_S("id", id));
    mr_topic_warmup_start(&transactional->warmup, transactional->loop, transactional->producer);
    return 0;
}

static void release_oldest(struct mr_txn_producer *transactional)
{
    mr_claim_release(&transactional->left[0]);
    memmove(&transactional->left[0], &transactional->left[1],
            --transactional->left_count * sizeof(transactional->left[0]));
}

void mr_txn_producer_leave(struct mr_txn_producer *transactional, const char *why)
{
    mr_log(MR_LOG_WARN, "transactional_id_left", MR_I("number", transactional->claim.number),
           MR_S("message", why));
    if (transactional->left_count == MR_LEFT_IDS)
        release_oldest(transactional);
    transactional->left[transactional->left_count++] = transactional->claim;
    transactional->claim = (struct mr_claim){0};
}

void mr_txn_producer_forgive(struct mr_txn_producer *transactional)
{
    while (transactional->left_count > 0)
        release_oldest(transactional);
}

void mr_txn_producer_free(struct mr_txn_producer *transactional)
{
    if (transactional->producer != NULL)
        mr_producer_drop(transactional->producer);
    free_producer(transactional);
    mr_claim_release(&transactional->claim);
    mr_txn_producer_forgive(transactional);
}
