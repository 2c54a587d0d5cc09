#include "master/rollout.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/exit.h"
#include "base/panic.h"

struct release {
    struct mr_snapshot *snapshot; /* NULL: no release */
    struct mr_buf encoded;
};

/* The generations that a slot's worker was asked to load and to use; 0 is none. */
struct seat {
    bool taken;       /* a worker has the slot */
    uint64_t asked;   /* asked to load, has not answered */
    uint64_t loaded;  /* loaded, not yet in use */
    uint64_t running; /* in use */
    uint64_t owed;    /* answers to come, in order; also for generations discarded since */
};

struct mr_rollout {
    struct mr_rollout_host host;
    void *context;
    struct release accepted;
    struct release candidate;
    bool tried; /* a worker has loaded the candidate */
    uint64_t seat_count;
    struct seat seats[];
};

static struct release release_of(struct mr_snapshot *snapshot)
{
    struct release release = {.snapshot = snapshot};
    mr_snapshot_encode(snapshot, &release.encoded);
    return release;
}

static void release_free(struct release *release)
{
    if (release->snapshot != NULL)
        mr_snapshot_free(release->snapshot);
    mr_buf_free(&release->encoded);
    *release = (struct release){0};
}

static uint64_t generation_of(const struct release *release)
{
    return release->snapshot == NULL ? 0 : release->snapshot->generation;
}

struct mr_rollout *mr_rollout_new(const struct mr_rollout_host *host, void *context,
                                  uint64_t slot_count)
{
    struct mr_rollout *rollout =
        mr_alloc(sizeof(*rollout) + slot_count * sizeof(rollout->seats[0]));
    rollout->host = *host;
    rollout->context = context;
    rollout->seat_count = slot_count;
    return rollout;
}

void mr_rollout_free(struct mr_rollout *rollout)
{
    if (rollout == NULL)
        return;
    release_free(&rollout->accepted);
    release_free(&rollout->candidate);
    free(rollout);
}

bool mr_rollout_busy(const struct mr_rollout *rollout)
{
    return rollout->candidate.snapshot != NULL;
}

const struct mr_snapshot *mr_rollout_accepted(const struct mr_rollout *rollout)
{
    return rollout->accepted.snapshot;
}

static struct seat *seat_of(struct mr_rollout *rollout, uint64_t slot)
{
    MR_ASSERT(slot < rollout->seat_count);
    return &rollout->seats[slot];
}

static void send_generation(struct mr_rollout *rollout, uint64_t slot, enum mr_frame_kind kind,
                            uint64_t generation)
{
    struct mr_bytes body = {(const char *)&generation, sizeof(generation)};
    rollout->host.send(rollout->context, slot, kind, body);
}

static void prepare(struct mr_rollout *rollout, uint64_t slot, const struct release *release)
{
    struct mr_bytes body = {release->encoded.data, release->encoded.length};
    rollout->seats[slot].asked = generation_of(release);
    rollout->seats[slot].owed++;
    rollout->host.send(rollout->context, slot, MR_FRAME_PREPARE, body);
}

static void use(struct mr_rollout *rollout, uint64_t slot, uint64_t generation)
{
    rollout->seats[slot].loaded = 0;
    rollout->seats[slot].running = generation;
    send_generation(rollout, slot, MR_FRAME_SWITCH, generation);
}

static void accept(struct mr_rollout *rollout)
{
    struct release before = rollout->accepted;
    rollout->accepted = rollout->candidate;
    rollout->candidate = (struct release){0};
    for (uint64_t slot = 0; slot < rollout->seat_count; slot++)
        if (rollout->seats[slot].taken)
            use(rollout, slot, generation_of(&rollout->accepted));
    rollout->host.accepted(rollout->context, before.snapshot, rollout->accepted.snapshot);
    release_free(&before);
}

/* Accepts the candidate if there is a worker and every worker has loaded the candidate. */
static void accept_when_complete(struct mr_rollout *rollout)
{
    bool any = false;
    if (!mr_rollout_busy(rollout))
        return;
    for (uint64_t slot = 0; slot < rollout->seat_count; slot++) {
        const struct seat *seat = &rollout->seats[slot];
        if (seat->taken && seat->loaded != generation_of(&rollout->candidate))
            return;
        any = any || seat->taken;
    }
    if (any)
        accept(rollout);
}

static void give_up(struct mr_rollout *rollout, struct mr_bytes why, int code)
{
    struct release refused = rollout->candidate;
    uint64_t generation = generation_of(&refused);
    rollout->candidate = (struct release){0};
    for (uint64_t slot = 0; slot < rollout->seat_count; slot++) {
        struct seat *seat = &rollout->seats[slot];
        if (seat->asked == generation || seat->loaded == generation) {
            seat->asked = seat->loaded = 0;
            send_generation(rollout, slot, MR_FRAME_DISCARD, generation);
        }
        bool idle = seat->taken && seat->asked == 0 && seat->running == 0;
        if (idle && rollout->accepted.snapshot != NULL)
            prepare(rollout, slot, &rollout->accepted);
    }
    rollout->host.refused(rollout->context, why, code);
    release_free(&refused);
}

/* Counts an answer. Returns true if it answers the last request to load. */
static bool take_answer(struct seat *seat, uint64_t generation)
{
    seat->owed -= seat->owed > 0;
    if (generation == 0 || seat->asked != generation)
        return false;
    seat->asked = 0;
    return true;
}

/* Returns true if the worker runs a snapshot, and is to be asked to load the candidate. */
static bool lacks_candidate(const struct mr_rollout *rollout, uint64_t slot)
{
    const struct seat *seat = &rollout->seats[slot];
    uint64_t generation = generation_of(&rollout->candidate);
    return seat->running != 0 && seat->asked != generation && seat->loaded != generation;
}

static bool anyone_tries(const struct mr_rollout *rollout)
{
    for (uint64_t slot = 0; slot < rollout->seat_count; slot++)
        if (rollout->seats[slot].asked == generation_of(&rollout->candidate))
            return true;
    return false;
}

/* Hands the candidate to one worker, or to all if it was tried. */
static void invite(struct mr_rollout *rollout)
{
    if (!mr_rollout_busy(rollout))
        return;
    for (uint64_t slot = 0; slot < rollout->seat_count; slot++)
        if (lacks_candidate(rollout, slot) && (rollout->tried || !anyone_tries(rollout)))
            prepare(rollout, slot, &rollout->candidate);
}

static void note_loaded(struct mr_rollout *rollout, uint64_t slot, uint64_t generation)
{
    bool first = !rollout->tried;
    rollout->seats[slot].loaded = generation;
    rollout->tried = true;
    invite(rollout);
    accept_when_complete(rollout);
    if (first && mr_rollout_busy(rollout))
        rollout->host.tried(rollout->context);
}

static bool anyone_runs(const struct mr_rollout *rollout)
{
    for (uint64_t slot = 0; slot < rollout->seat_count; slot++)
        if (rollout->seats[slot].running != 0)
            return true;
    return false;
}

void mr_rollout_begin(struct mr_rollout *rollout, struct mr_snapshot *candidate)
{
    MR_ASSERT(!mr_rollout_busy(rollout));
    MR_ASSERT(candidate->generation > generation_of(&rollout->accepted));
    rollout->candidate = release_of(candidate);
    rollout->tried = false;
    invite(rollout);
}

void mr_rollout_started(struct mr_rollout *rollout, uint64_t slot)
{
    *seat_of(rollout, slot) = (struct seat){.taken = true};
    bool with_candidate = mr_rollout_busy(rollout) && !anyone_runs(rollout);
    prepare(rollout, slot, with_candidate ? &rollout->candidate : &rollout->accepted);
}

void mr_rollout_loaded(struct mr_rollout *rollout, uint64_t slot, uint64_t generation)
{
    struct seat *seat = seat_of(rollout, slot);
    if (!take_answer(seat, generation))
        return;
    if (generation == generation_of(&rollout->candidate)) {
        note_loaded(rollout, slot, generation);
        return;
    }
    use(rollout, slot, generation);
    invite(rollout);
}

void mr_rollout_refused(struct mr_rollout *rollout, uint64_t slot, uint64_t generation,
                        struct mr_bytes why, int code)
{
    if (!take_answer(seat_of(rollout, slot), generation))
        return;
    if (generation == generation_of(&rollout->candidate))
        give_up(rollout, why, code);
    else
        rollout->host.unfit(rollout->context, slot, why);
}

void mr_rollout_ended(struct mr_rollout *rollout, uint64_t slot, bool in_order)
{
    struct seat seat = *seat_of(rollout, slot);
    *seat_of(rollout, slot) = (struct seat){0};
    if (!mr_rollout_busy(rollout))
        return;
    /* The worker may have died of a generation discarded before, without having come to the
     * candidate. At the start there is no accepted snapshot to keep, so the successor tries the
     * candidate again. */
    bool of_candidate = seat.asked == generation_of(&rollout->candidate) && seat.owed == 1;
    if (!of_candidate || in_order || rollout->accepted.snapshot == NULL) {
        invite(rollout);
        accept_when_complete(rollout);
        return;
    }
    struct mr_buf why = {0};
    mr_buf_printf(&why, "worker %" PRIu64 " died while it was loading the scripts\n", slot);
    give_up(rollout, (struct mr_bytes){why.data, why.length}, MR_EXIT_DATA);
    mr_buf_free(&why);
}

void mr_rollout_expired(struct mr_rollout *rollout)
{
    struct mr_buf why = {0};
    if (!mr_rollout_busy(rollout))
        return;
    for (uint64_t slot = 0; slot < rollout->seat_count; slot++)
        if (rollout->seats[slot].asked != 0)
            mr_buf_printf(&why, "worker %" PRIu64 " has not loaded the scripts in time\n", slot);
    if (why.length == 0)
        mr_buf_string(&why, "no worker came up to load the scripts\n");
    give_up(rollout, (struct mr_bytes){why.data, why.length}, MR_EXIT_DATA);
    mr_buf_free(&why);
}
