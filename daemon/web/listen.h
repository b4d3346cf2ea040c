/* Where the web side listens, and which Host a request to it may name. Inside the web room only. */
#ifndef DATELINE_LISTEN_H
#define DATELINE_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>

#include "str.h"

union listen_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

#define LISTEN_TEXT 64

/* "127.0.0.1:8470", "[::1]:8470". 0 or -EINVAL. */
int listen_parse(const char *text, union listen_address *out);
/* A listening, non-blocking socket; *address becomes what it is bound to (port 0: any free one). */
int listen_open(union listen_address *address, int *fd_out);
/* "127.0.0.1:8470" */
void listen_text(const union listen_address *address, char out[LISTEN_TEXT]);

/*
 * Against DNS rebinding, where a page of elsewhere makes its own name resolve to this host and
 * reads us as its own origin: a request must name localhost, a loopback address or the address that
 * is bound. Any address will do where all are bound: a rebound name is never a number.
 */
bool listen_is_our_host(const union listen_address *address, struct str host);

#endif
