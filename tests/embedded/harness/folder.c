#include "harness/folder.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "harness/test.h"

void folder_make(struct folder *folder)
{
    strcpy(folder->path, "/tmp/moonroute-embedded-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static void path_of(const struct folder *folder, const char *name, char path[512])
{
    snprintf(path, 512, "%s/%s", folder->path, name);
}

/* The folders that the path goes through. */
static void make_way(char *path, size_t from)
{
    for (char *slash = path + from; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
}

void folder_write(const struct folder *folder, const char *name, const char *text)
{
    char path[512], fresh[520];
    path_of(folder, name, path);
    make_way(path, strlen(folder->path) + 1);
    snprintf(fresh, sizeof(fresh), "%s~", path);
    FILE *file = fopen(fresh, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(fresh, path), 0);
}

void folder_delete(const struct folder *folder, const char *name)
{
    char path[512];
    path_of(folder, name, path);
    assert_int_equal(unlink(path), 0);
}

char *folder_read(const struct folder *folder, const char *name)
{
    char path[512];
    struct stat status;
    path_of(folder, name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t size = fd >= 0 && fstat(fd, &status) == 0 ? (size_t)status.st_size : 0;
    char *text = malloc(size + 1);
    assert_non_null(text);
    ssize_t length = size > 0 ? read(fd, text, size) : 0;
    text[length > 0 ? length : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status, (void)kind, (void)ftw;
    return remove(path);
}

void folder_remove(const struct folder *folder)
{
    if (folder->path[0] != '\0' && getenv("MR_TEST_KEEP") == NULL)
        nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int folder_set_up(void **state)
{
    static struct folder folder;
    folder_make(&folder);
    *state = &folder;
    return 0;
}

int folder_tear_down(void **state)
{
    folder_remove(*state);
    return 0;
}
