/* The configuration: one table of keys (config_keys.c), a validated value for each that was set,
 * and typed readers.
 *
 * A value is known by its path: "kafka.connection_timeout", and below a name that the user chose (a
 * topic, a property) by `routes["orders"].retry.max`, `kafka.properties["fetch.wait.max.ms"]`.
 * Every value has one text form (that of the environment), in which it is kept, shown and handed
 * from the master to the workers. */
#ifndef MR_CONFIG_CONFIG_H
#define MR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/errors.h"

struct mr_config;

struct mr_config *mr_config_new(void); /* nothing set: every reader gives the default */
void mr_config_free(struct mr_config *config);

/* Readers. Each asserts that the path's key is in the table and of that type: integers are also
 * sizes (bytes), durations (ms) and workers (0: "auto"); any key has its text form as a string.
 * Where nothing is set and there is no default they give 0, false or "". Returned memory is the
 * configuration's. */
int64_t mr_config_integer(const struct mr_config *config, const char *path);
double mr_config_number(const struct mr_config *config, const char *path);
bool mr_config_boolean(const struct mr_config *config, const char *path);
const char *mr_config_string(const struct mr_config *config, const char *path);
/* Calls `each` for every item of a list of strings, in order; name is "". */
typedef void mr_config_each_fn(void *context, const char *name, const char *value);
void mr_config_list(const struct mr_config *config, const char *path, mr_config_each_fn *each,
                    void *context);
/* The same as one text, its items separated by commas. Borrowed. */
const char *mr_config_list_text(const struct mr_config *config, const char *path);
/* The user-named entries below a map, in the order of their names: kafka.properties gives name and
 * value; routes and topics give name and "". */
void mr_config_map(const struct mr_config *config, const char *path, mr_config_each_fn *each,
                   void *context);

/* Readers of a route's settings: routes["NAME"].KEY, else defaults.KEY (where there is such a key),
 * else the default. `key` is as below `routes.*`: "retry.max", "codec", "group_id" (falls back to
 * kafka.group_id). */
int64_t mr_config_route_integer(const struct mr_config *config, const char *route, const char *key);
double mr_config_route_number(const struct mr_config *config, const char *route, const char *key);
const char *mr_config_route_string(const struct mr_config *config, const char *route,
                                   const char *key);

/* True where the path was set by file, environment or command line. */
bool mr_config_is_set(const struct mr_config *config, const char *path);
/* Where it was set ("config/moonroute.lua", "KAFKA_BROKERS"); "" where it was not, and in workers.
 */
const char *mr_config_origin(const struct mr_config *config, const char *path);

/* Sets from text what is not set yet: the first to set a key wins. `origin` names the place for
 * errors
 * ("KAFKA_BROKERS", "config/moonroute.lua", "--workers"). A bad value adds an error "ORIGIN: PATH:
 * expected ..., got ..." and sets nothing; an unknown path names the nearest known key; "" sets
 * nothing where a key is a string that may be empty. */
void mr_config_set_text(struct mr_config *config, const char *path, const char *text,
                        const char *origin, struct mr_errors *errors);
/* The typed form, as the configuration file gives them; same errors, with got naming the Lua type
 * or value. */
enum mr_config_given {
    MR_GIVEN_STRING,
    MR_GIVEN_NUMBER,
    MR_GIVEN_BOOLEAN,
    MR_GIVEN_LIST,
    MR_GIVEN_OTHER
};
struct mr_config_value {
    enum mr_config_given given;
    const char *text; /* STRING: it; LIST: its items joined by commas; OTHER: the Lua type's name */
    double number;
    bool boolean;
};
void mr_config_set_value(struct mr_config *config, const char *path, struct mr_config_value value,
                         const char *origin, struct mr_errors *errors);
/* What a path leads to: a key, one that takes a list, a table of keys ("kafka", `routes["x"]`), a
 * map whose names the user chooses ("routes"), or nothing, which mr_config_unknown() tells as an
 * error. */
enum mr_config_path { MR_PATH_UNKNOWN, MR_PATH_KEY, MR_PATH_LIST, MR_PATH_TABLE, MR_PATH_MAP };
enum mr_config_path mr_config_path_kind(const char *path);
/* Appends the path of what is called `name` in the table at `parent`, "" being the whole:
 * `routes["x"]` below `routes`. */
void mr_config_path_child(struct mr_buf *out, const char *parent, const char *name);
/* Notes that a map has an entry, whatever is set in it: routes["x"] = {}. Other paths are left
 * alone. */
void mr_config_add_entry(struct mr_config *config, const char *path, const char *origin);
void mr_config_unknown(const char *path, const char *origin, struct mr_errors *errors);

/* A variable, or the file that NAME_FILE names, less one newline at its end. Returns 1 with the
 * value appended, 0 where neither is set (empty counts as unset), -1 with an error added: both are
 * set, or the file cannot be read. */
int mr_config_variable(char *const *environment, const char *name, struct mr_buf *value,
                       struct mr_errors *errors);
/* Everything the environment sets: KAFKA_*, IS_DOCKER, MOONROUTE_*, each also as NAME_FILE. Keys
 * already set stay (the command line goes first), as does what the environment set before the file.
 * An unknown MOONROUTE_ name is an error. */
void mr_config_environment(struct mr_config *config, char *const *environment,
                           struct mr_errors *errors);
/* What only the whole can tell: two keys that contradict each other, a regular expression that is
 * none. `origin` names the place where what is wrong was set nowhere. */
void mr_config_check(const struct mr_config *config, const char *origin, struct mr_errors *errors);

/* The set values, for the channel from master to worker. decode returns NULL where the bytes are
 * malformed. */
void mr_config_encode(const struct mr_config *config, struct mr_buf *out);
struct mr_config *mr_config_decode(struct mr_bytes bytes);

/* Names each path that was set and whose effect comes with a later version; `value` is what it was
 * set to. */
void mr_config_pending(const struct mr_config *config, mr_config_each_fn *each, void *context);

/* Names each path marked as needing a restart that differs between the two; value is "". */
void mr_config_restart_differences(const struct mr_config *before, const struct mr_config *after,
                                   mr_config_each_fn *each, void *context);

#endif
