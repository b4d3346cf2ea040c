/*
 * A ZeroMQ socket on a libev loop. ZMQ_FD is edge-triggered and shared by sending and receiving, so
 * readiness is asked for before and after each sleep; this file alone knows that.
 */
#ifndef DATELINE_ZEV_H
#define DATELINE_ZEV_H

#include <ev.h>
#include <stdbool.h>

struct zev {
    void *socket;                               /* lent */
    bool want_write;                            /* ask for ZMQ_POLLOUT too */
    int (*on_ready)(struct zev *z, int events); /* one step: one message; 0 when nothing is left */
    void *data;
    /* inside */
    struct ev_loop *loop;
    ev_io io;
    ev_prepare prepare;
    ev_check check;
    ev_idle idle;
};

/* socket, on_ready and data are set by the caller. 0 or a negative errno. */
int zev_start(struct zev *z, struct ev_loop *loop);
void zev_stop(struct zev *z); /* may be called twice; does not close the socket */

#endif
