#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>
#ifdef MR_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include "cmd/options.h"
#include "kafka/known_faults.h"
#include "kafka/version.h"
#include "lua/known_faults.h"
#include "lua/version.h"
#include "master/admin.h"

/* Prints the version of the library that runs. This call also makes the linker keep the library. */
static void print_allocator(void)
{
#ifdef MR_JEMALLOC
    const char *version = "";
    size_t size = sizeof(version);
    mallctl("version", &version, &size, NULL, 0);
    printf("jemalloc %.*s\n", (int)strcspn(version, "-"), version);
#endif
}

/* Prints a library that is the system's or our own, and what is known to be wrong with it. */
static void print_library(const char *version, const struct mr_known_fault *faults, uint64_t number)
{
    printf("%s (%s)\n", version, MR_LIBRARIES);
    for (const struct mr_known_fault *row = faults; row->fault != NULL; row++)
        if (mr_known_fault_has(row, number))
            printf("  known fault: %s (%s)\n", row->fault, row->affected);
}

static void print_libraries(void)
{
    char kafka[64];
    snprintf(kafka, sizeof(kafka), "librdkafka %s", mr_kafka_version());
    print_library(kafka, mr_kafka_known_faults, mr_kafka_version_number());
    print_library(mr_lua_version(), mr_lua_known_faults, mr_lua_version_number());
}

int mr_cmd_version(const struct mr_command *self, int argc, char **argv)
{
    int code;
    const struct mr_option options[] = {{.name = NULL}};
    if (mr_options_parse(self, options, argc, argv, 0, 0, &code) < 0)
        return code;
    printf("moonroute %s\n", MR_VERSION);
    print_libraries();
    printf("libuv %s\n", uv_version_string());
    printf("libmicrohttpd %s\n", mr_admin_library());
    printf("libcurl %s\n", curl_version_info(CURLVERSION_NOW)->version);
    print_allocator();
    return MR_EXIT_OK;
}
