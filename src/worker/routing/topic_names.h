/* The topics beside a topic: where its dead letters go, where its retries wait, where answers to
 * requests on it come. Names alone; whether such a topic is there is another matter. */
#ifndef MR_WORKER_ROUTING_TOPIC_NAMES_H
#define MR_WORKER_ROUTING_TOPIC_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { MR_TOPIC_ROOM = 250 }; /* the longest name that Kafka takes, and its NUL */

/* Each writes the name and returns true; false, and "", where it is none that Kafka takes: a name
 * near Kafka's limit of 249 characters has no room for what is appended. */

/* By a template (policy.dlq.topic): {topic} is the topic, {base} the topic without a trailing
 * "-commands". */
bool mr_topic_dead_letter(const char *template, const char *topic, char to[MR_TOPIC_ROOM]);
bool mr_topic_retry(const char *topic, char to[MR_TOPIC_ROOM]); /* x-retry */
/* Of x-commands x-responses, of any other x x-responses. */
bool mr_topic_response(const char *topic, char to[MR_TOPIC_ROOM]);

/* The other way round: the topics whose dead letters, retries or answers belong to `topic`. Writes
 * them, of which there are two at most (x and x-commands), and returns how many there are. A
 * template without {topic} and {base} is one topic for the dead letters of all: there is no way
 * round, and 0. */
enum { MR_TOPIC_ORIGINS = 2 };
size_t mr_topic_dead_letter_of(const char *template, const char *topic,
                               char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM]);
size_t mr_topic_retry_of(const char *topic, char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM]);
size_t mr_topic_response_of(const char *topic, char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM]);
bool mr_topic_template_is_constant(const char *template);

#endif
