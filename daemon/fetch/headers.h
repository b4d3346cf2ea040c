/*
 * The reply headers that matter here, read line by line as they come, within LIMIT_HEADERS bytes of
 * one request and LIMIT_HEADER_VALUE of one value. A value that is longer is as good as absent:
 * half a validator would never match. Freshness follows RFC 9111, 4.2; Retry-After follows
 * RFC 9110, 10.2.3.
 */
#ifndef DATELINE_HEADERS_H
#define DATELINE_HEADERS_H

#include "limits.h"
#include "str.h"

#include <stdint.h>

#define HEADERS_CHARSET 64

struct headers {
    /* of this reply; "" when absent */
    char etag[LIMIT_HEADER_VALUE + 1], last_modified[LIMIT_HEADER_VALUE + 1]; /* verbatim */
    char content_type[LIMIT_HEADER_VALUE + 1];     /* "text/html", lower case */
    char charset[HEADERS_CHARSET + 1];             /* its parameter */
    char content_encoding[LIMIT_HEADER_VALUE + 1]; /* lower case */
    char location[LIMIT_URL + 1];
    bool location_too_long, transfer_coded; /* a Transfer-Encoding other than chunked */
    /* inside */
    int64_t max_age_s, age_s, retry_after_s; /* -1 absent */
    /* Seconds since 1970, -1 absent. Expires that is no date is 0: long ago. */
    int64_t expires_s, date_s, retry_at_s;
    bool no_cache, ended;
    size_t bytes; /* of all lines, interim replies and trailers too */
};

void headers_init(struct headers *h);
/* One line with its line end, as it came. A status line begins a new reply, what follows the blank
 * line is counted and not read. 0; -EMSGSIZE over LIMIT_HEADERS. */
int headers_line(struct headers *h, struct str line);
/* For how long the reply stays fresh, 0 when it does not say or is stale. now: wall time. */
int64_t headers_fresh_us(const struct headers *h, int64_t now_us);
/* Clamped to LIMIT_RETRY_AFTER_S, 0 when absent or past. */
int64_t headers_retry_after_us(const struct headers *h, int64_t now_us);
/* No control bytes: fit to be sent as a header's value, or kept. */
bool headers_value_ok(struct str value);

#endif
