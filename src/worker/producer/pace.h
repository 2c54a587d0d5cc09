/* The pace decides when records leave the outbox.
 *
 * Records that follow one another within PACE_NS leave together when the turn ends. If the next
 * turn follows at once, they leave when all records before them are reported, or when the oldest
 * has waited HOLD_NS. A record that follows no other closely leaves at once. This wakes
 * librdkafka's thread less often, and the thread does more each time. Also, an idempotent producer
 * has one batch per partition under way at a time. Its thread spins until that batch is
 * acknowledged, if other records have lingered behind it (rd_kafka_toppar_producer_serve, 2.0 to
 * 2.15).
 *
 * A turn's records are hurried, instead of left to linger, if no others would join them. That is so
 * if nothing else is under way, no record was sent for as long as these would linger, and they are
 * few. They are few if librdkafka would send another batch of the partition while they are under
 * way (RD_KAFKA_IDEMP_MAX_INFLIGHT, which counts records). */
#ifndef MR_WORKER_PRODUCER_PACE_H
#define MR_WORKER_PRODUCER_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} before the first record. Times are mr_clock_ns(). */
struct mr_pace {
    uint64_t latest; /* when the latest record was sent */
    bool begun;      /* a record was sent this turn */
    bool alone;      /* no other record was under way, or sent shortly before */
};

/* Notes that a record is sent now, while `outstanding` others are under way. Returns true if it
 * follows another record closely. */
bool mr_pace_step(struct mr_pace *pace, uint64_t now, size_t outstanding);
/* Returns true if records that have waited `age` ns may wait for others. */
bool mr_pace_may_wait(uint64_t age);
/* Ends the turn. Returns true if the records sent in it should be hurried. */
bool mr_pace_end_turn(struct mr_pace *pace, size_t outstanding);

#endif
