#include "kafka/known_faults.h"

/* As rd_kafka_version() has it; the last byte is of candidates for a release. */
#define VERSION(major, minor) ((uint64_t)(major) << 24 | (uint64_t)(minor) << 16)

/* A fault that was seen or read in a version is taken to end with the next minor version, unless it
 * is seen there, too. */
const struct mr_known_fault mr_kafka_known_faults[] = {
    {"`rd_kafka_destroy` never returns for a client that had a partition of a deleted topic "
     "(issues 3007, 3470)",
     "seen in 2.0.2", 0, VERSION(2, 1), "e2e/test_topic_loss.py"},
    {"a close amid a rebalance waits for ever (issue 4527), and revokes a second time before the "
     "first revocation is answered",
     "before 2.4", 0, VERSION(2, 4), "unit/worker/consumer/group_state_test.c"},
    {"destroying a member that joined and never was assigned anything aborts (issue 4312)",
     "before 2.3", 0, VERSION(2, 3), "embedded/groups_test.c"},
    {"a commit refused for its old generation gives up all partitions (issue 4059); auto-commit "
     "does the same",
     "before 2.10", 0, VERSION(2, 10), "embedded/faults_test.c"},
    {"batch calls skip offsets around pause, resume and rebalance", "before 2.1", 0, VERSION(2, 1),
     NULL},
    {"a subscription that gains a topic takes partitions that leave for lost", "2.0.2", 0,
     VERSION(2, 1), "e2e/test_reload.py"},
    {"a subscription that gains a topic while a member that has lost its id joins anew aborts the "
     "process (`rd_kafka_cgrp_modify_subscription`)",
     "seen in 2.0.2, read in 2.14.2", 0, VERSION(2, 15), "unit/kafka/consumer/subscriber_test.c"},
    {"after a session, a deferred commit without member id fences its own member "
     "(`rd_kafka_cgrp_defer_offset_commit`)",
     "2.0.2", 0, VERSION(2, 1), "e2e/test_own_fence.py"},
    {"no LeaveGroup for a static member whose client closes", "read in 2.0.2", 0, VERSION(2, 1),
     "e2e/test_failover.py"},
    {"an admin request in a consumer aborts the process at its own time-out or its client's end "
     "(`rd_kafka_enq_once_del_source_return`)",
     "2.0.2", 0, VERSION(2, 1), "embedded/groups_test.c"},
    {"an admin request asks a former coordinator for ever", "read in 2.0.2", 0, VERSION(2, 1),
     "unit/kafka/consumer/starts_test.c"},
    {"an assignment that changes during an open transaction begins by `auto.offset.reset` "
     "(`rd_kafka_assignment_apply_offsets`)",
     "read in 2.0.2 and 2.8.0", 0, VERSION(2, 9), "e2e/test_exactly_once.py"},
    {"the lookup of a start offset is asked twice and takes the partition back "
     "(`rd_kafka_toppar_handle_Offset`)",
     "read in 2.0.2 to 2.15, seen in 2.0.2", 0, VERSION(2, 16),
     "unit/kafka/consumer/starts_test.c"},
    {"a full queue stops fetching for a second", "before 2.2 (no `fetch.queue.backoff.ms`)", 0,
     VERSION(2, 2), "unit/kafka/consumer/prefetch_test.c"},
    {"`rd_kafka_resume_partitions()` wakes no fetching thread", "2.0 to 2.8", 0, VERSION(2, 9),
     "unit/kafka/consumer/prefetch_test.c"},
    {"after a full queue, fetching begins with the same partition again "
     "(`rd_kafka_broker_active_toppar_add`)",
     "read in 2.0.2", 0, VERSION(2, 1), "e2e/test_fairness.py"},
    {"each topic of an answer is looked up in a list (`rd_kafka_topic_find0_fl`)", "2.0.2", 0,
     VERSION(2, 1), NULL},
    {"behind a wrong checksum, reading goes on amid the batch: its bytes are taken for the next "
     "offset (`rd_kafka_buf_skip_to` of a length)",
     "2.0.2 to 2.14.2", 0, VERSION(2, 15), "e2e/test_damage_variants.py"},
    {"the protocol names topics, not their ids. A topic that was created again, with more records "
     "than were read, goes on at the old offset",
     "2.0", 0, VERSION(2, 1), NULL},
    {"a producer that lost step with the broker, or got a new id, reports records that it may have "
     "stored as failed (`rd_kafka_handle_idempotent_Produce_error`)",
     "seen in 2.0.2, read in 2.14.2", 0, VERSION(2, 15), "embedded/fatal_test.c"},
    {"the latest answer of one broker decides that a topic or partition is missing", "before 2.10",
     0, VERSION(2, 10), "e2e/test_stale_brokers.py"},
    {"a topic that was once forbidden or missing stays so for minutes", "2.0.2", 0, VERSION(2, 1),
     "embedded/dead_letter_test.c"},
    {"a topic that is deleted soon after it was first seen is believed for up to "
     "`topic.metadata.propagation.max.ms`, 30 s",
     "2.10 and later", VERSION(2, 10), MR_FAULT_REMAINS, "e2e/test_topics.py"},
    {"unknown topics are looked for once a second", "2.0.2", 0, VERSION(2, 1), NULL},
    {"a producer's thread goes through all partitions that it was asked about, at each wake-up",
     "2.0.2", 0, VERSION(2, 1), "tools/bench scale"},
    {"an idempotent producer has one batch per partition under way, and spins while records linger "
     "behind it (`rd_kafka_toppar_producer_serve`)",
     "2.0 to 2.15", 0, VERSION(2, 16), "unit/worker/producer/outbox_test.c"},
    {"after a broker's death an idempotent producer may take a retry for a step back, which is "
     "fatal",
     "2.0.2", 0, VERSION(2, 1), "embedded/fatal_test.c"},
    {"EndTxn for a transaction of which the broker knows no partition: INVALID_TXN_STATE is fatal",
     "2.0.2 to 2.15", 0, VERSION(2, 16), "embedded/fatal_test.c"},
    {"a forbidden topic of a transaction is named only in a log line", "2.0.2", 0, VERSION(2, 1),
     "e2e/test_refused_variants.py"},
    {"a refused batch leaves a gap in the sequence numbers of a transaction", "2.0.2", 0,
     VERSION(2, 1), "e2e/test_refused_transactions.py"},
    {"`rd_kafka_flush` serves callbacks in the calling thread", "read in 2.0.2 and 2.8.0", 0,
     VERSION(2, 9), "unit/kafka/consumer/transactions_test.c"},
    {"main threads spin through the last millisecond of each wait", "before 2.8", 0, VERSION(2, 8),
     "tools/bench idle"},
    {"pipes are not close-on-exec", "2.0.2", 0, VERSION(2, 1), "embedded/inheritance_test.c"},
    {"the embedded cluster lets a second member in after a dozen seconds", "2.0", 0, VERSION(2, 1),
     "embedded/dev_test.c"},
    {0},
};
