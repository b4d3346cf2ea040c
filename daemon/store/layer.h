/*
 * A layer: rows that are in the journal and not in the database yet, found by key. Reads look at the layers
 * first, the newest before the others, and then at the database (read.c, walk.c); one after the other
 * layers are frozen and written to the database (apply.c).
 *
 *     commit ──► newest layer ──► frozen layer ──► … ──► database
 *                (loop adds)      (nobody adds)
 *
 * A row that is put and dropped inside one layer has never been in the database and leaves nothing behind. That is
 * how most items of the queue go, and what the layers are for. It may be said only of families whose rows are
 * put where nothing is, the queue's; and not when a journal is read again (`again`), because the
 * database may already hold some of what follows from it.
 *
 * Adding is the loop's. A frozen layer is read by two threads and changed by none. It is shared: whoever
 * holds a reference keeps the bytes that it lent.
 */
#ifndef DATELINE_STORE_LAYER_H
#define DATELINE_STORE_LAYER_H

#include "families.h"
#include "rows.h"

#include <stdbool.h>

struct layer;

struct layer *layer_new(bool again);
struct layer *layer_ref(struct layer *layer);
void layer_unref(struct layer *layer); /* NULL is fine */

/* Takes the bytes of `rows` and leaves it empty. -EBADMSG: no rows, or not all of it. */
int layer_add(struct layer *layer, struct buf *rows);
/* Bytes that it takes: of all rows that were added, those that have left again included, and of finding them. */
size_t layer_weight(const struct layer *layer);

enum layer_found {
    LAYER_NOTHING, /* look below */
    LAYER_PUT,
    LAYER_DROPPED
};
enum layer_found layer_find(const struct layer *layer, enum family family, struct str key,
                            struct str *out_value);

/* Keys smaller than this are dropped, in this layer and below; empty: none are. */
struct str layer_dropped_before(const struct layer *layer, enum family family);

struct layer_row {
    struct str key, value; /* value.at == NULL: dropped */
};
/* The rows of a family from a key on, in order of keys; *out on the heap, lent by the layer. */
size_t layer_rows(const struct layer *layer, enum family family, struct str from,
                  struct layer_row **out);

/* The smallest and largest id put into the queue and left there; false: none. */
bool layer_queued(const struct layer *layer, struct str *out_first, struct str *out_last);

#endif
