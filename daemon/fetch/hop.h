/*
 * One request on the wire and what came of it: libcurl's settings, caps counted in its callbacks,
 * and its codes turned into our classes. Redirects are not followed here.
 */
#ifndef DATELINE_HOP_H
#define DATELINE_HOP_H

#include "fetch.h"
#include "headers.h"
#include "names.h"
#include "target.h"

#include <curl/curl.h>

struct hop {
    CURL *easy;
    struct headers headers;
    struct buf body; /* of a 2xx reply */
    size_t received; /* bytes of the body, kept or not */
    int status;
    /* inside */
    struct curl_slist *resolve, *send;
    size_t max_body;
    bool allow_private, conditional;
    bool blocked, headers_too_large, too_large, enough; /* why a callback ended it */
    char error[CURL_ERROR_SIZE];
};

struct hop_options {
    const struct target *target;
    const struct names_answer *names; /* checked addresses; not used for a literal one */
    const char *user_agent, *accept, *etag, *last_modified;
    size_t max_body;
    int64_t timeout_us;
    bool allow_private;
    void *private; /* CURLOPT_PRIVATE */
};

struct hop *hop_new(const struct hop_options *options);
void hop_free(struct hop *hop); /* off the multi. NULL is fine */
/* What the ended hop amounts to; redirects are FETCH_REDIRECTS with a status. `error_out` is lent,
 * one line, "" when all is well. */
enum fetch_class hop_result(struct hop *hop, CURLcode code, const char **error_out);
bool hop_is_redirect(const struct hop *hop);

#endif
