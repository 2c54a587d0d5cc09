#include "master/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One cast per family: strict aliasing forbids reading one family's struct through the other's. */
static struct sockaddr_in *as_v4(struct mr_address *address)
{
    return (struct sockaddr_in *)(void *)&address->socket;
}
static struct sockaddr_in6 *as_v6(struct mr_address *address)
{
    return (struct sockaddr_in6 *)(void *)&address->socket;
}

static int parse_port(const char *text)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return -1;
    long port = strtol(text, &end, 10);
    return *end != '\0' || port > 65535 ? -1 : (int)port;
}

/* Splits `text` at its last colon and drops the brackets of an IPv6 host. Returns false if the port
 * is invalid, if the host does not fit, or if it has colons but no brackets. */
static bool split(const char *text, char *host, size_t size, int *port)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || (*port = parse_port(colon + 1)) < 0)
        return false;
    size_t length = (size_t)(colon - text);
    bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
    if (length >= size || (!bracketed && memchr(text, ':', length) != NULL))
        return false;
    snprintf(host, size, "%.*s", (int)(bracketed ? length - 2 : length), text + bracketed);
    return true;
}

int mr_address_parse(struct mr_address *address, const char *key, const char *text,
                     struct mr_errors *errors)
{
    char host[MR_ADDRESS_TEXT];
    int port;
    *address = (struct mr_address){0};
    if (split(text, host, sizeof(host), &port)) {
        const char *name = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
        if (inet_pton(AF_INET, name, &as_v4(address)->sin_addr) == 1) {
            as_v4(address)->sin_family = AF_INET;
            as_v4(address)->sin_port = htons((uint16_t)port);
            address->length = sizeof(struct sockaddr_in);
            return 0;
        }
        if (inet_pton(AF_INET6, name, &as_v6(address)->sin6_addr) == 1) {
            as_v6(address)->sin6_family = AF_INET6;
            as_v6(address)->sin6_port = htons((uint16_t)port);
            address->length = sizeof(struct sockaddr_in6);
            return 0;
        }
    }
    mr_errors_add(errors,
                  "%s: expected ADDRESS:PORT such as 127.0.0.1:8080, [::1]:8080 or localhost:8080, "
                  "got \"%s\"",
                  key, text);
    return -EINVAL;
}

int mr_address_port(const struct mr_address *address)
{
    struct mr_address copy = *address;
    return ntohs(copy.socket.ss_family == AF_INET6 ? as_v6(&copy)->sin6_port
                                                   : as_v4(&copy)->sin_port);
}

void mr_address_text(const struct mr_address *address, char text[MR_ADDRESS_TEXT])
{
    struct mr_address copy = *address;
    char host[INET6_ADDRSTRLEN] = "";
    bool is_v6 = copy.socket.ss_family == AF_INET6;
    if (is_v6)
        inet_ntop(AF_INET6, &as_v6(&copy)->sin6_addr, host, sizeof(host));
    else
        inet_ntop(AF_INET, &as_v4(&copy)->sin_addr, host, sizeof(host));
    snprintf(text, MR_ADDRESS_TEXT, is_v6 ? "[%s]:%d" : "%s:%d", host, mr_address_port(address));
}

void mr_address_reachable(struct mr_address *address)
{
    if (address->socket.ss_family == AF_INET) {
        if (as_v4(address)->sin_addr.s_addr == htonl(INADDR_ANY))
            as_v4(address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (IN6_IS_ADDR_UNSPECIFIED(&as_v6(address)->sin6_addr)) {
        as_v6(address)->sin6_addr = in6addr_loopback;
    }
}
