#include "harness/world.h"

struct world *world_new(int brokers, int workers)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    cluster_start(&world->cluster, brokers);
    cluster_topic(&world->cluster, "replies", 1);
    cluster_lead(&world->cluster, "replies", 1, brokers);
    world->client = client_new(cluster_bootstrap(&world->cluster));
    client_read(world->client, "replies", 1);
    router_make(&world->router, cluster_bootstrap(&world->cluster), workers);
    return world;
}

void world_free(struct world *world)
{
    router_free(&world->router);
    client_free(world->client);
    cluster_stop(&world->cluster);
    free(world);
}

int world_tear_down(void **state)
{
    struct world *world = *state;
    if (world->router.pid > 0)
        router_stop(&world->router);
    world_free(world);
    return 0;
}

void world_serve(struct world *world, const char *topic, int partitions, const char *script)
{
    cluster_topic(&world->cluster, topic, partitions);
    router_script(&world->router, topic, script);
}

static size_t own_headers(const struct question *question, struct mr_pair *headers)
{
    size_t count = 0;
    if (question->dialect == EVENT)
        return 0;
    headers[count++] = (struct mr_pair){MR_BYTES("correlation-id"), question->id};
    headers[count++] = (struct mr_pair){
        MR_BYTES("reply-to"), mr_bytes_of(question->reply_to ? question->reply_to : "replies")};
    if (question->dialect == KAFKA_CLIENT)
        headers[count++] = (struct mr_pair){MR_BYTES("message-type"), MR_BYTES("request-reply")};
    return count;
}

void world_send(struct world *world, const struct question *question)
{
    enum { MOST = 256 };
    struct mr_pair headers[MOST];
    size_t count = own_headers(question, headers);
    assert_true(count + question->header_count <= MOST);
    for (size_t i = 0; i < question->header_count; i++)
        headers[count++] = question->headers[i];
    client_send(world->client,
                &(struct mr_outgoing){
                    .topic = question->topic,
                    .partition = question->to_partition ? question->partition : MR_PARTITION_ANY,
                    .key = mr_bytes_of(question->key),
                    .value = question->json ? mr_bytes_of(question->json) : question->value,
                    .headers = headers,
                    .header_count = count});
}

const struct record *world_ask_as(struct world *world, enum dialect dialect, const char *topic,
                                  const char *json)
{
    struct mr_bytes id = mr_bytes_of(unique("asked"));
    world_send(world,
               &(struct question){.topic = topic, .json = json, .dialect = dialect, .id = id});
    return client_await_with(world->client, "replies", "correlation-id", id);
}

const struct record *world_ask(struct world *world, const char *topic, const char *json)
{
    return world_ask_as(world, PLAIN, topic, json);
}

void world_request(struct world *world, const char *topic, const char *key, const char *id,
                   const char *json)
{
    world_send(
        world,
        &(struct question){
            .topic = topic, .key = key, .json = json, .dialect = PLAIN, .id = mr_bytes_of(id)});
}

const struct record *world_reply(struct world *world, const char *id)
{
    return client_await_with(world->client, "replies", "correlation-id", mr_bytes_of(id));
}

size_t world_replies(struct world *world, const char *id)
{
    return client_count_with(world->client, "replies", "correlation-id", mr_bytes_of(id));
}

void world_request_many(struct world *world, const char *topic, const char *name, int count,
                        const char *json)
{
    char id[80];
    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%s-%d", name, i);
        world_request(world, topic, id, id, json);
    }
}

bool world_all_answered(struct world *world, const char *name, int count)
{
    char id[80];
    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%s-%d", name, i);
        if (world_replies(world, id) == 0)
            return false;
    }
    return true;
}

void world_settle(struct world *world, const char *topic, int partitions)
{
    const char *brokers = cluster_bootstrap(&world->cluster);
    client_flush(world->client);
    int64_t end = client_end(world->client, topic, partitions);
    AWAIT(client_committed(brokers, world->router.group, topic, partitions) == end);
    client_catch_up(world->client, "replies", 1);
}

void world_assert_answered_once(struct world *world, const char *name, int count)
{
    char id[80];
    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%s-%d", name, i);
        size_t replies = world_replies(world, id);
        if (replies != 1)
            fail_explained("%s: %zu replies", id, replies);
    }
}
