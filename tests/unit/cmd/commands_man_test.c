/* Makes the manual page moonroute(1). */
#include "made_from_commands.h"
#include "man_page.h"

static const char page[] = "docs/man/moonroute.1";

static const char head[] =
    ".\\\" Made from src/cmd and src/base/exit.h by `unit_cmd_commands_man_test --write`.\n"
    ".Dd " MAN_DATE "\n"
    ".Dt MOONROUTE 1\n"
    ".Os Moonroute\n"
    ".Sh NAME\n"
    ".Nm moonroute\n"
    ".Nd message router for Apache Kafka, scripted in Lua\n"
    ".Sh SYNOPSIS\n";

static const char description[] =
    "serves topics of Apache Kafka with handlers that are written in Lua. The file "
    "`scripts/TOPIC.lua` serves the topic of its name. No configuration is needed: "
    "`KAFKA_BROKERS=HOST:9092` in the environment names the cluster.";

static const char precedence[] =
    "A value is given as `--name VALUE` or as `--name=VALUE`. `--` ends the options. A setting "
    "comes from the command line, else from the environment, else from the configuration file. A "
    "default such as `rpc.timeout, 30000` is a key of the configuration, with its own default. "
    "`moonroute --help` lists the commands, and `moonroute COMMAND --help` the options of a "
    "command.";

static const char files[] = ".Sh FILES\n"
                            ".Bl -tag -width Ds\n"
                            ".It Pa config/moonroute.lua\n"
                            "The configuration, in the folder in which\n"
                            ".Nm\n"
                            "was started.\n"
                            ".It Pa /etc/moonroute/moonroute.lua\n"
                            "The configuration if the first file does not exist.\n"
                            ".It Pa scripts/*.lua\n"
                            "The handler scripts.\n"
                            ".It Pa scripts/lib/*.lua\n"
                            "Modules that scripts require.\n"
                            ".El\n";

/* Appends arguments such as "TOPIC [JSON|-]". `macros` has what is before and behind an argument
 * that is needed, and then the same for an optional argument. */
static void append_arguments(struct mr_buf *out, const char *arguments, const char *const macros[4])
{
    for (size_t word; *arguments != '\0'; arguments += word + (arguments[word] == ' ')) {
        bool optional = arguments[0] == '[';
        word = strcspn(arguments, " ");
        mr_buf_printf(out, "%s%.*s%s", macros[optional ? 2 : 0], (int)(optional ? word - 2 : word),
                      arguments + optional, macros[optional ? 3 : 1]);
    }
}

static void append_synopsis(struct mr_buf *out, const struct mr_command *command)
{
    static const char *const lines[] = {".Ar ", "\n", ".Op Ar ", "\n"};
    mr_buf_printf(out, ".Nm\n.Cm %s\n.Op Ar OPTIONS\n", command->name);
    append_arguments(out, command->arguments, lines);
}

static void append_options(struct mr_buf *out, const struct mr_option *option)
{
    if (option->name == NULL)
        return;
    mr_buf_string(out, ".Bl -tag -width Ds\n");
    for (; option->name != NULL; option++) {
        char fallback[160];
        struct option_help help = help_of(option);
        mr_buf_printf(out, ".It Fl -%s", option->name);
        if (option->value != NULL)
            mr_buf_printf(out, " Ar %s", option->value);
        mr_buf_string(out, "\n");
        append_text(out, help.meaning);
        if (help.fallback[0] == '\0')
            continue;
        snprintf(fallback, sizeof(fallback), "Default: %s.", help.fallback);
        append_text(out, fallback);
    }
    mr_buf_string(out, ".El\n");
}

static void append_command(struct mr_buf *out, const struct mr_command *command)
{
    static const char *const words[] = {" Ar ", "", " Oo Ar ", " Oc"};
    const struct about *about = about_of(command->name);
    mr_buf_printf(out, ".It Cm %s Oo Ar OPTIONS Oc", command->name);
    append_arguments(out, command->arguments, words);
    mr_buf_string(out, "\n");
    append_text(out, command->summary);
    if (about->text[0] != '\0')
        append_text(out, about->text);
    append_options(out, options_of(command));
}

static void append_commands(struct mr_buf *out)
{
    mr_buf_string(out, ".Sh COMMANDS\n.Bl -tag -width Ds\n");
    for (const struct mr_command *each = NULL; (each = next_command(each)) != NULL;)
        append_command(out, each);
    mr_buf_string(out, ".El\n");
}

static void append_codes(struct mr_buf *out)
{
    mr_buf_string(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
    for (int code = 0; code < EXIT_MOST; code++) {
        bool seen = false; /* by the caller of a command, not only by the master */
        for (const struct mr_command *each = NULL; (each = next_command(each)) != NULL;)
            seen = seen || ends_with(each, code);
        if (!seen)
            continue;
        mr_buf_printf(out, ".It %d\n", code);
        append_text(out, meaning_of((enum mr_exit)code));
    }
    mr_buf_string(out, ".El\n");
}

static void append_examples(struct mr_buf *out)
{
    mr_buf_string(out, ".Sh EXAMPLES\n.Bd -literal -offset indent -compact\n");
    for (const struct mr_command *each = NULL; (each = next_command(each)) != NULL;) {
        bool code = false;
        const char *example = about_of(each->name)->example;
        append_escaped(out, example, strlen(example), &code);
        mr_buf_string(out, "\n");
    }
    mr_buf_string(out, ".Ed\n");
}

static struct mr_buf made(void)
{
    struct mr_buf out = {0};
    mr_buf_string(&out, head);
    for (const struct mr_command *each = NULL; (each = next_command(each)) != NULL;)
        append_synopsis(&out, each);
    mr_buf_string(&out, ".Sh DESCRIPTION\n.Nm\n");
    append_text(&out, description);
    mr_buf_string(&out, ".Pp\n");
    append_text(&out, precedence);
    append_commands(&out);
    mr_buf_string(&out, files);
    append_codes(&out);
    append_examples(&out);
    mr_buf_string(&out, ".Sh SEE ALSO\n.Xr moonroute.lua 5\n");
    return out;
}

int main(int argc, char **argv)
{
    return made_main(argc, argv, page, made);
}
