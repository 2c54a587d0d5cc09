#include "master/admin.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/panic.h"
#include "master/address.h"
#include "master/answers.h"
#include "master/listen.h"

/* At most MOST connections are open. If CROWDED are open, each new connection closes the oldest, so
 * that silent or slow clients keep nobody out. */
enum { MOST = 64, CROWDED = 48, MEMORY = 16 * 1024, SILENCE = 10 /* s */ };

struct client {
    int fd; /* -1: none */
    bool leaving;
    uint64_t since;
};

struct mr_admin {
    struct MHD_Daemon *daemon;
    void (*look)(void *context, struct mr_view *view);
    void *context;
    int port;
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    uint64_t arrivals;
    struct client clients[MOST];
};

const char *mr_admin_library(void)
{
    return MHD_get_version();
}

int mr_admin_port(const struct mr_admin *admin)
{
    return admin->port;
}

/* --- answering --- */

static const char *header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value == NULL ? "" : value;
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING)[0] != '\0' ||
           strspn(length, "0") != strlen(length);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct mr_answer *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.length, answer->body.data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        mr_buf_free(&answer->body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (answer->allow != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* libmicrohttpd calls this twice: with the headers, and when the request is complete. A request
 * with a body is refused on the first call. Any other is answered on the second call, because an
 * answer on the first one would close a connection that could be kept. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **seen)
{
    struct mr_admin *admin = cls;
    struct mr_question question = {.method = method, .path = url, .has_body = has_body(connection)};
    (void)version;
    (void)upload;
    (void)upload_size;
    if (*seen == NULL && !question.has_body) {
        *seen = admin;
        return MHD_YES;
    }
    question.as_text = strstr(header(connection, MHD_HTTP_HEADER_ACCEPT), "text/plain") != NULL;
    struct mr_view view = {0};
    struct mr_answer answer;
    admin->look(admin->context, &view);
    mr_answer(&question, &view, &answer);
    return send_answer(connection, &answer);
}

/* --- connections --- */

static void close_oldest_of_a_crowd(struct mr_admin *admin)
{
    struct client *oldest = NULL;
    int count = 0;
    for (struct client *client = admin->clients; client < admin->clients + MOST; client++) {
        if (client->fd < 0 || client->leaving)
            continue;
        count++;
        if (oldest == NULL || client->since < oldest->since)
            oldest = client;
    }
    if (count < CROWDED)
        return;
    shutdown(oldest->fd, SHUT_RDWR); /* the library notices this, and closes the socket */
    oldest->leaving = true;
}

static struct client *free_client(struct mr_admin *admin)
{
    for (struct client *client = admin->clients; client < admin->clients + MOST; client++)
        if (client->fd < 0)
            return client;
    MR_UNREACHABLE("more connections than the library may take");
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct mr_admin *admin = cls;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context != NULL)
            ((struct client *)*context)->fd = -1;
        return;
    }
    close_oldest_of_a_crowd(admin);
    struct client *client = free_client(admin);
    client->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    client->since = admin->arrivals++;
    client->leaving = false;
    *context = client;
}

/* --- the loop --- */

static void run(struct mr_admin *admin);

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void run(struct mr_admin *admin)
{
    MHD_UNSIGNED_LONG_LONG wait;
    MHD_run(admin->daemon);
    if (MHD_get_timeout(admin->daemon, &wait) == MHD_YES)
        uv_timer_start(&admin->timer, on_timer, wait, 0);
    else
        uv_timer_stop(&admin->timer);
}

static struct MHD_Daemon *start_daemon(struct mr_admin *admin, int fd)
{
    return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, admin,
                            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)MOST, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, admin, MHD_OPTION_END);
}

static void start_handles(struct mr_admin *admin, uv_loop_t *loop)
{
    int fd = MHD_get_daemon_info(admin->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    MR_ASSERT(uv_poll_init(loop, &admin->poll, fd) == 0);
    MR_ASSERT(uv_timer_init(loop, &admin->timer) == 0);
    admin->poll.data = admin->timer.data = admin;
    admin->open_handles = 2;
    MR_ASSERT(uv_poll_start(&admin->poll, UV_READABLE, on_poll) == 0);
}

static int open_socket(struct mr_admin *admin, const char *key, const char *text,
                       struct mr_errors *errors)
{
    struct mr_address address;
    if (mr_address_parse(&address, key, text, errors) != 0)
        return -1;
    int fd = mr_listen(&address, key, errors);
    if (fd >= 0) {
        char where[MR_ADDRESS_TEXT];
        mr_address_text(&address, where);
        mr_log(MR_LOG_INFO, "admin_listening", MR_S("address", where));
        admin->port = mr_address_port(&address);
    }
    return fd;
}

struct mr_admin *mr_admin_new(uv_loop_t *loop, const char *key, const char *address,
                              void (*look)(void *context, struct mr_view *view), void *context,
                              struct mr_errors *errors)
{
    struct mr_admin *admin = mr_alloc(sizeof(*admin));
    *admin = (struct mr_admin){.look = look, .context = context};
    for (int i = 0; i < MOST; i++)
        admin->clients[i].fd = -1;
    int fd = open_socket(admin, key, address, errors);
    if (fd < 0) {
        free(admin);
        return NULL;
    }
    admin->daemon = start_daemon(admin, fd);
    MR_ASSERT(admin->daemon != NULL);
    start_handles(admin, loop);
    return admin;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct mr_admin *admin = handle->data;
    if (--admin->open_handles == 0)
        free(admin);
}

void mr_admin_free(struct mr_admin *admin)
{
    if (admin == NULL)
        return;
    uv_close((uv_handle_t *)&admin->poll, on_handle_closed);
    uv_close((uv_handle_t *)&admin->timer, on_handle_closed);
    MHD_stop_daemon(admin->daemon);
}
