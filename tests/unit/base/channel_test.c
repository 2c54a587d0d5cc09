#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/channel.h"

struct pair {
    struct mr_channel near, far;
};

static int set_up(void **state)
{
    int fds[2];
    struct pair *pair = calloc(1, sizeof(*pair));
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return -1;
    mr_channel_init(&pair->near, fds[0]);
    mr_channel_init(&pair->far, fds[1]);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;
    mr_channel_close(&pair->near);
    mr_channel_close(&pair->far);
    free(pair);
    return 0;
}

static void a_frame_arrives_with_its_kind_and_body(void **state)
{
    struct pair *pair = *state;
    struct mr_frame frame;
    mr_channel_put(&pair->near, MR_FRAME_PREPARE, MR_BYTES("snap\0shot"));
    mr_channel_put(&pair->near, MR_FRAME_STOP, MR_BYTES_NONE);
    assert_int_equal(mr_channel_flush(&pair->near), 0);
    assert_int_equal(mr_channel_fill(&pair->far), 0);
    assert_int_equal(mr_channel_next(&pair->far, &frame), 1);
    assert_int_equal(frame.kind, MR_FRAME_PREPARE);
    assert_int_equal(frame.body.length, 9);
    assert_memory_equal(frame.body.data, "snap\0shot", 9);
    assert_int_equal(mr_channel_next(&pair->far, &frame), 1);
    assert_int_equal(frame.kind, MR_FRAME_STOP);
    assert_int_equal(frame.body.length, 0);
    assert_int_equal(mr_channel_next(&pair->far, &frame), 0);
}

static void a_number_arrives(void **state)
{
    struct pair *pair = *state;
    struct mr_frame frame;
    mr_channel_put_u64(&pair->near, MR_FRAME_SWITCH, 1234567890123456789u);
    assert_int_equal(mr_channel_flush(&pair->near), 0);
    assert_int_equal(mr_channel_fill(&pair->far), 0);
    assert_int_equal(mr_channel_next(&pair->far, &frame), 1);
    struct mr_reader reader = {frame.body.data, frame.body.data + frame.body.length, false};
    assert_true(mr_reader_u64(&reader) == 1234567890123456789u);
    assert_false(reader.failed);
}

static void frames_delivered_byte_by_byte_are_whole_in_the_end(void **state)
{
    struct pair *pair = *state;
    struct mr_frame frame;
    int seen = 0;
    mr_channel_put(&pair->near, MR_FRAME_LOADED, MR_BYTES("one"));
    mr_channel_put(&pair->near, MR_FRAME_REFUSED, MR_BYTES("two"));
    for (size_t i = 0; i < pair->near.out.length; i++) {
        assert_int_equal(write(pair->near.fd, pair->near.out.data + i, 1), 1);
        assert_int_equal(mr_channel_fill(&pair->far), 0);
        if (mr_channel_next(&pair->far, &frame) == 1) {
            assert_memory_equal(frame.body.data, seen == 0 ? "one" : "two", 3);
            seen++;
        }
    }
    assert_int_equal(seen, 2);
}

static void a_body_larger_than_the_socket_goes_in_pieces(void **state)
{
    struct pair *pair = *state;
    struct mr_frame frame = {0};
    size_t length = 5u << 20;
    char *body = malloc(length);
    for (size_t i = 0; i < length; i++)
        body[i] = (char)(i * 31);
    mr_channel_put(&pair->near, MR_FRAME_PREPARE, (struct mr_bytes){body, length});
    assert_int_equal(mr_channel_flush(&pair->near), 1);
    assert_true(mr_channel_pending(&pair->near));
    while (mr_channel_next(&pair->far, &frame) == 0) {
        assert_true(mr_channel_flush(&pair->near) >= 0);
        assert_int_equal(mr_channel_fill(&pair->far), 0);
    }
    assert_int_equal(mr_channel_flush(&pair->near), 0);
    assert_false(mr_channel_pending(&pair->near));
    assert_int_equal(frame.body.length, length);
    assert_memory_equal(frame.body.data, body, length);
    free(body);
}

static void a_frame_sent_before_the_end_closed_is_still_read(void **state)
{
    struct pair *pair = *state;
    struct mr_frame frame;
    mr_channel_put(&pair->near, MR_FRAME_REFUSED, MR_BYTES("why"));
    assert_int_equal(mr_channel_flush(&pair->near), 0);
    mr_channel_close(&pair->near);
    assert_int_equal(mr_channel_fill(&pair->far), -EPIPE);
    assert_int_equal(mr_channel_next(&pair->far, &frame), 1);
    assert_memory_equal(frame.body.data, "why", 3);
}

static void writing_to_an_end_that_is_gone_is_an_error_and_no_signal(void **state)
{
    struct pair *pair = *state;
    mr_channel_close(&pair->far);
    mr_channel_put(&pair->near, MR_FRAME_STOP, MR_BYTES_NONE);
    assert_int_equal(mr_channel_flush(&pair->near), -EPIPE);
}

static void an_end_that_closed_without_reading_is_gone_too(void **state)
{
    struct pair *pair = *state;
    mr_channel_put(&pair->near, MR_FRAME_STOP, MR_BYTES_NONE);
    assert_int_equal(mr_channel_flush(&pair->near), 0);
    mr_channel_close(&pair->far);
    assert_int_equal(mr_channel_fill(&pair->near), -EPIPE);
}

static void bytes_that_are_no_frame_are_refused(void **state)
{
    struct pair *pair = *state;
    struct mr_frame frame;
    const uint32_t bad_kind[2] = {99, 0};
    assert_int_equal(write(pair->near.fd, bad_kind, sizeof(bad_kind)), sizeof(bad_kind));
    assert_int_equal(mr_channel_fill(&pair->far), 0);
    assert_int_equal(mr_channel_next(&pair->far, &frame), -EPROTO);
    assert_int_equal(mr_channel_next(&pair->far, &frame), -EPROTO);
}

static void a_length_beyond_the_limit_is_refused_before_it_is_awaited(void **state)
{
    struct pair *pair = *state;
    struct mr_frame frame;
    const uint32_t too_long[2] = {MR_FRAME_LOADED, MR_FRAME_BODY_MAX + 1u};
    assert_int_equal(write(pair->near.fd, too_long, sizeof(too_long)), sizeof(too_long));
    assert_int_equal(mr_channel_fill(&pair->far), 0);
    assert_int_equal(mr_channel_next(&pair->far, &frame), -EPROTO);
}

static void the_descriptor_neither_blocks_nor_is_inherited(void **state)
{
    struct pair *pair = *state;
    assert_true(fcntl(pair->near.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(pair->near.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(mr_channel_fill(&pair->near), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_frame_arrives_with_its_kind_and_body),
        TEST(a_number_arrives),
        TEST(frames_delivered_byte_by_byte_are_whole_in_the_end),
        TEST(a_body_larger_than_the_socket_goes_in_pieces),
        TEST(a_frame_sent_before_the_end_closed_is_still_read),
        TEST(writing_to_an_end_that_is_gone_is_an_error_and_no_signal),
        TEST(an_end_that_closed_without_reading_is_gone_too),
        TEST(bytes_that_are_no_frame_are_refused),
        TEST(a_length_beyond_the_limit_is_refused_before_it_is_awaited),
        TEST(the_descriptor_neither_blocks_nor_is_inherited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
