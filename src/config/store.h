/* The inside of the configuration, only for the files of this folder. */
#ifndef MR_CONFIG_STORE_H
#define MR_CONFIG_STORE_H

#include "config/config.h"
#include "config/keys.h"

struct mr_config_setting {
    char *path;
    const struct mr_config_key *key;
    char *text; /* canonical, from mr_config_parse(); "" for an entry */
    char *origin;
};

struct mr_config {
    bool in_container;                  /* IS_DOCKER is true: the default broker is kafka:9092 */
    struct mr_config_setting *settings; /* sorted by path */
    size_t count;
    size_t capacity;
    char **secrets; /* texts that must not be shown */
    size_t secret_count;
};

/* Returns the setting at the path, or NULL. */
const struct mr_config_setting *mr_config_find(const struct mr_config *config, const char *path);
/* Sets the value, unless the path is already set. Copies the texts. */
void mr_config_store(struct mr_config *config, const struct mr_config_key *key, const char *path,
                     const char *text, const char *origin);
typedef bool mr_config_is_fn(const struct mr_config_setting *setting, const char *context);
/* Removes the settings for which `goes` returns true. */
void mr_config_drop(struct mr_config *config, mr_config_is_fn *goes, const char *context);
/* Returns the value in force: set, inherited or the default; "" if there is none. */
const char *mr_config_effective(const struct mr_config *config, const struct mr_config_key *key,
                                const char *path);

/* Appends the text, with "[hidden]" in place of each secret in it. */
void mr_config_append_shown(const struct mr_config *config, const char *text, struct mr_buf *out);
void mr_config_free_secrets(struct mr_config *config);

/* Checks the text against the key's type and appends its canonical form. Returns false if the text
 * is not of the type. */
bool mr_config_parse(const struct mr_config_key *key, const char *text, struct mr_buf *out);
/* Returns true if the key's type accepts such a Lua value. */
bool mr_config_takes(const struct mr_config_key *key, enum mr_config_given given);
/* Returns true if the text is an item of the key's list, or several with commas between them. */
bool mr_config_is_item(const struct mr_config_key *key, const char *text);
/* Returns a key that describes the items of the key's list in errors. */
const struct mr_config_key *mr_config_item_key(const struct mr_config_key *key);
/* Appends a description of valid values: "an integer of 0 or more". */
void mr_config_expected(const struct mr_config_key *key, struct mr_buf *out);

/* Appends the user-chosen name that begins at `at`, directly behind `["`. Returns the place behind
 * its `"]`. */
const char *mr_config_name(const char *at, struct mr_buf *out);

/* The candidate that is nearest to a given text. Begin with {.given = text}; call mr_suggest_free()
 * at the end. */
struct mr_suggest {
    const char *given;
    size_t distance;
    char *name; /* NULL while no candidate is near */
};
void mr_suggest_offer(struct mr_suggest *nearest, const char *candidate);
void mr_suggest_free(struct mr_suggest *nearest);

#endif
