#include <stdio.h>

#include "base/print.h"
#include "cmd/load_limits.h"
#include "cmd/settings.h"
#include "lua/vm.h"
#include "worker/routing/routing.h"

static int print_errors(struct mr_errors *errors, int code)
{
    bool any = errors->count > 0;
    mr_print(stderr, "%s", mr_errors_text(errors));
    mr_errors_free(errors);
    return any ? code : MR_EXIT_OK;
}

static void print_warnings(const struct mr_snapshot *snapshot)
{
    struct mr_errors warnings = {0};
    mr_routing_warn(snapshot, &warnings);
    print_errors(&warnings, MR_EXIT_OK);
}

/* Refuses a call to the host. No script gets as far as such a call while it only loads. */
static int refuse(char *error, size_t size)
{
    snprintf(error, size, "cannot be called while scripts are checked");
    return -1;
}

static int refuse_publish(void *data, void *job, const struct mr_outgoing *record, char *error,
                          size_t size)
{
    (void)data, (void)job, (void)record;
    return refuse(error, size);
}

static int refuse_request(void *data, void *job, uint32_t wait, const struct mr_ask *ask,
                          char *error, size_t size)
{
    (void)data, (void)job, (void)wait, (void)ask;
    return refuse(error, size);
}

static int refuse_sleep(void *data, void *job, uint32_t wait, int64_t milliseconds, char *error,
                        size_t size)
{
    (void)data, (void)job, (void)wait, (void)milliseconds;
    return refuse(error, size);
}

static void check_scripts(const struct mr_snapshot *snapshot, struct mr_errors *errors)
{
    const struct mr_host host = {
        .publish = refuse_publish, .request = refuse_request, .sleep = refuse_sleep};
    struct mr_vm *vm = mr_vm_new(&host, NULL, mr_trust_of(snapshot->config));
    mr_vm_allow(vm, snapshot->config);
    mr_load_limits_set(vm, snapshot->config);
    mr_generation_check(vm, snapshot, errors);
    mr_vm_free(vm);
}

static size_t count_handlers(const struct mr_snapshot *snapshot)
{
    size_t count = 0;
    for (size_t i = 0; i < snapshot->file_count; i++)
        count += strchr(snapshot->files[i].name, '/') == NULL;
    return count;
}

static int check(const struct mr_settings *settings)
{
    struct mr_errors errors = {0};
    struct mr_config *config = mr_settings_config(settings, &errors);
    if (errors.count > 0) {
        mr_config_free(config);
        return print_errors(&errors, MR_EXIT_CONFIG);
    }
    struct mr_snapshot *snapshot =
        mr_snapshot_read(0, config, mr_config_string(config, "scripts"), &errors);
    check_scripts(snapshot, &errors);
    int code = errors.count > 0 ? MR_EXIT_DATA : MR_EXIT_CONFIG;
    if (errors.count == 0)
        mr_routing_check(snapshot, &errors);
    mr_config_hide_secrets(snapshot->config, &errors);
    size_t count = count_handlers(snapshot);
    if (errors.count == 0)
        print_warnings(snapshot);
    if (errors.count == 0)
        printf("%zu script%s, configuration OK\n", count, count == 1 ? "" : "s");
    mr_snapshot_free(snapshot);
    return print_errors(&errors, code);
}

int mr_cmd_check(const struct mr_command *self, int argc, char **argv)
{
    struct mr_settings settings = {0};
    int code;
    const struct mr_option options[] = {
        MR_SETTINGS_FILE_OPTIONS(&settings),
        MR_SETTINGS_RUN_OPTIONS(&settings, "workers, one per CPU", "log.format, json"),
        {.name = NULL},
    };
    if (mr_options_parse(self, options, argc, argv, 0, 0, &code) < 0)
        return code;
    return check(&settings);
}
