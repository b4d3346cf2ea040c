/*
 * A ZeroMQ socket on a libev loop. ZMQ_FD is edge-triggered and shared by sending and receiving, so
 * readiness is asked for before and after each sleep; this file alone knows that. Asking costs two
 * system calls, so only a stirred socket is asked: whose descriptor woke the loop, or which was sent on
 * since.
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
    bool stirred;
    struct ev_loop *loop;
    ev_io io;
    ev_prepare prepare;
    ev_check check;
    ev_idle idle;
};

/* socket, on_ready and data are set by the caller. 0 or a negative errno. */
int zev_start(struct zev *z, struct ev_loop *loop);
/* After every send from outside of on_ready: it may have eaten the edge that receiving waits for. */
void zev_stir(struct zev *z);
void zev_stop(struct zev *z); /* may be called twice; does not close the socket */

#endif
