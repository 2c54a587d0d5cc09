/* A key's path and its value as text, as the environment and the command line give them:
 * "PATH\0TEXT". */
#include "fuzz.h"

#include "base/panic.h"
#include "config/config.h"

static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static struct mr_buf bytes_of(const struct mr_config *config)
{
    struct mr_buf bytes = {0};
    mr_config_encode(config, &bytes);
    return bytes;
}

/* What was set goes to a worker and comes there as it was. */
static void send(const struct mr_config *config)
{
    struct mr_buf once = bytes_of(config);
    struct mr_config *arrived = mr_config_decode((struct mr_bytes){once.data, once.length});
    PROMISED(arrived != NULL);
    struct mr_buf twice = bytes_of(arrived);
    PROMISED(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    mr_config_free(arrived);
    mr_buf_free(&once);
    mr_buf_free(&twice);
}

/* The value, as it is kept, is one that can be set, and stays the same. */
static void set_again(const struct mr_config *config, const char *path)
{
    struct mr_errors errors = {0};
    struct mr_config *other = mr_config_new();
    char *kept = mr_strdup(mr_config_string(config, path));
    mr_config_set_text(other, path, kept, "again", &errors);
    PROMISED(errors.count == 0 && mr_config_is_set(other, path));
    PROMISED(strcmp(mr_config_string(other, path), kept) == 0);
    PROMISED(strcmp(mr_config_origin(other, path), "again") == 0);
    free(kept);
    mr_config_free(other);
    mr_errors_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *end = memchr(data, '\0', size);
    size_t path_length = end == NULL ? size : (size_t)(end - (const char *)data);
    size_t rest = end == NULL ? 0 : size - path_length - 1;
    char *path = mr_strndup((const char *)data, path_length);
    char *text = mr_strndup(end == NULL ? "" : end + 1, rest);
    struct mr_errors errors = {0};
    struct mr_config *config = mr_config_new();
    mr_config_set_text(config, path, text, "origin", &errors);
    PROMISED(errors.count <= 1);
    PROMISED(strchr(path, '\n') != NULL || lines_of(mr_errors_text(&errors)) == errors.count);
    PROMISED(errors.count == 0 || !mr_config_is_set(config, path));
    if (mr_config_is_set(config, path))
        set_again(config, path);
    mr_config_add_entry(config, path, "origin");
    mr_config_check(config, "nowhere", &errors);
    send(config);
    mr_config_free(config);
    mr_errors_free(&errors);
    free(path);
    free(text);
    return 0;
}
