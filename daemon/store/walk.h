/*
 * Walking a family in order of keys: the layers and the database as one. Of a key that several have the newest
 * counts; what it drops is passed over. Rows that are committed during a walk may be met or not.
 */
#ifndef DATELINE_STORE_WALK_H
#define DATELINE_STORE_WALK_H

#include "inside.h"

#define WALK_LAYERS 4 /* GENERATIONS_MOST of apply.c, and one */

struct walk {
    struct store *store;
    enum family family;
    rocksdb_iterator_t *it;
    struct walk_layer {
        struct layer *layer;
        struct layer_row *rows;
        size_t count, at;
    } layers[WALK_LAYERS]; /* newest first */
    size_t layer_count;
    struct str key; /* of the row it stands at; .at NULL: at none */
    int in;         /* the layer it is of, or WALK_BELOW */
};
#define WALK_BELOW (-1)

/* Stands at the first key from `from` on, in the database from `below` on when that is more; false when the family
 * is not there. To be ended by walk_end() when true. */
bool walk_begin(struct walk *walk, struct store *store, enum family family, struct str from,
                struct str below, const rocksdb_readoptions_t *options);
bool walk_at(struct walk *walk, struct str *out_key, struct str *out_value);
void walk_next(struct walk *walk);
void walk_seek(struct walk *walk, struct str key);
/* `result` unless the walk ended by an error, which is logged: then -EIO. */
int walk_end(struct walk *walk, int result);

#endif
