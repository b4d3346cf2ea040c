#include "zev.h"

#include <errno.h>
#include <zmq.h>

#include "clock.h"

/*
 *        sleep          An edge on ZMQ_FD only ends the sleep. What there is to do is asked of
 *     ┌────┴────┐       ZMQ_EVENTS: after the sleep, to do it, and before the next, so that the
 *  prepare    check     loop does not sleep on messages that make no new edge: sending eats the
 *  (stay awake?) (work) edge that receiving waits for. A socket without an edge and without a
 *                       send has nothing new to tell.
 */
/* So that the others get their turn: steps, and time, because a step may be a message of 64 items. */
enum { ZEV_BUDGET = 256, ZEV_TIME_US = 10000 };

static int zev_events(const struct zev *z)
{
    int events = 0;
    size_t len = sizeof events;
    if (zmq_getsockopt(z->socket, ZMQ_EVENTS, &events, &len) != 0)
        return 0; /* the context ends: nothing will come any more */
    return events & (ZMQ_POLLIN | (z->want_write ? ZMQ_POLLOUT : 0));
}

static void on_wake(struct ev_loop *loop, ev_io *w, int revents)
{
    struct zev *z = w->data;
    (void)loop, (void)revents;
    z->stirred = true;
}

void zev_stir(struct zev *z)
{
    z->stirred = true;
}

static void on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
    (void)loop, (void)w, (void)revents; /* only forbids the sleep */
}

static void on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
    struct zev *z = w->data;
    (void)revents;
    if (z->stirred)
        z->stirred = zev_events(z) != 0;
    if (z->stirred)
        ev_idle_start(loop, &z->idle);
    else
        ev_idle_stop(loop, &z->idle);
}

/* It is at rest only when it said so itself: a step that ends early, or a spent budget, leaves it
 * stirred. */
static void on_check(struct ev_loop *loop, ev_check *w, int revents)
{
    struct zev *z = w->data;
    (void)loop, (void)revents;
    if (!z->stirred)
        return;
    const int64_t until = clock_mono() + ZEV_TIME_US;
    for (int budget = ZEV_BUDGET; z->stirred && budget > 0 && ev_is_active(&z->check); budget--) {
        int events = zev_events(z);
        if (!events)
            z->stirred = false;
        else if (!z->on_ready(z, events) || clock_mono() >= until)
            break;
    }
}

int zev_start(struct zev *z, struct ev_loop *loop)
{
    int fd = -1;
    size_t len = sizeof fd;
    if (zmq_getsockopt(z->socket, ZMQ_FD, &fd, &len) != 0)
        return -errno;
    z->loop = loop;
    z->stirred = true;
    ev_io_init(&z->io, on_wake, fd, EV_READ);
    ev_prepare_init(&z->prepare, on_prepare);
    ev_check_init(&z->check, on_check);
    ev_idle_init(&z->idle, on_idle);
    z->io.data = z->prepare.data = z->check.data = z->idle.data = z;
    /* After all others: what they found to send is on its way when this one looks. */
    ev_set_priority(&z->prepare, EV_MINPRI);
    ev_set_priority(&z->io, EV_MAXPRI); /* before the check of the same turn, which goes by it */
    ev_io_start(loop, &z->io);
    ev_prepare_start(loop, &z->prepare);
    ev_check_start(loop, &z->check);
    return 0;
}

void zev_stop(struct zev *z)
{
    if (!z->loop)
        return;
    ev_io_stop(z->loop, &z->io);
    ev_prepare_stop(z->loop, &z->prepare);
    ev_check_stop(z->loop, &z->check);
    ev_idle_stop(z->loop, &z->idle);
    z->loop = NULL;
}
