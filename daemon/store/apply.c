/*
 * From layers to the database. A layer that has grown to LIMIT_STORE_LAYER is frozen; once all of it is durable
 * its rows, sorted, are one write into RocksDB's memtables, without RocksDB's own log: the journal is
 * the log. When the journal has grown to LIMIT_STORE_JOURNAL the memtables are flushed, the meta
 * family last, and segments that are not needed any more are done with.
 *
 * Flushes that RocksDB begins by itself take all families at once (atomic_flush), so that what a backup copies is
 * the state after some record.
 *
 * The head of the queue. Items are taken out near the front, and each that has reached the database leaves a
 * tombstone that a scan from the front would cross until a compaction removes it. So `head` is kept,
 * below which nothing is queued there: every HEAD_EVERY drops the first item from the old head on
 * is looked for. An id below it that is queued again takes it back in the same write.
 *
 *     1 2 3 4 5 6 7 8 9        x taken out    o queued
 *     x x x x o x o o o
 *             └ head
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "crash.h"
#include "keys.h"
#include "limits.h"
#include "list.h"
#include "log.h"

#define FLUSH_PATIENCE_MS 5000
#define HEAD_EVERY        4096
/* One that is applied, one that waits for a backup, the newest. */
#define GENERATIONS_MOST 3
#define RETRIES_MOST                                                                               \
    60 /* seconds with room on the disk: then RocksDB does not come back by itself */

#ifdef DATELINE_CRASH_POINTS /* so that tests of faults meet every step often */
#define LAYER_BYTES   (256U << 10)
#define JOURNAL_BYTES (1U << 20)
#else
#define LAYER_BYTES   LIMIT_STORE_LAYER
#define JOURNAL_BYTES LIMIT_STORE_JOURNAL
#endif

/* ---- the head */

static uint64_t id_of(struct str key)
{
    uint64_t id = 0;
    key_number_read(key, &id);
    return id;
}

static void put_number(struct store *store, rocksdb_writebatch_t *batch, const char *key,
                       uint64_t n)
{
    uint8_t value[VALUE_NUMBER];
    value_number_write(value, n);
    rocksdb_writebatch_put_cf(batch, store->of[FAMILY_META], key, strlen(key), (const char *)value,
                              sizeof value);
}

static void head_put(struct store *store, const struct layer *layer, rocksdb_writebatch_t *batch)
{
    struct applier *a = &store->apply;
    struct str first, last;
    uint64_t head = atomic_load(&a->head);
    if (layer_queued(layer, &first, &last)) {
        if (id_of(first) < head)
            head = id_of(first);
        if (id_of(last) > a->last_put)
            a->last_put = id_of(last);
    }
    atomic_store(&a->head, head);
    if (head == a->head_saved)
        return;
    put_number(store, batch, "head", head);
    a->head_saved = head;
}

static void head_advance(struct store *store)
{
    struct applier *a = &store->apply;
    if (a->dropped < HEAD_EVERY)
        return;
    a->dropped = 0;
    uint64_t head = atomic_load(&a->head), first = head;
    struct key_number from = key_number(head);
    rocksdb_iterator_t *it =
        rocksdb_create_iterator_cf(store->db, store->read, store->of[FAMILY_QUEUE]);
    rocksdb_iter_seek(it, (const char *)from.at, sizeof from.at);
    char *message = NULL;
    rocksdb_iter_get_error(it, &message);
    if (status_take(&message, NULL) == 0) { /* else the next reader meets and reports it */
        struct str key = STR_NONE;
        if (rocksdb_iter_valid(it))
            key.at = rocksdb_iter_key(it, &key.len);
        if (!key.at && a->last_put >= head)
            first = a->last_put + 1;
        else if (key.at && key_number_read(key, &first) < 0)
            first = head;
    }
    rocksdb_iter_destroy(it);
    atomic_store(&a->head, first);
}

/* ---- one layer */

/* Files that hold nothing but dropped results go now; the range's tombstone would have them wait for a
 * compaction. When this fails, they do. */
static void results_trim(struct store *store, struct str before)
{
    uint64_t seq = id_of(before);
    char *message = NULL;
    if (seq == 0)
        return;
    /* RocksDB takes the end as well: a file that ends with the first result to be kept would go. */
    struct key_number from = key_number(0), to = key_number(seq - 1);
    rocksdb_delete_file_in_range_cf(store->db, store->of[FAMILY_RESULTS], (const char *)from.at,
                                    sizeof from.at, (const char *)to.at, sizeof to.at, &message);
    status_take(&message, NULL);
}

static void put_family(struct store *store, const struct layer *layer, enum family family,
                       rocksdb_writebatch_t *batch)
{
    struct layer_row *rows;
    size_t count = layer_rows(layer, family, STR_NONE, &rows);
    struct str before = layer_dropped_before(layer, family);
    rocksdb_column_family_handle_t *handle = store->of[family];
    if (before.at)
        rocksdb_writebatch_delete_range_cf(batch, handle, "", 0, before.at, before.len);
    for (size_t i = 0; i < count; i++) {
        const struct layer_row *row = &rows[i];
        if (row->value.at)
            rocksdb_writebatch_put_cf(batch, handle, row->key.at, row->key.len, row->value.at,
                                      row->value.len);
        else
            rocksdb_writebatch_delete_cf(batch, handle, row->key.at, row->key.len);
        store->apply.dropped += family == FAMILY_QUEUE && !row->value.at;
    }
    free(rows);
}

int apply_layer(struct store *store, const struct layer *layer, uint64_t record,
                char text[STATUS_TEXT])
{
    uint64_t head_saved = store->apply.head_saved;
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    for (int family = 0; family < FAMILY_COUNT; family++)
        put_family(store, layer, (enum family)family, batch);
    put_number(store, batch, "applied", record);
    head_put(store, layer, batch);
    char *message = NULL;
    rocksdb_write(store->db, store->unlogged, batch, &message);
    rocksdb_writebatch_destroy(batch);
    int error = status_take(&message, text);
    if (error < 0) {
        store->apply.head_saved = head_saved;
        return error;
    }
    head_advance(store);
    results_trim(store, layer_dropped_before(layer, FAMILY_RESULTS));
    return 0;
}

/* ---- to the disk */

/* Once it has come back from a full disk, RocksDB 7.8 says OK to a flush that it has only begun. */
static int wait_for_tables(struct store *store, enum family family, char text[STATUS_TEXT])
{
    for (int ms = 0; ms < FLUSH_PATIENCE_MS; ms++) {
        uint64_t left = 1;
        if (rocksdb_property_int_cf(store->db, store->of[family], "rocksdb.num-immutable-mem-table",
                                    &left) == 0 &&
            left == 0)
            return 0;
        usleep(1000);
    }
    snprintf(text, STATUS_TEXT, "rows of family %s do not reach the disk", family_names[family]);
    return -ENOSPC;
}

static int flush_family(struct store *store, enum family family, const rocksdb_flushoptions_t *wait,
                        char text[STATUS_TEXT])
{
    char *message = NULL;
    rocksdb_flush_cf(store->db, wait, store->of[family], &message);
    int error = status_take(&message, text);
    return error < 0 ? error : wait_for_tables(store, family, text);
}

/* "applied" is not on the disk before what it speaks of. */
int apply_flush(struct store *store, char text[STATUS_TEXT])
{
    struct buf value = BUF_NONE;
    uint64_t applied = 0;
    int error = 0;
    rocksdb_flushoptions_t *wait = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(wait, 1);
    for (int family = 0; error == 0 && family < FAMILY_COUNT; family++)
        if (family != FAMILY_META)
            error = flush_family(store, (enum family)family, wait, text);
    if (error == 0)
        error = flush_family(store, FAMILY_META, wait, text);
    rocksdb_flushoptions_destroy(wait);
    CRASH_POINT("flushed");
    if (error == 0 && read_below(store, FAMILY_META, STR("applied"), &value) == 0 &&
        value_number(buf_str(&value), &applied) == 0)
        journal_trim(store->journal, applied);
    buf_free(&value);
    return error;
}

/* While a backup copies tables the journal grows: what one family has on the disk and another has not must not be
 * copied. */
static bool wants_flush(struct store *store, const struct generation *g)
{
    struct writer *w = &store->writer;
    pthread_mutex_lock(&w->lock);
    bool backing_up = w->backing_up;
    pthread_mutex_unlock(&w->lock);
    return !backing_up && (g->flush || journal_bytes(store->journal) > JOURNAL_BYTES);
}

/* What is done already of a generation is not done again: *applied. */
static int apply_and_flush(struct store *store, const struct generation *g, bool *applied,
                           char text[STATUS_TEXT])
{
    int error = *applied ? 0 : apply_layer(store, g->layer, g->record, text);
    if (error < 0)
        return error;
    *applied = true;
    CRASH_POINT("applied");
    if (store->writer.loop)
        journal_prepare(store->journal, LAYER_BYTES);
    return wants_flush(store, g) ? apply_flush(store, text) : 0;
}

/* ---- the thread */

/* RocksDB comes back by itself when a flush has found no space and there is some again. */
static int apply_patiently(struct store *store, const struct generation *g, char text[STATUS_TEXT])
{
    struct writer *w = &store->writer;
    bool applied = false;
    int error;
    for (int i = 0;; i++) {
        error = apply_and_flush(store, g, &applied, text);
        if (error != -ENOSPC || i == RETRIES_MOST || !writer_stand(w, &w->applying, text))
            return error;
    }
}

void *applier_main(void *arg)
{
    struct store *store = arg;
    struct writer *w = &store->writer;
    char text[STATUS_TEXT] = "";
    database_quiet();
    journal_prepare(store->journal, LAYER_BYTES);
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->to_apply && !w->stop_applying)
            pthread_cond_wait(&w->below, &w->lock);
        if (!w->to_apply || w->failed)
            break;
        struct generation *g = w->to_apply;
        DL_DELETE2(w->to_apply, g, apply_prev, apply_next);
        pthread_mutex_unlock(&w->lock);
        int error = apply_patiently(store, g, text);
        pthread_mutex_lock(&w->lock);
        if (error < 0) {
            if (error != -ENOSPC || !w->stop) /* else the journal keeps it for the next start */
                writer_fail(w, error, text);
            break;
        }
        w->applying.full = false;
        w->applied++;
        g->applied = true;
        pthread_cond_broadcast(&w->moved);
        ev_async_send(w->loop, &w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- generations, on the loop */

static struct generation *newest(const struct store *store)
{
    return store->generations->prev; /* utlist: of the first, the last */
}

static void generation_new(struct store *store)
{
    struct generation *g = xcalloc(1, sizeof *g);
    g->layer = layer_new(false);
    DL_APPEND(store->generations, g);
}

static void generation_free(struct store *store, struct generation *g)
{
    DL_DELETE(store->generations, g);
    layer_unref(g->layer);
    free(g);
}

void generation_add(struct store *store, struct buf *rows)
{
    if (!store->generations)
        generation_new(store);
    /* Our own rows decode. */
    if (layer_add(newest(store)->layer, rows) < 0)
        abort();
}

/* Without threads: at once. */
static void freeze_now(struct store *store, struct generation *g)
{
    struct writer *w = &store->writer;
    char text[STATUS_TEXT] = "";
    g->record = w->record;
    journal_rotate(store->journal);
    bool applied = false;
    int error = apply_and_flush(store, g, &applied, text);
    if (error < 0)
        writer_fail(w, error, text);
    g->applied = error == 0;
}

static unsigned count(const struct store *store)
{
    unsigned n = 0;
    const struct generation *g;
    DL_FOREACH (store->generations, g)
        n++;
    return n;
}

static void freeze(struct store *store, bool flush)
{
    struct writer *w = &store->writer;
    struct generation *g = newest(store);
    g->flush = flush;
    generation_new(store);
    if (!w->loop) {
        freeze_now(store, g);
        return;
    }
    struct store_change *mark = store_change_new(store);
    mark->frozen = g;
    pthread_mutex_lock(&w->lock);
    w->frozen++;
    DL_APPEND(w->waiting, mark);
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

static bool is_applied(struct store *store, const struct generation *g)
{
    pthread_mutex_lock(&store->writer.lock);
    bool applied = g->applied;
    pthread_mutex_unlock(&store->writer.lock);
    return applied;
}

void generations_tend(struct store *store)
{
    if (!store->generations)
        return;
    while (store->generations->next && is_applied(store, store->generations))
        generation_free(store, store->generations);
    /* One that is being applied is waited for: the newest grows meanwhile. */
    if (!store->generations->next && layer_weight(newest(store)->layer) >= LAYER_BYTES)
        freeze(store, false);
}

void generations_free(struct store *store)
{
    while (store->generations)
        generation_free(store, store->generations);
}

bool store_settle(struct store *store)
{
    generations_tend(store);
    bool empty = !store->generations || layer_weight(newest(store)->layer) == 0;
    bool can = !writer_has_failed(&store->writer) && count(store) < GENERATIONS_MOST;
    if (!empty && can)
        freeze(store, true);
    generations_tend(store);
    return empty || can;
}

size_t generations_behind(const struct store *store)
{
    size_t bytes = 0;
    if (store->generations && store->generations->next)
        bytes = layer_weight(newest(store)->layer);
    return bytes > LAYER_BYTES ? bytes - LAYER_BYTES : 0;
}
