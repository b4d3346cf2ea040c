/*
 * The web side: libmicrohttpd driven by the loop. Read only here: a status page for people, the
 * same as JSON, /metrics for Prometheus, /healthz and /readyz for whoever restarts us.
 */
#ifndef DATELINE_WEB_H
#define DATELINE_WEB_H

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>

#include "str.h"

struct web;

/* The callbacks are asked at most twice a second each, however many look. */
struct web_options {
    struct ev_loop *loop;
    const char *listen;           /* "127.0.0.1:8470", "[::1]:8470"; port 0 is any free one */
    json_t *(*status)(void *ctx); /* the caller of it owns the answer */
    json_t *(*recent)(void *ctx, unsigned count); /* newest records, newest first */
    json_t *(*sources)(void *ctx); /* array of source_json(), or NULL: no /sources.json */
    /* /readyz: false with a line appended for each reason, "disk: 3 M are free, …" */
    bool (*ready)(void *ctx, struct buf *why_out);
    void *ctx;
};

/* 0, -EADDRINUSE, -EACCES, -EINVAL not an address. */
int web_open(const struct web_options *options, struct web **out);
void web_close(struct web *web);
/* "http://127.0.0.1:8470" as bound. */
const char *web_address(const struct web *web);

#endif
