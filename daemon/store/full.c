/*
 * A full disk. The journal takes a record back that did not fit, and RocksDB 7.8 goes on by itself after a flush
 * that found no space; so whoever met it stands still, its work in its hands, until there is space.
 * This is the loop's side.
 */
#include "inside.h"

#include <errno.h>

#include "limits.h"
#include "log.h"

#define LOOK_EVERY_S 1.0

/* Under the lock. */
static void go_on(struct stand *stand, pthread_cond_t *wake)
{
    stand->still = false;
    stand->retries++;
    pthread_cond_signal(wake);
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct store *store = timer->data;
    struct writer *w = &store->writer;
    (void)loop, (void)events;
    uint64_t room = place_free(store->path);
    pthread_mutex_lock(&w->lock);
    if (room >= LIMIT_STORE_ROOM)
        go_on(&w->writing, &w->work);
    if (room >= LIMIT_STORE_FLUSH_ROOM)
        go_on(&w->applying, &w->below);
    pthread_mutex_unlock(&w->lock);
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
    char text[STATUS_TEXT];
    if (full && !w->full_told) {
        w->full_told = true;
        writer_said(w, text);
        log_error("store: the disk is full, what is accepted waits for space state=%s said=%s",
                  log_safez(store->path), log_safez(text));
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
