/*
 * The main text of an article page: which part of the tree is the story, and which of its blocks are.
 *
 * 1. weigh: every block's text and link text, summed up the tree; what its tag, class, id or role
 *    calls chrome is taken out, unless it holds half of the page's text.
 * 2. choose: from the top down, as long as one child holds nearly everything, or the largest element
 *    that says it is the article's body.
 * 3. write: the blocks below it in order, judged once more by their links, words and neighbours.
 *
 * Linear in the page. No rule names a site.
 */
#ifndef DATELINE_EXTRACT_H
#define DATELINE_EXTRACT_H

#include "html.h"

struct extract {
    struct buf body;      /* paragraphs separated by a blank line */
    struct buf captions;  /* one a line */
    struct buf copyright; /* the first legal line, or empty */
};

/* headline: as known from the metadata, is left out of the body; may be empty. *out is initialised. */
void extract_text(const struct html *html, struct str headline, struct extract *out);
void extract_done(struct extract *extract);

#endif
