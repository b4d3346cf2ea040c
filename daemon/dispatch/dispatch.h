/*
 * Work goes out here: a ROUTER socket, workers with credit, leases, redelivery. It knows queue ids,
 * sizes and how often each was tried; the work itself is read through `up` when it is sent, so that a
 * million waiting items cost bytes, not kilobytes.
 *
 * States (proto/PROTOCOL.md draws them; one function in dispatch.c changes them):
 *   READY -> LEASED -> SETTLING -> gone     RESULT came; dispatch_done() after the store made it durable
 *   LEASED -> DELAYED -> READY              lease lapsed, worker gone, NACK "later"
 *   LEASED -> DEAD                          LIMIT_DELIVERIES, LIMIT_WORKER_DEATHS, NACK "never"
 * SETTLING is LEASED whose result is on its way to the disk: its lease does not lapse.
 */
#ifndef DATELINE_DISPATCH_H
#define DATELINE_DISPATCH_H

#include "str.h"

#include <ev.h>
#include <jansson.h>
#include <stdint.h>

struct dispatch;

enum dispatch_event_type {
    DISPATCH_LOAD,   /* work of `id` wanted: append it to *load; leave it empty when it is gone */
    DISPATCH_TRIES,  /* deliveries or deaths of `id` changed: remember them */
    DISPATCH_RESULT, /* record for `id`: make it durable and dispatch_done(), or dispatch_refuse() */
    DISPATCH_DEAD    /* `id` is given up: bury it with `reason` */
};

struct dispatch_event {
    enum dispatch_event_type type;
    uint64_t id;
    struct buf *load;            /* LOAD */
    uint32_t deliveries, deaths; /* TRIES */
    struct str record;           /* RESULT: as the worker sent it, valid UTF-8, unparsed; lent */
    const char *reason;          /* DEAD */
    const char *worker;          /* RESULT, DEAD: its name, or NULL */
};

struct dispatch_options {
    struct ev_loop *loop;
    void *zmq;
    const char *const *bind; /* NULL-terminated endpoints */
    int64_t lease_us;
    uint32_t max_deliveries;
    const char *epoch;
    void (*up)(void *ctx, struct dispatch_event *event);
    void *ctx;
};

/* 0, -EADDRINUSE, -EACCES, -EINVAL …; *failed_out names the endpoint. */
int dispatch_open(const struct dispatch_options *options, struct dispatch **out,
                  const char **failed_out);
/* Tells the workers BYE and closes. */
void dispatch_close(struct dispatch *dispatch);
/* No new work goes out from now on; results still come in. */
void dispatch_drain(struct dispatch *dispatch);

/* An item that is durable in the queue is ready. `size` in bytes of its work. */
void dispatch_add(struct dispatch *dispatch, uint64_t id, size_t size, uint32_t deliveries,
                  uint32_t deaths);
/* Its result is durable. */
void dispatch_done(struct dispatch *dispatch, uint64_t id);
/* Its result cannot be taken (not JSON, another uri): counted as a NACK "later" of its worker. */
void dispatch_refuse(struct dispatch *dispatch, uint64_t id, const char *reason);

struct dispatch_counts {
    uint64_t ready, leased, delayed; /* leased holds SETTLING too */
    uint64_t deliveries, redeliveries, results, nacks, lapsed, refused; /* since open */
    uint32_t workers;
    int64_t oldest_us; /* age of the oldest unfinished item since it was added, 0 none */
};
void dispatch_counts(const struct dispatch *dispatch, struct dispatch_counts *out);
/* [{"name", "credit", "held", "done", "since", "last"}] */
json_t *dispatch_workers(const struct dispatch *dispatch);
/* {"state": "leased", "worker": …, "deliveries": …} or NULL when the id is not known here. */
json_t *dispatch_explain(const struct dispatch *dispatch, uint64_t id);

#endif
