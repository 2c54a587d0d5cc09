#include <curl/curl.h>
#include <stdio.h>
#include <uv.h>

#include "cmd/options.h"
#include "kafka/version.h"
#include "lua/version.h"
#include "master/admin.h"

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
    return MR_EXIT_OK;
}
