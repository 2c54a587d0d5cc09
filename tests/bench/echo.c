/* The least that a round trip can take: a bare librdkafka loop that answers each request with its
 * own value. tools/bench rpc compares Moonroute with it.
 *
 * Usage: echo TOPIC NAME=VALUE...     (librdkafka properties; consumer's and producer's alike) Ends
 * at SIGTERM. */
#include "bare.h"

static void answer(void *data, const rd_kafka_message_t *message)
{
    bare_reply(data, message, message->payload, message->len);
}

int main(int argc, char **argv)
{
    struct bare bare;
    if (argc < 2)
        bare_die("usage", "echo TOPIC NAME=VALUE...");
    bare_open(&bare, argv[1], argc - 2, argv + 2);
    bare_serve(&bare, answer, &bare);
    bare_close(&bare);
    return 0;
}
