/* The configuration: a table of keys (keys.c), a checked value for each key that is set, and typed
 * readers.
 *
 * A path names a value: "kafka.connection_timeout". A name that the user chooses (a topic, a
 * property) is in brackets: `routes["orders"].retry.max`, `kafka.properties["fetch.wait.max.ms"]`.
 * Every value has one text form, the one used in the environment. It is stored, shown and sent to
 * workers in this form. */
#ifndef MR_CONFIG_CONFIG_H
#define MR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/errors.h"

struct mr_config;

struct mr_config *mr_config_new(void); /* nothing is set: every reader returns the default */
void mr_config_free(struct mr_config *config);

/* Reads a value. Each function asserts that the path's key exists and has that type. Integers are
 * also sizes (bytes), durations (ms) and workers (0: "auto"). Any key can be read as a string, in
 * its text form. If nothing is set and there is no default, the result is 0, false or "". The
 * configuration owns the returned memory. */
int64_t mr_config_integer(const struct mr_config *config, const char *path);
double mr_config_number(const struct mr_config *config, const char *path);
bool mr_config_boolean(const struct mr_config *config, const char *path);
const char *mr_config_string(const struct mr_config *config, const char *path);
/* Calls `each` for every item of a list of strings, in order, with the name "". */
typedef void mr_config_each_fn(void *context, const char *name, const char *value);
void mr_config_list(const struct mr_config *config, const char *path, mr_config_each_fn *each,
                    void *context);
/* Returns the list as one text, with commas between the items. Borrowed. */
const char *mr_config_list_text(const struct mr_config *config, const char *path);
/* Calls `each` for every entry that the user named in a map, in the order of the names. The value
 * is set for kafka.properties, and "" for routes and topics. */
void mr_config_map(const struct mr_config *config, const char *path, mr_config_each_fn *each,
                   void *context);

/* Reads a setting of a route: routes["NAME"].KEY; if unset, defaults.KEY (if there is such a key);
 * else the default. `key` is a key below `routes.*`: "retry.max", "codec", "group_id" (falls back
 * to kafka.group_id). */
int64_t mr_config_route_integer(const struct mr_config *config, const char *route, const char *key);
double mr_config_route_number(const struct mr_config *config, const char *route, const char *key);
bool mr_config_route_boolean(const struct mr_config *config, const char *route, const char *key);
const char *mr_config_route_string(const struct mr_config *config, const char *route,
                                   const char *key);

/* Returns true if a file, the environment or the command line set the path. */
bool mr_config_is_set(const struct mr_config *config, const char *path);
/* Returns the origin of the setting ("config/moonroute.lua", "KAFKA_BROKERS"); "" if it is unset,
 * and in workers. */
const char *mr_config_origin(const struct mr_config *config, const char *path);

/* Sets a value from text, if the path is not set yet: the first setting of a key wins. `origin` is
 * for error messages ("KAFKA_BROKERS", "config/moonroute.lua", "--workers"). A bad value sets
 * nothing and adds an error "ORIGIN: PATH: expected ..., got ...". The error for an unknown path
 * names the nearest known key. An empty text sets nothing if the key is a string without a
 * default. */
void mr_config_set_text(struct mr_config *config, const char *path, const char *text,
                        const char *origin, struct mr_errors *errors);
/* Unsets all keys whose paths begin with `prefix`. */
void mr_config_unset(struct mr_config *config, const char *prefix);
/* A value with its type, as the configuration file has it. Errors are as above, and "got" shows the
 * Lua type or the value. */
enum mr_config_given {
    MR_GIVEN_STRING,
    MR_GIVEN_NUMBER,
    MR_GIVEN_BOOLEAN,
    MR_GIVEN_LIST,
    MR_GIVEN_OTHER
};
struct mr_config_value {
    enum mr_config_given given;
    const char *text; /* STRING: itself; LIST: items joined by commas; OTHER: the type's name */
    double number;
    bool boolean;
};
void mr_config_set_value(struct mr_config *config, const char *path, struct mr_config_value value,
                         const char *origin, struct mr_errors *errors);
/* Checks an item of the list at `path`; the first index is 1. Returns false if the item is bad,
 * with an error about PATH[INDEX] added. */
bool mr_config_check_item(const struct mr_config *config, const char *path, size_t index,
                          struct mr_config_value value, const char *origin,
                          struct mr_errors *errors);
/* Returns what is at a path. A table of keys is "kafka" or `routes["x"]`; a map, whose names the
 * user chooses, is "routes". If there is nothing, mr_config_unknown() adds the error. */
enum mr_config_path { MR_PATH_UNKNOWN, MR_PATH_KEY, MR_PATH_LIST, MR_PATH_TABLE, MR_PATH_MAP };
enum mr_config_path mr_config_path_kind(const char *path);
/* Appends the path of `name` in the table at `parent`, which is "" for the whole configuration:
 * `routes["x"]` below `routes`. */
void mr_config_path_child(struct mr_buf *out, const char *parent, const char *name);
/* Notes that a map has an entry, even if the entry sets nothing: routes["x"] = {}. Ignores other
 * paths. */
void mr_config_add_entry(struct mr_config *config, const char *path, const char *origin);
void mr_config_unknown(const char *path, const char *origin, struct mr_errors *errors);

/* Notes a text that must not be shown, such as a password. Copies it. The value of a secret key is
 * noted when it is set. */
void mr_config_add_secret(struct mr_config *config, const char *text);
/* Returns true if a variable's name, or its value, is that of a secret. Such a name has a word such
 * as PASSWORD, PASS, PWD, SECRET, TOKEN, KEY, CREDENTIAL, AUTH or DSN, or ends in _FILE. The name
 * of a database is one, too. Such a value is a URL with a login. PWD and OLDPWD are folders. */
bool mr_config_is_secret(const char *name, const char *value);
/* Puts "[hidden]" in place of each secret in the errors. Call this before errors are shown that may
 * repeat a value of the configuration: a secret may be in a wrong key. */
void mr_config_hide_secrets(const struct mr_config *config, struct mr_errors *errors);

/* Reads a variable, or the file that NAME_FILE names, without one line end (LF or CRLF) at its
 * end. Returns 1 with the value appended, or 0 if neither is set (empty counts as unset). Returns
 * -1 with an error
 * added if both are set or the file cannot be read. */
int mr_config_variable(char *const *environment, const char *name, struct mr_buf *value,
                       struct mr_errors *errors);
/* Sets all keys that the environment sets: KAFKA_*, IS_DOCKER, MOONROUTE_*, each also as NAME_FILE.
 * Keys that are already set keep their values: call this between the command line and the
 * configuration file. An unknown MOONROUTE_ name is an error. */
void mr_config_environment(struct mr_config *config, char *const *environment,
                           struct mr_errors *errors);
/* Checks the configuration as a whole, such as for two keys that contradict each other, or an
 * invalid regular expression. An error about a setting without an origin shows `origin`. */
void mr_config_check(const struct mr_config *config, const char *origin, struct mr_errors *errors);

/* Encodes or decodes the values that are set, for the channel from master to worker. Decoding
 * returns NULL if the bytes are malformed. */
void mr_config_encode(const struct mr_config *config, struct mr_buf *out);
struct mr_config *mr_config_decode(struct mr_bytes bytes);

/* Encodes the values of one origin, with all secrets. Decoding reads them from where the reader is,
 * and sets those that are not set yet. Returns false if the bytes are malformed. */
void mr_config_encode_from(const struct mr_config *config, const char *origin, struct mr_buf *out);
bool mr_config_decode_from(struct mr_config *config, const char *origin, struct mr_reader *reader);

/* Calls `each` for every path that is set but takes effect only in a later version, with its
 * value, less the secrets in it. */
void mr_config_pending(const struct mr_config *config, mr_config_each_fn *each, void *context);

/* Calls `each` for every path that needs a restart and differs between the two, with the value
 * "". */
void mr_config_restart_differences(const struct mr_config *before, const struct mr_config *after,
                                   mr_config_each_fn *each, void *context);

#endif
