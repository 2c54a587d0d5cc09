#include "base/poison.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

static bool is(const struct mr_message_id *a, const struct mr_message_id *b)
{
    return a->offset == b->offset && a->partition == b->partition &&
           strcmp(a->topic, b->topic) == 0 && strcmp(a->group, b->group) == 0;
}

static size_t index_of(const struct mr_poisons *poisons, const struct mr_message_id *id)
{
    size_t index = 0;
    while (index < poisons->count && !is(&poisons->all[index].id, id))
        index++;
    return index;
}

void mr_poison_free(struct mr_poison *poison)
{
    free(poison->names);
    free(poison->cause);
    *poison = (struct mr_poison){0};
}

static void take_out(struct mr_poisons *poisons, size_t index)
{
    struct mr_poison *at = &poisons->all[index];
    mr_poison_free(at);
    poisons->count--;
    memmove(at, at + 1, (poisons->count - index) * sizeof(*at));
}

static void name(struct mr_poison *poison, struct mr_bytes group, struct mr_bytes topic)
{
    poison->names = mr_alloc(group.length + topic.length + 2);
    memcpy(poison->names, group.data, group.length);
    memcpy(poison->names + group.length + 1, topic.data, topic.length);
    poison->id.group = poison->names;
    poison->id.topic = poison->names + group.length + 1;
}

static struct mr_poison *add(struct mr_poisons *poisons, const struct mr_message_id *id)
{
    if (poisons->count == MR_POISONS)
        take_out(poisons, 0);
    if (poisons->all == NULL)
        poisons->all = mr_alloc(MR_POISONS * sizeof(poisons->all[0]));
    struct mr_poison *poison = &poisons->all[poisons->count++];
    *poison = (struct mr_poison){.id = *id};
    name(poison, mr_bytes_of(id->group), mr_bytes_of(id->topic));
    return poison;
}

static struct mr_poison *note(struct mr_poisons *poisons, const struct mr_message_id *id,
                              const char *cause)
{
    size_t index = index_of(poisons, id);
    struct mr_poison *poison = index < poisons->count ? &poisons->all[index] : add(poisons, id);
    free(poison->cause);
    poison->cause = mr_strdup(cause);
    poison->until = 0;
    return poison;
}

const struct mr_poison *mr_poisons_note(struct mr_poisons *poisons, const struct mr_message_id *id,
                                        const char *cause)
{
    struct mr_poison *poison = note(poisons, id, cause);
    poison->deaths++;
    return poison;
}

void mr_poisons_learn(struct mr_poisons *poisons, const struct mr_poison *poison)
{
    note(poisons, &poison->id, poison->cause)->deaths = poison->deaths;
}

const struct mr_poison *mr_poisons_find(const struct mr_poisons *poisons,
                                        const struct mr_message_id *id)
{
    size_t index = index_of(poisons, id);
    return index < poisons->count ? &poisons->all[index] : NULL;
}

const struct mr_poison *mr_poisons_in(const struct mr_poisons *poisons, const char *group,
                                      const char *topic, int32_t partition)
{
    for (size_t i = 0; i < poisons->count; i++) {
        const struct mr_message_id *id = &poisons->all[i].id;
        if (id->partition == partition && strcmp(id->topic, topic) == 0 &&
            strcmp(id->group, group) == 0)
            return &poisons->all[i];
    }
    return NULL;
}

void mr_poisons_forget(struct mr_poisons *poisons, const struct mr_poison *poison)
{
    take_out(poisons, (size_t)(poison - poisons->all));
}

bool mr_poisons_done(struct mr_poisons *poisons, const struct mr_message_id *id, uint64_t now)
{
    size_t index = index_of(poisons, id);
    if (index == poisons->count)
        return false;
    poisons->all[index].until = now + MR_POISON_KEPT;
    return true;
}

void mr_poisons_tidy(struct mr_poisons *poisons, uint64_t now)
{
    for (size_t index = poisons->count; index-- > 0;)
        if (poisons->all[index].until != 0 && poisons->all[index].until <= now)
            take_out(poisons, index);
}

void mr_poisons_free(struct mr_poisons *poisons)
{
    while (poisons->count > 0)
        take_out(poisons, poisons->count - 1);
    free(poisons->all);
    *poisons = (struct mr_poisons){0};
}

void mr_poison_encode(const struct mr_poison *poison, struct mr_buf *out)
{
    const struct mr_message_id *id = &poison->id;
    mr_buf_put_bytes(out, id->group, strlen(id->group));
    mr_buf_put_bytes(out, id->topic, strlen(id->topic));
    mr_buf_put_u64(out, (uint64_t)id->partition);
    mr_buf_put_u64(out, (uint64_t)id->offset);
    mr_buf_put_u64(out, poison->deaths);
    mr_buf_put_bytes(out, poison->cause, strlen(poison->cause));
}

bool mr_poison_decode(struct mr_bytes bytes, struct mr_poison *poison)
{
    struct mr_reader reader = {bytes.data, bytes.data + bytes.length, false};
    struct mr_bytes group = mr_reader_bytes(&reader), topic = mr_reader_bytes(&reader);
    *poison = (struct mr_poison){0};
    poison->id.partition = (int32_t)mr_reader_u64(&reader);
    poison->id.offset = (int64_t)mr_reader_u64(&reader);
    poison->deaths = (size_t)mr_reader_u64(&reader);
    struct mr_bytes cause = mr_reader_bytes(&reader);
    if (reader.failed || reader.at != reader.end)
        return false;
    name(poison, group, topic);
    poison->cause = mr_strndup(cause.data, cause.length);
    return true;
}
