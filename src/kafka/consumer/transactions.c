#include "kafka/consumer/transactions.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/panic.h"
#include "kafka/consumer/membership.h"
#include "kafka/consumer/outcome.h"
#include "kafka/view.h"

struct mr_offsets {
    rd_kafka_topic_partition_list_t *list;
    struct mr_membership *membership; /* NULL: no member of a group */
    bool sent;
};

struct mr_offsets *mr_offsets_new(const struct mr_consumer *consumer)
{
    struct mr_offsets *offsets = mr_alloc(sizeof(*offsets));
    offsets->list = rd_kafka_topic_partition_list_new(8);
    offsets->membership = mr_membership_hold(mr_consumer_membership(consumer));
    offsets->sent = false;
    return offsets;
}

void mr_offsets_add(struct mr_offsets *offsets, const char *topic, int32_t partition, int64_t next)
{
    rd_kafka_topic_partition_list_add(offsets->list, topic, partition)->offset = next;
}

void mr_offsets_free(struct mr_offsets *offsets)
{
    rd_kafka_topic_partition_list_destroy(offsets->list);
    mr_membership_release(offsets->membership);
    free(offsets);
}

static void end_fatally(rd_kafka_t *handle, struct mr_step_end *end)
{
    rd_kafka_resp_err_t error = rd_kafka_fatal_error(handle, end->why, sizeof(end->why));
    end->step = MR_STEP_FATAL;
    end->fenced = error == RD_KAFKA_RESP_ERR__FENCED ||
                  error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
                  error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

/* Returns true if there is no error; else sets in `end` what the error requires. If the step can
 * neither be aborted nor repeated, a new producer is required, and so a new worker. */
static bool went_well(rd_kafka_t *handle, rd_kafka_error_t *error, struct mr_step_end *end)
{
    *end = (struct mr_step_end){.step = MR_STEP_DONE, .how = MR_SENT};
    if (error == NULL)
        return true;
    snprintf(end->why, sizeof(end->why), "%s", rd_kafka_error_string(error));
    if (rd_kafka_fatal_error(handle, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        end_fatally(handle, end);
    } else if (rd_kafka_error_is_fatal(error)) {
        end->step = MR_STEP_FATAL;
    } else if (rd_kafka_error_txn_requires_abort(error)) {
        end->step = MR_STEP_ABORT;
        end->how = mr_kafka_sent(rd_kafka_error_code(error), true);
    } else {
        end->step = rd_kafka_error_is_retriable(error) ? MR_STEP_AGAIN : MR_STEP_FATAL;
    }
    rd_kafka_error_destroy(error);
    return false;
}

static void begin(const struct mr_producer *via, struct mr_step_end *end)
{
    rd_kafka_t *handle = mr_producer_handle(via);
    if (went_well(handle, rd_kafka_begin_transaction(handle), end))
        mr_unanswered_begin(mr_producer_unanswered(via));
}

void mr_transactions_open(const struct mr_producer *via, int timeout, struct mr_step_end *end)
{
    rd_kafka_t *handle = mr_producer_handle(via);
    if (went_well(handle, rd_kafka_init_transactions(handle, timeout), end))
        begin(via, end);
}

/* Begins the next transaction after the end of one, unless a request of the ended one may still
 * arrive. */
static void begin_next(const struct mr_producer *via, struct mr_step_end *end)
{
    if (mr_unanswered_any(mr_producer_unanswered(via)))
        end->unclear = true;
    else
        begin(via, end);
}

static bool send_offsets(rd_kafka_t *handle, struct mr_offsets *offsets, int timeout,
                         struct mr_step_end *end)
{
    if (offsets->sent)
        return true;
    if (offsets->membership == NULL) {
        *end = (struct mr_step_end){.step = MR_STEP_ABORT,
                                    .how = MR_SENT_BACK,
                                    .why = "the consumer is not in its group any more"};
        return false;
    }
    const rd_kafka_consumer_group_metadata_t *metadata =
        mr_membership_metadata(offsets->membership);
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(handle, offsets->list, metadata, timeout);
    offsets->sent = went_well(handle, error, end);
    return offsets->sent;
}

/* Waits for reports before the offsets are sent: offsets must not be committed with records whose
 * fate is unknown. */
static bool await_reports(rd_kafka_t *handle, int timeout, struct mr_step_end *end)
{
    *end = (struct mr_step_end){.step = MR_STEP_DONE, .how = MR_SENT};
    if (rd_kafka_flush(handle, timeout) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    *end = (struct mr_step_end){.step = MR_STEP_AGAIN, .how = MR_SENT, .unacknowledged = true};
    snprintf(end->why, sizeof(end->why), "not all records are acknowledged");
    return false;
}

void mr_transactions_commit(const struct mr_producer *via, struct mr_offsets *const *offsets,
                            size_t count, int timeout, struct mr_step_end *end)
{
    rd_kafka_t *handle = mr_producer_handle(via);
    if (!await_reports(handle, timeout, end))
        return;
    for (size_t i = 0; i < count; i++)
        if (!send_offsets(handle, offsets[i], timeout, end))
            return;
    if (went_well(handle, rd_kafka_commit_transaction(handle, timeout), end))
        begin_next(via, end);
    else if (end->step != MR_STEP_AGAIN)
        end->unclear = mr_unanswered_has_ended(mr_producer_unanswered(via));
}

void mr_transactions_abort(const struct mr_producer *via, int timeout, struct mr_step_end *end)
{
    rd_kafka_t *handle = mr_producer_handle(via);
    if (went_well(handle, rd_kafka_abort_transaction(handle, timeout), end))
        begin_next(via, end);
}

void mr_transactions_ask(const struct mr_producer *via, struct mr_offsets *const *offsets,
                         size_t count, int timeout, struct mr_step_end *end)
{
    *end = (struct mr_step_end){.step = MR_STEP_DONE, .how = MR_SENT, .committed = true};
    for (size_t i = 0; i < count && end->step == MR_STEP_DONE && end->committed; i++) {
        const struct mr_offsets *each = offsets[i];
        if (each->membership == NULL)
            end->committed = false;
        else
            mr_outcome_ask(mr_producer_reader_conf(via), mr_membership_group(each->membership),
                           each->list, timeout, end);
    }
}
