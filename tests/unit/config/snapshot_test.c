#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/snapshot.h"

struct world {
    char folder[64];
    struct mr_config *config; /* the snapshot's once it was read */
    struct mr_snapshot *snapshot;
    struct mr_errors errors;
    struct mr_buf text;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    strcpy(world->folder, "/tmp/mr_snapshot_test_XXXXXX");
    world->config = mr_config_new();
    *state = world;
    return mkdtemp(world->folder) == NULL ? -1 : 0;
}

static int delete_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info, (void)kind, (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct world *world = *state;
    nftw(world->folder, delete_one, 8, FTW_DEPTH | FTW_PHYS);
    mr_config_free(world->config);
    mr_snapshot_free(world->snapshot);
    mr_errors_free(&world->errors);
    mr_buf_free(&world->text);
    free(world);
    return 0;
}

static const char *place(struct world *world, const char *name)
{
    mr_buf_clear(&world->text);
    mr_buf_printf(&world->text, "%s/%s", world->folder, name);
    return mr_buf_text(&world->text);
}

static void put(struct world *world, const char *name, const char *text)
{
    FILE *file = fopen(place(world, name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void folder(struct world *world, const char *name)
{
    assert_int_equal(mkdir(place(world, name), 0755), 0);
}

/* What is said about the folder, whose name is cut out. */
static const char *read_folder(struct world *world)
{
    world->snapshot = mr_snapshot_read(7, world->config, world->folder, &world->errors);
    world->config = NULL;
    mr_buf_clear(&world->text);
    const char *said = mr_errors_text(&world->errors);
    for (const char *at; (at = strstr(said, world->folder)) != NULL;
         said = at + strlen(world->folder)) {
        mr_buf_append(&world->text, said, (size_t)(at - said));
        mr_buf_string(&world->text, "DIR");
    }
    mr_buf_string(&world->text, said);
    return mr_buf_text(&world->text);
}

static const char *names(struct world *world)
{
    mr_buf_clear(&world->text);
    for (size_t i = 0; i < world->snapshot->file_count; i++)
        mr_buf_printf(&world->text, "%s;", world->snapshot->files[i].name);
    return mr_buf_text(&world->text);
}

static void handlers_and_what_they_require_are_read_in_order(void **state)
{
    struct world *world = *state;
    folder(world, "lib");
    folder(world, "lib/deep");
    folder(world, "other");
    put(world, "b.lua", "b text");
    put(world, "a.lua", "");
    put(world, "lib/money.lua", "m");
    put(world, "lib/deep/er.lua", "d");
    put(world, "other/not.lua", "x");
    assert_string_equal(read_folder(world), "");
    assert_string_equal(names(world), "a.lua;b.lua;lib/deep/er.lua;lib/money.lua;");
    const struct mr_script_file *file = &world->snapshot->files[1];
    assert_string_equal(file->place, place(world, "b.lua"));
    assert_int_equal(file->length, 6);
    assert_memory_equal(file->text, "b text", 6);
    assert_int_equal(world->snapshot->generation, 7);
}

static void hidden_files_backups_and_others_are_passed_over(void **state)
{
    struct world *world = *state;
    folder(world, "lib");
    folder(world, "lib/.git");
    put(world, "a.lua", "");
    put(world, ".#b.lua", "");
    put(world, "b.lua~", "");
    put(world, "#b.lua#", "");
    put(world, ".b.lua.swp", "");
    put(world, "README.md", "");
    put(world, "lib/.hidden.lua", "");
    put(world, "lib/.git/x.lua", "");
    assert_string_equal(read_folder(world), "");
    assert_string_equal(names(world), "a.lua;");
}

static void links_are_followed_and_loops_are_not(void **state)
{
    struct world *world = *state;
    folder(world, "other");
    folder(world, "lib");
    put(world, "other/real.txt", "linked");
    assert_int_equal(symlink("other/real.txt", place(world, "a.lua")), 0);
    assert_int_equal(symlink("..", place(world, "lib/up")), 0);
    assert_int_equal(symlink("../other", place(world, "lib/more")), 0);
    put(world, "other/m.lua", "m");
    assert_string_equal(read_folder(world), "");
    assert_string_equal(names(world), "a.lua;lib/more/m.lua;");
    assert_string_equal(world->snapshot->files[0].text, "linked");
}

static void a_missing_folder_says_what_to_do(void **state)
{
    struct world *world = *state;
    rmdir(world->folder);
    assert_string_equal(read_folder(world),
                        "DIR: no such folder: create it or pass --scripts DIR\n");
}

static void a_folder_without_handlers_is_an_error(void **state)
{
    struct world *world = *state;
    folder(world, "lib");
    put(world, "lib/a.lua", "");
    assert_string_equal(read_folder(world), "DIR: no handler scripts (*.lua) here\n");
}

static void what_cannot_be_read_is_named(void **state)
{
    struct world *world = *state;
    put(world, "a.lua", "");
    assert_int_equal(mkfifo(place(world, "b.lua"), 0600), 0);
    assert_int_equal(symlink("nowhere", place(world, "c.lua")), 0);
    const char *said = read_folder(world);
    assert_non_null(strstr(said, "DIR/b.lua: not a regular file\n"));
    assert_non_null(strstr(said, "DIR/c.lua: cannot read it: No such file or directory\n"));
    assert_int_equal(world->errors.count, 2);
}

static void a_handler_is_named_as_a_topic_or_by_a_route(void **state)
{
    struct world *world = *state;
    put(world, "order s.lua", "");
    put(world, "all orders.lua", "");
    mr_config_set_text(world->config, "routes[\"^orders\"].script", "all orders.lua", "file",
                       &world->errors);
    assert_string_equal(
        read_folder(world),
        "DIR/order s.lua: \"order s\" is not a topic name: rename the file, or name "
        "it as the script of a route\n");
}

static void the_script_of_a_route_must_be_there(void **state)
{
    struct world *world = *state;
    put(world, "a.lua", "");
    mr_config_add_entry(world->config, "routes[\"a\"]", "file");
    mr_config_add_entry(world->config, "routes[\"b\"]", "file");
    mr_config_set_text(world->config, "routes[\"^c\"].script", "c.lua", "file", &world->errors);
    assert_string_equal(read_folder(world),
                        "routes[\"^c\"]: the script DIR/c.lua does not exist\n"
                        "file: routes[\"b\"]: the script DIR/b.lua does not exist\n");
}

static struct mr_buf encoded(struct world *world)
{
    struct mr_buf bytes = {0};
    put(world, "a.lua", "text");
    put(world, "b.lua", "");
    mr_config_set_text(world->config, "workers", "3", "file", &world->errors);
    assert_string_equal(read_folder(world), "");
    mr_snapshot_encode(world->snapshot, &bytes);
    return bytes;
}

static void a_snapshot_arrives_as_it_was_sent(void **state)
{
    struct world *world = *state;
    struct mr_buf bytes = encoded(world);
    struct mr_snapshot *arrived = mr_snapshot_decode((struct mr_bytes){bytes.data, bytes.length});
    assert_non_null(arrived);
    assert_int_equal(arrived->generation, 7);
    assert_int_equal(arrived->file_count, 2);
    assert_string_equal(arrived->files[0].name, "a.lua");
    assert_string_equal(arrived->files[0].place, place(world, "a.lua"));
    assert_string_equal(arrived->files[0].text, "text");
    assert_int_equal(arrived->files[1].length, 0);
    assert_int_equal(mr_config_integer(arrived->config, "workers"), 3);
    mr_snapshot_free(arrived);
    mr_buf_free(&bytes);
}

static void malformed_bytes_are_no_snapshot(void **state)
{
    struct mr_buf bytes = encoded(*state);
    for (size_t length = 0; length < bytes.length; length++)
        assert_null(mr_snapshot_decode((struct mr_bytes){bytes.data, length}));
    unsigned seed = 1;
    for (size_t round = 0; round < 20000; round++) {
        size_t at = (size_t)rand_r(&seed) % bytes.length;
        char before = bytes.data[at];
        bytes.data[at] = (char)rand_r(&seed);
        char *copy = malloc(bytes.length);
        memcpy(copy, bytes.data, bytes.length);
        mr_snapshot_free(mr_snapshot_decode((struct mr_bytes){copy, bytes.length}));
        free(copy);
        bytes.data[at] = before;
    }
    mr_buf_append(&bytes, "x", 1);
    assert_null(mr_snapshot_decode((struct mr_bytes){bytes.data, bytes.length}));
    mr_buf_free(&bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(handlers_and_what_they_require_are_read_in_order),
        TEST(hidden_files_backups_and_others_are_passed_over),
        TEST(links_are_followed_and_loops_are_not),
        TEST(a_missing_folder_says_what_to_do),
        TEST(a_folder_without_handlers_is_an_error),
        TEST(what_cannot_be_read_is_named),
        TEST(a_handler_is_named_as_a_topic_or_by_a_route),
        TEST(the_script_of_a_route_must_be_there),
        TEST(a_snapshot_arrives_as_it_was_sent),
        TEST(malformed_bytes_are_no_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
