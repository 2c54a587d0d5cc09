/* Design: the file has a mark, the time of its writing, and the encoded messages (base/poison.h).
 * It is written beside and renamed, so that a death meanwhile leaves the old list. Nobody but this
 * user can replace a file of this user in /dev/shm, because that folder is sticky. */
#include "master/guard_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/machine/file.h"

enum { MOST_BYTES = 1 << 20, KEPT_MS = 3600000 };
static const uint64_t mark = UINT64_C(0x6d6f6f6e64656174); /* also the version */

void mr_guard_file_begin(struct mr_guard_file *file, const char *directory, const char *name)
{
    char claimed[96];
    unsigned long long hash = mr_hash(mr_bytes_of(name));
    snprintf(claimed, sizeof(claimed), "deaths %u %016llx", (unsigned)geteuid(), hash);
    mr_claim_lowest(&file->claim, claimed);
    snprintf(file->path, sizeof(file->path), "%s/moonroute-%u-%016llx-%u.deaths", directory,
             (unsigned)geteuid(), hash, file->claim.number);
}

void mr_guard_file_end(struct mr_guard_file *file)
{
    mr_claim_release(&file->claim);
    file->path[0] = '\0';
}

static bool is_ours(const char *path)
{
    struct stat stat;
    return lstat(path, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_uid == geteuid();
}

static void read_messages(struct mr_reader *reader, struct mr_poisons *poisons)
{
    struct mr_poison poison;
    while (!reader->failed && reader->at != reader->end) {
        if (!mr_poison_decode(mr_reader_bytes(reader), &poison))
            return;
        mr_poisons_learn(poisons, &poison);
        mr_poison_free(&poison);
    }
}

void mr_guard_file_read(const struct mr_guard_file *file, struct mr_poisons *poisons, int64_t now)
{
    struct mr_buf bytes = {0};
    if (is_ours(file->path) && mr_file_read(file->path, MOST_BYTES, &bytes) == 0) {
        struct mr_reader reader = {bytes.data, bytes.data + bytes.length, false};
        bool known = mr_reader_u64(&reader) == mark;
        int64_t age = now - (int64_t)mr_reader_u64(&reader);
        if (known && age >= 0 && age < KEPT_MS)
            read_messages(&reader, poisons);
    }
    mr_buf_free(&bytes);
}

static int write_new(const char *path, const struct mr_buf *bytes)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    ssize_t wrote = write(fd, bytes->data, bytes->length);
    close(fd);
    return wrote == (ssize_t)bytes->length ? 0 : -1;
}

static int replace(const char *path, const struct mr_buf *bytes)
{
    char beside[sizeof(((struct mr_guard_file *)0)->path) + 8];
    snprintf(beside, sizeof(beside), "%s.new", path);
    return write_new(beside, bytes) == 0 ? rename(beside, path) : -1;
}

static void encode(const struct mr_poisons *poisons, int64_t now, struct mr_buf *out)
{
    mr_buf_put_u64(out, mark);
    mr_buf_put_u64(out, (uint64_t)now);
    for (size_t i = 0; i < poisons->count; i++) {
        struct mr_buf one = {0};
        mr_poison_encode(&poisons->all[i], &one);
        mr_buf_put_bytes(out, one.data, one.length);
        mr_buf_free(&one);
    }
}

void mr_guard_file_write(struct mr_guard_file *file, const struct mr_poisons *poisons, int64_t now)
{
    struct mr_buf bytes = {0};
    if (file->path[0] == '\0')
        return;
    encode(poisons, now, &bytes);
    int result = poisons->count == 0 ? unlink(file->path) : replace(file->path, &bytes);
    if (result != 0 && poisons->count > 0 && !file->failed) {
        mr_log(MR_LOG_WARN, "deaths_not_kept", MR_S("path", file->path),
               MR_S("message", strerror(errno)));
        file->failed = true;
    }
    mr_buf_free(&bytes);
}
