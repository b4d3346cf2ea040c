/*
 * A full disk. RocksDB 7.8 goes on by itself after a flush that found no space, and never after such a write to
 * the write-ahead log; so once there is space the database is closed and opened again, which also cuts the log
 * where it was torn. The writer stands still meanwhile, its group in its hands; this is the loop's side.
 * Opening holds the loop for as long as reading the log takes: a second at most, LIMIT_STORE_WAL.
 */
#include "inside.h"

#include <errno.h>

#include "limits.h"
#include "log.h"

#define LOOK_EVERY_S 1.0

/* The thread ends, and its failure is told as any other. */
static void give_up(struct store *store, const char *text)
{
    struct writer *w = &store->writer;
    log_error("store: cannot be opened again after the disk was full said=%s", log_safez(text));
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

static void go_on(struct store *store)
{
    struct writer *w = &store->writer;
    pthread_mutex_lock(&w->lock);
    w->retry = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

static bool is_parked(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool parked = w->parked;
    pthread_mutex_unlock(&w->lock);
    return parked;
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct store *store = timer->data;
    char text[STATUS_TEXT];
    (void)events;
    if (!is_parked(&store->writer) || place_free(store->path) < LIMIT_STORE_ROOM ||
        pthread_mutex_trylock(&store->in_use) != 0)
        return;
    ev_timer_stop(loop, timer);
    database_close(store);
    int error = database_reopen(store, text);
    pthread_mutex_unlock(&store->in_use);
    if (error < 0)
        give_up(store, text);
    else
        go_on(store);
}

void full_init(struct store *store)
{
    ev_timer_init(&store->writer.room, on_look, LOOK_EVERY_S, LOOK_EVERY_S);
    store->writer.room.data = store;
}

static void tell(struct store *store, enum store_event_type event, int error)
{
    if (store->up)
        store->up(store->ctx, event, error);
}

void full_look(struct store *store, bool full)
{
    struct writer *w = &store->writer;
    if (full && !w->full_told) {
        w->full_told = true;
        log_error("store: the disk is full, what is accepted waits for space state=%s said=%s",
                  log_safez(store->path), log_safez(w->failed_text));
        tell(store, STORE_FULL, -ENOSPC);
    }
    if (full && !ev_is_active(&w->room))
        ev_timer_start(w->loop, &w->room);
    if (!full && w->full_told) {
        w->full_told = false;
        ev_timer_stop(w->loop, &w->room);
        log_info("store: there is space again, all that waited is durable");
        tell(store, STORE_ROOM, 0);
    }
}

void full_stop(struct store *store)
{
    ev_timer_stop(store->writer.loop, &store->writer.room);
}
