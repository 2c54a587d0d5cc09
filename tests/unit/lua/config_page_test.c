#include "made_from_keys.h"

static const char page[] = "docs/CONFIGURATION.md";

static const char head[] =
    "# Configuration\n"
    "\n"
    "<!-- Made from src/config/keys.c by `unit_lua_config_page_test --write`. -->\n"
    "\n"
    "None is needed: `KAFKA_BROKERS=host:9092 moonroute run` serves every file in `scripts/`.\n"
    "A value is taken from the command line, else from the environment, else from the file, else "
    "it "
    "is the default.\n"
    "\n"
    "**The file** is the one that `--config` names, else `config/moonroute.lua`, else\n"
    "`/etc/moonroute/moonroute.lua`, if there. It is Lua and returns a table;\n"
    "[config/moonroute.lua](../config/moonroute.lua) shows every key. It can use `string`, "
    "`table`, "
    "`math`, `tostring`,\n"
    "`tonumber`, `pairs`, `ipairs`, `type`, `select`, `error`, `assert`, and `env \"NAME\"`, which "
    "gives a variable of the\n"
    "environment, `\"\"` where it is not set. Files and folders are named from the folder in which "
    "moonroute was started.\n"
    "\n"
    "**The environment** has a variable for every key in which nobody chooses a name. With `_FILE` "
    "behind its name, it names\n"
    "a file from which the value is read, less one line end:\n"
    "`KAFKA_SASL_PASSWORD_FILE=/run/secrets/kafka`. An empty variable counts as not set; the items "
    "of a list stand between\n"
    "commas. `IS_DOCKER=true` makes `kafka:9092` the default broker.\n"
    "\n"
    "**Errors** name the place, and all of them are told at once; an unknown key is one. "
    "`moonroute "
    "check` looks for them\n"
    "without running anything. A key that is set and does nothing in this version yet is named in "
    "the log at the start.\n";

/* `routes.*.script` as `routes["NAME"].script`. */
static void append_path(struct mr_buf *out, const char *path)
{
    const char *star = strstr(path, ".*");
    if (star == NULL)
        mr_buf_string(out, path);
    else
        mr_buf_printf(out, "%.*s[\"NAME\"]%s", (int)(star - path), path, star + 2);
}

static void append_default(struct mr_buf *out, const struct mr_config_key *key)
{
    if (key->inherits != NULL)
        mr_buf_printf(out, "that of `%s`", key->inherits);
    else if (key->fallback != NULL)
        mr_buf_printf(out, "`%s`", key->fallback);
    if (key->fallback != NULL && key->unit != NULL && key->kind != MR_KIND_SIZE)
        mr_buf_printf(out, " %s", key->unit);
}

static void append_row(struct mr_buf *out, const struct mr_config_key *key)
{
    struct mr_buf variable = {0};
    mr_buf_string(out, "| `");
    append_path(out, key->path);
    mr_buf_string(out, "` | ");
    mr_config_expected(key, out);
    mr_buf_string(out, " | ");
    append_default(out, key);
    mr_buf_string(out, " | ");
    if (mr_config_key_variable(key, &variable))
        mr_buf_printf(out, "`%s`", mr_buf_text(&variable));
    mr_buf_printf(out, " | %s", key->help);
    append_pending(out, key);
    if ((key->flags & MR_KEY_RESTART) != 0)
        mr_buf_string(out, " A change needs a restart.");
    mr_buf_string(out, " |\n");
    mr_buf_free(&variable);
}

/* What a route has from `defaults` needs no second explanation. */
static void append_policy(struct mr_buf *out)
{
    const char *before = "\nA route also has these, which mean what they mean in `defaults`: ";
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++) {
        if (!is_policy(key))
            continue;
        mr_buf_printf(out, "%s`%s`", before, key->inherits + strlen("defaults."));
        before = ",\n";
    }
    mr_buf_string(out, ".\n");
}

static struct mr_buf made(void)
{
    struct mr_buf out = {0};
    char group[32] = "";
    mr_buf_string(&out, head);
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++) {
        size_t length = strcspn(key->path, ".");
        const char *name = key->path[length] == '\0' ? "general" : key->path;
        length = strcspn(name, ".");
        if (strncmp(group, name, length) != 0 || group[length] != '\0') {
            snprintf(group, sizeof(group), "%.*s", (int)length, name);
            mr_buf_printf(&out, "\n## %s\n\n| key | value | default | environment | meaning |\n",
                          group);
            mr_buf_string(&out, "|---|---|---|---|---|\n");
        }
        if (!is_policy(key))
            append_row(&out, key);
        else if (!is_policy(key + 1))
            append_policy(&out);
    }
    return out;
}

int main(int argc, char **argv)
{
    return made_main(argc, argv, page, made);
}
