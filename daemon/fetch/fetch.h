/*
 * Fetching: curl multi on the loop. One request in, one reply out, redirects followed here hop by
 * hop, every name resolved by c-ares on the loop, every address checked by guard.c before and at
 * the socket. Politeness between requests to one host (connections at once, spacing, Retry-After)
 * is kept in host.c; how often a source is asked is the source room's business.
 *
 * Bodies are handed on as they were sent, perhaps compressed: they are opened in the parser child.
 */
#ifndef DATELINE_FETCH_H
#define DATELINE_FETCH_H

#include "str.h"

#include <ev.h>
#include <stdint.h>

struct fetch;
struct fetch_job;

/* How a request ended. */
enum fetch_class {
    FETCH_OK, /* 2xx, or 304 to a conditional one */
    FETCH_DNS,
    FETCH_CONNECT,
    FETCH_TLS,
    FETCH_TIMEOUT,
    FETCH_HTTP4XX,
    FETCH_HTTP429, /* or not asked, with status 0: the host's earlier Retry-After still runs */
    FETCH_HTTP5XX,
    FETCH_GONE, /* 410 */
    FETCH_TOO_LARGE,
    FETCH_BLOCKED_ADDRESS,
    FETCH_REDIRECTS, /* too many, or to something that is not http(s) */
    FETCH_PROTOCOL,  /* not HTTP, cut short, lying lengths */
    FETCH_CLASSES
};
const char *fetch_class_name(enum fetch_class class); /* "blocked-address" */

struct fetch_options {
    struct ev_loop *loop;
    const char *user_agent;
    unsigned per_host;
    int64_t spacing_us, timeout_us;
    size_t max_body;
};

struct fetch_request {
    const char *url;
    const char *etag, *last_modified; /* verbatim, or NULL */
    const char *accept;               /* NULL: feeds first */
    bool allow_private;
};

struct fetch_reply {
    enum fetch_class class;
    int status;        /* of the last hop, 0 none */
    const char *error; /* one line in plain words, "" on success */
    struct buf *body;  /* lent; may be taken by swapping it with an empty one */
    const char *url;   /* of the last hop */
    const char *moved; /* target of an unbroken chain of 301/308 from the first hop, or NULL */
    const char *content_type, *charset, *content_encoding, *etag,
        *last_modified;         /* "" when absent */
    int64_t fresh_us;           /* freshness by Cache-Control/Expires less Age, 0 none */
    int64_t retry_after_us;     /* clamped, 0 none */
    int64_t waited_us, took_us; /* in the host's line; on the wire */
    bool not_modified;
};

int fetch_open(const struct fetch_options *options, struct fetch **out);
/* Requests under way are dropped without a call. */
void fetch_close(struct fetch *fetch);
/* Strings are copied. on_reply comes later, from the loop, once. NULL is returned for a URL that is
 * not http(s) or too long. */
struct fetch_job *fetch_start(struct fetch *fetch, const struct fetch_request *request,
                              void (*on_reply)(void *ctx, const struct fetch_reply *reply),
                              void *ctx);
void fetch_cancel(struct fetch_job *job);

struct fetch_counts {
    uint64_t requests, bytes, outcome[FETCH_CLASSES];
    uint32_t waiting, active, hosts;
};
void fetch_counts(const struct fetch *fetch, struct fetch_counts *out);

#endif
