#include "config/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/machine/file.h"
#include "base/panic.h"
#include "base/topic.h"

enum { SCRIPT_MOST = 16 * 1024 * 1024 };

/* A folder that is being read, to detect links that lead back up. */
struct folder {
    const struct folder *above;
    dev_t device;
    ino_t inode;
};

struct reading {
    struct mr_snapshot *snapshot;
    const char *directory;
    struct mr_errors *errors;
};

static struct mr_script_file *add_file(struct mr_snapshot *snapshot)
{
    size_t size = (snapshot->file_count + 1) * sizeof(snapshot->files[0]);
    snapshot->files = mr_realloc(snapshot->files, size);
    struct mr_script_file *file = &snapshot->files[snapshot->file_count++];
    *file = (struct mr_script_file){0};
    return file;
}

static void read_file(const struct reading *reading, const char *name, const char *place)
{
    struct mr_buf text = {0};
    int result = mr_file_read(place, SCRIPT_MOST, &text);
    if (result != 0) {
        mr_errors_add(reading->errors, "%s: cannot read it: %s", place, strerror(-result));
        mr_buf_free(&text);
        return;
    }
    struct mr_script_file *file = add_file(reading->snapshot);
    file->name = mr_strdup(name);
    file->place = mr_strdup(place);
    file->text = text.data;
    file->length = text.length;
}

static bool is_lua(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".lua") == 0;
}

static bool leads_back(const struct folder *folder, const struct stat *info)
{
    for (; folder != NULL; folder = folder->above)
        if (folder->device == info->st_dev && folder->inode == info->st_ino)
            return true;
    return false;
}

static void read_folder(const struct reading *reading, const char *name,
                        const struct folder *folder);

/* Reads a file or folder; `name` is its path below the scripts folder. Handlers are in the scripts
 * folder itself. The modules that they require are in lib and its subfolders. */
static void read_entry(const struct reading *reading, const char *name, const struct folder *folder)
{
    struct mr_buf place = {0};
    struct stat info;
    mr_buf_printf(&place, "%s/%s", reading->directory, name);
    bool in_lib = strncmp(name, "lib", 3) == 0 && (name[3] == '/' || name[3] == '\0');
    if (stat(mr_buf_text(&place), &info) != 0) {
        if (is_lua(name))
            mr_errors_add(reading->errors, "%s: cannot read it: %s", mr_buf_text(&place),
                          strerror(errno));
    } else if (S_ISDIR(info.st_mode)) {
        struct folder below = {folder, info.st_dev, info.st_ino};
        if (in_lib && !leads_back(folder, &info))
            read_folder(reading, name, &below);
    } else if (is_lua(name) && !S_ISREG(info.st_mode)) {
        mr_errors_add(reading->errors, "%s: not a regular file", mr_buf_text(&place));
    } else if (is_lua(name)) {
        read_file(reading, name, mr_buf_text(&place));
    }
    mr_buf_free(&place);
}

/* Reads a folder. `name` is "" for the scripts folder itself. */
static void read_folder(const struct reading *reading, const char *name,
                        const struct folder *folder)
{
    struct mr_buf path = {0};
    mr_buf_printf(&path, "%s/%s", reading->directory, name);
    DIR *stream = opendir(mr_buf_text(&path));
    if (stream == NULL)
        mr_errors_add(reading->errors, "%s: cannot read it: %s", mr_buf_text(&path),
                      strerror(errno));
    for (struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        mr_buf_clear(&path);
        mr_buf_printf(&path, "%s%s%s", name, *name ? "/" : "", entry->d_name);
        read_entry(reading, mr_buf_text(&path), folder);
    }
    if (stream != NULL)
        closedir(stream);
    mr_buf_free(&path);
}

static int by_name(const void *a, const void *b)
{
    const struct mr_script_file *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static bool has_file(const struct mr_snapshot *snapshot, const char *name)
{
    struct mr_script_file wanted = {.name = mr_strdup(name)};
    bool found = snapshot->file_count > 0 &&
                 bsearch(&wanted, snapshot->files, snapshot->file_count, sizeof(wanted), by_name);
    free(wanted.name);
    return found;
}

/* Returns the name of a route's script, relative to the scripts folder; the caller frees it. */
static struct mr_buf script_of(const struct mr_config *config, const char *route)
{
    struct mr_buf name = {0};
    const char *script = mr_config_route_string(config, route, "script");
    mr_buf_printf(&name, "%s%s", *script ? script : route, *script ? "" : ".lua");
    return name;
}

static void check_route(void *context, const char *route, const char *value)
{
    (void)value;
    const struct reading *reading = context;
    struct mr_buf path = {0};
    struct mr_buf script = script_of(reading->snapshot->config, route);
    mr_config_path_child(&path, "routes", route);
    const char *origin = mr_config_origin(reading->snapshot->config, mr_buf_text(&path));
    if (!has_file(reading->snapshot, mr_buf_text(&script)))
        mr_errors_add(reading->errors, "%s%s%s: the script %s/%s does not exist", origin,
                      *origin ? ": " : "", mr_buf_text(&path), reading->directory,
                      mr_buf_text(&script));
    mr_buf_free(&path);
    mr_buf_free(&script);
}

struct naming {
    const struct mr_config *config;
    const char *script;
    bool named;
};

static void look_for_script(void *context, const char *route, const char *value)
{
    (void)value;
    struct naming *naming = context;
    if (strcmp(mr_config_route_string(naming->config, route, "script"), naming->script) == 0)
        naming->named = true;
}

/* Checks that the handler's name is a topic, unless a route names the script. */
static void check_handler(const struct reading *reading, const struct mr_script_file *file)
{
    struct mr_bytes topic = {file->name, strlen(file->name) - strlen(".lua")};
    struct naming naming = {reading->snapshot->config, file->name, false};
    if (strchr(file->name, '/') != NULL || mr_topic_legal(topic))
        return;
    mr_config_map(reading->snapshot->config, "routes", look_for_script, &naming);
    if (!naming.named)
        mr_errors_add(reading->errors,
                      "%s: \"%.*s\" is not a topic name: rename the file, or name it as the script "
                      "of a route",
                      file->place, (int)topic.length, topic.data);
}

static void check_files(struct reading *reading)
{
    size_t handlers = 0;
    for (size_t i = 0; i < reading->snapshot->file_count; i++) {
        const struct mr_script_file *file = &reading->snapshot->files[i];
        handlers += strchr(file->name, '/') == NULL;
        check_handler(reading, file);
    }
    if (handlers == 0)
        mr_errors_add(reading->errors, "%s: no handler scripts (*.lua) here", reading->directory);
    else
        mr_config_map(reading->snapshot->config, "routes", check_route, reading);
}

static void read_scripts(struct reading *reading)
{
    struct stat info;
    if (stat(reading->directory, &info) != 0 || !S_ISDIR(info.st_mode)) {
        mr_errors_add(reading->errors, "%s: no such folder: create it or pass --scripts DIR",
                      reading->directory);
        return;
    }
    struct folder top = {NULL, info.st_dev, info.st_ino};
    size_t errors_before = reading->errors->count;
    read_folder(reading, "", &top);
    if (reading->snapshot->file_count > 0)
        qsort(reading->snapshot->files, reading->snapshot->file_count,
              sizeof(struct mr_script_file), by_name);
    if (reading->errors->count == errors_before)
        check_files(reading);
}

struct mr_snapshot *mr_snapshot_read(uint64_t generation, struct mr_config *config,
                                     const char *directory, struct mr_errors *errors)
{
    struct mr_snapshot *snapshot = mr_alloc(sizeof(*snapshot));
    snapshot->generation = generation;
    snapshot->config = config;
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        length--;
    char *folder = mr_strndup(directory, length);
    struct reading reading = {snapshot, folder, errors};
    read_scripts(&reading);
    free(folder);
    return snapshot;
}

void mr_snapshot_free(struct mr_snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    for (size_t i = 0; i < snapshot->file_count; i++) {
        free(snapshot->files[i].name);
        free(snapshot->files[i].place);
        free(snapshot->files[i].text);
    }
    free(snapshot->files);
    mr_config_free(snapshot->config);
    free(snapshot);
}

void mr_snapshot_encode(const struct mr_snapshot *snapshot, struct mr_buf *out)
{
    struct mr_buf config = {0};
    mr_config_encode(snapshot->config, &config);
    mr_buf_put_u64(out, snapshot->generation);
    mr_buf_put_bytes(out, config.data, config.length);
    mr_buf_put_u64(out, snapshot->file_count);
    for (size_t i = 0; i < snapshot->file_count; i++) {
        const struct mr_script_file *file = &snapshot->files[i];
        mr_buf_put_bytes(out, file->name, strlen(file->name));
        mr_buf_put_bytes(out, file->place, strlen(file->place));
        mr_buf_put_bytes(out, file->text, file->length);
    }
    mr_buf_free(&config);
}

static char *decode_name(struct mr_reader *reader)
{
    struct mr_bytes bytes = mr_reader_bytes(reader);
    if (bytes.length == 0 || memchr(bytes.data, '\0', bytes.length) != NULL)
        reader->failed = true;
    return mr_strndup(bytes.data, bytes.length);
}

static void decode_file(struct mr_reader *reader, struct mr_snapshot *snapshot)
{
    struct mr_script_file *file = add_file(snapshot);
    file->name = decode_name(reader);
    file->place = decode_name(reader);
    struct mr_bytes text = mr_reader_bytes(reader);
    file->text = mr_strndup(text.data, text.length);
    file->length = text.length;
}

struct mr_snapshot *mr_snapshot_decode(struct mr_bytes bytes)
{
    struct mr_reader reader = {.at = bytes.data, .end = bytes.data + bytes.length};
    struct mr_snapshot *snapshot = mr_alloc(sizeof(*snapshot));
    snapshot->generation = mr_reader_u64(&reader);
    snapshot->config = mr_config_decode(mr_reader_bytes(&reader));
    uint64_t count = mr_reader_u64(&reader);
    for (uint64_t i = 0; i < count && snapshot->config != NULL && !reader.failed; i++)
        decode_file(&reader, snapshot);
    if (snapshot->config != NULL && !reader.failed && reader.at == reader.end)
        return snapshot;
    mr_snapshot_free(snapshot);
    return NULL;
}
