/* Writes what the targets begin with: DIR/TARGET/N, a file each. Made by the rooms that the targets
 * read with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/channel.h"
#include "base/panic.h"
#include "config/snapshot.h"

static const char *folder;

static void write_seed(const char *target, const void *bytes, size_t length)
{
    static int number;
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, target);
    mkdir(path, 0755);
    snprintf(path, sizeof(path), "%s/%s/%d", folder, target, number++);
    FILE *file = fopen(path, "w");
    MR_ASSERT(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static const char *const settings[][2] = {
    {"service", "dashboard"},
    {"workers", "auto"},
    {"workers", "4"},
    {"kafka.brokers", "a:9092,b:9093"},
    {"kafka.sasl.mechanism", "SCRAM-SHA-512"},
    {"kafka.sasl.password", "secret"},
    {"kafka.properties[\"fetch.wait.max.ms\"]", "100"},
    {"defaults.ordering", "partition"},
    {"defaults.retry.jitter", "0.25"},
    {"defaults.retry.base", "1000"},
    {"defaults.dlq.topic", "{base}-dlq"},
    {"defaults.budget.memory", "256MB"},
    {"routes[\"orders\"].retry.max", "5"},
    {"routes[\"orders\"].group_id", "orders"},
    {"routes[\"orders\"].codec", "raw"},
    {"routes[\"^orders\\\\.[a-z]+$\"].script", "orders.lua"},
    {"routes[\"a \\\"quoted\\\" \\u00e9 name\"].dialect", "plain"},
    {"rpc.response_topics", "a-responses,b-responses"},
    {"topics[\"orders\"].partitions", "3"},
    {"admin.listen", "127.0.0.1:8080"},
    {"shutdown_timeout", "10000"},
    {"create_topics", "true"},
    {"log.level", "INFO"},
    {"serivce", "a misspelling"},
    {"routes[\"orders\"", "no path"},
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

/* Whatever of the settings can be set. */
static struct mr_config *make_config(void)
{
    struct mr_config *config = mr_config_new();
    struct mr_errors errors = {0};
    for (size_t i = 0; i < SETTINGS; i++)
        mr_config_set_text(config, settings[i][0], settings[i][1], "seed", &errors);
    mr_errors_free(&errors);
    return config;
}

static void seed_config_text(void)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        struct mr_buf seed = {0};
        mr_buf_append(&seed, settings[i][0], strlen(settings[i][0]) + 1);
        mr_buf_string(&seed, settings[i][1]);
        write_seed("config_text", seed.data, seed.length);
        mr_buf_free(&seed);
    }
}

static void seed_config(void)
{
    struct mr_config *configs[] = {mr_config_new(), make_config()};
    for (size_t i = 0; i < 2; i++) {
        struct mr_buf seed = {0};
        mr_config_encode(configs[i], &seed);
        write_seed("config", seed.data, seed.length);
        mr_config_free(configs[i]);
        mr_buf_free(&seed);
    }
}

static struct mr_buf snapshot_of(struct mr_config *config, size_t files)
{
    static char name[] = "echo.lua", place[] = "scripts/echo.lua",
                text[] = "function handleMessage() end";
    struct mr_script_file file[] = {{name, place, text, sizeof(text) - 1}, {place, name, text, 0}};
    struct mr_snapshot snapshot = {7, config, file, files};
    struct mr_buf seed = {0};
    mr_snapshot_encode(&snapshot, &seed);
    mr_config_free(config);
    return seed;
}

/* Snapshots, and the frames that carry them. */
static void seed_snapshot_and_channel(void)
{
    struct mr_channel channel = {.fd = -1};
    mr_buf_append(&channel.out, "\x10", 1); /* in pieces of 17 bytes */
    for (size_t files = 0; files <= 2; files++) {
        struct mr_buf seed = snapshot_of(files == 2 ? make_config() : mr_config_new(), files);
        write_seed("snapshot", seed.data, seed.length);
        if (files < 2)
            mr_channel_put(&channel, MR_FRAME_PREPARE, (struct mr_bytes){seed.data, seed.length});
        mr_channel_put_u64(&channel, MR_FRAME_SWITCH, 7);
        mr_channel_put(&channel, MR_FRAME_STOP, MR_BYTES_NONE);
        mr_buf_free(&seed);
    }
    write_seed("channel", channel.out.data, channel.out.length);
    mr_channel_close(&channel);
}

/* As tests/fuzz/dialect.c takes them: forced, count, then how, length and bytes of each value; two
 * answers follow. */
static void seed_dialect(void)
{
#define ANSWERS "\x00\x03key\x02{}\x00\x01\x05\x04t-1\x01\x00\x05wrong\x0fValidationError\x00"
    static const char kafka_client[] = "\x00\x05"
                                       "\x00\x03"
                                       "c-1"
                                       "\x01\x07"
                                       "answers"
                                       "\x02\x0d"
                                       "request-reply"
                                       "\x03\x0d"
                                       "1700000000123"
                                       "\x04\x05"
                                       "30000" ANSWERS;
    static const char plain[] = "\x02\x03"
                                "\x07\x04"
                                "\x00\xff"
                                "c1"
                                "\x06\x07"
                                "answers"
                                "\x10\x05"
                                "other"
                                "\x00" ANSWERS;
    static const char event[] = "\x00\x03"
                                "\x00\x03"
                                "c-1"
                                "\x01\x07"
                                "answers"
                                "\x02\x0f"
                                "fire-and-forget";
    write_seed("dialect", kafka_client, sizeof(kafka_client) - 1);
    write_seed("dialect", plain, sizeof(plain) - 1);
    write_seed("dialect", event, sizeof(event) - 1);
}

static void seed_json(void)
{
    static const char *const texts[] = {
        "{\"id\": \"order-1\", \"price\": 64250.5, \"quantity\": 3, \"ok\": true, \"note\": null}",
        "[[],{},[[]],{\"\":[]},-0,5e-324,1.7976931348623157e308,9223372036854775807]",
        "[-9223372036854775808,9223372036854775808,9007199254740993,0.1,1E+2,1e-7]",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u20ac\\ud83d\\ude00 \xc3\xa9 \xe2\x82\xac\"",
        "\"\xf0\x9f\x98\x80\"",
        " { \"a\" : [ 1 , 2 ] ,\r\n\t\"a\" : false } ",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        write_seed("json", texts[i], strlen(texts[i]));
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 64;
    folder = argv[1];
    seed_config_text();
    seed_config();
    seed_snapshot_and_channel();
    seed_dialect();
    seed_json();
    return 0;
}
