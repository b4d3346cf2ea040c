/*
 * The main text of an article page: which part of the tree is the story, and which of its blocks are.
 *
 * 1. weigh: every block's text and link text, summed up the tree; what its tag, class, id or role
 *    calls chrome is taken out, unless it, or what is named alike, holds half of the page's text.
 * 2. choose: from the top down, as long as one child holds nearly everything, or the largest element
 *    that says it is the article's body. Cards of other stories behind it go.
 * 3. read: the blocks below it in order, and those of the story between it and the headline.
 * 4. judge: each block by its links, words and neighbours; what is left is written.
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

/* What the page's metadata say; each may be empty. Headline and summary are left out of the body when
 * they stand above it; a body that is all there tells paragraphs of the story from others. */
struct extract_known {
    struct str headline, summary, body;
};

/* *out is initialised. */
void extract_text(const struct html *html, const struct extract_known *known, struct extract *out);
void extract_done(struct extract *extract);

#endif
