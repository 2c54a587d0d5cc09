#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>
#ifdef MR_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include "cmd/options.h"
#include "kafka/version.h"
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

int mr_cmd_version(const struct mr_command *self, int argc, char **argv)
{
    int code;
    const struct mr_option options[] = {{.name = NULL}};
    if (mr_options_parse(self, options, argc, argv, 0, 0, &code) < 0)
        return code;
    printf("moonroute %s\n", MR_VERSION);
    printf("librdkafka %s\n", mr_kafka_version());
    printf("%s\n", mr_lua_version());
    printf("libuv %s\n", uv_version_string());
    printf("libmicrohttpd %s\n", mr_admin_library());
    printf("libcurl %s\n", curl_version_info(CURLVERSION_NOW)->version);
    print_allocator();
    return MR_EXIT_OK;
}
