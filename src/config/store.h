/* The inside of the configuration, for the files config*.c alone. */
#ifndef MR_CONFIG_STORE_H
#define MR_CONFIG_STORE_H

#include "config/config.h"
#include "config/keys.h"

struct mr_config_setting {
    char *path;
    const struct mr_config_key *key;
    char *text; /* canonical: as mr_config_parse() made it; "" of an entry */
    char *origin;
};

struct mr_config {
    bool in_container;                  /* IS_DOCKER: the default broker is another */
    struct mr_config_setting *settings; /* in the order of their paths */
    size_t count;
    size_t capacity;
};

/* The setting at the path, or NULL. */
const struct mr_config_setting *mr_config_find(const struct mr_config *config, const char *path);
/* Sets it, unless it is set already. The texts are copied. */
void mr_config_store(struct mr_config *config, const struct mr_config_key *key, const char *path,
                     const char *text, const char *origin);
/* The value in force: set, inherited or the default; "" where there is none. */
const char *mr_config_effective(const struct mr_config *config, const struct mr_config_key *key,
                                const char *path);

/* Checks the text against the key and appends its canonical form; false where it is not of the
 * key's type. */
bool mr_config_parse(const struct mr_config_key *key, const char *text, struct mr_buf *out);
/* True where the type is also written as such a value of Lua. */
bool mr_config_takes(const struct mr_config_key *key, enum mr_config_given given);
/* Appends what a value has to be: "an integer of 0 or more". */
void mr_config_expected(const struct mr_config_key *key, struct mr_buf *out);

/* Appends the user-chosen name that begins at `at`, just behind `["`; returns what follows its
 * `"]`. */
const char *mr_config_name(const char *at, struct mr_buf *out);

/* The candidate nearest to what somebody wrote. {.given = text}; mr_nearest_free() afterwards. */
struct mr_nearest {
    const char *given;
    size_t distance;
    char *name; /* NULL while nothing is near */
};
void mr_nearest_offer(struct mr_nearest *nearest, const char *candidate);
void mr_nearest_free(struct mr_nearest *nearest);

#endif
