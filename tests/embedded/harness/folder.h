/* A temporary folder of a test's own, and the files in it. */
#ifndef MR_EMBEDDED_FOLDER_H
#define MR_EMBEDDED_FOLDER_H

struct folder {
    char path[64];
};

void folder_make(struct folder *folder);
/* Writes a file, "scripts/lib/x.lua", whole at once: a reader sees all of it or the one before. */
void folder_write(const struct folder *folder, const char *name, const char *text);
void folder_delete(const struct folder *folder, const char *name);
/* The whole text, "" where there is no such file. The caller frees it. */
char *folder_read(const struct folder *folder, const char *name);
/* With all that is in it. Where MR_TEST_KEEP is set it stays, to be looked into. */
void folder_remove(const struct folder *folder);
/* The fixtures of tests whose state is a folder. */
int folder_set_up(void **state);
int folder_tear_down(void **state);

#endif
