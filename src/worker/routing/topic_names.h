/* Names the topics beside a topic: for its dead letters, for its retries, and for answers to
 * requests on it. Only names: such a topic need not exist. */
#ifndef MR_WORKER_ROUTING_TOPIC_NAMES_H
#define MR_WORKER_ROUTING_TOPIC_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { MR_TOPIC_ROOM = 250 }; /* the longest name that Kafka takes, and its NUL */

/* Each of the next three functions writes the name and returns true. If Kafka does not take the
 * name, it writes "" and returns false: a name near Kafka's limit of 249 characters has no room for
 * more. */

/* Fills a template (policy.dlq.topic): {topic} is the topic, {base} the topic without a trailing
 * "-commands". */
bool mr_topic_dead_letter(const char *template, const char *topic, char to[MR_TOPIC_ROOM]);
bool mr_topic_retry(const char *topic, char to[MR_TOPIC_ROOM]); /* x-retry */
/* Writes x-responses, for x-commands as for any other x. */
bool mr_topic_response(const char *topic, char to[MR_TOPIC_ROOM]);

/* The reverse: the topics whose dead letters, retries or answers belong to `topic`. Each function
 * writes at most two (x and x-commands) and returns how many. A template without {topic} and {base}
 * is one topic for all dead letters: no origin follows from it, so the result is 0. */
enum { MR_TOPIC_ORIGINS = 2 };
size_t mr_topic_dead_letter_of(const char *template, const char *topic,
                               char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM]);
size_t mr_topic_retry_of(const char *topic, char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM]);
size_t mr_topic_response_of(const char *topic, char from[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM]);
bool mr_topic_template_is_constant(const char *template);

#endif
