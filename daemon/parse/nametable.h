/* Looking up names of elements and attributes, whatever case they are written in. A document has thousands,
 * most of them in no table, so eight bytes are compared at once. */
#ifndef DATELINE_NAMETABLE_H
#define DATELINE_NAMETABLE_H

#include "str.h"

#define NAMETABLE_MOST    128
#define NAMETABLE_LETTERS 26

/* The rows stand in an array of the caller's, sorted by their names, and each begins with its `struct str`,
 * which is in lower case and begins with a letter. What is behind `count` is filled at the first
 * look; a table that nobody has looked at has zeros there. */
struct nametable {
    const void *rows;
    size_t size, count; /* of a row in bytes, rows */

    uint64_t keys[NAMETABLE_MOST];
    uint8_t first[NAMETABLE_LETTERS + 1]; /* of a letter's rows */
    bool ready;
};

/* The row's number, or -1. */
int nametable_find(struct nametable *table, struct str name);

#endif
