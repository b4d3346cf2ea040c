#include "walk.h"

#include <assert.h>

#include "list.h"

static struct str greater(struct str a, struct str b)
{
    return rows_order(a, b) >= 0 ? a : b;
}

static struct str key_of(const struct walk_layer *layer)
{
    return layer->at < layer->count ? layer->rows[layer->at].key : STR_NONE;
}

static struct str key_below(const struct walk *walk)
{
    struct str key = STR_NONE;
    if (rocksdb_iter_valid(walk->it))
        key.at = rocksdb_iter_key(walk->it, &key.len);
    return key;
}

/* The smallest key that any of them stands at; of the same key the newest's. */
static void choose(struct walk *walk)
{
    walk->key = STR_NONE;
    for (size_t i = 0; i < walk->layer_count; i++) {
        struct str key = key_of(&walk->layers[i]);
        if (key.at && (!walk->key.at || rows_order(key, walk->key) < 0)) {
            walk->key = key;
            walk->in = (int)i;
        }
    }
    struct str below = key_below(walk);
    if (below.at && (!walk->key.at || rows_order(below, walk->key) < 0)) {
        walk->key = below;
        walk->in = WALK_BELOW;
    }
}

/* All that stand at the key go on. The iterator last: its key is gone then. */
static void step(struct walk *walk)
{
    for (size_t i = 0; i < walk->layer_count; i++) {
        struct str key = key_of(&walk->layers[i]);
        if (key.at && rows_order(key, walk->key) == 0)
            walk->layers[i].at++;
    }
    struct str below = key_below(walk);
    if (below.at && rows_order(below, walk->key) == 0)
        rocksdb_iter_next(walk->it);
    choose(walk);
}

static bool is_dropped(const struct walk *walk)
{
    if (!walk->key.at || walk->in == WALK_BELOW)
        return false;
    const struct walk_layer *layer = &walk->layers[walk->in];
    return !layer->rows[layer->at].value.at;
}

static void settle(struct walk *walk)
{
    choose(walk);
    while (is_dropped(walk))
        step(walk);
}

void walk_seek(struct walk *walk, struct str key)
{
    for (size_t i = 0; i < walk->layer_count; i++) {
        struct walk_layer *layer = &walk->layers[i];
        size_t low = 0, high = layer->count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (rows_order(layer->rows[middle].key, key) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        layer->at = low;
    }
    rocksdb_iter_seek(walk->it, key.at ? key.at : "", key.len);
    settle(walk);
}

bool walk_begin(struct walk *walk, struct store *store, enum family family, struct str from,
                struct str below, const rocksdb_readoptions_t *options)
{
    *walk = (struct walk){.store = store, .family = family, .in = WALK_BELOW};
    if (!store->of[family])
        return false;
    const struct generation *g;
    /* What a newer layer drops before a key is dropped in the older ones as well. */
    DL_FOREACH (store->generations, g)
        from = greater(layer_dropped_before(g->layer, family), from);
    for (g = store->generations ? store->generations->prev : NULL; g;
         g = g == store->generations ? NULL : g->prev) {
        assert(walk->layer_count < WALK_LAYERS);
        struct walk_layer *layer = &walk->layers[walk->layer_count++];
        layer->layer = layer_ref(g->layer);
        layer->count = layer_rows(g->layer, family, from, &layer->rows);
    }
    walk->it = rocksdb_create_iterator_cf(store->db, options, store->of[family]);
    below = greater(from, below);
    rocksdb_iter_seek(walk->it, below.at ? below.at : "", below.len);
    settle(walk);
    return true;
}

bool walk_at(struct walk *walk, struct str *out_key, struct str *out_value)
{
    if (!walk->key.at)
        return false;
    *out_key = walk->key;
    if (walk->in == WALK_BELOW)
        out_value->at = rocksdb_iter_value(walk->it, &out_value->len);
    else
        *out_value = walk->layers[walk->in].rows[walk->layers[walk->in].at].value;
    return true;
}

void walk_next(struct walk *walk)
{
    step(walk);
    while (is_dropped(walk))
        step(walk);
}

int walk_end(struct walk *walk, int result)
{
    char *message = NULL;
    rocksdb_iter_get_error(walk->it, &message);
    int error = read_failed(walk->family, &message);
    rocksdb_iter_destroy(walk->it);
    for (size_t i = 0; i < walk->layer_count; i++) {
        free(walk->layers[i].rows);
        layer_unref(walk->layers[i].layer);
    }
    return result ? result : error;
}
