/* Paths: how they are written, and how their keys are found. */
#include <ctype.h>
#include <string.h>

#include "config/store.h"

/* Returns the place behind `["name"]` at the beginning of the path; NULL if the path begins
 * differently. */
static const char *skip_name(const char *path)
{
    if (strncmp(path, "[\"", 2) != 0)
        return NULL;
    for (path += 2; *path != '\0' && *path != '"'; path++)
        if (*path == '\\' && *++path == '\0')
            return NULL;
    return strncmp(path, "\"]", 2) == 0 ? path + 2 : NULL;
}

const char *mr_config_key_rest(const char *pattern, const char *path)
{
    while (*path != '\0') {
        if (strncmp(pattern, ".*", 2) == 0) {
            path = skip_name(path);
            if (path == NULL)
                return NULL;
            pattern += 2;
        } else if (*pattern++ != *path++) {
            return NULL;
        }
    }
    return strchr(".[", *pattern) != NULL ? pattern : NULL; /* strchr finds the NUL as well */
}

const struct mr_config_key *mr_config_key_at(const char *path)
{
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++) {
        const char *rest = mr_config_key_rest(key->path, path);
        if (rest != NULL && *rest == '\0')
            return key;
    }
    return NULL;
}

enum mr_config_path mr_config_path_kind(const char *path)
{
    if (*path == '\0')
        return MR_PATH_TABLE;
    const struct mr_config_key *key = mr_config_key_at(path);
    if (key != NULL && key->kind != MR_KIND_ENTRY)
        return mr_config_key_is_list(key) ? MR_PATH_LIST : MR_PATH_KEY;
    if (key != NULL)
        return MR_PATH_TABLE;
    for (key = mr_config_keys; key->path != NULL; key++) {
        const char *rest = mr_config_key_rest(key->path, path);
        if (rest != NULL)
            return strncmp(rest, ".*", 2) == 0 ? MR_PATH_MAP : MR_PATH_TABLE;
    }
    return MR_PATH_UNKNOWN;
}

static bool is_identifier(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    while (isalnum((unsigned char)*name) || *name == '_')
        name++;
    return *name == '\0';
}

/* Appends the name in brackets, written as a string of Lua. */
static void append_name(struct mr_buf *out, const char *name)
{
    mr_buf_string(out, "[\"");
    for (; *name != '\0'; name++) {
        unsigned char byte = (unsigned char)*name;
        if (byte < 0x20 || byte == 0x7f)
            mr_buf_printf(out, "\\%03u", byte);
        else if (byte == '"' || byte == '\\')
            mr_buf_append(out, (char[]){'\\', *name}, 2);
        else
            mr_buf_append(out, name, 1);
    }
    mr_buf_string(out, "\"]");
}

const char *mr_config_name(const char *at, struct mr_buf *out)
{
    while (*at != '"' && *at != '\0') {
        char byte = *at++;
        if (byte == '\\' && isdigit((unsigned char)at[0]) && isdigit((unsigned char)at[1]) &&
            isdigit((unsigned char)at[2])) {
            byte = (char)((at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0'));
            at += 3;
        } else if (byte == '\\' && *at != '\0') {
            byte = *at++;
        }
        mr_buf_append(out, &byte, 1);
    }
    mr_buf_append(out, "", 0);
    return strncmp(at, "\"]", 2) == 0 ? at + 2 : at;
}

void mr_config_path_child(struct mr_buf *out, const char *parent, const char *name)
{
    mr_buf_string(out, parent);
    if (mr_config_path_kind(parent) == MR_PATH_MAP || !is_identifier(name))
        append_name(out, name);
    else
        mr_buf_printf(out, "%s%s", *parent == '\0' ? "" : ".", name);
}

bool mr_config_key_variable(const struct mr_config_key *key, struct mr_buf *out)
{
    if (strstr(key->path, ".*") != NULL)
        return false;
    if (key->variable != NULL) {
        mr_buf_string(out, key->variable);
        return true;
    }
    mr_buf_string(out, "MOONROUTE_");
    for (const char *at = key->path; *at != '\0'; at++) {
        char byte = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
        if (strchr("\"]", *at) == NULL) /* of the brackets and quotes, only `[` becomes "_" */
            mr_buf_append(out, &byte, 1);
    }
    return true;
}

bool mr_config_key_is_list(const struct mr_config_key *key)
{
    return key->kind == MR_KIND_BROKERS || key->kind == MR_KIND_TOPICS ||
           key->kind == MR_KIND_VARIABLES;
}

bool mr_config_listed(const char *list, const char *value)
{
    size_t length = strlen(value);
    while (*list != '\0') {
        size_t item = strcspn(list, "|");
        if (item == length && strncmp(list, value, length) == 0)
            return true;
        list += item + (list[item] == '|');
    }
    return false;
}
