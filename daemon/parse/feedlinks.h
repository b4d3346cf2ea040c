/*
 * The feeds a page leads to: what it declares (link rel="alternate" or rel="feed" with a feed's type, wherever it
 * stands), then links that are called RSS, Atom or feed, or whose address is. The site's own first, feeds of
 * comments last; RSS, Atom and JSON Feed are as good as each other.
 */
#ifndef DATELINE_FEEDLINKS_H
#define DATELINE_FEEDLINKS_H

#include "html.h"

/* Appends the addresses, one a line, absolute, each once, at most LIMIT_FEED_LINKS. */
void feedlinks_find(const struct html *html, struct str base, struct buf *out);
/* What relative addresses of the page start from: its base element, else where it came from. */
struct str feedlinks_base(struct html *html, struct str url);

#endif
