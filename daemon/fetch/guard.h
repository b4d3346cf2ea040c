/*
 * Which addresses may be reached. A URL from outside must not make the daemon ask machines that
 * only its own network can reach (server-side request forgery). The tables follow the IANA
 * special-purpose registries (RFC 6890) and name the forms of IPv6 that carry an IPv4 address
 * inside: what is carried is judged too.
 *
 * The guard is asked twice: for every address a name resolved to, and for every socket that is
 * opened.
 */
#ifndef DATELINE_GUARD_H
#define DATELINE_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

enum guard_verdict { /* the worse, the higher */
                     GUARD_OPEN,
                     GUARD_PRIVATE, /* only with allow_private */
                     GUARD_NEVER /* link-local, metadata services, multicast, what is no host at all
                                  */
};

/* `why_out`, unless NULL, is set to a few words of ours: "link-local". */
enum guard_verdict guard_look(const struct sockaddr *address, const char **why_out);
bool guard_allows(const struct sockaddr *address, bool allow_private);

#endif
