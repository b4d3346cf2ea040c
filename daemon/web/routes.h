/* What the web side answers: a table of paths. Inside the web room only. */
#ifndef DATELINE_ROUTES_H
#define DATELINE_ROUTES_H

#include "str.h"
#include "web.h"

struct reply {
    unsigned status;
    const char *type;
    struct str body; /* lent until the next call */
    bool forever;    /* body is never freed or changed */
};

struct routes;

struct routes *routes_new(const struct web_options *options);
void routes_free(struct routes *routes);
/* `count` is the request's n=, NULL when not given. */
void routes_answer(struct routes *routes, struct str path, const char *count, struct reply *out);

#endif
