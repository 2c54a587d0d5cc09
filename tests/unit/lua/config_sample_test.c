#include "made_from_keys.h"

#include <unistd.h>

#include "lua/config_file.h"

enum { COLUMNS = 100, DEPTH_MOST = 8 };

static const char sample[] = "config/moonroute.lua";

static const char head[] =
    "-- Moonroute's configuration: every key with its default and unit, or an example where it "
    "has\n"
    "-- none. Nothing here is needed. To set a key, take away the two dashes before it and before "
    "the\n"
    "-- name of the table it is in; docs/CONFIGURATION.md tells more.\n"
    "-- Made from src/config/keys.c by `unit_lua_config_sample_test --write`.\n"
    "return {\n";

/* The names that the sample has for the user's own. */
static const char *chosen(const char *path)
{
    return path[0] == 'k' ? "fetch.wait.max.ms" : "orders-commands";
}

/* The default, inherited or own; "" where there is none. */
static const char *default_of(const struct mr_config_key *key)
{
    while (key->inherits != NULL)
        key = mr_config_key_at(key->inherits);
    return key->fallback == NULL ? "" : key->fallback;
}

/* The default as Lua, or the example where there is none. */
static void append_value(struct mr_buf *out, const struct mr_config_key *key)
{
    const char *text = default_of(key);
    if (*text == '\0')
        mr_buf_string(out, key->example);
    else if (mr_config_key_is_list(key)) /* no default has two items */
        mr_buf_printf(out, "{ \"%s\" }", text);
    else if (mr_config_takes(key, MR_GIVEN_BOOLEAN) || key->kind == MR_KIND_INTEGER ||
             key->kind == MR_KIND_DURATION || key->kind == MR_KIND_NUMBER)
        mr_buf_string(out, text);
    else
        mr_buf_printf(out, "\"%s\"", text);
}

static void append_margin(struct mr_buf *out, size_t depth, const char *text)
{
    mr_buf_printf(out, "%*s%s", (int)(4 * depth), "", text);
}

/* Appends the words of a comment in lines that fit. */
static void append_comment(struct mr_buf *out, size_t depth, const char *text)
{
    size_t width = 0;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (width > 0 && width + 1 + word > COLUMNS) {
            mr_buf_string(out, "\n");
            width = 0;
        }
        if (width == 0) {
            append_margin(out, depth, "--");
            width = 4 * depth + 2;
        }
        mr_buf_printf(out, " %.*s", (int)word, text);
        width += 1 + word;
        text += word + (text[word] == ' ');
    }
    mr_buf_string(out, "\n");
}

static void append_help(struct mr_buf *out, size_t depth, const struct mr_config_key *key)
{
    struct mr_buf help = {0};
    mr_buf_string(&help, key->help);
    if (key->kind == MR_KIND_ONE_OF) {
        size_t at = help.length + 1;
        mr_buf_string(&help, " ");
        mr_config_expected(key, &help); /* "one of ..." */
        help.data[at] = 'O';
        mr_buf_string(&help, ".");
    }
    append_pending(&help, key);
    append_comment(out, depth, mr_buf_text(&help));
    mr_buf_free(&help);
}

/* The tables that a line of the sample is in, by their names as Lua has them: `routes`,
 * `["orders-commands"]`, `retry`. */
struct place {
    char names[DEPTH_MOST][64];
    size_t depth;
};

/* The place of a key's name, which is the last. */
static struct place place_of(const struct mr_config_key *key)
{
    struct place place = {.depth = 0};
    for (const char *at = key->path; *at != '\0';) {
        char *name = place.names[place.depth++];
        size_t length = strcspn(at + 1, ".[") + 1;
        if (strncmp(at, ".*", 2) == 0)
            snprintf(name, sizeof(place.names[0]), "[\"%s\"]", chosen(key->path));
        else
            snprintf(name, sizeof(place.names[0]), "%.*s", (int)(length - (*at == '.')),
                     at + (*at == '.'));
        at += length;
    }
    return place;
}

/* What is in a table of a chosen name is an example as a whole. */
static const char *marks(const struct place *place, size_t depth)
{
    return depth > 0 && place->names[1][0] == '[' ? "--" : "";
}

/* Closes the tables that are not on the way to `next`, and opens those down to `depth`. */
static void move_to(struct mr_buf *out, struct place *now, const struct place *next, size_t depth)
{
    size_t same = 0;
    while (same < now->depth && same < depth && strcmp(now->names[same], next->names[same]) == 0)
        same++;
    for (size_t i = now->depth; i-- > same;) {
        append_margin(out, i + 1, marks(now, i));
        mr_buf_string(out, "},\n");
    }
    for (size_t i = same; i < depth; i++) {
        append_margin(out, i + 1, marks(next, i));
        mr_buf_printf(out, "%s = {\n", next->names[i]);
    }
    *now = *next;
    now->depth = depth;
}

static void append_key(struct mr_buf *out, struct place *now, const struct mr_config_key *key)
{
    struct place place = place_of(key);
    size_t depth = place.depth - 1;
    move_to(out, now, &place, depth);
    if (!is_policy(key))
        append_help(out, depth + 1, key);
    if (key->kind == MR_KIND_ENTRY) {
        move_to(out, now, &place, depth + 1);
        return;
    }
    append_margin(out, depth + 1, "--");
    mr_buf_printf(out, "%s = ", place.names[depth]);
    append_value(out, key);
    mr_buf_printf(out, ",%s%s\n", key->unit ? " -- " : "", key->unit ? key->unit : "");
}

static struct mr_buf made(void)
{
    struct mr_buf out = {0};
    struct place now = {.depth = 0};
    static const struct place end = {.depth = 0};
    mr_buf_string(&out, head);
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++)
        append_key(&out, &now, key);
    move_to(&out, &now, &end, 0);
    mr_buf_string(&out, "}\n");
    return out;
}

static void the_sample_is_made_from_the_table(void **state)
{
    (void)state;
    assert_made(sample, made);
}

static void the_sample_sets_nothing(void **state)
{
    (void)state;
    struct mr_errors errors = {0};
    struct mr_buf path = in_repository(sample);
    struct mr_config *config = mr_config_new();
    mr_config_file(config, mr_buf_text(&path), &errors);
    mr_config_check(config, sample, &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    assert_int_equal(config->count, 0);
    mr_config_free(config);
    mr_buf_free(&path);
}

/* The sample in a file of its own, the two dashes taken away before every key. */
static void write_set_sample(char *name)
{
    struct mr_buf text = made();
    FILE *file = fdopen(mkstemp(name), "w");
    for (const char *at = text.data; *at != '\0';) {
        size_t line = strcspn(at, "\n") + 1, margin = strspn(at, " ");
        bool key = strncmp(at + margin, "--", 2) == 0 && at[margin + 2] != ' ' && margin > 0;
        size_t left_out = key ? margin + 2 : 0;
        fwrite(at + left_out, 1, line - left_out, file);
        at += line;
    }
    fclose(file);
    mr_buf_free(&text);
}

static void assert_set_to_default(const struct mr_config *config, const struct mr_config_key *key)
{
    struct mr_buf path = {0}, wanted = {0};
    const char *star = strstr(key->path, ".*");
    if (star == NULL)
        mr_buf_string(&path, key->path);
    else
        mr_buf_printf(&path, "%.*s[\"%s\"]%s", (int)(star - key->path), key->path,
                      chosen(key->path), star + 2);
    if (!mr_config_is_set(config, mr_buf_text(&path)))
        fail_msg("the sample lacks %s", mr_buf_text(&path));
    if (*default_of(key) != '\0' && mr_config_parse(key, default_of(key), &wanted))
        assert_string_equal(mr_config_string(config, mr_buf_text(&path)), mr_buf_text(&wanted));
    mr_buf_free(&path);
    mr_buf_free(&wanted);
}

static void the_sample_without_its_dashes_sets_every_key_to_its_default(void **state)
{
    (void)state;
    static const char *const variables[] = {"KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD",
                                            "MOONROUTE_KAFKA_TLS_KEY_PASSWORD"};
    char name[] = "/tmp/mr_config_sample_XXXXXX";
    struct mr_errors errors = {0};
    struct mr_config *config = mr_config_new();
    write_set_sample(name);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        setenv(variables[i], "set", 1);
    mr_config_file(config, name, &errors);
    mr_config_check(config, name, &errors);
    unlink(name);
    assert_string_equal(mr_errors_text(&errors), "");
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++)
        assert_set_to_default(config, key);
    mr_config_free(config);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_made_from_the_table),
        cmocka_unit_test(the_sample_sets_nothing),
        cmocka_unit_test(the_sample_without_its_dashes_sets_every_key_to_its_default),
    };
    return is_to_write(argc, argv) ? write_made(sample, made)
                                   : cmocka_run_group_tests(tests, NULL, NULL);
}
