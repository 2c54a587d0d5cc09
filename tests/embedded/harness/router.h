/* A router under test: `moonroute run` (or `dev`) in a folder of its own, with scripts, a
 * configuration file and a log. */
#ifndef MR_EMBEDDED_ROUTER_H
#define MR_EMBEDDED_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness/folder.h"

enum { ROUTER_STOP_MS = 30000 };

struct router {
    struct folder folder;
    const char *command; /* "run" unless set */
    char brokers[256];   /* "" for none */
    char group[64];
    int workers;
    const char *properties;     /* librdkafka's, beside those of the harness: "['name'] = value" */
    const char *environment[8]; /* "NAME=value", more or other than the harness sets */
    bool closed, blocked;       /* harness/process.h; its log is in log.file then */
    pid_t pid;                  /* 0 while it does not run */
    int port;                   /* of the admin listener, once it runs */
    size_t started_at;          /* where in the log the running one begins */
};

/* Makes the folder; nothing runs yet. The group is a new one. */
void router_make(struct router *router, const char *brokers, int workers);
/* A script: "orders" is scripts/orders.lua, "lib/money" scripts/lib/money.lua. */
void router_script(const struct router *router, const char *name, const char *text);
void router_remove_script(const struct router *router, const char *name);
/* What the configuration file returns beside what the harness sets (short sessions and commit
 * interval, router->properties): "k = v, k = v". */
void router_config(const struct router *router, const char *entries);

void router_spawn(struct router *router); /* until its admin listener is there */
void router_begin(struct router *router); /* until its process is there */
void router_start(struct router *router); /* until it is ready */
void router_await_ready(const struct router *router);
void router_signal(const struct router *router, int number);
/* Sends SIGTERM; fails the test where it does not end in time with 0 (what a sanitizer finds is
 * told so, too). */
void router_stop(struct router *router);
int router_await_exit(struct router *router, int ms); /* the exit code */
void router_kill(struct router *router);              /* SIGKILL to the master alone */
void router_free(struct router *router);              /* whatever state it is in */

/* Asks the admin listener. */
int router_get(const struct router *router, const char *path, char **body);
bool router_is_ready(const struct router *router);
/* The ready question's answer names this reason. */
bool router_unready_for(const struct router *router, const char *reason);
/* /status has that text in it. */
bool router_shows(const struct router *router, const char *part);
/* The sum of a metric's lines that begin with this, the service's prefix left out. */
double router_metric(const struct router *router, const char *name);
/* The workers' processes, those that died left out. Returns how many. */
size_t router_workers(const struct router *router, pid_t *pids, size_t most);

/* No worker of the running router was replaced; else the log is shown. */
void router_assert_nobody_died(const struct router *router);

/* SIGHUP, and until the router has said how it went: true when it switched. */
bool router_reload(struct router *router);

/* The log so far. */
size_t router_log_size(const struct router *router);
bool router_logged(const struct router *router, size_t from, const char *text);
size_t router_logged_times(const struct router *router, size_t from, const char *text);

#endif
