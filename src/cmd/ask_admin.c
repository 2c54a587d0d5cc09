#include "cmd/ask_admin.h"

#include <curl/curl.h>
#include <stdio.h>

#include "base/panic.h"
#include "base/print.h"
#include "cmd/settings.h"
#include "master/address.h"

enum { CONNECT_TIME = 2000, ANSWER_TIME = 5000 }; /* ms */

/* Reads no more than admin.listen if it can. Adds what else is wrong with the configuration to
 * `doubts`: the running router did not read that configuration, so it is asked all the same. */
static struct mr_config *read_config(const struct mr_admin_question *question,
                                     struct mr_errors *errors, struct mr_errors *doubts)
{
    struct mr_settings settings = {.config_file = question->config_file};
    if (question->admin == NULL)
        return mr_settings_config(&settings, doubts);
    struct mr_config *config = mr_config_new();
    mr_config_set_text(config, "admin.listen", question->admin, "--admin", errors);
    return config;
}

static int find_address(const struct mr_admin_question *question, struct mr_address *address,
                        struct mr_errors *doubts)
{
    struct mr_errors errors = {0};
    struct mr_config *config = read_config(question, &errors, doubts);
    if (errors.count == 0 &&
        mr_address_parse(address, "admin.listen", mr_config_string(config, "admin.listen"),
                         &errors) == 0 &&
        mr_address_port(address) == 0)
        mr_errors_add(&errors, "admin.listen: port 0 lets the router choose a port: pass its "
                               "address with --admin (logged as admin_listening)");
    mr_config_free(config);
    mr_print(stderr, "%s", mr_errors_text(&errors));
    int code = errors.count > 0 ? MR_EXIT_CONFIG : 0;
    mr_errors_free(&errors);
    if (code == 0)
        mr_address_reachable(address);
    return code;
}

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
    mr_buf_append(context, data, size * count);
    return size * count;
}

static CURL *prepare(const char *url, struct curl_slist *headers, struct mr_buf *body)
{
    CURL *curl = curl_easy_init();
    MR_ASSERT(curl != NULL);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*"); /* this machine, whatever http_proxy says */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIME);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_TIME);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    return curl;
}

static int explain(const struct mr_command *self, CURLcode result, const char *where)
{
    if (result == CURLE_OPERATION_TIMEDOUT) {
        mr_print(stderr, "moonroute %s: no answer from %s in time\n", self->name, where);
        return MR_EXIT_TIMEOUT;
    }
    mr_print(stderr,
             "moonroute %s: nothing answers at %s (%s). Is the router running, and is this address "
             "its admin.listen? If not, pass the address with --admin.\n",
             self->name, where, curl_easy_strerror(result));
    return MR_EXIT_UNAVAILABLE;
}

static CURLcode get(const char *where, const char *path, bool as_json, long *status,
                    struct mr_buf *body)
{
    char url[MR_ADDRESS_TEXT + 64];
    snprintf(url, sizeof(url), "http://%s%s", where, path);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct curl_slist *headers =
        curl_slist_append(NULL, as_json ? "Accept: application/json" : "Accept: text/plain");
    CURL *curl = prepare(url, headers, body);
    CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return result;
}

int mr_ask_admin(const struct mr_command *self, const struct mr_admin_question *question,
                 const char *path, bool as_json, long *status, struct mr_buf *body)
{
    struct mr_address address = {0};
    struct mr_errors doubts = {0};
    char where[MR_ADDRESS_TEXT];
    int code = find_address(question, &address, &doubts);
    if (code == 0) {
        mr_address_text(&address, where);
        CURLcode result = get(where, path, as_json, status, body);
        code = result == CURLE_OK ? 0 : explain(self, result, where);
        if (code == MR_EXIT_UNAVAILABLE && doubts.count > 0)
            code = MR_EXIT_CONFIG; /* it may have told of another address */
    }
    if (code != 0)
        mr_print(stderr, "%s", mr_errors_text(&doubts));
    mr_errors_free(&doubts);
    return code;
}
