#include "harness/router.h"

#include <signal.h>

#include "base/buf.h"
#include "harness/http.h"
#include "harness/process.h"
#include "harness/test.h"

/* A member that died is out of its group after 4 s, not 10; the embedded cluster waits a second
 * less than that for the members of a group to come together anew. It waits 3 s for the first of an
 * empty group and forgets who waits for longer than its session, never answering: so not 3 s.
 * It knows no static members. What fails is soon retried. */
static const char config_file[] =
    "return {\n"
    "  kafka = { group_instance_id = '', properties = { ['session.timeout.ms'] = 4000, "
    "['heartbeat.interval.ms'] = 300, ['fetch.wait.max.ms'] = 20, %s } },\n"
    "  commit_interval = 100, defaults = { retry = { base = 10 } },\n"
    "  %s\n"
    "}\n";

void router_make(struct router *router, const char *brokers, int workers)
{
    *router = (struct router){.command = "run", .workers = workers};
    folder_make(&router->folder);
    folder_write(&router->folder, "scripts/lib/empty.lua", "return {}\n");
    snprintf(router->brokers, sizeof(router->brokers), "%s", brokers);
    snprintf(router->group, sizeof(router->group), "%s", unique("group"));
    router_config(router, "");
}

static void script_name(const char *name, char file[256])
{
    snprintf(file, 256, "scripts/%s.lua", name);
}

void router_script(const struct router *router, const char *name, const char *text)
{
    char file[256];
    script_name(name, file);
    folder_write(&router->folder, file, text);
}

void router_remove_script(const struct router *router, const char *name)
{
    char file[256];
    script_name(name, file);
    folder_delete(&router->folder, file);
}

void router_config(const struct router *router, const char *entries)
{
    char text[4096];
    snprintf(text, sizeof(text), config_file, router->properties != NULL ? router->properties : "",
             entries);
    folder_write(&router->folder, "moonroute.lua", text);
}

/* --- the process --- */

/* The port that the running router told in its log, 0 where it has not yet. */
static int told_port(const struct router *router)
{
    static const char before[] = "\"event\":\"admin_listening\",\"address\":\"127.0.0.1:";
    char *log = folder_read(&router->folder, "log");
    const char *at =
        strlen(log) < router->started_at ? NULL : strstr(log + router->started_at, before);
    int port = at == NULL ? 0 : atoi(at + strlen(before));
    free(log);
    return port;
}

static void give_environment(const struct router *router, struct process *process,
                             char brokers[300], char group[80])
{
    size_t count = 0;
    snprintf(brokers, 300, "KAFKA_BROKERS=%s", router->brokers);
    snprintf(group, 80, "KAFKA_GROUP_ID=%s", router->group);
    if (router->brokers[0] != '\0')
        process->environment[count++] = brokers;
    process->environment[count++] = group;
    for (size_t i = 0; router->environment[i] != NULL; i++)
        process->environment[count++] = router->environment[i];
}

static const struct router *newest; /* that was started */

static void print_log(const struct router *router)
{
    char *log = folder_read(&router->folder, "log");
    fprintf(stderr, "%s\n", log + router->started_at);
    free(log);
}

static void fail_with_log(const struct router *router, const char *why)
{
    print_log(router);
    fail_msg("%s", why);
}

void explain_failure(void)
{
    if (newest != NULL)
        print_log(newest);
}

void router_begin(struct router *router)
{
    char brokers[300], group[80], workers[16];
    struct process process = {.folder = &router->folder,
                              .out = "out",
                              .err = "log",
                              .closed = router->closed,
                              .blocked = router->blocked,
                              .arguments = {router->command, "--config", "moonroute.lua",
                                            "--scripts", "scripts", "--admin", "127.0.0.1:0",
                                            "--log-format", "json", "--workers", workers}};
    assert_int_equal(router->pid, 0);
    snprintf(workers, sizeof(workers), "%d", router->workers);
    give_environment(router, &process, brokers, group);
    router->started_at = router_log_size(router);
    newest = router;
    router->pid = process_start(&process);
}

void router_spawn(struct router *router)
{
    router_begin(router);
    AWAIT((router->port = told_port(router)) != 0 || !process_alive(router->pid));
    if (router->port == 0)
        fail_with_log(router, "the router ended at once");
}

void router_start(struct router *router)
{
    router_spawn(router);
    router_await_ready(router);
}

void router_await_ready(const struct router *router)
{
    uint64_t end = mr_clock_ms() + PATIENCE;
    while (!router_is_ready(router)) {
        if (!process_alive(router->pid) || mr_clock_ms() >= end)
            fail_with_log(router, "the router does not get ready");
        usleep(5000);
    }
}

void router_signal(const struct router *router, int number)
{
    assert_int_equal(kill(router->pid, number), 0);
}

int router_await_exit(struct router *router, int ms)
{
    int code = process_await(router->pid, ms);
    router->pid = 0;
    return code;
}

void router_assert_nobody_died(const struct router *router)
{
    static const char died[] = "\"event\":\"worker_died\"";
    if (router_logged(router, router->started_at, died))
        fail_with_log(router, "a worker died");
}

static void assert_workers_ended_well(const struct router *router)
{
    char *log = folder_read(&router->folder, "log");
    const char *own = log + router->started_at;
    const char *bad = strstr(own, "AddressSanitizer");
    if (bad == NULL)
        bad = strstr(own, "LeakSanitizer");
    if (bad == NULL)
        bad = strstr(own, "runtime error:");
    if (bad == NULL && (bad = strstr(own, "\"event\":\"stopping\"")) != NULL)
        bad = strstr(bad, "\"event\":\"worker_died\"");
    free(log);
    if (bad != NULL)
        fail_with_log(router, "a worker did not end well");
}

void router_stop(struct router *router)
{
    router_signal(router, SIGTERM);
    assert_int_equal(router_await_exit(router, ROUTER_STOP_MS), 0);
    assert_workers_ended_well(router);
}

void router_kill(struct router *router)
{
    process_kill(router->pid);
    router->pid = 0;
}

void router_free(struct router *router)
{
    if (router->pid > 0)
        process_kill(router->pid);
    if (newest == router)
        newest = NULL;
    folder_remove(&router->folder);
    *router = (struct router){0};
}

/* --- the admin listener --- */

int router_get(const struct router *router, const char *path, char **body)
{
    return http_get(router->port, path, body);
}

bool router_is_ready(const struct router *router)
{
    return router_get(router, "/health/ready", NULL) == 200;
}

bool router_unready_for(const struct router *router, const char *reason)
{
    char *body, text[80];
    int status = router_get(router, "/health/ready", &body);
    snprintf(text, sizeof(text), "\"reason\":\"%s\"", reason);
    bool named = status == 503 && strstr(body, text) != NULL;
    free(body);
    return named;
}

bool router_shows(const struct router *router, const char *part)
{
    char *status;
    router_get(router, "/status", &status);
    bool found = strstr(status, part) != NULL;
    free(status);
    return found;
}

double router_metric(const struct router *router, const char *name)
{
    char *body, *rest, start[256];
    double sum = 0;
    assert_int_equal(router_get(router, "/metrics", &body), 200);
    snprintf(start, sizeof(start), "moonroute_%s", name);
    for (char *line = strtok_r(body, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strncmp(line, start, strlen(start)) == 0)
            sum += atof(strrchr(line, ' '));
    free(body);
    return sum;
}

size_t router_workers(const struct router *router, pid_t *pids, size_t most)
{
    char *body;
    size_t count = 0;
    assert_int_equal(router_get(router, "/status", &body), 200);
    const char *at = strstr(body, "\"workers\":");
    while (at != NULL && (at = strstr(at, "\"slot\":")) != NULL) {
        pid_t pid = (pid_t)atoi(strstr(at, "\"pid\":") + 6);
        if (pid != 0 && process_alive(pid) && count < most)
            pids[count++] = pid;
        at += 7;
    }
    free(body);
    return count;
}

bool router_reload(struct router *router)
{
    double before = router_metric(router, "reloads_total");
    double good = router_metric(router, "reloads_total{result=\"ok\"}");
    router_signal(router, SIGHUP);
    AWAIT(router_metric(router, "reloads_total") > before);
    return router_metric(router, "reloads_total{result=\"ok\"}") > good;
}

/* --- the log --- */

size_t router_log_size(const struct router *router)
{
    char *log = folder_read(&router->folder, "log");
    size_t size = strlen(log);
    free(log);
    return size;
}

size_t router_logged_times(const struct router *router, size_t from, const char *text)
{
    char *log = folder_read(&router->folder, "log");
    size_t count = 0;
    for (const char *at = log + from; (at = strstr(at, text)) != NULL; at++)
        count++;
    free(log);
    return count;
}

bool router_logged(const struct router *router, size_t from, const char *text)
{
    return router_logged_times(router, from, text) > 0;
}
