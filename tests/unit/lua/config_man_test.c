/* Makes the manual page moonroute.lua(5). */
#include "made_from_keys.h"
#include "man_page.h"

static const char page[] = "docs/man/moonroute.lua.5";

static const char head[] =
    ".\\\" Made from src/config/keys.c by `unit_lua_config_man_test --write`.\n"
    ".Dd " MAN_DATE "\n"
    ".Dt MOONROUTE.LUA 5\n"
    ".Os Moonroute\n"
    ".Sh NAME\n"
    ".Nm moonroute.lua\n"
    ".Nd configuration of the message router moonroute\n"
    ".Sh DESCRIPTION\n";

static const char *const description[] = {
    "The file is Lua and returns a table: `return { workers = 4, kafka = { brokers = "
    "{ \"kafka:9092\" } } }`. No key is needed, and an unknown key is an error. A value comes from "
    "the "
    "command line, else from the environment, else from this file, else it is the default.",
    "The file can use `string`, `table`, `math`, `tostring`, `tonumber`, `pairs`, `ipairs`, "
    "`type`, `select`, `error` and `assert`. `env \"NAME\"` returns a variable of the environment, "
    "or the empty string if it is not set. Names of files and folders are relative to the folder "
    "in which moonroute was started.",
    "If a key has a variable of the environment, the variable with `_FILE` behind its name names a "
    "file that has the value. An empty variable counts as not set. Commas separate the items of a "
    "list.",
    "`moonroute check` reports all errors of the file. SIGHUP reads the file again. If a key needs "
    "a restart, its old value stays until then.",
};

static const char tail[] = ".Sh FILES\n"
                           ".Bl -tag -width Ds\n"
                           ".It Pa config/moonroute.lua\n"
                           "Read first, in the folder in which moonroute was started.\n"
                           ".It Pa /etc/moonroute/moonroute.lua\n"
                           "Read if the first file does not exist.\n"
                           ".El\n"
                           ".Sh EXAMPLES\n"
                           ".Bd -literal -offset indent -compact\n"
                           "return {\n"
                           "    kafka = { brokers = { \"kafka\\-1:9092\", \"kafka\\-2:9092\" } },\n"
                           "    defaults = { retry = { max = 5 } },\n"
                           "    routes = {\n"
                           "        [\"orders\\-commands\"] = { delivery = \"exactly\\-once\" },\n"
                           "    },\n"
                           "}\n"
                           ".Ed\n"
                           ".Sh SEE ALSO\n"
                           ".Xr moonroute 1\n";

/* Appends `routes.*.script` as `routes["NAME"].script`. */
static void append_path(struct mr_buf *out, const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        if (strncmp(at, ".*", 2) == 0)
            mr_buf_string(out, "[\\(dqNAME\\(dq]");
        else if (*at == '"')
            mr_buf_string(out, "\\(dq");
        else if (*at == '-')
            mr_buf_string(out, "\\-");
        else
            mr_buf_append(out, at, 1);
        at += strncmp(at, ".*", 2) == 0;
    }
}

static void append_facts(struct mr_buf *out, const struct mr_config_key *key)
{
    struct mr_buf facts = {0}, variable = {0};
    mr_buf_string(&facts, "Value: ");
    mr_config_expected(key, &facts);
    mr_buf_string(&facts, ".");
    if (key->inherits != NULL)
        mr_buf_printf(&facts, " Default: that of `%s`.", key->inherits);
    else if (key->fallback != NULL)
        mr_buf_printf(&facts, " Default: `%s`.", key->fallback);
    if (mr_config_key_variable(key, &variable))
        mr_buf_printf(&facts, " Environment: `%s`.", mr_buf_text(&variable));
    append_pending(&facts, key);
    if ((key->flags & MR_KEY_RESTART) != 0)
        mr_buf_string(&facts, " A change needs a restart.");
    append_text(out, mr_buf_text(&facts));
    mr_buf_free(&facts);
    mr_buf_free(&variable);
}

static void append_key(struct mr_buf *out, const struct mr_config_key *key)
{
    mr_buf_string(out, ".It Va ");
    append_path(out, key->path);
    mr_buf_string(out, "\n");
    append_text(out, key->help);
    if (key->kind != MR_KIND_ENTRY)
        append_facts(out, key);
}

static struct mr_buf made(void)
{
    struct mr_buf out = {0};
    mr_buf_string(&out, head);
    for (size_t i = 0; i < sizeof(description) / sizeof(description[0]); i++) {
        mr_buf_string(&out, i == 0 ? "" : ".Pp\n");
        append_text(&out, description[i]);
    }
    mr_buf_string(&out, ".Sh KEYS\n");
    append_text(&out, "A route also has the keys of `defaults` under `routes[\"NAME\"]`. A key "
                      "that a route leaves out is as in `defaults`.");
    mr_buf_string(&out, ".Bl -tag -width Ds\n");
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++)
        if (!is_policy(key))
            append_key(&out, key);
    mr_buf_string(&out, ".El\n");
    mr_buf_string(&out, tail);
    return out;
}

int main(int argc, char **argv)
{
    return made_main(argc, argv, page, made);
}
