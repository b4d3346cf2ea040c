/*
 * JSON (RFC 8259) read whole into one array of nodes: two allocations a document however many values
 * it has, a fifth of the time of a tree of objects. For what is read by the thousand a second; for
 * everything else there is jansson. Strings without escapes lie in the text itself.
 *
 *     struct jsontree tree = JSONTREE_NONE;
 *     if (jsontree_read(&tree, line) == 0)
 *         uri = jsonnode_text(jsonnode_get(tree.nodes, "uri"));
 *     jsontree_done(&tree);
 *
 * The text is valid UTF-8 already. As jansson does: a string with a NUL or half of a surrogate pair in
 * it is refused; of members with one name the last counts.
 */
#ifndef DATELINE_JSONTREE_H
#define DATELINE_JSONTREE_H

#include "str.h"

#include <stdint.h>

enum jsonnode_kind { NODE_NULL, NODE_BOOL, NODE_NUMBER, NODE_TEXT, NODE_LIST, NODE_MEMBERS };

struct jsonnode {
    struct str name; /* of a member */
    struct str text; /* TEXT: decoded; NUMBER, BOOL: as it stands */
    uint32_t kind;   /* enum jsonnode_kind */
    uint32_t count;  /* of LIST and MEMBERS: entries */
    uint32_t next;   /* how many nodes on its next sibling stands, 0 none; children follow a node */
};

struct jsontree {
    struct jsonnode *nodes; /* the first is the root; lent until the next read */
    /* inside */
    size_t count, room;
    struct buf decoded;
};
#define JSONTREE_NONE ((struct jsontree){0})

/* 0; -EBADMSG no JSON text, -EMSGSIZE more than LIMIT_JSON_DEPTH levels or LIMIT_JSON_NODES values. The
 * nodes point into the text and into the tree. A tree may be read into again and again. */
int jsontree_read(struct jsontree *tree, struct str text);
void jsontree_done(struct jsontree *tree);

/* All of these take NULL, which is what they give when there is nothing. */
const struct jsonnode *jsonnode_get(const struct jsonnode *members, const char *name);
const struct jsonnode *jsonnode_first(const struct jsonnode *list); /* or the first member */
const struct jsonnode *jsonnode_next(const struct jsonnode *node);
struct str jsonnode_text(const struct jsonnode *node); /* of a TEXT, else STR_NONE */
/* The whole number a NUMBER is, 0 when it is something else, has a fraction or does not fit. */
int64_t jsonnode_int(const struct jsonnode *node);

#endif
