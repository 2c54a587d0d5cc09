#include "master/watch.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/panic.h"

/* One watched folder. A file is watched through its folder, because a new file may replace it. */
struct folder {
    struct mr_watch *watch;
    char *only; /* the only name that matters; NULL: Lua files and folders */
    char *path;
    uv_fs_event_t event;
    struct folder *next;
};

struct mr_watch {
    uv_loop_t *loop;
    void (*changed)(void *context);
    void *context;
    char *scripts;
    char **files; /* NULL-terminated */
    struct folder *folders;
    uv_timer_t quiet;
};

static void on_quiet(uv_timer_t *timer);

static bool has_suffix(const char *text, const char *suffix)
{
    size_t length = strlen(text), wanted = strlen(suffix);
    return length > wanted && strcmp(text + length - wanted, suffix) == 0;
}

static bool is_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* Returns true if the change matters. A name without a dot may be a folder that was removed. */
static bool matters(const struct folder *folder, const char *name)
{
    if (name == NULL)
        return true;
    if (folder->only != NULL)
        return strcmp(folder->only, name) == 0;
    return name[0] != '.' && (has_suffix(name, ".lua") || strchr(name, '.') == NULL);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct folder *folder = event->data;
    (void)events;
    if (status == 0 && matters(folder, name))
        uv_timer_start(&folder->watch->quiet, on_quiet, MR_WATCH_QUIET, 0);
}

static void on_folder_closed(uv_handle_t *handle)
{
    struct folder *folder = handle->data;
    free(folder->only);
    free(folder->path);
    free(folder);
}

static void forget_folders(struct mr_watch *watch)
{
    while (watch->folders != NULL) {
        struct folder *folder = watch->folders;
        watch->folders = folder->next;
        uv_close((uv_handle_t *)&folder->event, on_folder_closed);
    }
}

static void add_folder(struct mr_watch *watch, const char *path, const char *only)
{
    struct folder *folder = mr_alloc(sizeof(*folder));
    folder->watch = watch;
    folder->path = mr_strdup(path);
    folder->only = only ? mr_strdup(only) : NULL;
    folder->next = watch->folders;
    watch->folders = folder;
    MR_ASSERT(uv_fs_event_init(watch->loop, &folder->event) == 0);
    folder->event.data = folder;
    int result = uv_fs_event_start(&folder->event, on_event, path, 0);
    if (result != 0 && result != UV_ENOENT)
        mr_log(MR_LOG_WARN, "watch_failed", MR_S("folder", path),
               MR_S("message", uv_strerror(result)));
}

/* Watches a file, or a folder that may be replaced as a whole, through its parent folder. */
static void add_file(struct mr_watch *watch, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash == NULL   ? mr_strdup(".")
                   : slash == path ? mr_strdup("/")
                                   : mr_strndup(path, (size_t)(slash - path));
    add_folder(watch, parent, slash ? slash + 1 : path);
    free(parent);
}

static void add_tree(struct mr_watch *watch, const char *path)
{
    add_folder(watch, path, NULL);
    DIR *stream = opendir(path);
    const struct dirent *entry;
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        char below[PATH_MAX];
        int length = snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && length < (int)sizeof(below) && entry->d_type != DT_LNK &&
            is_folder(below))
            add_tree(watch, below);
    }
    if (stream != NULL)
        closedir(stream);
}

static void look_around(struct mr_watch *watch)
{
    forget_folders(watch);
    add_file(watch, watch->scripts);
    if (is_folder(watch->scripts))
        add_tree(watch, watch->scripts);
    for (char **file = watch->files; *file != NULL; file++)
        add_file(watch, *file);
}

/* Folders may have been added or removed. All are watched anew before anybody reads them, so that
 * no change is missed in between. */
static void on_quiet(uv_timer_t *timer)
{
    struct mr_watch *watch = timer->data;
    look_around(watch);
    watch->changed(watch->context);
}

static char *without_end_slash(const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return mr_strndup(path, length);
}

static char **copy_list(const char *const *files)
{
    size_t count = 0;
    while (files != NULL && files[count] != NULL)
        count++;
    char **copy = mr_alloc((count + 1) * sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = mr_strdup(files[i]);
    return copy;
}

struct mr_watch *mr_watch_new(uv_loop_t *loop, const char *scripts, const char *const *files,
                              void (*changed)(void *context), void *context)
{
    struct mr_watch *watch = mr_alloc(sizeof(*watch));
    *watch = (struct mr_watch){.loop = loop, .changed = changed, .context = context};
    watch->scripts = without_end_slash(scripts);
    watch->files = copy_list(files);
    MR_ASSERT(uv_timer_init(loop, &watch->quiet) == 0);
    watch->quiet.data = watch;
    look_around(watch);
    return watch;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct mr_watch *watch = handle->data;
    for (char **file = watch->files; *file != NULL; file++)
        free(*file);
    free(watch->files);
    free(watch->scripts);
    free(watch);
}

void mr_watch_free(struct mr_watch *watch)
{
    if (watch == NULL)
        return;
    forget_folders(watch);
    uv_close((uv_handle_t *)&watch->quiet, on_timer_closed);
}
