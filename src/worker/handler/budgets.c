#include "worker/handler/budgets.h"

enum { NS_PER_MS = 1000000, LOAD_RUNS = 10, LOAD_MOST = 20000 /* ms */ };

void mr_budgets_begin(struct mr_dispatch *dispatch, const struct mr_job *job, uint64_t now)
{
    struct mr_run *run = &dispatch->slot->run;
    const struct mr_policy *policy = &job->route->policy;
    const struct mr_limits limits = {.since = now / NS_PER_MS,
                                     .time = (uint64_t)policy->budget.time,
                                     .memory = (size_t)policy->budget.memory};
    struct mr_origin origin = mr_job_origin(job);
    uint64_t topic_row =
        job->returned ? mr_slot_topic(dispatch->slot, origin.topic) : job->partition->topic_row;
    mr_cell_set(&run->partition, (uint64_t)origin.partition);
    mr_cell_set(&run->offset, (uint64_t)origin.offset);
    mr_cell_set(&run->group, job->partition->group_row + 1);
    mr_cell_set(&run->topic, topic_row + 1);
    mr_vm_limit(dispatch->vm, &limits);
}

void mr_budgets_end(struct mr_dispatch *dispatch)
{
    mr_cell_set(&dispatch->slot->run.topic, 0);
}

struct most {
    const struct mr_config *config;
    int64_t memory;
};

static void note_memory(void *context, const char *route, const char *value)
{
    struct most *most = context;
    int64_t memory = mr_config_route_integer(most->config, route, "budget.memory");
    (void)value;
    most->memory = memory > most->memory ? memory : most->memory;
}

struct mr_limits mr_budgets_of_loads(const struct mr_config *config)
{
    struct most most = {config, mr_config_integer(config, "defaults.budget.memory")};
    uint64_t time = LOAD_RUNS * (uint64_t)mr_config_integer(config, "defaults.budget.time");
    time = time < LOAD_MOST ? time : LOAD_MOST;
    mr_config_map(config, "routes", note_memory, &most);
    return (struct mr_limits){.time = time, .memory = (size_t)most.memory};
}

void mr_budgets_limit_loads(struct mr_dispatch *dispatch, const struct mr_config *config)
{
    mr_cell *shortest = &dispatch->slot->shortest_budget;
    struct mr_limits limits = mr_budgets_of_loads(config);
    mr_vm_limit_loads(dispatch->vm, &limits);
    dispatch->load_time = limits.time;
    if (mr_cell_get(shortest) == 0 || mr_cell_get(shortest) > limits.time)
        mr_cell_set(shortest, limits.time);
}

void mr_budgets_use(struct mr_dispatch *dispatch)
{
    uint64_t shortest = dispatch->load_time;
    for (size_t i = 0; i < mr_routes_count(dispatch->routes); i++) {
        uint64_t time = (uint64_t)mr_routes_at(dispatch->routes, i)->policy.budget.time;
        shortest = time < shortest ? time : shortest;
    }
    mr_cell_set(&dispatch->slot->shortest_budget, shortest);
}
