/*
 * Where a request goes: a URL taken apart by libcurl's URL API, so that what we check is what curl
 * will do. The host is ASCII (IDNA done), numeric forms such as 0x7f.1 are plain addresses, there
 * is no fragment.
 */
#ifndef DATELINE_TARGET_H
#define DATELINE_TARGET_H

#include "str.h"

#include <sys/socket.h>

struct target {
    char *url, *host; /* host: without the brackets of an IPv6 address */
    uint16_t port;
    bool literal; /* the host is an address: */
    struct sockaddr_storage address;
};

/* 0; -EINVAL no URL, -EPROTONOSUPPORT neither http nor https, -EMSGSIZE over LIMIT_URL. */
int target_init(struct target *target, const char *url);
/* `reference` as a Location header has it, relative to `base`. The same errors. */
int target_follow(struct target *target, const struct target *base, const char *reference);
void target_done(struct target *target); /* twice is fine */

#endif
