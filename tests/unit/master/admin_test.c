#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "a_view.h"
#include "base/clock.h"
#include "base/log.h"
#include "master/admin.h"

struct world {
    struct a_view *a;
    uv_loop_t loop;
    struct mr_admin *admin;
};

static void look(void *context, struct mr_view *view)
{
    *view = ((struct world *)context)->a->view;
}

static int set_up_at(void **state, const char *address)
{
    struct world *world = calloc(1, sizeof(*world));
    struct mr_errors errors = {0};
    void *a;
    mr_log_open(NULL, MR_LOG_JSON, MR_LOG_ERROR, "master");
    if (set_up_view(&a) != 0 || uv_loop_init(&world->loop) != 0)
        return -1;
    world->a = a;
    world->admin = mr_admin_new(&world->loop, "admin.listen", address, look, world, &errors);
    *state = world;
    return world->admin == NULL;
}

static int set_up(void **state)
{
    return set_up_at(state, "127.0.0.1:0");
}

static int tear_down(void **state)
{
    struct world *world = *state;
    void *a = world->a;
    mr_admin_free(world->admin);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    int result = uv_loop_close(&world->loop);
    free(world);
    return tear_down_view(&a) == 0 ? result : -1;
}

static int dial(struct world *world)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)mr_admin_port(world->admin)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Runs the loop until so many bytes came, or the connection is closed; returns how many. */
static size_t receive(struct world *world, int fd, char *text, size_t size, const char *end)
{
    size_t length = 0;
    uint64_t deadline = mr_clock_ms() + 20000;
    text[0] = '\0';
    while (mr_clock_ms() < deadline && length < size - 1) {
        uv_run(&world->loop, UV_RUN_NOWAIT);
        ssize_t count = recv(fd, text + length, size - 1 - length, MSG_DONTWAIT);
        if (count == 0)
            break;
        length += count > 0 ? (size_t)count : 0;
        text[length] = '\0';
        if (end != NULL && strstr(text, end) != NULL)
            break;
    }
    return length;
}

static void ask(struct world *world, const char *request, char *text, size_t size)
{
    int fd = dial(world);
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    receive(world, fd, text, size, NULL);
    close(fd);
}

static void expect(struct world *world, const char *request, const char *status, const char *part)
{
    char text[65536];
    ask(world, request, text, sizeof(text));
    if (strncmp(text, status, strlen(status)) != 0 || strstr(text, part) == NULL)
        fail_msg("expected %s ... %s, got %s", status, part, text);
}

#define CLOSE "Host: x\r\nConnection: close\r\n"

static void health_is_served(void **state)
{
    expect(*state, "GET /health HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK",
           "Content-Type: application/json\r\n");
    expect(*state, "GET /health?verbose=1 HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK",
           "\r\n\r\n{\"status\":\"ok\",\"reasons\":[]}\n");
}

static void what_is_not_well_is_503(void **state)
{
    struct world *world = *state;
    mr_cell_set(&world->a->board.slots[0].state, MR_WORKER_LOADED);
    expect(world, "GET /health/ready HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 503", "joining");
}

static void metrics_are_served_in_their_format(void **state)
{
    expect(*state, "GET /metrics HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK",
           "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
}

static void text_is_served_to_who_asks_for_it(void **state)
{
    expect(*state, "GET /health HTTP/1.1\r\n" CLOSE "Accept: text/plain\r\n\r\n", "HTTP/1.1 200 OK",
           "\r\n\r\nok\n");
}

static void head_has_no_body(void **state)
{
    char text[4096];
    ask(*state, "HEAD /health HTTP/1.1\r\n" CLOSE "\r\n", text, sizeof(text));
    assert_non_null(strstr(text, "HTTP/1.1 200"));
    assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
}

static void other_paths_and_methods_are_refused(void **state)
{
    expect(*state, "GET /x HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 404", "\"/metrics\"");
    expect(*state, "GET /%00 HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 404", "\"/metrics\"");
    expect(*state, "DELETE /health HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 405",
           "Allow: GET, HEAD\r\n");
}

static void a_body_is_refused_before_it_is_read(void **state)
{
    expect(*state, "GET /health HTTP/1.1\r\n" CLOSE "Content-Length: 1000000000\r\n\r\n",
           "HTTP/1.1 413", "body");
    expect(*state, "POST /health HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 405", "Allow");
}

static void a_connection_serves_more_than_one_request(void **state)
{
    struct world *world = *state;
    char text[4096];
    const char request[] = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = dial(world);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
        receive(world, fd, text, sizeof(text), "]}\n");
        assert_non_null(strstr(text, "HTTP/1.1 200 OK"));
    }
    close(fd);
}

static void bytes_that_are_no_http_harm_nobody(void **state)
{
    struct world *world = *state;
    char text[4096], noise[40000];
    for (int round = 0; round < 20; round++) {
        int fd = dial(world);
        for (size_t i = 0; i < sizeof(noise); i++)
            noise[i] = (char)(round == 0 ? 'x' : rand());
        if (send(fd, noise, sizeof(noise), MSG_NOSIGNAL) > 0) {
            shutdown(fd, SHUT_WR);
            receive(world, fd, text, sizeof(text), NULL);
        }
        close(fd);
    }
    health_is_served(state);
}

static void clients_that_say_nothing_keep_nobody_out(void **state)
{
    struct world *world = *state;
    int silent[200];
    for (size_t i = 0; i < 200; i++) {
        silent[i] = dial(world);
        assert_int_equal(send(silent[i], "GET /hea", 8, MSG_NOSIGNAL), 8);
        uv_run(&world->loop, UV_RUN_NOWAIT);
    }
    health_is_served(state);
    for (size_t i = 0; i < 200; i++)
        close(silent[i]);
    health_is_served(state);
}

static void an_idle_listener_sleeps(void **state)
{
    struct world *world = *state;
    health_is_served(state);
    for (int i = 0; i < 10; i++)
        uv_run(&world->loop, UV_RUN_NOWAIT);
    assert_int_equal(uv_backend_timeout(&world->loop), -1);
}

static void a_port_that_is_taken_is_an_error_that_names_the_key(void **state)
{
    struct world *world = *state;
    struct mr_errors errors = {0};
    char address[64];
    snprintf(address, sizeof(address), "127.0.0.1:%d", mr_admin_port(world->admin));
    assert_null(mr_admin_new(&world->loop, "admin.listen", address, look, world, &errors));
    assert_non_null(strstr(mr_errors_text(&errors), "admin.listen: cannot listen at 127.0.0.1:"));
    assert_non_null(strstr(mr_errors_text(&errors), "Address already in use"));
    mr_errors_free(&errors);
    assert_null(mr_admin_new(&world->loop, "admin.listen", "nonsense", look, world, &errors));
    assert_int_equal(errors.count, 1);
    mr_errors_free(&errors);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static void it_listens_on_ipv6_too(void **state)
{
    void *world;
    char text[4096];
    const char request[] = "GET /health HTTP/1.0\r\n\r\n";
    (void)state;
    if (!has_ipv6())
        skip();
    assert_int_equal(set_up_at(&world, "[::1]:0"), 0);
    struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                              .sin6_port =
                                  htons((uint16_t)mr_admin_port(((struct world *)world)->admin)),
                              .sin6_addr = in6addr_loopback};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    receive(world, fd, text, sizeof(text), NULL);
    assert_non_null(strstr(text, "200 OK"));
    close(fd);
    assert_int_equal(tear_down(&world), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(health_is_served),
        TEST(what_is_not_well_is_503),
        TEST(metrics_are_served_in_their_format),
        TEST(text_is_served_to_who_asks_for_it),
        TEST(head_has_no_body),
        TEST(other_paths_and_methods_are_refused),
        TEST(a_body_is_refused_before_it_is_read),
        TEST(a_connection_serves_more_than_one_request),
        TEST(bytes_that_are_no_http_harm_nobody),
        TEST(clients_that_say_nothing_keep_nobody_out),
        TEST(an_idle_listener_sleeps),
        TEST(a_port_that_is_taken_is_an_error_that_names_the_key),
        cmocka_unit_test(it_listens_on_ipv6_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
