/* Reads settings from the environment. */
#include <ctype.h>
#include <string.h>

#include "base/machine/file.h"
#include "config/store.h"

static const char *look_up(char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return (*environment)[length + 1] == '\0' ? NULL : *environment + length + 1;
    return NULL;
}

/* Drops one line end, \n or \r\n, from the end of what follows `start`. */
static void drop_line_end(struct mr_buf *value, size_t start)
{
    if (value->length == start || value->data[value->length - 1] != '\n')
        return;
    value->length--;
    if (value->length > start && value->data[value->length - 1] == '\r')
        value->length--;
}

/* Appends the file's text. Returns NULL, or why the file cannot be a value. */
static const char *read_value(const char *file, struct mr_buf *value)
{
    enum { MOST = 1024 * 1024 };
    size_t before = value->length;
    int result = mr_file_read(file, MOST, value);
    if (result != 0)
        return strerror(-result);
    if (memchr(value->data + before, '\0', value->length - before) != NULL)
        return "the file holds a NUL byte";
    drop_line_end(value, before);
    value->data[value->length] = '\0';
    return NULL;
}

int mr_config_variable(char *const *environment, const char *name, struct mr_buf *value,
                       struct mr_errors *errors)
{
    struct mr_buf file_name = {0};
    mr_buf_printf(&file_name, "%s_FILE", name);
    const char *text = look_up(environment, name);
    const char *file = look_up(environment, mr_buf_text(&file_name));
    int result = 1;
    if (text != NULL && file != NULL) {
        mr_errors_add(errors, "%s: set as well as %s_FILE: set one of the two", name, name);
        result = -1;
    } else if (text != NULL) {
        mr_buf_string(value, text);
    } else if (file != NULL) {
        const char *why = read_value(file, value);
        if (why != NULL) {
            mr_errors_add(errors, "%s_FILE: cannot read %s: %s", name, file, why);
            result = -1;
        } else if (value->length == 0) {
            result = 0;
        }
    } else {
        result = 0;
    }
    mr_buf_free(&file_name);
    return result;
}

/* Appends the name of the variable that mr_config_variable reads: `name` or NAME_FILE. */
static void append_origin(char *const *environment, const char *name, struct mr_buf *origin)
{
    bool from_file = look_up(environment, name) == NULL;
    mr_buf_printf(origin, "%s%s", name, from_file ? "_FILE" : "");
}

static void take_variable(struct mr_config *config, char *const *environment,
                          const struct mr_config_key *key, struct mr_errors *errors)
{
    struct mr_buf name = {0}, value = {0}, origin = {0};
    if (mr_config_key_variable(key, &name) &&
        mr_config_variable(environment, mr_buf_text(&name), &value, errors) == 1) {
        append_origin(environment, mr_buf_text(&name), &origin);
        mr_config_set_text(config, key->path, mr_buf_text(&value), mr_buf_text(&origin), errors);
    }
    mr_buf_free(&name);
    mr_buf_free(&value);
    mr_buf_free(&origin);
}

/* Takes the variables of all keys that are secret, or of all others. */
static void take_variables(struct mr_config *config, char *const *environment, bool secret,
                           struct mr_errors *errors)
{
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++)
        if (((key->flags & MR_KEY_SECRET) != 0) == secret)
            take_variable(config, environment, key, errors);
}

/* IS_DOCKER is not a key: it only changes the default broker. */
static void take_container(struct mr_config *config, char *const *environment,
                           struct mr_errors *errors)
{
    static const struct mr_config_key boolean = {.kind = MR_KIND_BOOLEAN};
    struct mr_buf given = {0}, value = {0}, origin = {0};
    if (mr_config_variable(environment, "IS_DOCKER", &given, errors) == 1) {
        append_origin(environment, "IS_DOCKER", &origin);
        if (mr_config_parse(&boolean, mr_buf_text(&given), &value))
            config->in_container = strcmp(mr_buf_text(&value), "true") == 0;
        else
            mr_errors_add(errors, "%s: expected true or false, got \"%s\"", mr_buf_text(&origin),
                          mr_buf_text(&given));
    }
    mr_buf_free(&origin);
    mr_buf_free(&given);
    mr_buf_free(&value);
}

/* Returns true if a key has the name, with or without _FILE at its end. Offers `nearest` the names
 * of keys. */
static bool is_known(const char *name, struct mr_suggest *nearest)
{
    bool known = false;
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL && !known; key++) {
        struct mr_buf own = {0};
        if (mr_config_key_variable(key, &own)) {
            size_t length = own.length;
            known = strncmp(name, own.data, length) == 0 &&
                    (name[length] == '\0' || strcmp(name + length, "_FILE") == 0);
            mr_suggest_offer(nearest, own.data);
        }
        mr_buf_free(&own);
    }
    return known;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* Returns true if the variable belongs to a Service of Kubernetes. Kubernetes puts a Service's name
 * into the variables that it gives to containers ("Discovering services" in its documentation). A
 * Service may be called moonroute. */
static bool is_of_service(const char *name, const char *value)
{
    const char *port = strstr(name, "_PORT_");
    return ends_with(name, "_SERVICE_HOST") || ends_with(name, "_SERVICE_PORT") ||
           strstr(name, "_SERVICE_PORT_") != NULL ||
           (ends_with(name, "_PORT") && strstr(value, "://") != NULL) ||
           (port != NULL && isdigit((unsigned char)port[6]));
}

static void check_name(const char *name, struct mr_errors *errors)
{
    struct mr_suggest nearest = {.given = name};
    if (!is_known(name, &nearest)) {
        if (nearest.name != NULL)
            mr_errors_add(errors, "%s: unknown variable (did you mean %s?)", name, nearest.name);
        else
            mr_errors_add(errors, "%s: unknown variable", name);
    }
    mr_suggest_free(&nearest);
}

void mr_config_environment(struct mr_config *config, char *const *environment,
                           struct mr_errors *errors)
{
    take_variables(config, environment, true, errors); /* first, so that no error shows them */
    take_variables(config, environment, false, errors);
    take_container(config, environment, errors);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, "MOONROUTE_", 10) != 0)
            continue;
        struct mr_buf name = {0};
        size_t length = strcspn(*environment, "=");
        mr_buf_append(&name, *environment, length);
        if (!is_of_service(mr_buf_text(&name), *environment + length))
            check_name(mr_buf_text(&name), errors);
        mr_buf_free(&name);
    }
}
