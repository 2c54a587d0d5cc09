#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "master/guard.h"

enum { SLOTS = 2, SENT_MAX = 8 };

/* What workers were told. */
static struct {
    size_t count;
    struct {
        uint64_t slot;
        enum mr_frame_kind kind;
        struct mr_poison poison;
    } all[SENT_MAX];
} sent;

static void note(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body)
{
    (void)context;
    assert_true(sent.count < SENT_MAX);
    sent.all[sent.count].slot = slot;
    sent.all[sent.count].kind = kind;
    assert_true(mr_poison_decode(body, &sent.all[sent.count++].poison));
}

struct guarded {
    struct mr_scoreboard board;
    struct mr_guard guard;
};

static int set_up(void **state)
{
    static struct guarded guarded;
    assert_int_equal(mr_scoreboard_create(&guarded.board, SLOTS), 0);
    guarded.guard = (struct mr_guard){.host = {note}, .slot_count = SLOTS};
    *state = &guarded;
    return 0;
}

static void forget_sent(void)
{
    while (sent.count > 0)
        mr_poison_free(&sent.all[--sent.count].poison);
}

static int tear_down(void **state)
{
    struct guarded *guarded = *state;
    forget_sent();
    mr_guard_free(&guarded->guard);
    mr_scoreboard_close(&guarded->board);
    return 0;
}

/* The worker dies amid that message. */
static void die(struct guarded *guarded, uint64_t number, int64_t offset, const char *cause)
{
    struct mr_slot *slot = &guarded->board.slots[number];
    mr_cell_set(&slot->run.topic, mr_slot_topic(slot, "orders") + 1);
    mr_cell_set(&slot->run.group, mr_slot_group(slot, "shop") + 1);
    mr_cell_set(&slot->run.partition, 3);
    mr_cell_set(&slot->run.offset, (uint64_t)offset);
    mr_run_begins(&slot->run, 1, 0, 1000);
    mr_guard_died(&guarded->guard, slot, cause);
    mr_slot_vacate(slot);
}

static void bury(struct guarded *guarded, int64_t offset)
{
    const struct mr_message_id id = {"shop", "orders", 3, offset};
    struct mr_buf body = {0};
    char none[] = "";
    mr_poison_encode(&(struct mr_poison){.id = id, .cause = none}, &body);
    struct mr_frame frame = {MR_FRAME_BURIED, {body.data, body.length}};
    mr_guard_frame(&guarded->guard, &frame);
    mr_buf_free(&body);
}

static void each_death_of_one_message_is_told_to_all(void **state)
{
    struct guarded *guarded = *state;
    die(guarded, 0, 17, "signal SIGKILL");
    die(guarded, 0, 18, "signal SIGKILL");
    assert_int_equal(sent.count, 2 * SLOTS);
    for (size_t i = 0; i < sent.count; i++)
        assert_int_equal(sent.all[i].poison.deaths, 1);
    forget_sent();
    die(guarded, 1, 17, "signal SIGSEGV");
    assert_int_equal(sent.count, SLOTS);
    for (size_t i = 0; i < SLOTS; i++) {
        assert_int_equal(sent.all[i].slot, i);
        assert_int_equal(sent.all[i].kind, MR_FRAME_POISON);
        assert_string_equal(sent.all[i].poison.id.group, "shop");
        assert_string_equal(sent.all[i].poison.id.topic, "orders");
        assert_int_equal(sent.all[i].poison.id.partition, 3);
        assert_int_equal(sent.all[i].poison.id.offset, 17);
        assert_int_equal(sent.all[i].poison.deaths, 2);
        assert_string_equal(sent.all[i].poison.cause, "signal SIGSEGV");
    }
}

static void a_worker_that_starts_later_is_told_too(void **state)
{
    struct guarded *guarded = *state;
    die(guarded, 0, 18, "signal SIGKILL");
    die(guarded, 0, 17, "signal SIGKILL");
    die(guarded, 0, 17, "signal SIGKILL");
    forget_sent();
    mr_guard_started(&guarded->guard, 1);
    assert_int_equal(sent.count, 2);
    assert_int_equal(sent.all[0].slot, 1);
    assert_int_equal(sent.all[0].poison.id.offset, 18);
    assert_int_equal(sent.all[0].poison.deaths, 1);
    assert_int_equal(sent.all[1].poison.id.offset, 17);
    assert_int_equal(sent.all[1].poison.deaths, 2);
}

static void all_are_told_when_it_is_done_with(void **state)
{
    struct guarded *guarded = *state;
    die(guarded, 0, 17, "signal SIGKILL");
    die(guarded, 0, 17, "signal SIGKILL");
    forget_sent();
    bury(guarded, 16);
    assert_int_equal(sent.count, 0);
    bury(guarded, 17);
    assert_int_equal(sent.count, SLOTS);
    assert_int_equal(sent.all[1].kind, MR_FRAME_HARMLESS);
    assert_int_equal(sent.all[1].poison.id.offset, 17);
}

static void a_worker_that_ran_no_message_counts_against_none(void **state)
{
    struct guarded *guarded = *state;
    struct mr_slot *slot = &guarded->board.slots[0];
    mr_guard_died(&guarded->guard, slot, "signal SIGKILL");
    mr_run_begins(&slot->run, 1, 0, 1000); /* a load */
    mr_guard_died(&guarded->guard, slot, "signal SIGKILL");
    mr_guard_died(&guarded->guard, slot, "signal SIGKILL");
    assert_int_equal(guarded->guard.poisons.count, 0);
    assert_int_equal(sent.count, 0);
}

static void nonsense_and_other_frames_are_passed_over(void **state)
{
    struct guarded *guarded = *state;
    struct mr_frame frame = {MR_FRAME_BURIED, MR_BYTES("nonsense")};
    mr_guard_frame(&guarded->guard, &frame);
    frame.kind = MR_FRAME_LOADED;
    mr_guard_frame(&guarded->guard, &frame);
    assert_int_equal(sent.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_death_of_one_message_is_told_to_all),
        TEST(a_worker_that_starts_later_is_told_too),
        TEST(all_are_told_when_it_is_done_with),
        TEST(a_worker_that_ran_no_message_counts_against_none),
        TEST(nonsense_and_other_frames_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
