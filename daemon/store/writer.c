/*
 * The one writer. It takes all that has gathered since its last write ended, up to
 * LIMIT_STORE_GROUP bytes, and makes it one synced write: the fuller the disk's hands, the larger
 * the groups, and nobody waits for a group to fill.
 *
 * The head of the queue. Items are taken out near the front, and each leaves a tombstone that a
 * scan from the front would cross until a compaction removes it. So the writer keeps `head`, below
 * which nothing is queued: every HEAD_EVERY drops it looks for the first item from the old head on,
 * and the new head is written with the next group. An id below the head that is queued again takes
 * it back in the same write. After a crash the head is at most a few groups behind, never ahead.
 *
 *     1 2 3 4 5 6 7 8 9        x taken out    o queued
 *     x x x x o x o o o
 *             └ head
 */
#include "inside.h"

#include <errno.h>
#include <signal.h>

#include "clock.h"
#include "crash.h"
#include "keys.h"
#include "limits.h"
#include "list.h"
#include "log.h"

#define HEAD_EVERY     4096
#define DELIVER_BUDGET 512 /* on_durable calls in one turn of the loop */

/* ---- a group */

struct group {
    struct store_change *changes;
    size_t bytes;
    uint64_t count, rows, dropped, first_put, last_put, results_from;
};

/* Under the lock. At least one change. */
static struct group group_take(struct writer *w)
{
    struct group g = {.first_put = UINT64_MAX};
    struct store_change *change, *next;
    DL_FOREACH_SAFE (w->waiting, change, next) {
        if (g.changes && g.bytes + change->bytes > LIMIT_STORE_GROUP)
            break;
        DL_DELETE(w->waiting, change);
        DL_APPEND(g.changes, change);
        g.bytes += change->bytes;
        g.count++;
        g.rows += (uint64_t)rocksdb_writebatch_count(change->batch);
        g.dropped += change->dropped;
        if (change->results_from > g.results_from)
            g.results_from = change->results_from;
        if (change->first_put < g.first_put)
            g.first_put = change->first_put;
        if (change->last_put > g.last_put)
            g.last_put = change->last_put;
    }
    return g;
}

#define BATCH_HEAD                                                                                 \
    12 /* u64 sequence, little-endian u32 number of rows; then the rows, one after the other */

/* One batch of many. The C API cannot append one batch to another; their bytes are what the
 * write-ahead log holds, a format that RocksDB reads back in every version, and a wrong number of
 * rows makes the write fail as a whole. */
static rocksdb_writebatch_t *group_merge(const struct group *g)
{
    struct buf all = BUF_NONE;
    const struct store_change *change;
    uint8_t head[BATCH_HEAD] = {0};
    for (int i = 0; i < 4; i++)
        head[8 + i] = (uint8_t)(g->rows >> (8 * i));
    buf_reserve(&all, g->bytes + BATCH_HEAD);
    buf_put(&all, head, sizeof head);
    DL_FOREACH (g->changes, change) {
        size_t len;
        const char *bytes = rocksdb_writebatch_data(change->batch, &len);
        buf_put(&all, bytes + BATCH_HEAD, len - BATCH_HEAD);
    }
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create_from(all.at, all.len);
    buf_free(&all);
    return batch;
}

static void group_free(struct group *g)
{
    struct store_change *change, *next;
    DL_FOREACH_SAFE (g->changes, change, next) {
        DL_DELETE(g->changes, change);
        store_change_free(change);
    }
}

/* ---- the head of the queue */

static void head_put(struct store *store, const struct group *g, rocksdb_writebatch_t *batch)
{
    struct writer *w = &store->writer;
    uint64_t head = atomic_load(&w->head);
    if (g->first_put < head) {
        head = g->first_put;
        atomic_store(&w->head, head);
    }
    if (head == w->head_saved)
        return;
    uint8_t value[VALUE_NUMBER];
    value_number_write(value, head);
    rocksdb_writebatch_put_cf(batch, store->of[FAMILY_META], "head", 4, (const char *)value,
                              sizeof value);
    w->head_saved = head;
}

static void head_advance(struct store *store, const struct group *g)
{
    struct writer *w = &store->writer;
    if (g->last_put > w->last_put)
        w->last_put = g->last_put;
    w->dropped += g->dropped;
    if (w->dropped < HEAD_EVERY)
        return;
    w->dropped = 0;
    uint64_t head = atomic_load(&w->head), first = head;
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
        if (!key.at && w->last_put >= head)
            first = w->last_put + 1;
        else if (key.at && key_number_read(key, &first) < 0)
            first = head;
    }
    rocksdb_iter_destroy(it);
    atomic_store(&w->head, first);
}

/* ---- writing */

/* Files that hold nothing but dropped results go now; the range's tombstone would have them wait for a
 * compaction. When this fails, they do. */
static void results_trim(struct store *store, uint64_t seq)
{
    /* RocksDB takes the end as well: a file that ends with the first result to be kept would go. */
    struct key_number from = key_number(0), to = key_number(seq - 1);
    char *message = NULL;
    if (seq == 0)
        return;
    rocksdb_delete_file_in_range_cf(store->db, store->of[FAMILY_RESULTS], (const char *)from.at,
                                    sizeof from.at, (const char *)to.at, sizeof to.at, &message);
    status_take(&message, NULL);
}

/* 0 or a negative errno, `text` said by RocksDB. */
static int group_write(struct store *store, const struct group *g, int64_t *out_us,
                       char text[STATUS_TEXT])
{
    rocksdb_writebatch_t *merged = g->count > 1 ? group_merge(g) : NULL;
    rocksdb_writebatch_t *batch = merged ? merged : g->changes->batch;
    uint64_t head_saved = store->writer.head_saved;
    head_put(store, g, batch);
    char *message = NULL;
    int64_t start = clock_mono();
    rocksdb_write(store->db, store->synced, batch, &message);
    *out_us = clock_mono() - start;
    if (merged)
        rocksdb_writebatch_destroy(merged);
    int error = status_take(&message, text);
    if (error == 0) {
        head_advance(store, g);
        results_trim(store, g->results_from);
    } else {
        store->writer.head_saved = head_saved;
    }
    return error;
}

/* On a full disk: stands still until the loop says that there is space, or that the end has come. The group is
 * written again as a whole; what of it was in the log already is written twice, and is the same. */
static int group_write_patiently(struct store *store, const struct group *g, int64_t *out_us,
                                 char text[STATUS_TEXT])
{
    struct writer *w = &store->writer;
    int error;
    while ((error = group_write(store, g, out_us, text)) == -ENOSPC) {
        pthread_mutex_lock(&w->lock);
        memcpy(w->failed_text, text, STATUS_TEXT);
        w->full = w->parked = true;
        w->retry = false;
        pthread_cond_signal(&w->moved);
        ev_async_send(w->loop, &w->wake);
        while (!w->retry && !w->stop)
            pthread_cond_wait(&w->work, &w->lock);
        bool again = w->retry;
        w->parked = false;
        pthread_mutex_unlock(&w->lock);
        if (!again)
            break;
    }
    return error;
}

/* Under the lock. */
static void group_count(struct writer *w, const struct group *g, int64_t us)
{
    w->stats.commits += g->count;
    w->stats.commit_items += g->rows;
    w->stats.syncs++;
    w->stats.bytes += g->bytes;
    w->stats.sync_us += us;
    if (us > w->stats.sync_max_us)
        w->stats.sync_max_us = us;
}

static void *writer_main(void *arg)
{
    struct store *store = arg;
    struct writer *w = &store->writer;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->waiting && !w->stop)
            pthread_cond_wait(&w->work, &w->lock);
        if (!w->waiting || w->failed)
            break;
        struct group g = group_take(w);
        pthread_mutex_unlock(&w->lock);
        char text[STATUS_TEXT];
        int64_t us;
        CRASH_POINT("before-write");
        int error = group_write_patiently(store, &g, &us, text);
        CRASH_POINT("after-sync");
        pthread_mutex_lock(&w->lock);
        atomic_fetch_sub(&w->pending_bytes, g.bytes);
        if (error == 0) {
            w->full = false;
            group_count(w, &g, us);
            DL_CONCAT(w->done, g.changes);
        } else {
            w->failed = error;
            memcpy(w->failed_text, text, sizeof text);
            group_free(&g);
        }
        pthread_cond_signal(&w->moved);
        ev_async_send(w->loop, &w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- on the loop */

static void under_way_less(struct writer *w)
{
    if (--w->under_way == 0)
        ev_unref(w->loop);
}

static void deliver_one(struct writer *w)
{
    struct store_change *change = w->delivered;
    DL_DELETE(w->delivered, change);
    CRASH_POINT("before-durable-call");
    void (*on_durable)(void *ctx) = change->on_durable;
    void *ctx = change->ctx;
    store_change_free(change);
    under_way_less(w);
    if (on_durable)
        on_durable(ctx);
}

static void tell_failure(struct store *store, int error)
{
    struct writer *w = &store->writer;
    w->failure_told = true;
    log_error("store: write failed, nothing more is accepted error=%s said=%s", strerror(-error),
              log_safez(w->failed_text)); /* written once, before `failed` was seen */
    if (w->under_way > 0)
        ev_unref(w->loop);
    w->under_way = 0;
    if (store->up)
        store->up(store->ctx, STORE_FAILED, error);
}

/* Calls at most `budget` on_durable. True when more is to be told. */
static bool writer_deliver(struct store *store, size_t budget)
{
    struct writer *w = &store->writer;
    pthread_mutex_lock(&w->lock);
    DL_CONCAT(w->delivered, w->done);
    w->done = NULL;
    int failed = w->failed;
    bool full = w->full;
    pthread_mutex_unlock(&w->lock);
    while (w->delivered && budget-- > 0)
        deliver_one(w);
    if (!failed)
        full_look(store, full);
    if (w->delivered)
        return true;
    if (failed && !w->failure_told)
        tell_failure(store, failed);
    return false;
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
    (void)events;
    if (writer_deliver(wake->data, DELIVER_BUDGET))
        ev_async_send(loop, wake);
}

/* ---- committing */

static int commit_refuse(struct store_change *change, int error)
{
    store_change_free(change);
    return error;
}

static int commit_now(struct store *store, struct store_change *change)
{
    struct writer *w = &store->writer;
    int64_t us;
    DL_APPEND(w->waiting, change);
    struct group g = group_take(w);
    int error = group_write(store, &g, &us, w->failed_text);
    void (*on_durable)(void *ctx) = change->on_durable;
    void *ctx = change->ctx;
    if (error == 0)
        group_count(w, &g, us);
    else
        w->failed = error;
    group_free(&g);
    if (error < 0)
        log_error("store: write failed, nothing more is accepted error=%s said=%s",
                  strerror(-error), log_safez(w->failed_text));
    else if (on_durable)
        on_durable(ctx);
    return error;
}

static void commit_later(struct writer *w, struct store_change *change)
{
    if (w->under_way++ == 0)
        ev_ref(w->loop);
    atomic_fetch_add(&w->pending_bytes, change->bytes);
    pthread_mutex_lock(&w->lock);
    DL_APPEND(w->waiting, change);
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

int store_commit(struct store *store, struct store_change **change_ptr,
                 void (*on_durable)(void *ctx), void *ctx)
{
    struct writer *w = &store->writer;
    struct store_change *change = *change_ptr;
    *change_ptr = NULL;
    if (store->read_only)
        return commit_refuse(change, -EROFS);
    change->on_durable = on_durable;
    change->ctx = ctx;
    change->bytes = store_change_bytes(change);
    if (change->has_numbers)
        store->numbers = change->numbers;
    if (!w->loop)
        return w->failed ? commit_refuse(change, w->failed) : commit_now(store, change);
    if (w->failure_told)
        return commit_refuse(change, 0);
    commit_later(w, change);
    return 0;
}

size_t store_pending_bytes(const struct store *store)
{
    return atomic_load(&store->writer.pending_bytes);
}

void store_stats(struct store *store, struct store_stats *out)
{
    struct writer *w = &store->writer;
    pthread_mutex_lock(&w->lock);
    *out = w->stats;
    pthread_mutex_unlock(&w->lock);
    out->damaged = store->damaged;
    place_usage(store->path, &out->disk_bytes, &out->disk_free);
}

/* ---- beginning and end */

/* Signals belong to the loop. */
static int thread_start(struct store *store)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&store->writer.thread, NULL, writer_main, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

int writer_open(struct store *store, struct ev_loop *loop)
{
    struct writer *w = &store->writer;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->moved, NULL);
    if (!loop)
        return 0;
    full_init(store);
    ev_async_init(&w->wake, on_wake);
    w->wake.data = store;
    ev_async_start(loop, &w->wake);
    ev_unref(loop); /* only commits under way keep the loop running */
    int error = thread_start(store);
    if (error < 0) {
        ev_ref(loop);
        ev_async_stop(loop, &w->wake);
        return error;
    }
    w->loop = loop;
    return 0;
}

/* on_durable may commit more: that is waited for as well. */
static void writer_drain(struct store *store)
{
    struct writer *w = &store->writer;
    while (w->under_way > 0) {
        pthread_mutex_lock(&w->lock);
        while (!w->done && !w->delivered && !w->failed) {
            /* Nobody was told of what waits for space: it is given up. One that was told to go on but
             * has not woken yet is waited for: stopped, it would leave what on_durable commits. */
            if (w->parked && !w->retry) {
                w->stop = true;
                pthread_cond_signal(&w->work);
            }
            pthread_cond_wait(&w->moved, &w->lock);
        }
        pthread_mutex_unlock(&w->lock);
        writer_deliver(store, SIZE_MAX);
    }
}

void writer_close(struct store *store)
{
    struct writer *w = &store->writer;
    if (!w->loop)
        return;
    writer_drain(store);
    full_stop(store);
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    ev_ref(w->loop);
    ev_async_stop(w->loop, &w->wake);
    w->loop = NULL;
    struct group rest = {.changes = w->waiting}; /* committed after a failure */
    w->waiting = NULL;
    group_free(&rest);
}
