/* The table of configuration keys: each key's path, type, default and help. Validation, the
 * environment's names, docs/CONFIGURATION.md, config/moonroute.lua and the manual page
 * moonroute.lua(5) are all made from it.
 *
 * A path in the table has `.*` in place of a name that the user chooses: `routes.*.retry.max` is
 * the key of `routes["orders"].retry.max`. */
#ifndef MR_CONFIG_KEYS_H
#define MR_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum mr_config_kind {
    MR_KIND_ENTRY,     /* a table below a name that the user chose; holds other keys */
    MR_KIND_STRING,    /* "" counts as unset, unless the key has a default */
    MR_KIND_TEXT,      /* not empty */
    MR_KIND_NAME,      /* of the service: a letter, then letters, digits and . _ - */
    MR_KIND_TOPIC,     /* a topic name */
    MR_KIND_TEMPLATE,  /* a topic name that may contain {base} and {topic} */
    MR_KIND_VARIABLE,  /* the name of an environment variable */
    MR_KIND_SCRIPT,    /* the name of a file in the scripts folder */
    MR_KIND_INTEGER,   /* from least to most */
    MR_KIND_DURATION,  /* an integer of milliseconds */
    MR_KIND_NUMBER,    /* from least to most */
    MR_KIND_BOOLEAN,   /* true or false */
    MR_KIND_SIZE,      /* bytes, or "256MB" */
    MR_KIND_ONE_OF,    /* one of `choices`, in any case */
    MR_KIND_WORKERS,   /* "auto" or an integer */
    MR_KIND_HOST_PORT, /* HOST:PORT */
    MR_KIND_SCALAR,    /* a string, a number or a boolean */
    MR_KIND_BROKERS,   /* a list of HOST:PORT */
    MR_KIND_TOPICS,    /* a list of topic names */
    MR_KIND_VARIABLES, /* a list of names of environment variables */
};

enum mr_config_flag {
    MR_KEY_RESTART = 1, /* a change needs a restart */
    MR_KEY_SECRET = 2,  /* its value is never shown */
};

/* Lua's numbers are exact for integers up to this. */
#define MR_INTEGER_MOST 9007199254740992.0

struct mr_config_key {
    const char *path;
    const char *inherits; /* the key whose value it takes while unset; NULL: none */
    enum mr_config_kind kind;
    unsigned flags;
    const char *fallback; /* the default, in text form; NULL: none, or inherited */
    double least, most;   /* of numbers; most 0: no bound */
    const char *choices;  /* "debug|info|warn" */
    bool pending;         /* takes effect only in a later version */
    const char *variable; /* its name in the environment; NULL: MOONROUTE_ and the path */
    const char *unit;     /* "ms"; NULL: none */
    const char *example;  /* in Lua, for config/moonroute.lua if there is no default to show */
    const char *help;     /* one sentence */
};

extern const struct mr_config_key mr_config_keys[]; /* ends with a NULL path */

/* Returns the key at a path such as `routes["orders"].retry.max`; NULL if there is none. */
const struct mr_config_key *mr_config_key_at(const char *path);
/* Returns the rest of the pattern behind the path: "" if the path is the whole key, ".max" or ".*"
 * if the key is below the path. Returns NULL if the pattern does not match. */
const char *mr_config_key_rest(const char *pattern, const char *path);
/* Appends the key's name in the environment. Returns false if it has none, because the user chooses
 * a part of its path. */
bool mr_config_key_variable(const struct mr_config_key *key, struct mr_buf *out);
bool mr_config_key_is_list(const struct mr_config_key *key);
/* Returns true if the value is in `list`, such as "a|b". */
bool mr_config_listed(const char *list, const char *value);

#endif
