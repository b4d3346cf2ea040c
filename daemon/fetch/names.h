/*
 * Names to addresses: c-ares on the loop, /etc/hosts first, both families. libcurl of Debian 12
 * would use threads that can hold up the removal of a transfer.
 *
 * /etc/resolv.conf is read again when it has changed: a daemon started before the network is up
 * must not ask 127.0.0.1 for ever.
 */
#ifndef DATELINE_NAMES_H
#define DATELINE_NAMES_H

#include "limits.h"

#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>

struct names;
struct names_query;

union names_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

struct names_answer {
    int error; /* 0, -ENOENT no such name or no address, -ETIMEDOUT, -EIO the name servers fail */
    const char *words; /* what went wrong */
    unsigned count;    /* addresses, with the port that was asked for; IPv6 before IPv4 */
    union names_address at[LIMIT_ADDRESSES];
};

int names_open(struct ev_loop *loop, struct names **out); /* 0, -EIO */
/* Queries under way end without a call. NULL is fine. */
void names_close(struct names *names);
/* on_answer is called once, perhaps before this returns (which then gives NULL), and not after
 * names_drop(). The query ends with it. */
struct names_query *names_ask(struct names *names, const char *host, uint16_t port,
                              void (*on_answer)(void *ctx, const struct names_answer *answer),
                              void *ctx);
void names_drop(struct names_query *query);

#endif
