/*
 * The headline of an article page: the heading that a reader sees, checked against what the page's
 * metadata says, because pages have several <h1> and titles carry the site's name.
 */
#ifndef DATELINE_HEADLINE_H
#define DATELINE_HEADLINE_H

#include "metadata.h"

struct headline {
    struct str text; /* lives as long as the tree; empty when the page has nothing to offer */
    struct item_origin origin;
};

void headline_choose(struct metadata *metadata, struct headline *out);

#endif
