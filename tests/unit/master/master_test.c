/* The whole master, with this program itself in the place of workers. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/machine/file.h"
#include "fake_worker.h"
#include "master/master.h"

struct world {
    char root[64], scripts[128], settings[128], log[128], errors[128];
    pid_t pid;          /* of the master; 0: none */
    struct mr_buf text; /* of the log, when looked at last */
    size_t seen;        /* how much of it earlier expectations used up */
};

/* --- files --- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void write_script(struct world *world, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/echo.lua", world->scripts);
    write_file(path, text);
}

/* --- the master, in a process of its own --- */

static void set_line(struct mr_config *config, char *line, struct mr_errors *errors)
{
    char *equals = strchr(line, '=');
    line[strcspn(line, "\n")] = '\0';
    if (equals != NULL) {
        *equals = '\0';
        mr_config_set_text(config, line, equals + 1, "settings", errors);
    }
}

/* Lines of KEY=VALUE. */
static struct mr_snapshot *read_snapshot(void *context, uint64_t generation,
                                         struct mr_errors *errors)
{
    struct world *world = context;
    char line[256];
    struct mr_config *config = mr_config_new();
    FILE *file = fopen(world->settings, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        set_line(config, line, errors);
    if (file != NULL)
        fclose(file);
    mr_config_set_text(config, "scripts", world->scripts, "test", errors);
    mr_config_set_text(config, "log.file", world->log, "test", errors);
    struct mr_snapshot *snapshot = mr_snapshot_read(generation, config, world->scripts, errors);
    if (errors->count == 0)
        return snapshot;
    mr_snapshot_free(snapshot);
    return NULL;
}

static void on_ready(void *context, const struct mr_snapshot *snapshot)
{
    (void)context;
    mr_log(MR_LOG_INFO, "ready_called", MR_I("generation", snapshot->generation));
}

static void be_master(struct world *world)
{
    const char *const files[] = {world->settings, NULL};
    const struct mr_master_options options = {.read = read_snapshot,
                                              .context = world,
                                              .version = "1.2.3",
                                              .watch = true,
                                              .files = files,
                                              .ready = on_ready};
    int errors = open(world->errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(errors, STDERR_FILENO);
    close(errors);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* as PID 1 is one */
    mr_log_open(world->log, MR_LOG_JSON, MR_LOG_DEBUG, "master");
    int code = mr_master_run(&options);
    mr_log_open(NULL, MR_LOG_JSON, MR_LOG_DEBUG, "master");
    mr_buf_free(&world->text);
    free(world);
    exit(code);
}

static void start(struct world *world, const char *script)
{
    write_script(world, script);
    fflush(stdout);
    world->pid = fork();
    if (world->pid == 0)
        be_master(world);
}

/* --- what it says --- */

static const char *look(struct world *world)
{
    mr_buf_clear(&world->text);
    mr_file_read(world->log, 1 << 24, &world->text);
    return mr_buf_text(&world->text) + world->seen;
}

/* Waits until the log says it, after what earlier waits found; returns the rest of the line from
 * there. */
static const char *expect_log(struct world *world, const char *part)
{
    static char line[1024];
    uint64_t deadline = mr_clock_ms() + 30000;
    const char *found;
    while ((found = strstr(look(world), part)) == NULL && mr_clock_ms() < deadline)
        usleep(2000);
    if (found == NULL) {
        mr_buf_clear(&world->text);
        mr_file_read(world->errors, 1 << 24, &world->text);
        mr_file_read(world->log, 1 << 24, &world->text);
        fprintf(stderr, "%s\n", mr_buf_text(&world->text));
        fail_msg("the log does not say %s", part);
        return NULL;
    }
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(found, "\n"), found);
    world->seen = (size_t)(found - world->text.data) + strlen(line);
    return line;
}

static void expect_event(struct world *world, const char *event)
{
    char part[128];
    snprintf(part, sizeof(part), "\"event\":\"%s\"", event);
    expect_log(world, part);
}

static long number_after(const char *line, const char *name)
{
    const char *found = strstr(line, name);
    assert_non_null(found);
    return atol(found + strlen(name));
}

static void expect_exit(struct world *world, int code)
{
    int status;
    assert_int_equal(waitpid(world->pid, &status, 0), world->pid);
    world->pid = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code) {
        mr_buf_clear(&world->text);
        mr_file_read(world->errors, 1 << 24, &world->text);
        fail_msg("ended with %x instead of %d: %s", status, code, mr_buf_text(&world->text));
    }
}

static void expect_stderr(struct world *world, const char *part)
{
    mr_buf_clear(&world->text);
    mr_file_read(world->errors, 1 << 20, &world->text);
    if (strstr(mr_buf_text(&world->text), part) == NULL)
        fail_msg("no %s in: %s", part, mr_buf_text(&world->text));
}

static void stop(struct world *world)
{
    assert_int_equal(kill(world->pid, SIGTERM), 0);
    expect_exit(world, 0);
}

/* Starts it, and gives the two workers' pids. */
static void start_ready(struct world *world, const char *script, pid_t workers[2])
{
    start(world, script);
    for (int i = 0; i < 2; i++) {
        const char *line = expect_log(world, "\"event\":\"worker_started\"");
        workers[number_after(line, "\"worker\":")] = (pid_t)number_after(line, "\"pid\":");
    }
    expect_log(world, "\"event\":\"ready_called\",\"generation\":1");
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    strcpy(world->root, "/tmp/mr-master-XXXXXX");
    if (mkdtemp(world->root) == NULL)
        return -1;
    snprintf(world->scripts, sizeof(world->scripts), "%s/scripts", world->root);
    snprintf(world->settings, sizeof(world->settings), "%s/settings", world->root);
    snprintf(world->log, sizeof(world->log), "%s/log", world->root);
    snprintf(world->errors, sizeof(world->errors), "%s/errors", world->root);
    mkdir(world->scripts, 0700);
    write_file(world->settings, "workers=2\nadmin.listen=127.0.0.1:0\nservice=shop\n");
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    char command[128];
    if (world->pid > 0) {
        kill(world->pid, SIGKILL);
        waitpid(world->pid, NULL, 0);
    }
    snprintf(command, sizeof(command), "rm -rf %s", world->root);
    mr_buf_free(&world->text);
    free(world);
    return system(command);
}

/* --- start and stop --- */

static void it_starts_workers_and_stops_them_gracefully(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    assert_int_equal(kill(workers[0], 0), 0);
    stop(world);
    assert_int_equal(kill(workers[0], 0), -1);
    assert_int_equal(kill(workers[1], 0), -1);
    expect_event(world, "stopping");
    expect_event(world, "worker_stopped");
    expect_event(world, "worker_stopped");
    expect_event(world, "stopped");
    assert_null(strstr(world->text.data, "worker_died"));
}

static void ctrl_c_stops_gracefully_too(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    kill(world->pid, SIGINT);
    expect_exit(world, 0);
}

static void it_can_be_stopped_before_anybody_is_ready(void **state)
{
    struct world *world = *state;
    start(world, "crash");
    expect_event(world, "worker_died");
    stop(world);
}

static void workers_get_their_three_files_and_fresh_signals(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "inspect", workers);
    stop(world);
}

static void a_script_that_does_not_load_ends_the_start_with_65(void **state)
{
    struct world *world = *state;
    start(world, "refuse");
    expect_exit(world, MR_EXIT_DATA);
    expect_stderr(world, "scripts/echo.lua:1: it was told to refuse\n");
}

static void a_property_that_is_refused_ends_the_start_with_78(void **state)
{
    struct world *world = *state;
    start(world, "refuse that property");
    expect_exit(world, MR_EXIT_CONFIG);
    start(world, "quit");
    expect_exit(world, MR_EXIT_CONFIG);
}

static void what_cannot_be_read_ends_the_start_with_65(void **state)
{
    struct world *world = *state;
    write_file(world->settings, "workers=many\n");
    start(world, "");
    expect_exit(world, MR_EXIT_DATA);
    expect_stderr(world, "settings: workers: expected");
}

static void an_admin_port_that_is_taken_ends_the_start_with_78(void **state)
{
    struct world *world = *state;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(any);
    char settings[128];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&any, &length);
    snprintf(settings, sizeof(settings), "workers=2\nadmin.listen=127.0.0.1:%d\n",
             ntohs(any.sin_port));
    write_file(world->settings, settings);
    start(world, "");
    expect_exit(world, MR_EXIT_CONFIG);
    expect_stderr(world, "admin.listen: cannot listen at 127.0.0.1:");
    close(fd);
}

static void workers_that_do_not_stop_in_time_are_ended_by_force(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    write_file(world->settings, "workers=2\nadmin.listen=127.0.0.1:0\nshutdown_timeout=100\n");
    start_ready(world, "stubborn", workers);
    stop(world);
    expect_event(world, "worker_killed");
    expect_log(world, "\"cause\":\"signal SIGKILL\"");
    assert_int_equal(kill(workers[0], 0), -1);
}

static void a_second_ctrl_c_ends_them_at_once(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "stubborn", workers);
    kill(world->pid, SIGINT);
    expect_event(world, "stopping");
    kill(world->pid, SIGTERM);
    usleep(50000);
    kill(world->pid, SIGINT);
    uint64_t before = mr_clock_ms();
    expect_exit(world, 0);
    assert_true(mr_clock_ms() - before < 5000);
    expect_log(world, "interrupted twice");
}

/* --- deaths --- */

static void a_dead_worker_is_replaced(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    kill(workers[1], SIGKILL);
    const char *line = expect_log(world, "\"event\":\"worker_died\"");
    assert_int_equal(number_after(line, "\"worker\":"), 1);
    assert_int_equal(number_after(line, "\"pid\":"), workers[1]);
    assert_non_null(strstr(line, "\"cause\":\"signal SIGKILL\""));
    line = expect_log(world, "\"event\":\"worker_started\"");
    assert_int_equal(number_after(line, "\"worker\":"), 1);
    assert_int_not_equal(number_after(line, "\"pid\":"), workers[1]);
    stop(world);
}

static int count_files(pid_t pid)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *stream = opendir(path);
    while (readdir(stream) != NULL)
        count++;
    closedir(stream);
    return count;
}

/* The first deaths are young ones, with pauses: 0, 100, 200, 400 ms. */
static void deaths_leak_no_files(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    int before = count_files(world->pid);
    for (int i = 0; i < 5; i++) {
        kill(workers[0], SIGKILL);
        expect_event(world, "worker_died");
        workers[0] =
            (pid_t)number_after(expect_log(world, "\"event\":\"worker_started\""), "\"pid\":");
    }
    usleep(20000);
    assert_int_equal(count_files(world->pid), before);
    stop(world);
}

static void workers_that_die_again_and_again_are_started_with_pauses(void **state)
{
    struct world *world = *state;
    uint64_t before = mr_clock_ms();
    write_file(world->settings, "workers=1\nadmin.listen=127.0.0.1:0\n");
    start(world, "crash");
    for (int i = 0; i < 5; i++)
        expect_event(world, "worker_died");
    assert_true(mr_clock_ms() - before >= 0 + 100 + 200 + 400);
    write_script(world, "");
    expect_log(world, "\"event\":\"worker_died\"");
    stop(world);
}

static void a_worker_that_talks_nonsense_is_ended(void **state)
{
    struct world *world = *state;
    start(world, "chatty");
    expect_event(world, "worker_channel_broken");
    expect_log(world, "\"cause\":\"signal SIGKILL\"");
    stop(world);
}

static bool has_children_but(pid_t pid, int count)
{
    char path[64];
    struct mr_buf text = {0};
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    mr_file_read(path, 1 << 16, &text);
    int spaces = 0;
    for (const char *at = mr_buf_text(&text); *at; at++)
        spaces += *at == ' ';
    mr_buf_free(&text);
    return spaces != count;
}

static void strangers_that_became_its_children_are_reaped(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "orphan", workers);
    for (int i = 0; i < 500 && has_children_but(world->pid, 2); i++)
        usleep(10000);
    /* Each worker has its own dead child, which it never collects; the master's are the workers
     * alone. */
    assert_false(has_children_but(world->pid, 2));
    stop(world);
}

/* --- reloads --- */

static void hang_up(struct world *world)
{
    kill(world->pid, SIGHUP);
}

/* The watch makes a reload of it. */
static void rewrite(struct world *world, const char *script)
{
    write_script(world, script);
    expect_event(world, strstr(script, "refuse") || strstr(script, "crash") ? "reload_refused"
                                                                            : "reload_done");
}

static void a_changed_script_is_loaded_by_itself(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    write_script(world, "new");
    expect_log(world, "\"event\":\"reload_done\",\"generation\":2,\"files\":1");
    stop(world);
}

static void sighup_reloads(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    hang_up(world);
    expect_log(world, "\"event\":\"reload_done\",\"generation\":2");
    hang_up(world);
    expect_log(world, "\"event\":\"reload_done\",\"generation\":3");
    stop(world);
}

static void a_burst_of_sighups_ends_with_a_reload_after_the_last(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    for (int i = 0; i < 50; i++)
        hang_up(world);
    expect_event(world, "reload_done");
    usleep(100000);
    hang_up(world);
    expect_event(world, "reload_done");
    stop(world);
}

static void a_refused_reload_keeps_the_accepted_scripts(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    rewrite(world, "refuse");
    kill(workers[0], SIGKILL);
    expect_event(world, "worker_died");
    expect_event(world, "worker_started");
    usleep(50000);
    assert_null(strstr(look(world), "worker_unfit"));
    rewrite(world, "");
    stop(world);
}

static void a_reload_that_kills_a_worker_is_refused(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    write_script(world, "crash");
    expect_log(world, "died while it was loading the scripts");
    expect_event(world, "worker_started");
    rewrite(world, "");
    stop(world);
}

static void settings_that_became_bad_are_refused_line_by_line(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    write_file(world->settings, "workers=many\nshutdown_timeout=never\n");
    expect_log(world, "\"event\":\"reload_refused\",\"message\":\"settings: workers: expected");
    expect_log(world, "\"event\":\"reload_refused\",\"message\":\"settings: shutdown_timeout: exp");
    stop(world);
}

static void a_setting_that_needs_a_restart_is_named_and_keeps_its_value(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    write_file(world->settings, "workers=3\nadmin.listen=127.0.0.1:0\nservice=shop\n"
                                "kafka.properties[\"a.b\"]=1\n");
    expect_log(world, "\"event\":\"reload_needs_restart\",\"key\":\"workers\"");
    expect_log(world,
               "\"event\":\"reload_needs_restart\",\"key\":\"kafka.properties[\\\"a.b\\\"]\"");
    expect_event(world, "reload_done");
    hang_up(world);
    expect_log(world, "\"event\":\"reload_needs_restart\",\"key\":\"workers\"");
    expect_event(world, "reload_done");
    stop(world);
}

static void the_log_follows_its_settings(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    start_ready(world, "", workers);
    write_file(world->settings,
               "workers=2\nadmin.listen=127.0.0.1:0\nservice=shop\nlog.format=text\n");
    expect_log(world, "reload_done generation=2");
    stop(world);
}

/* --- what it tells --- */

static void status_shows_workers_and_reloads(void **state)
{
    struct world *world = *state;
    char text[8192] = "";
    start(world, "");
    const char *line = expect_log(world, "\"event\":\"admin_listening\",\"address\":\"127.0.0.1:");
    long port = number_after(line, "127.0.0.1:");
    expect_event(world, "ready");
    hang_up(world);
    expect_event(world, "reload_done");
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(write(fd, "GET /status HTTP/1.0\r\n\r\n", 24), 24);
    for (ssize_t length = 0, got;
         (got = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0;)
        length += got;
    close(fd);
    assert_non_null(strstr(text, "{\"service\":\"shop\",\"version\":\"1.2.3\","));
    assert_non_null(strstr(text, "\"generation\":2,\"reloads\":{\"ok\":1,\"failed\":0},"
                                 "\"health\":{\"status\":\"ok\",\"reasons\":[]},"));
    stop(world);
}

static void sigusr1_opens_the_log_anew(void **state)
{
    struct world *world = *state;
    pid_t workers[2];
    char old[256];
    start_ready(world, "", workers);
    snprintf(old, sizeof(old), "%s.1", world->log);
    assert_int_equal(rename(world->log, old), 0);
    kill(world->pid, SIGUSR1);
    world->seen = 0;
    for (int i = 0; i < 500 && access(world->log, F_OK) != 0; i++)
        usleep(10000);
    hang_up(world);
    expect_event(world, "reload_done");
    stop(world);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_starts_workers_and_stops_them_gracefully),
        TEST(ctrl_c_stops_gracefully_too),
        TEST(it_can_be_stopped_before_anybody_is_ready),
        TEST(workers_get_their_three_files_and_fresh_signals),
        TEST(a_script_that_does_not_load_ends_the_start_with_65),
        TEST(a_property_that_is_refused_ends_the_start_with_78),
        TEST(what_cannot_be_read_ends_the_start_with_65),
        TEST(an_admin_port_that_is_taken_ends_the_start_with_78),
        TEST(workers_that_do_not_stop_in_time_are_ended_by_force),
        TEST(a_second_ctrl_c_ends_them_at_once),
        TEST(a_dead_worker_is_replaced),
        TEST(deaths_leak_no_files),
        TEST(workers_that_die_again_and_again_are_started_with_pauses),
        TEST(a_worker_that_talks_nonsense_is_ended),
        TEST(strangers_that_became_its_children_are_reaped),
        TEST(a_changed_script_is_loaded_by_itself),
        TEST(sighup_reloads),
        TEST(a_burst_of_sighups_ends_with_a_reload_after_the_last),
        TEST(a_refused_reload_keeps_the_accepted_scripts),
        TEST(a_reload_that_kills_a_worker_is_refused),
        TEST(settings_that_became_bad_are_refused_line_by_line),
        TEST(a_setting_that_needs_a_restart_is_named_and_keeps_its_value),
        TEST(the_log_follows_its_settings),
        TEST(status_shows_workers_and_reloads),
        TEST(sigusr1_opens_the_log_anew),
    };
    if (argc == 4 && strcmp(argv[1], "worker") == 0)
        return fake_worker(argv[3]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
