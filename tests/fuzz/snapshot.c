/* The bytes of a snapshot, as a worker takes them from its master. */
#include "fuzz.h"

#include "config/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mr_snapshot *snapshot = mr_snapshot_decode((struct mr_bytes){(const char *)data, size});
    if (snapshot == NULL)
        return 0;
    struct mr_buf once = {0}, twice = {0};
    for (size_t i = 0; i < snapshot->file_count; i++) {
        const struct mr_script_file *file = &snapshot->files[i];
        PROMISED(file->name[0] != '\0' && file->place[0] != '\0');
        PROMISED(file->text[file->length] == '\0');
    }
    mr_snapshot_encode(snapshot, &once);
    struct mr_snapshot *again = mr_snapshot_decode((struct mr_bytes){once.data, once.length});
    PROMISED(again != NULL);
    mr_snapshot_encode(again, &twice);
    PROMISED(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    mr_snapshot_free(again);
    mr_snapshot_free(snapshot);
    mr_buf_free(&once);
    mr_buf_free(&twice);
    return 0;
}
