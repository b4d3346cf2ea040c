/* Builds the tree of an HTML page from its tags and texts, in the order they come: which elements a tag
 * ends, and how deep things may lie. See html.h for what is promised. */
#ifndef DATELINE_HTMLTREE_H
#define DATELINE_HTMLTREE_H

#include "html.h"

struct open;

struct htmltree {
    struct html *html;
    struct open *stack; /* stack[0] is the document */
    size_t stack_cap;
    size_t depth, flat;            /* flat: open elements that were not nested, see (1) */
    bool full;                     /* see (4) */
    uint32_t open[HTML_TAG_COUNT]; /* how many of each stand on the stack: most searches end here */
};

/* html is empty; page_len: the page's, so that there is room. */
void htmltree_init(struct htmltree *t, size_t page_len, struct html *html);
void htmltree_done(struct htmltree *t); /* the tree in html is whole, and stays */

/* A node without content below the innermost open element; its index. */
size_t htmltree_add(struct htmltree *t, enum html_tag tag);
/* text with its references; nothing is added when it is empty. */
void htmltree_text(struct htmltree *t, struct str text);
/* Ends what a start tag of `tag` ends. */
void htmltree_imply_ends(struct htmltree *t, enum html_tag tag);
/* What comes now belongs to `node`. name: the tag's, as long as the tree is built. */
void htmltree_open(struct htmltree *t, size_t node, enum html_tag tag, struct str name);
void htmltree_end_tag(struct htmltree *t, enum html_tag tag, struct str name);

#endif
