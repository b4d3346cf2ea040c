/*
 * What brings items in, a poll, a file or a batch that was handed in, as far as its items need to know;
 * and their way into the queue, which is the same for all of them (accept.c). Inside the pipeline only.
 */
#ifndef DATELINE_PIPELINE_CARRIER_H
#define DATELINE_PIPELINE_CARRIER_H

#include "inside.h"

#define CARRIER_EMPTY "nothing to read in it" /* a `why` */

struct carrier { /* texts are lent */
    struct pipeline *pipeline;
    struct source *source;
    int64_t fetched_at;
    const char *title;   /* of the feed, as it says itself; NULL: as its source knows it */
    const char *url;     /* of the file or document, for items without a link; NULL none */
    bool stands_for_url; /* whoever asks for `url` is shown the last item of it */
    enum dispatch_lane lane;
    uint32_t fresh, known, refused; /* out: counted up */
    const char *why;                /* out: the last one was refused, why */
};

/* The item is as whole as it gets: found known, refused, or queued into the batch. */
void carrier_accept(struct carrier *carrier, struct batch *batch, const struct item *item,
                    const struct link_identity *identity);
/* The same of an item whose page nobody asks for: it is identified first. */
void carrier_take(struct carrier *carrier, struct batch *batch, const struct item *item);
/* Counts one that was known already. */
void carrier_known(struct pipeline *pipeline);

#endif
