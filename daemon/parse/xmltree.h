/*
 * XML as a tree, for formats whose meaning hangs on where an element stands (NITF, NewsML-G2): a feed is
 * read while it streams by (xmlfeed.h), a news item is small and its parts refer to each other.
 *
 * Read by xmlscan.h, so with its limits and refusals: a DOCTYPE and its entities are passed over, and nothing is
 * ever loaded from anywhere.
 */
#ifndef DATELINE_XMLTREE_H
#define DATELINE_XMLTREE_H

#include "arena.h"
#include "str.h"

struct xmlnode {
    struct str name;              /* without prefix; empty: characters */
    uint32_t parent, first, next; /* 0: none, the root is nobody's child */
    uint32_t attributes, attribute_count;
    size_t at, len; /* characters, in `texts` */
};

struct xmlattribute {
    struct str name; /* "lang" for xml:lang */
    size_t at, len;  /* in `texts` */
};

struct xmltree {
    struct xmlnode *nodes; /* 0 is a root around all that there is */
    size_t count, cap;
    struct xmlattribute *attributes;
    size_t attribute_count, attribute_cap;
    struct buf texts;
    struct arena names;
};

/* text is valid UTF-8 without NUL. 0; -EMSGSIZE past LIMIT_XML_NODES. *tree is to be freed either way. */
int xmltree_read(struct str text, struct xmltree *tree);
void xmltree_done(struct xmltree *tree);

/* The first child of that name, or the next sibling of that name behind `node`; 0 none. An element's name
 * counts with its case, as in every vocabulary that is read so. */
uint32_t xmltree_child(const struct xmltree *tree, uint32_t node, const char *name);
uint32_t xmltree_next(const struct xmltree *tree, uint32_t node, const char *name);
/* "head/docdata/doc-id": the first of each; 0 when one is missing. */
uint32_t xmltree_find(const struct xmltree *tree, uint32_t node, const char *path);
/* The next node of the subtree of `top` in the order of the text, 0 behind the last one. */
uint32_t xmltree_walk(const struct xmltree *tree, uint32_t top, uint32_t node);
/* The same without what stands in `node`. */
uint32_t xmltree_skip(const struct xmltree *tree, uint32_t top, uint32_t node);
/* Lent by the tree; empty when there is none, and for node 0. */
struct str xmltree_attribute(const struct xmltree *tree, uint32_t node, const char *name);
/* Of a node that is characters. */
struct str xmltree_characters(const struct xmltree *tree, uint32_t node);
/* Appends all characters below the node, white space squashed to one line. */
void xmltree_line(const struct xmltree *tree, uint32_t node, struct buf *out);

#endif
