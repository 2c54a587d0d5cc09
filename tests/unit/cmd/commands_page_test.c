/* Makes docs/COMMANDS.md. */
#include "made_from_commands.h"

static const char page[] = "docs/COMMANDS.md";

static const char head[] =
    "# Commands\n"
    "\n"
    "<!-- Made from src/cmd and src/base/exit.h by `unit_cmd_commands_page_test --write`. -->\n"
    "\n";

static const char call[] =
    "A command is called as `moonroute COMMAND [OPTIONS]`. `moonroute --help` lists the commands, "
    "and `moonroute COMMAND --help` the options of a command. `moonroute --version` is "
    "`moonroute version`.";

static const char precedence[] =
    "A value is given as `--name VALUE` or as `--name=VALUE`. `--` ends the options. A setting "
    "comes from the command line, else from the environment, else from the file that "
    "[CONFIGURATION.md](CONFIGURATION.md) describes. A default such as `rpc.timeout, 30000` is a "
    "key of the configuration, with its own default. [STABILITY.md](STABILITY.md) says which "
    "parts are stable.";

/* Appends the text as a cell of a table. */
static void append_cell(struct mr_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            mr_buf_string(out, "\\");
        mr_buf_append(out, text, 1);
    }
    mr_buf_string(out, " |");
}

static void append_options(struct mr_buf *out, const struct mr_option *option)
{
    if (option->name != NULL)
        mr_buf_string(out, "\n| option | default | meaning |\n|---|---|---|\n");
    for (; option->name != NULL; option++) {
        struct option_help help = help_of(option);
        mr_buf_printf(out, "| `--%s%s%s` | ", option->name, option->value == NULL ? "" : " ",
                      option->value == NULL ? "" : option->value);
        append_cell(out, help.fallback);
        mr_buf_string(out, " ");
        append_cell(out, help.meaning);
        mr_buf_string(out, "\n");
    }
}

static void append_codes(struct mr_buf *out, const struct mr_command *command)
{
    const char *before = "\nExit codes: ";
    for (int code = 0; code < EXIT_MOST; code++) {
        if (!ends_with(command, code))
            continue;
        mr_buf_printf(out, "%s%d", before, code);
        before = ", ";
    }
    mr_buf_string(out, ".\n");
}

/* Appends the words of a text in lines that fit. */
static void append_paragraph(struct mr_buf *out, const char *text)
{
    enum { COLUMNS = 100 };
    size_t width = 0;
    for (size_t word; *text != '\0'; text += word + (text[word] == ' ')) {
        word = strcspn(text, " ");
        bool breaks = width > 0 && width + 1 + word > COLUMNS;
        mr_buf_string(out, breaks ? "\n" : width > 0 ? " " : "");
        mr_buf_append(out, text, word);
        width = breaks || width == 0 ? word : width + 1 + word;
    }
    mr_buf_string(out, "\n");
}

static void append_command(struct mr_buf *out, const struct mr_command *command)
{
    const struct about *about = about_of(command->name);
    struct mr_buf text = {0};
    mr_buf_printf(&text, "%s%s%s", command->summary, about->text[0] == '\0' ? "" : " ",
                  about->text);
    mr_buf_printf(out, "\n## %s\n\n`moonroute %s [OPTIONS]%s%s`\n\n", command->name, command->name,
                  command->arguments[0] == '\0' ? "" : " ", command->arguments);
    append_paragraph(out, mr_buf_text(&text));
    append_options(out, options_of(command));
    append_codes(out, command);
    mr_buf_printf(out, "\n```sh\n%s\n```\n", about->example);
    mr_buf_free(&text);
}

/* Appends the commands that may end with the code. */
static void append_enders(struct mr_buf *out, int code)
{
    const char *before = "";
    if (code == MR_EXIT_OK || code == MR_EXIT_USAGE || code == MR_EXIT_INTERNAL) {
        mr_buf_string(out, "every command");
        return;
    }
    for (const struct mr_command *each = NULL; (each = next_command(each)) != NULL;) {
        if (!ends_with(each, code))
            continue;
        mr_buf_printf(out, "%s`%s`", before, each->name);
        before = ", ";
    }
    if (before[0] == '\0')
        mr_buf_string(out, "workers; only their master sees it");
}

static struct mr_buf made(void)
{
    struct mr_buf out = {0};
    mr_buf_string(&out, head);
    append_paragraph(&out, call);
    mr_buf_string(&out, "\n");
    append_paragraph(&out, precedence);
    for (const struct mr_command *each = NULL; (each = next_command(each)) != NULL;)
        append_command(&out, each);
    mr_buf_string(&out, "\n## Exit codes\n\n| code | meaning | from |\n|---|---|---|\n");
    for (int code = 0; code < EXIT_MOST; code++) {
        if (meaning_of((enum mr_exit)code) == NULL)
            continue;
        mr_buf_printf(&out, "| %d | %s | ", code, meaning_of((enum mr_exit)code));
        append_enders(&out, code);
        mr_buf_string(&out, " |\n");
    }
    return out;
}

static bool has_option(const struct mr_option *options, const char *name, size_t length)
{
    while (options->name != NULL &&
           (strlen(options->name) != length || strncmp(options->name, name, length) != 0))
        options++;
    return options->name != NULL;
}

static void every_example_is_of_its_command_and_has_only_its_options(void **state)
{
    (void)state;
    for (const struct mr_command *each = NULL; (each = next_command(each)) != NULL;) {
        char begin[64];
        const char *example = about_of(each->name)->example;
        const struct mr_option *options = options_of(each);
        snprintf(begin, sizeof(begin), "moonroute %s", each->name);
        assert_memory_equal(example, begin, strlen(begin));
        for (const char *at = example; (at = strstr(at, " --")) != NULL;) {
            at += strlen(" --");
            if (!has_option(options, at, strcspn(at, " =")))
                fail_msg("%s has no option --%s", each->name, at);
        }
    }
}

static void every_row_is_of_a_command(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct mr_command *each = NULL; (each = next_command(each)) != NULL;)
        count++;
    assert_int_equal(count, sizeof(abouts) / sizeof(abouts[0]));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_of_a_command),
        cmocka_unit_test(every_example_is_of_its_command_and_has_only_its_options),
        MADE_TEST(page, made),
    };
    return is_to_write(argc, argv) ? write_made(page, made)
                                   : cmocka_run_group_tests(tests, NULL, NULL);
}
