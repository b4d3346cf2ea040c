/*
 * Inside the extraction only: what is known of every node of a page. One array beside html.nodes.
 */
#ifndef DATELINE_WEIGH_H
#define DATELINE_WEIGH_H

#include "hints.h"

enum mark {
    MARK_DROPPED = 1,
    MARK_LINK = 2,  /* inside an <a> */
    MARK_STORY = 4, /* inside what calls itself the article or its text */
    MARK_CODE = 8,  /* inside <pre> */
    MARK_NAMED = 16 /* dropped for its name alone */
};

struct weight {
    uint32_t block;          /* the nearest block element, the node itself included */
    uint32_t text, links;    /* sizes of text, and of that inside links: of the subtree */
    uint32_t own, own_links; /* of the inline text that belongs to this block itself */
    float score;             /* running text of the subtree */
    uint8_t marks, hints;
};

/* How long a text is, in letters; a run of white space counts once. */
uint32_t weigh_size(struct str s);
/* One weight a node; the caller frees it. */
struct weight *weigh(const struct html *html);
/* The node whose subtree is the story. */
size_t weigh_choose(const struct html *html, const struct weight *weights);

#endif
