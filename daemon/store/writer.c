/*
 * The one writer. It takes all that has gathered since its last write ended, up to
 * LIMIT_STORE_GROUP bytes, and makes it one synced record of the journal: the fuller the disk's hands, the
 * larger the groups, and nobody waits for a group to fill.
 */
#include "inside.h"

#include <errno.h>
#include <signal.h>

#include "clock.h"
#include "crash.h"
#include "limits.h"
#include "list.h"
#include "log.h"

#define DELIVER_BUDGET 512 /* on_durable calls in one turn of the loop */

/* ---- a group */

struct group {
    struct store_change *changes;
    size_t bytes;
    uint64_t count, rows;
};

/* Under the lock. At least one change; a mark ends it, and stays. */
static struct group group_take(struct writer *w)
{
    struct group g = {0};
    struct store_change *change, *next;
    DL_FOREACH_SAFE (w->waiting, change, next) {
        if (change->frozen || (g.changes && g.bytes + change->bytes.len > LIMIT_STORE_GROUP))
            break;
        DL_DELETE(w->waiting, change);
        DL_APPEND(g.changes, change);
        g.bytes += change->bytes.len;
        g.count++;
        g.rows += change->row_count;
    }
    return g;
}

static void group_free(struct group *g)
{
    struct store_change *change, *next;
    DL_FOREACH_SAFE (g->changes, change, next) {
        DL_DELETE(g->changes, change);
        store_change_free(change);
    }
}

/* ---- writing */

/* 0 or a negative errno, said in `text`. */
static int group_write(struct store *store, const struct group *g, int64_t *out_us,
                       char text[STATUS_TEXT])
{
    struct str *parts = xmalloc((g->count + 1) * sizeof *parts);
    const struct store_change *change;
    size_t count = 0;
    int64_t start = clock_mono();
    DL_FOREACH (g->changes, change)
        parts[count++] = change->bytes;
    int error = journal_append(store->journal, parts, count, &store->writer.record);
    *out_us = clock_mono() - start;
    free(parts);
    if (error < 0)
        snprintf(text, STATUS_TEXT, "the journal cannot be written: %s", strerror(-error));
    return error == 0 || error == -ENOSPC ? error : -EIO;
}

bool writer_stand(struct writer *w, struct stand *stand, const char *text)
{
    pthread_mutex_lock(&w->lock);
    snprintf(w->failed_text, sizeof w->failed_text, "%s", text);
    unsigned seen = stand->retries;
    stand->full = stand->still = true;
    pthread_cond_broadcast(&w->moved);
    ev_async_send(w->loop, &w->wake);
    while (stand->retries == seen && !w->stop)
        pthread_cond_wait(stand == &w->writing ? &w->work : &w->below, &w->lock);
    bool again = stand->retries != seen;
    stand->still = false;
    pthread_mutex_unlock(&w->lock);
    return again;
}

void writer_said(struct writer *w, char text[STATUS_TEXT])
{
    pthread_mutex_lock(&w->lock);
    memcpy(text, w->failed_text, STATUS_TEXT);
    pthread_mutex_unlock(&w->lock);
}

bool writer_has_failed(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool failed = w->failed != 0;
    pthread_mutex_unlock(&w->lock);
    return failed;
}

/* Under the lock. */
void writer_fail(struct writer *w, int error, const char *text)
{
    if (!w->failed) {
        w->failed = error;
        snprintf(w->failed_text, sizeof w->failed_text, "%s", text);
    }
    pthread_cond_broadcast(&w->moved);
    pthread_cond_signal(&w->work);
    pthread_cond_signal(&w->below);
    if (w->loop)
        ev_async_send(w->loop, &w->wake);
}

static int group_write_patiently(struct store *store, const struct group *g, int64_t *out_us,
                                 char text[STATUS_TEXT])
{
    struct writer *w = &store->writer;
    int error;
    while ((error = group_write(store, g, out_us, text)) == -ENOSPC)
        if (!writer_stand(w, &w->writing, text))
            break;
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

/* Under the lock, which is given back in between. */
static void write_group(struct store *store)
{
    struct writer *w = &store->writer;
    struct group g = group_take(w);
    pthread_mutex_unlock(&w->lock);
    char text[STATUS_TEXT];
    int64_t us;
    CRASH_POINT("before-write");
    int error = group_write_patiently(store, &g, &us, text);
    CRASH_POINT("after-sync");
    pthread_mutex_lock(&w->lock);
    atomic_fetch_sub(&w->pending_bytes, g.bytes);
    if (error < 0) {
        writer_fail(w, error, text);
        group_free(&g);
        return;
    }
    w->writing.full = false;
    group_count(w, &g, us);
    DL_CONCAT(w->done, g.changes);
    pthread_cond_broadcast(&w->moved);
    ev_async_send(w->loop, &w->wake);
}

/* Under the lock. All of a generation is durable: it may go to the database. */
static void take_mark(struct store *store)
{
    struct writer *w = &store->writer;
    struct store_change *mark = w->waiting;
    struct generation *g = mark->frozen;
    DL_DELETE(w->waiting, mark);
    store_change_free(mark);
    journal_rotate(store->journal);
    g->record = w->record;
    DL_APPEND2(w->to_apply, g, apply_prev, apply_next);
    pthread_cond_signal(&w->below);
}

static void *writer_main(void *arg)
{
    struct store *store = arg;
    struct writer *w = &store->writer;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->waiting && !w->stop && !w->failed)
            pthread_cond_wait(&w->work, &w->lock);
        if (!w->waiting || w->failed)
            break;
        if (w->waiting->frozen)
            take_mark(store);
        else
            write_group(store);
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
    char text[STATUS_TEXT];
    w->failure_told = true;
    writer_said(w, text);
    log_error("store: write failed, nothing more is accepted error=%s said=%s", strerror(-error),
              log_safez(text));
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
    if (w->failure_told) /* what comes to an end now was given up already */
        return false;
    pthread_mutex_lock(&w->lock);
    DL_CONCAT(w->delivered, w->done);
    w->done = NULL;
    int failed = w->failed;
    bool full = w->writing.full || w->applying.full;
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
    generations_tend(wake->data);
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
    if (error == 0)
        generations_tend(store);
    if (w->failed)
        log_error("store: write failed, nothing more is accepted error=%s said=%s",
                  strerror(-w->failed), log_safez(w->failed_text));
    else if (on_durable)
        on_durable(ctx);
    return w->failed;
}

static void commit_later(struct writer *w, struct store_change *change)
{
    if (w->under_way++ == 0)
        ev_ref(w->loop);
    atomic_fetch_add(&w->pending_bytes, change->bytes.len);
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
    if (w->loop ? w->failure_told : w->failed != 0)
        return commit_refuse(change, w->loop ? 0 : w->failed);
    change->on_durable = on_durable;
    change->ctx = ctx;
    change->bytes = buf_str(&change->rows);
    if (change->has_numbers)
        store->numbers = change->numbers;
    generation_add(store, &change->rows);
    if (!w->loop)
        return commit_now(store, change);
    commit_later(w, change);
    return 0;
}

size_t store_pending_bytes(const struct store *store)
{
    return atomic_load(&store->writer.pending_bytes) + generations_behind(store);
}

void store_stats(struct store *store, struct store_stats *out)
{
    struct writer *w = &store->writer;
    pthread_mutex_lock(&w->lock);
    *out = w->stats;
    pthread_mutex_unlock(&w->lock);
    out->damaged = store->damaged;
    out->journal_bytes = store->journal ? journal_bytes(store->journal) : 0;
    place_usage(store->path, &out->disk_bytes, &out->disk_free);
}

/* ---- beginning and end */

/* Signals belong to the loop. */
static int thread_start(pthread_t *thread, const char *name, void *(*main)(void *store),
                        struct store *store)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, main, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        pthread_setname_np(*thread, name); /* for `top -H`; nothing depends on it */
    return -error;
}

static void thread_stop(struct writer *w, pthread_t thread, bool *stop)
{
    pthread_mutex_lock(&w->lock);
    *stop = true;
    pthread_cond_signal(&w->work);
    pthread_cond_signal(&w->below);
    pthread_cond_broadcast(&w->moved);
    pthread_mutex_unlock(&w->lock);
    pthread_join(thread, NULL);
}

static int threads_start(struct store *store)
{
    struct writer *w = &store->writer;
    int error = thread_start(&w->thread, "store/journal", writer_main, store);
    if (error < 0)
        return error;
    error = thread_start(&w->applier, "store/apply", applier_main, store);
    if (error < 0)
        thread_stop(w, w->thread, &w->stop);
    return error;
}

int writer_open(struct store *store, struct ev_loop *loop)
{
    struct writer *w = &store->writer;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->below, NULL);
    pthread_cond_init(&w->moved, NULL);
    if (!loop)
        return 0;
    full_init(store);
    ev_async_init(&w->wake, on_wake);
    w->wake.data = store;
    ev_async_start(loop, &w->wake);
    ev_unref(loop); /* only commits under way keep the loop running */
    w->loop = loop;
    int error = threads_start(store);
    if (error < 0) {
        w->loop = NULL;
        ev_ref(loop);
        ev_async_stop(loop, &w->wake);
    }
    return error;
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
            if (w->writing.still) {
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
    store_settle(store);
    thread_stop(w, w->thread, &w->stop);
    thread_stop(w, w->applier, &w->stop_applying);
    ev_ref(w->loop);
    ev_async_stop(w->loop, &w->wake);
    w->loop = NULL;
    struct group rest = {.changes = w->waiting}; /* committed after a failure */
    w->waiting = NULL;
    group_free(&rest);
}
