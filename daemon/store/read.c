#include "inside.h"

#include <errno.h>
#include <stdlib.h>

#include "age.h"
#include "keys.h"
#include "list.h"
#include "log.h"
#include "walk.h"

/* ---- one value */

int read_failed(enum family family, char **message)
{
    char text[STATUS_TEXT];
    if (status_take(message, text) == 0)
        return 0;
    log_error("store: read failed family=%s said=%s", family_names[family], log_safez(text));
    return -EIO;
}

int read_below(struct store *store, enum family family, struct str key, struct buf *out)
{
    if (!store->of[family])
        return -ENOENT;
    char *message = NULL;
    rocksdb_pinnableslice_t *slice =
        rocksdb_get_pinned_cf(store->db, store->read, store->of[family], key.at, key.len, &message);
    if (read_failed(family, &message) < 0)
        return -EIO;
    if (!slice)
        return -ENOENT;
    size_t len;
    const char *value = rocksdb_pinnableslice_value(slice, &len);
    buf_put(out, value, len);
    rocksdb_pinnableslice_destroy(slice);
    return 0;
}

int read_value(struct store *store, enum family family, struct str key, struct buf *out)
{
    const struct generation *g = store->generations ? store->generations->prev : NULL;
    struct str value;
    while (g) {
        switch (layer_find(g->layer, family, key, &value)) {
        case LAYER_PUT:
            buf_puts(out, value);
            return 0;
        case LAYER_DROPPED:
            return -ENOENT;
        case LAYER_NOTHING:
            break;
        }
        g = g == store->generations ? NULL : g->prev;
    }
    return read_below(store, family, key, out);
}

static void damaged(struct store *store, enum family family, struct str key)
{
    store->damaged++;
    log_error("store: value damaged, passed over family=%s key=%s", family_names[family],
              log_safe(key));
}

/* The text behind the version byte, appended. */
static int read_text(struct store *store, enum family family, struct str key, struct buf *out)
{
    size_t before = out->len;
    struct str text;
    int error = read_value(store, family, key, out);
    if (error < 0)
        return error;
    if (value_text(str_from(buf_str(out), before), &text) < 0) {
        out->len = before;
        damaged(store, family, key);
        return -EIO;
    }
    memmove(out->at + before, text.at, text.len);
    out->len = before + text.len;
    return 0;
}

static int read_aged(struct store *store, enum family family, struct str key, struct buf *out,
                     bool *out_old)
{
    size_t before = out->len;
    struct str text;
    uint32_t hours;
    int error = read_value(store, family, key, out);
    if (error < 0)
        return error;
    if (value_aged(str_from(buf_str(out), before), &hours, &text) < 0) {
        out->len = before;
        damaged(store, family, key);
        return -EIO;
    }
    if (text.len > 0)
        memmove(out->at + before, text.at, text.len);
    out->len = before + text.len;
    if (out_old)
        *out_old = age_is_touchable(hours, age_now(), store->keep_us);
    return 0;
}

static int read_number(struct store *store, enum family family, struct str key, uint64_t *out)
{
    struct buf value = BUF_NONE;
    int error = read_value(store, family, key, &value);
    if (error == 0 && value_number(buf_str(&value), out) < 0) {
        damaged(store, family, key);
        error = -EIO;
    }
    buf_free(&value);
    return error;
}

static struct str id16(const uint8_t id[16])
{
    return (struct str){(const char *)id, 16};
}

static struct str number_str(const struct key_number *key)
{
    return (struct str){(const char *)key->at, sizeof key->at};
}

int store_get_source(struct store *store, struct str id, struct buf *out)
{
    return read_text(store, FAMILY_SOURCES, id, out);
}

int store_get_seen(struct store *store, const uint8_t id[16], struct buf *out, bool *out_old)
{
    return read_aged(store, FAMILY_SEEN, id16(id), out, out_old);
}

int store_get_text(struct store *store, const uint8_t hash[16], struct buf *out, bool *out_old)
{
    return read_aged(store, FAMILY_TEXTS, id16(hash), out, out_old);
}

int store_get_url(struct store *store, const uint8_t hash[16], struct buf *out)
{
    return read_aged(store, FAMILY_URLS, id16(hash), out, NULL);
}

int store_queue_get(struct store *store, uint64_t id, struct buf *out)
{
    struct key_number key = key_number(id);
    return read_text(store, FAMILY_QUEUE, number_str(&key), out);
}

int store_dead_get(struct store *store, uint64_t id, struct buf *out_work)
{
    struct key_number key = key_number(id);
    struct buf value = BUF_NONE;
    struct store_dead dead;
    int error = read_value(store, FAMILY_DEAD, number_str(&key), &value);
    if (error == 0 && value_dead(buf_str(&value), &dead) < 0) {
        damaged(store, FAMILY_DEAD, number_str(&key));
        error = -EIO;
    }
    if (error == 0)
        buf_puts(out_work, dead.work);
    buf_free(&value);
    return error;
}

int store_result_of(struct store *store, struct str uri, struct str version, uint64_t *out_seq)
{
    struct buf key = BUF_NONE, value = BUF_NONE;
    uint32_t hours = 0;
    uint64_t seq = 0;
    key_recorded(&key, uri, version);
    int error = read_value(store, FAMILY_RECORDED, buf_str(&key), &value);
    if (error == 0 && value_recorded(buf_str(&value), &hours, &seq) < 0) {
        damaged(store, FAMILY_RECORDED, buf_str(&key));
        error = -EIO;
    }
    if (error == 0 && !age_recorded_counts(hours, age_now(), store->keep_us))
        error = -ENOENT;
    if (error == 0)
        *out_seq = seq;
    buf_free(&key);
    buf_free(&value);
    return error;
}

int store_topic_last(struct store *store, struct str topic, uint64_t *out_seq)
{
    return read_number(store, FAMILY_TOPICS, topic, out_seq);
}

/* ---- walking a family */

int store_each_source(struct store *store, int (*each)(void *ctx, struct str id, struct str state),
                      void *ctx)
{
    struct walk walk;
    struct str key, value, state;
    int result = 0;
    if (!walk_begin(&walk, store, FAMILY_SOURCES, STR_NONE, STR_NONE, store->read))
        return 0;
    for (; result == 0 && walk_at(&walk, &key, &value); walk_next(&walk)) {
        if (value_text(value, &state) < 0)
            damaged(store, FAMILY_SOURCES, key);
        else
            result = each(ctx, key, state);
    }
    return walk_end(&walk, result);
}

/* Tries lie in the same order as the queue: both are walked side by side. */
static struct store_tries tries_of(struct walk *walk, struct str id)
{
    struct store_tries tries = {0, 0};
    struct str key, value;
    while (walk_at(walk, &key, &value)) {
        int order = key.len == id.len ? memcmp(key.at, id.at, id.len) : -1;
        if (order > 0)
            break;
        if (order == 0 && value_tries(value, &tries) < 0)
            damaged(walk->store, FAMILY_TRIES, key);
        walk_next(walk);
        if (order == 0)
            break;
    }
    return tries;
}

static int each_queued(struct walk *queue, struct walk *tries,
                       int (*each)(void *ctx, uint64_t id, struct store_tries tries,
                                   struct str work),
                       void *ctx)
{
    struct str key, value, work;
    uint64_t id;
    int result = 0;
    for (; result == 0 && walk_at(queue, &key, &value); walk_next(queue)) {
        if (key_number_read(key, &id) < 0 || value_text(value, &work) < 0)
            damaged(queue->store, FAMILY_QUEUE, key);
        else
            result = each(ctx, id, tries_of(tries, key), work);
    }
    return result;
}

int store_each_queued(struct store *store,
                      int (*each)(void *ctx, uint64_t id, struct store_tries tries,
                                  struct str work),
                      void *ctx)
{
    struct key_number head = key_number(atomic_load(&store->apply.head));
    struct walk queue, tries;
    if (!walk_begin(&queue, store, FAMILY_QUEUE, STR_NONE, number_str(&head), store->read))
        return 0;
    bool has_tries =
        walk_begin(&tries, store, FAMILY_TRIES, STR_NONE, number_str(&head), store->read);
    int result = walk_end(&queue, each_queued(&queue, &tries, each, ctx));
    return has_tries ? walk_end(&tries, result) : result;
}

static int each_head(struct walk *heads, struct walk *tries,
                     int (*each)(void *ctx, uint64_t id, struct store_tries tries, size_t size,
                                 struct str head),
                     void *ctx)
{
    struct str key, value, head;
    uint64_t id;
    uint32_t size;
    int result = 0;
    for (; result == 0 && walk_at(heads, &key, &value); walk_next(heads)) {
        if (key_number_read(key, &id) < 0 || value_head(value, &size, &head) < 0)
            damaged(heads->store, FAMILY_HEADS, key);
        else
            result = each(ctx, id, tries_of(tries, key), size, head);
    }
    return result;
}

struct heads_of_queue {
    int (*each)(void *ctx, uint64_t id, struct store_tries tries, size_t size, struct str head);
    void *ctx;
};

static int head_of_queued(void *ctx, uint64_t id, struct store_tries tries, struct str work)
{
    const struct heads_of_queue *to = ctx;
    return to->each(to->ctx, id, tries, work.len, str_upto(work, STORE_HEAD));
}

int store_each_head(struct store *store,
                    int (*each)(void *ctx, uint64_t id, struct store_tries tries, size_t size,
                                struct str head),
                    void *ctx)
{
    struct key_number head = key_number(atomic_load(&store->apply.head));
    struct walk heads, tries;
    if (store->schema < SCHEMA_HEADS) /* read_only: nobody has made them yet */
        return store_each_queued(store, head_of_queued, &(struct heads_of_queue){each, ctx});
    if (!walk_begin(&heads, store, FAMILY_HEADS, STR_NONE, number_str(&head), store->scan))
        return 0;
    bool has_tries =
        walk_begin(&tries, store, FAMILY_TRIES, STR_NONE, number_str(&head), store->scan);
    int result = walk_end(&heads, each_head(&heads, &tries, each, ctx));
    return has_tries ? walk_end(&tries, result) : result;
}

int store_each_work(struct store *store, uint64_t from,
                    int (*each)(void *ctx, uint64_t id, struct str work), void *ctx)
{
    struct key_number head = key_number(atomic_load(&store->apply.head)), first = key_number(from);
    struct walk walk;
    struct str key, value, work;
    uint64_t id;
    int result = 0;
    if (!walk_begin(&walk, store, FAMILY_QUEUE, number_str(&first), number_str(&head), store->read))
        return 0;
    for (; result == 0 && walk_at(&walk, &key, &value); walk_next(&walk)) {
        if (key_number_read(key, &id) < 0 || value_text(value, &work) < 0)
            damaged(store, FAMILY_QUEUE, key);
        else
            result = each(ctx, id, work);
    }
    return walk_end(&walk, result);
}

int store_each_dead(struct store *store, uint64_t from,
                    int (*each)(void *ctx, uint64_t id, const struct store_dead *dead), void *ctx)
{
    struct key_number first = key_number(from);
    struct walk walk;
    struct str key, value;
    struct store_dead dead;
    uint64_t id;
    int result = 0;
    if (!walk_begin(&walk, store, FAMILY_DEAD, number_str(&first), STR_NONE, store->read))
        return 0;
    for (; result == 0 && walk_at(&walk, &key, &value); walk_next(&walk)) {
        if (key_number_read(key, &id) < 0 || value_dead(value, &dead) < 0)
            damaged(store, FAMILY_DEAD, key);
        else
            result = each(ctx, id, &dead);
    }
    return walk_end(&walk, result);
}

/* ---- results */

/* Stands at a result that decodes, or at none. */
static bool result_at(struct walk *walk, struct store_result *out)
{
    struct str key, value;
    for (; walk_at(walk, &key, &value); walk_next(walk)) {
        if (key_number_read(key, &out->seq) == 0 && value_result(value, out) == 0)
            return true;
        damaged(walk->store, FAMILY_RESULTS, key);
    }
    return false;
}

int store_each_result(struct store *store, uint64_t seq,
                      int (*each)(void *ctx, const struct store_result *result), void *ctx)
{
    struct key_number from = key_number(seq);
    struct walk walk;
    struct store_result found;
    int result = 0;
    if (!walk_begin(&walk, store, FAMILY_RESULTS, number_str(&from), STR_NONE, store->read))
        return 0;
    for (; result == 0 && result_at(&walk, &found); walk_next(&walk))
        result = each(ctx, &found);
    return walk_end(&walk, result);
}

static uint64_t approximate_bytes(struct store *store, uint64_t from)
{
    struct key_number first = key_number(from), end = key_number(UINT64_MAX);
    const char *const starts[] = {(const char *)first.at}, *const ends[] = {(const char *)end.at};
    const size_t len[] = {sizeof first.at};
    uint64_t bytes = 0;
    char *message = NULL;
    rocksdb_approximate_sizes_cf(store->db, store->of[FAMILY_RESULTS], 1, starts, len, ends, len,
                                 &bytes, &message);
    return read_failed(FAMILY_RESULTS, &message) < 0 ? 0 : bytes;
}

/* Results that are in no table yet. */
static uint64_t bytes_above(const struct store *store)
{
    uint64_t bytes = 0;
    const struct generation *g;
    DL_FOREACH (store->generations, g) {
        struct layer_row *rows;
        size_t count = layer_rows(g->layer, FAMILY_RESULTS, STR_NONE, &rows);
        for (size_t i = 0; i < count; i++)
            bytes += rows[i].value.len;
        free(rows);
    }
    return bytes;
}

/* Halves as well. What is in layers and memtables is the newest, and counted in full. */
int store_seq_of_size(struct store *store, uint64_t bytes, uint64_t *out_seq)
{
    uint64_t memory = 0, low = 0, high = store->numbers.next_seq;
    if (!store->of[FAMILY_RESULTS])
        return -ENOENT;
    rocksdb_property_int_cf(store->db, store->of[FAMILY_RESULTS], "rocksdb.cur-size-all-mem-tables",
                            &memory);
    memory += bytes_above(store);
    uint64_t most = bytes > memory ? bytes - memory : 0;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (approximate_bytes(store, middle) <= most)
            high = middle;
        else
            low = middle + 1;
    }
    *out_seq = low;
    return 0;
}

/* Halves [low, high): `at` grows with seq, as far as the wall clock does. A seek stands at the
 * first result from the middle on, so that gaps do no harm. */
int store_seq_at(struct store *store, int64_t at, uint64_t *out_seq)
{
    struct walk walk;
    struct store_result found;
    uint64_t low = 0, high = store->numbers.next_seq;
    if (!walk_begin(&walk, store, FAMILY_RESULTS, STR_NONE, STR_NONE, store->read)) {
        *out_seq = high;
        return 0;
    }
    if (result_at(&walk, &found)) /* what retention dropped is not searched */
        low = found.seq;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct key_number key = key_number(middle);
        walk_seek(&walk, number_str(&key));
        if (!result_at(&walk, &found) || found.at >= at)
            high = middle;
        else
            low = found.seq + 1;
    }
    struct key_number key = key_number(low);
    walk_seek(&walk, number_str(&key));
    uint64_t seq = result_at(&walk, &found) ? found.seq : store->numbers.next_seq;
    int error = walk_end(&walk, 0);
    if (error == 0)
        *out_seq = seq;
    return error;
}
