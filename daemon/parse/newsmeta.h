/*
 * Fields of an item by where they stand in a tree: what NITF and NewsML-G2 say in one place and one text
 * each is a table of these.
 */
#ifndef DATELINE_NEWSMETA_H
#define DATELINE_NEWSMETA_H

#include "draft.h"
#include "xmltree.h"

struct newsmeta_place {
    const char *path;      /* "head/docdata/doc-id": its first occurrence */
    const char *attribute; /* NULL: its characters on one line */
    enum item_field field;
    unsigned rank; /* as draft_set() */
};

void newsmeta_fill(const struct xmltree *tree, uint32_t top, const struct newsmeta_place *places,
                   size_t count, struct draft *to);
/* The characters of the node, on one line. */
void newsmeta_line(const struct xmltree *tree, uint32_t node, enum item_field field, unsigned rank,
                   struct draft *to);
/* One more author, without the "By" in front. */
void newsmeta_author(const struct xmltree *tree, uint32_t node, unsigned rank, struct draft *to);
void newsmeta_keyword(const struct xmltree *tree, uint32_t node, struct draft *to);
/* A guid that is a web address is the link too. */
void newsmeta_guid(struct str guid, struct str base, struct draft *to);

#endif
