#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "master/line.h"

struct world {
    uv_loop_t loop;
    struct mr_buf heard; /* "SLOT:BODY; " for each frame */
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    mr_log_open("/dev/null", MR_LOG_JSON, MR_LOG_ERROR, "master");
    *state = world;
    return uv_loop_init(&world->loop);
}

static int tear_down(void **state)
{
    struct world *world = *state;
    uv_run(&world->loop, UV_RUN_DEFAULT);
    int result = uv_loop_close(&world->loop);
    mr_buf_free(&world->heard);
    free(world);
    return result;
}

static void on_frame(void *context, uint64_t slot, const struct mr_frame *frame)
{
    struct world *world = context;
    mr_buf_printf(&world->heard, "%d:%.*s; ", (int)slot, (int)frame->body.length, frame->body.data);
}

/* A line, and the worker's end of it. */
static struct mr_line *open_line(struct world *world, uint64_t slot, pid_t pid,
                                 struct mr_channel *far)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    mr_channel_init(far, ends[1]);
    return mr_line_new(&world->loop, ends[0], slot, pid, on_frame, world);
}

static void say(struct mr_channel *far, const char *text)
{
    mr_channel_put(far, MR_FRAME_LOADED, mr_bytes_of(text));
    assert_int_equal(mr_channel_flush(far), 0);
}

static void turn(struct world *world)
{
    for (int i = 0; i < 5; i++)
        uv_run(&world->loop, UV_RUN_NOWAIT);
}

static void expect_heard(struct world *world, const char *expected)
{
    assert_string_equal(mr_buf_text(&world->heard), expected);
}

static void frames_go_both_ways(void **state)
{
    struct world *world = *state;
    struct mr_channel far;
    struct mr_frame frame;
    struct mr_line *line = open_line(world, 3, 0, &far);
    say(&far, "one");
    say(&far, "two");
    turn(world);
    expect_heard(world, "3:one; 3:two; ");
    mr_line_send(line, MR_FRAME_STOP, MR_BYTES("now"));
    assert_int_equal(mr_channel_fill(&far), 0);
    assert_int_equal(mr_channel_next(&far, &frame), 1);
    assert_memory_equal(frame.body.data, "now", 3);
    mr_line_free(line);
    mr_channel_close(&far);
}

static void a_body_larger_than_the_socket_goes_as_it_is_taken(void **state)
{
    struct world *world = *state;
    struct mr_channel far;
    struct mr_frame frame = {0};
    size_t length = 3u << 20;
    char *body = calloc(1, length);
    struct mr_line *line = open_line(world, 0, 0, &far);
    mr_line_send(line, MR_FRAME_PREPARE, (struct mr_bytes){body, length});
    while (mr_channel_next(&far, &frame) == 0) {
        turn(world);
        assert_int_equal(mr_channel_fill(&far), 0);
    }
    assert_int_equal(frame.body.length, length);
    mr_line_free(line);
    mr_channel_close(&far);
    free(body);
}

static void last_words_are_heard_though_the_worker_is_gone(void **state)
{
    struct world *world = *state;
    struct mr_channel far;
    struct mr_line *line = open_line(world, 0, 0, &far);
    say(&far, "because");
    mr_channel_close(&far);
    mr_line_send(line, MR_FRAME_STOP, MR_BYTES_NONE);
    mr_line_drain(line);
    expect_heard(world, "0:because; ");
    mr_line_drain(line);
    mr_line_send(line, MR_FRAME_STOP, MR_BYTES_NONE);
    turn(world);
    expect_heard(world, "0:because; ");
    mr_line_free(line);
}

static void a_line_that_broke_takes_no_other_line_with_it(void **state)
{
    struct world *world = *state;
    struct mr_channel far_old, far_new;
    struct mr_line *old = open_line(world, 0, 0, &far_old);
    turn(world);
    mr_channel_close(&far_old);
    turn(world); /* it notices */
    struct mr_line *new = open_line(world, 1, 0, &far_new);
    turn(world);
    mr_line_free(old);
    turn(world);
    say(&far_new, "still here");
    turn(world);
    expect_heard(world, "1:still here; ");
    mr_line_free(new);
    mr_channel_close(&far_new);
}

static void a_worker_that_talks_nonsense_is_killed(void **state)
{
    struct world *world = *state;
    struct mr_channel far;
    int status;
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    struct mr_line *line = open_line(world, 0, pid, &far);
    assert_int_equal(write(far.fd, "nonsense", 8), 8);
    turn(world);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    expect_heard(world, "");
    mr_line_free(line);
    mr_channel_close(&far);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(frames_go_both_ways),
        TEST(a_body_larger_than_the_socket_goes_as_it_is_taken),
        TEST(last_words_are_heard_though_the_worker_is_gone),
        TEST(a_line_that_broke_takes_no_other_line_with_it),
        TEST(a_worker_that_talks_nonsense_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
