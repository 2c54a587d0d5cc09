/* When records leave the outbox.
 *
 * Records that follow one another within PACE leave together when the turn ends. When the next turn
 * follows at once, they leave when all before them are reported, or when the first of them is HOLD
 * old. One that follows nothing closely leaves at once. librdkafka's thread is woken less often so,
 * and does more each time; and an idempotent producer has one batch of a partition under way at a
 * time, and its thread spins until that is acknowledged while others have lingered behind it
 * (rd_kafka_toppar_producer_serve, 2.0 to 2.15).
 *
 * A turn's records are hurried, rather than left to linger, when nothing would join them: nothing
 * else is under way, none was sent for as long as they would linger, and they are so few that
 * librdkafka would send another batch of the partition while they are under way
 * (RD_KAFKA_IDEMP_MAX_INFLIGHT, which counts records). */
#ifndef MR_WORKER_PRODUCER_PACE_H
#define MR_WORKER_PRODUCER_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} before the first record. Times are mr_clock_ns(). */
struct mr_pace {
    uint64_t latest; /* when a record was sent */
    bool begun;      /* a record was sent this turn */
    bool alone;      /* and nothing else was under way, or sent shortly before */
};

/* A record is sent while so many others are outstanding. Returns true when it follows another
 * closely. */
bool mr_pace_step(struct mr_pace *pace, uint64_t now, size_t outstanding);
/* True when records that have waited so long may wait for others. */
bool mr_pace_may_wait(uint64_t age);
/* The turn ends. Returns true when what was sent in it is to be hurried. */
bool mr_pace_end_turn(struct mr_pace *pace, size_t outstanding);

#endif
