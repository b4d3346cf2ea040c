#include "layer.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "hash.h"
#include "keys.h"

#define CHUNK 1024 /* entries: one allocation, not a thousand */

struct entry {
    struct str key, value; /* value.at == NULL: dropped */
    bool below; /* an older row of this key may lie in a layer below or in the database */
    bool gone;  /* put and dropped again: not in the table any more */
    UT_hash_handle hh;
};

struct chunk {
    struct chunk *next;
    size_t used;
    struct entry entries[CHUNK];
};

struct shelf { /* a family's */
    struct entry *by_key;
    struct chunk *oldest, *newest; /* in the order of arrival */
    struct str before;
    bool unordered; /* some key came that is not greater than all before it */
    struct str last;
};

struct layer {
    atomic_uint refs;
    bool again;
    size_t bytes, entries;
    char **blocks; /* what entries point into */
    size_t block_count, block_room;
    struct shelf shelves[FAMILY_COUNT];
};

struct layer *layer_new(bool again)
{
    struct layer *layer = xcalloc(1, sizeof *layer);
    atomic_init(&layer->refs, 1);
    layer->again = again;
    return layer;
}

struct layer *layer_ref(struct layer *layer)
{
    atomic_fetch_add(&layer->refs, 1);
    return layer;
}

static void shelf_free(struct shelf *shelf)
{
    HASH_CLEAR(hh, shelf->by_key);
    while (shelf->oldest) {
        struct chunk *next = shelf->oldest->next;
        free(shelf->oldest);
        shelf->oldest = next;
    }
}

void layer_unref(struct layer *layer)
{
    if (!layer || atomic_fetch_sub(&layer->refs, 1) > 1)
        return;
    for (int i = 0; i < FAMILY_COUNT; i++)
        shelf_free(&layer->shelves[i]);
    for (size_t i = 0; i < layer->block_count; i++)
        free(layer->blocks[i]);
    free(layer->blocks);
    free(layer);
}

size_t layer_weight(const struct layer *layer)
{
    return layer->bytes + layer->entries * sizeof(struct entry);
}

/* ---- adding */

/* Keys that are numbers come one after the other: so do their buckets, and the processor has them already. */
static unsigned hash_of(struct str key)
{
    unsigned low = 0;
    if (key.len != sizeof(struct key_number))
        return (unsigned)XXH3_64bits(key.at, key.len);
    for (size_t i = key.len - 4; i < key.len; i++)
        low = low << 8 | (uint8_t)key.at[i];
    return low;
}

static struct entry *find(const struct shelf *shelf, struct str key)
{
    struct entry *entry = NULL;
    HASH_FIND_BYHASHVALUE(hh, shelf->by_key, key.at, key.len, hash_of(key), entry);
    return entry;
}

static struct entry *entry_new(struct shelf *shelf)
{
    if (!shelf->newest || shelf->newest->used == CHUNK) {
        struct chunk *chunk = xmalloc(sizeof *chunk);
        chunk->next = NULL;
        chunk->used = 0;
        if (shelf->newest)
            shelf->newest->next = chunk;
        else
            shelf->oldest = chunk;
        shelf->newest = chunk;
    }
    return &shelf->newest->entries[shelf->newest->used++];
}

/* Nothing of this key is in the table. */
static void add(struct layer *layer, struct shelf *shelf, const struct row *row, bool below)
{
    struct entry *entry = entry_new(shelf);
    layer->entries++;
    entry->key = row->key;
    entry->value = row->op == ROW_PUT ? row->value : STR_NONE;
    entry->below = below;
    entry->gone = false;
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, shelf->by_key, entry->key.at, entry->key.len,
                                hash_of(entry->key), entry);
    shelf->unordered |= shelf->last.at && rows_order(row->key, shelf->last) <= 0;
    shelf->last = row->key;
}

/* A queue's row is put once, where nothing is: what was dropped before it came back is dropped below as well. */
static bool lies_nothing_below(const struct layer *layer, enum family family)
{
    return !layer->again && (family == FAMILY_QUEUE || family == FAMILY_HEADS);
}

static void put(struct layer *layer, struct shelf *shelf, const struct row *row)
{
    struct entry *entry = find(shelf, row->key);
    if (entry)
        entry->value = row->value;
    else
        add(layer, shelf, row, !lies_nothing_below(layer, row->family));
}

static void drop(struct layer *layer, struct shelf *shelf, const struct row *row)
{
    struct entry *entry = find(shelf, row->key);
    if (entry && !entry->below) {
        HASH_DEL(shelf->by_key, entry);
        entry->gone = true;
    } else if (entry) {
        entry->value = STR_NONE;
    } else {
        add(layer, shelf, row, true);
    }
}

/* Entries of smaller keys stay; who reads begins at `before`. */
static void drop_before(struct shelf *shelf, const struct row *row)
{
    if (!shelf->before.at || rows_order(row->key, shelf->before) > 0)
        shelf->before = row->key;
}

static void keep_block(struct layer *layer, struct buf *rows)
{
    if (layer->block_count == layer->block_room) {
        layer->block_room = layer->block_room ? 2 * layer->block_room : 64;
        layer->blocks = xrealloc(layer->blocks, layer->block_room * sizeof *layer->blocks);
    }
    layer->blocks[layer->block_count++] = rows->at;
    layer->bytes += rows->len;
    *rows = BUF_NONE;
}

int layer_add(struct layer *layer, struct buf *rows)
{
    struct str rest = buf_str(rows);
    struct row row;
    keep_block(layer, rows);
    while (rest.len > 0) {
        if (rows_cut(&rest, &row) < 0)
            return -EBADMSG;
        struct shelf *shelf = &layer->shelves[row.family];
        switch (row.op) {
        case ROW_PUT:
            put(layer, shelf, &row);
            break;
        case ROW_DROP:
            drop(layer, shelf, &row);
            break;
        case ROW_DROP_BEFORE:
            drop_before(shelf, &row);
            break;
        }
    }
    return 0;
}

/* ---- looking */

enum layer_found layer_find(const struct layer *layer, enum family family, struct str key,
                            struct str *out_value)
{
    const struct shelf *shelf = &layer->shelves[family];
    if (shelf->before.at && rows_order(key, shelf->before) < 0)
        return LAYER_DROPPED;
    const struct entry *entry = find(shelf, key);
    if (!entry)
        return LAYER_NOTHING;
    *out_value = entry->value;
    return entry->value.at ? LAYER_PUT : LAYER_DROPPED;
}

struct str layer_dropped_before(const struct layer *layer, enum family family)
{
    return layer->shelves[family].before;
}

static int by_key(const void *a, const void *b)
{
    return rows_order(((const struct layer_row *)a)->key, ((const struct layer_row *)b)->key);
}

size_t layer_rows(const struct layer *layer, enum family family, struct str from,
                  struct layer_row **out)
{
    const struct shelf *shelf = &layer->shelves[family];
    struct str first =
        shelf->before.at && rows_order(shelf->before, from) > 0 ? shelf->before : from;
    struct layer_row *rows = xmalloc((HASH_COUNT(shelf->by_key) + 1) * sizeof *rows);
    size_t count = 0;
    for (const struct chunk *chunk = shelf->oldest; chunk; chunk = chunk->next)
        for (size_t i = 0; i < chunk->used; i++) {
            const struct entry *entry = &chunk->entries[i];
            if (!entry->gone && rows_order(entry->key, first) >= 0)
                rows[count++] = (struct layer_row){entry->key, entry->value};
        }
    if (shelf->unordered)
        qsort(rows, count, sizeof *rows, by_key);
    *out = rows;
    return count;
}

bool layer_queued(const struct layer *layer, struct str *out_first, struct str *out_last)
{
    const struct shelf *shelf = &layer->shelves[FAMILY_QUEUE];
    bool any = false;
    for (const struct chunk *chunk = shelf->oldest; chunk; chunk = chunk->next)
        for (size_t i = 0; i < chunk->used; i++) {
            const struct entry *entry = &chunk->entries[i];
            if (entry->gone || !entry->value.at)
                continue;
            if (!any || rows_order(entry->key, *out_first) < 0)
                *out_first = entry->key;
            if (!any || rows_order(entry->key, *out_last) > 0)
                *out_last = entry->key;
            any = true;
        }
    return any;
}
