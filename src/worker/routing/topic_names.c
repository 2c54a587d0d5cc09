#include "worker/routing/topic_names.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/panic.h"
#include "base/topic.h"

static const char retry_template[] = "{topic}-retry";
static const char response_template[] = "{base}-responses";

/* A template is read piece by piece: a placeholder, or a character that stands for itself. */
enum kind { KIND_LETTER, KIND_TOPIC, KIND_BASE };

struct piece {
    enum kind kind;
    size_t length; /* in the template */
};

static struct piece piece_at(struct mr_bytes template, size_t at)
{
    static const struct {
        enum kind kind;
        struct mr_bytes text;
    } placeholders[] = {{KIND_TOPIC, {"{topic}", 7}}, {KIND_BASE, {"{base}", 6}}};
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        struct mr_bytes text = placeholders[i].text;
        if (template.length - at >= text.length &&
            memcmp(template.data + at, text.data, text.length) == 0)
            return (struct piece){placeholders[i].kind, text.length};
    }
    return (struct piece){KIND_LETTER, 1};
}

static const char commands[] = "-commands";
enum { COMMANDS = sizeof(commands) - 1 };

static size_t base_length(const char *topic)
{
    size_t length = strlen(topic);
    bool ends = length > COMMANDS && strcmp(topic + length - COMMANDS, commands) == 0;
    return ends ? length - COMMANDS : length;
}

static struct mr_bytes filling(struct piece piece, const char *at, const char *topic)
{
    switch (piece.kind) {
    case KIND_LETTER:
        return (struct mr_bytes){at, 1};
    case KIND_TOPIC:
        return (struct mr_bytes){topic, strlen(topic)};
    case KIND_BASE:
        return (struct mr_bytes){topic, base_length(topic)};
    }
    MR_UNREACHABLE("a kind of piece that is none");
}

static bool fill(const char *template, const char *topic, char to[MR_TOPIC_ROOM])
{
    struct mr_bytes whole = {template, strlen(template)};
    struct mr_buf name = {0};
    for (size_t at = 0; at < whole.length;) {
        struct piece piece = piece_at(whole, at);
        struct mr_bytes text = filling(piece, whole.data + at, topic);
        mr_buf_append(&name, text.data, text.length);
        at += piece.length;
    }
    bool legal = mr_topic_legal(mr_bytes_of(mr_buf_text(&name)));
    snprintf(to, MR_TOPIC_ROOM, "%s", legal ? mr_buf_text(&name) : "");
    mr_buf_free(&name);
    return legal;
}

bool mr_topic_dead_letter(const char *template, const char *topic, char to[MR_TOPIC_ROOM])
{
    return fill(template, topic, to);
}

bool mr_topic_retry(const char *topic, char to[MR_TOPIC_ROOM])
{
    return fill(retry_template, topic, to);
}

bool mr_topic_response(const char *topic, char to[MR_TOPIC_ROOM])
{
    return fill(response_template, topic, to);
}

struct shape {
    size_t letters, topics, bases; /* counts */
    size_t first;                  /* offset of the first placeholder */
};

static struct shape shape_of(const char *template)
{
    struct mr_bytes whole = {template, strlen(template)};
    struct shape shape = {0};
    for (size_t at = 0; at < whole.length;) {
        struct piece piece = piece_at(whole, at);
        if (piece.kind == KIND_LETTER && shape.topics + shape.bases == 0)
            shape.first++;
        shape.letters += piece.kind == KIND_LETTER;
        shape.topics += piece.kind == KIND_TOPIC;
        shape.bases += piece.kind == KIND_BASE;
        at += piece.length;
    }
    return shape;
}

/* Returns the length of the base that fills the template to `length` characters, if the topic is
 * that base and `suffix` more characters. Returns 0 if there is none. */
static size_t base_that_fills(const struct shape *shape, size_t length, size_t suffix)
{
    size_t fixed = shape->letters + shape->topics * suffix;
    size_t places = shape->topics + shape->bases;
    return places == 0 || length <= fixed || (length - fixed) % places != 0
               ? 0
               : (length - fixed) / places;
}

/* Reverses fill(): writes the topic, ending in `suffix`, from which the template makes `topic`. The
 * base has the same length in each place, so its length follows from the whole. Filling the
 * template again shows if the result is right. */
static bool unfill(const char *template, const char *topic, const char *suffix,
                   char from[MR_TOPIC_ROOM])
{
    char again[MR_TOPIC_ROOM];
    struct shape shape = shape_of(template);
    size_t length = base_that_fills(&shape, strlen(topic), strlen(suffix));
    if (length == 0 || length + strlen(suffix) >= MR_TOPIC_ROOM ||
        shape.first + length > strlen(topic))
        return false;
    snprintf(from, MR_TOPIC_ROOM, "%.*s%s", (int)length, topic + shape.first, suffix);
    return base_length(from) == length && fill(template, from, again) && strcmp(again, topic) == 0;
}

size_t mr_topic_dead_letter_of(const char *template, const char *topic,
                               char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM])
{
    size_t count = 0;
    count += unfill(template, topic, "", from[count]);
    count += unfill(template, topic, commands, from[count]);
    return count;
}

size_t mr_topic_retry_of(const char *topic, char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM])
{
    return mr_topic_dead_letter_of(retry_template, topic, from);
}

size_t mr_topic_response_of(const char *topic, char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM])
{
    return mr_topic_dead_letter_of(response_template, topic, from);
}

bool mr_topic_template_is_constant(const char *template)
{
    struct shape shape = shape_of(template);
    return shape.topics + shape.bases == 0;
}
