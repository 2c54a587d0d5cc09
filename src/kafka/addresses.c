#include "kafka/addresses.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 64, HOST = 256 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct address {
    int32_t broker;
    char host[HOST];
    int port;
    bool connected;
} addresses[MOST];
static size_t count;

static struct address *find(int32_t broker)
{
    for (size_t i = 0; i < count; i++)
        if (addresses[i].broker == broker)
            return &addresses[i];
    return count < MOST ? &addresses[count++] : NULL;
}

void mr_addresses_note(int32_t broker, const char *host, int port, bool connected)
{
    pthread_mutex_lock(&lock);
    struct address *address = find(broker);
    if (address != NULL) {
        *address = (struct address){.broker = broker, .port = port, .connected = connected};
        snprintf(address->host, sizeof(address->host), "%s", host);
    }
    pthread_mutex_unlock(&lock);
}

static int write_address(char *text, size_t size, const struct address *address, bool first)
{
    bool six = strchr(address->host, ':') != NULL;
    return snprintf(text, size, "%s%s%s%s:%d", first ? "" : ", ", six ? "[" : "", address->host,
                    six ? "]" : "", address->port);
}

void mr_addresses_unreached(char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count && length < size; i++)
        if (!addresses[i].connected)
            length +=
                (size_t)write_address(text + length, size - length, &addresses[i], length == 0);
    pthread_mutex_unlock(&lock);
}
