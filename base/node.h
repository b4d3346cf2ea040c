/*
 * A YAML document as a tree in which everything knows its line: the event pass over libyaml. What a
 * configuration does not need is refused, so that nothing can grow beyond the file itself: aliases
 * and anchors, tags, a second document, names that are not text, control characters.
 *
 * Nodes belong to the tree; node_free() of the root ends all of it.
 */
#ifndef DATELINE_NODE_H
#define DATELINE_NODE_H

#include "str.h"

#include <stdbool.h>

enum node_type { NODE_TEXT, NODE_MAP, NODE_LIST };

struct node {
    enum node_type type;
    unsigned line;   /* from 1: where it, or its name, stands */
    bool plain;      /* TEXT without quotes: it may stand for "nothing" */
    struct str key;  /* its name when it stands in a map, NUL-terminated */
    struct str text; /* TEXT, NUL-terminated */
    struct node *parent, *first, *last, *next;
    char bytes[]; /* of key and text */
};

#define NODE_WHY 256 /* bytes of a reason, NUL included */

/* 0; -EINVAL not what is said above, -EMSGSIZE over a limit: `why` says what, *line_out where. An empty
 * document gives an empty map. */
int node_parse(struct str text, struct node **out, char why[NODE_WHY], unsigned *line_out);
void node_free(struct node *node);

/* An empty value, ~ or null. */
bool node_is_nothing(const struct node *node);
/* By name in a map; NULL when there is none, or when `map` is NULL or no map. */
const struct node *node_find(const struct node *map, const char *key);
/* "sources[0].every". Names are made harmless. Appends. */
void node_path(const struct node *node, struct buf *out);

#endif
