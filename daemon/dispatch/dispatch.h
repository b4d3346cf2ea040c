/*
 * Work goes out here: a ROUTER socket, workers with credit, leases, redelivery. It knows queue ids,
 * sizes and how often each was tried; the work itself is read through `up` when it is sent, so that a
 * million waiting items cost bytes, not kilobytes.
 *
 * States (proto/PROTOCOL.md draws them; one function in dispatch.c changes them):
 *   READY -> LEASED -> SETTLING -> gone     RESULT came; dispatch_done() after the store made it durable
 *                                           or ACK came, which ends it without a record
 *   DELAYED -> READY                        it came under an embargo, which is over; or it is dropped then
 *   LEASED -> DELAYED -> READY              lease lapsed, worker gone, NACK "later"
 *   SETTLING -> DELAYED                     the result cannot be taken, or not recorded now
 *   LEASED -> DEAD                          LIMIT_DELIVERIES, LIMIT_WORKER_DEATHS, NACK "never"
 * SETTLING is LEASED whose result is on its way to the disk: its lease does not lapse.
 */
#ifndef DATELINE_DISPATCH_H
#define DATELINE_DISPATCH_H

#include "keyring.h"
#include "str.h"

#include <ev.h>
#include <jansson.h>
#include <stdint.h>

struct dispatch;

/* What is fresh goes before what is caught up with. The numbers stand in rows of the queue. */
enum dispatch_lane { LANE_LIVE, LANE_BACKFILL };
enum { DISPATCH_LANES = LANE_BACKFILL + 1 };

/* An item that is durable in the queue. */
struct dispatch_item {
    uint64_t id;
    size_t size; /* bytes of its work */
    uint32_t deliveries, deaths;
    enum dispatch_lane lane;
    int64_t release_at; /* wall: under an embargo until then; 0 none. Told again when it is over */
    char language[4];   /* ISO 639 code of two or three letters a-z, NUL padded; "" not known */
};

enum dispatch_event_type {
    DISPATCH_LOAD, /* work of `id` wanted: append it to *load; leave it empty when it is gone; set
                      * `unreadable` when it is there and cannot be read: it waits, others go on */
    DISPATCH_RELEASE, /* the embargo of `id` is over; set `stale` when it is not to go out any more, which
                       * counts as dispatch_withdraw() */
    DISPATCH_TRIES,  /* deliveries or deaths of `id` changed: remember them */
    DISPATCH_ACK,    /* `id` is done without a record: drop it durably and dispatch_done() */
    DISPATCH_RESULT, /* record for `id`: make it durable and dispatch_done(), or dispatch_refuse(),
                      * or dispatch_put_off() */
    DISPATCH_DEAD    /* `id` is given up: bury it with `reason` */
};

struct dispatch_event {
    enum dispatch_event_type type;
    uint64_t id;
    struct buf *load;            /* LOAD */
    bool unreadable;             /* LOAD */
    bool stale;                  /* RELEASE */
    uint32_t deliveries, deaths; /* TRIES */
    struct str record;           /* RESULT: as the worker sent it, valid UTF-8, unparsed; lent */
    const char *reason;          /* DEAD */
    const char *worker;          /* RESULT, ACK, DEAD: its name, or NULL */
};

struct dispatch_options {
    struct ev_loop *loop;
    void *zmq;
    const char *const *bind;    /* NULL-terminated endpoints */
    const struct keyring *keys; /* or NULL: anybody who reaches them */
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

/* It is ready. Its id is not known here, or was given up before. */
void dispatch_add(struct dispatch *dispatch, const struct dispatch_item *item);
/* Its result is durable. */
void dispatch_done(struct dispatch *dispatch, uint64_t id);
/* Nobody gets it any more: it counts as leased until dispatch_done() says that it is out of the queue for
 * good. 0, -ENOENT not known here, -EBUSY a worker holds it, or its result is on the way to the disk. */
int dispatch_withdraw(struct dispatch *dispatch, uint64_t id);
/* The end of the embargo it is under, wall; 0 when it is under none, or not known here. */
int64_t dispatch_embargo(const struct dispatch *dispatch, uint64_t id);
/* Another end of it. 0, -ENOENT when it is under none. */
int dispatch_embargo_until(struct dispatch *dispatch, uint64_t id, int64_t release_at);
/* Its result cannot be taken (not JSON, another uri): counted as a NACK "later" of its worker. */
void dispatch_refuse(struct dispatch *dispatch, uint64_t id, const char *reason);
/* Its result cannot be recorded now, which is nobody's fault: it waits as work does that cannot be read, and
 * the delivery does not count. */
void dispatch_put_off(struct dispatch *dispatch, uint64_t id);

struct dispatch_counts {
    uint64_t ready, leased, delayed; /* leased holds SETTLING too */
    uint64_t embargoed;              /* of the delayed ones */
    int64_t next_release;            /* wall: the first of them; 0 none */
    uint64_t deliveries, redeliveries, results, acks, nacks, lapsed, refused; /* since open */
    uint64_t
        unroutable; /* ready, in languages that no present worker takes: dispatch_unroutable() */
    uint32_t workers;
    uint64_t bytes; /* of the work of all that is ready, leased or delayed */
    int64_t
        still_us; /* how long work has waited that a present worker has credit for, and nothing was
                       * sent and nothing ended; 0 when there is none such */
    bool stalled; /* that is longer than LIMIT_STALL_MS: something is wrong here */
    int64_t
        oldest_us; /* age of the oldest unfinished item since it was added or its embargo was over; 0
                        * none */
    uint64_t ready_of[DISPATCH_LANES]; /* ready, by lane */
    int64_t first_us[DISPATCH_LANES];  /* age of the one that is first in the lane's line, 0 none */
};
void dispatch_counts(const struct dispatch *dispatch, struct dispatch_counts *out);
/* {"ru": 12, "und": 3}: ready items by language that no present worker takes. Empty while there is no
 * worker at all: nobody is missing then but workers. The caller owns it. */
json_t *dispatch_unroutable(const struct dispatch *dispatch);
/* {"en": 40, "und": 3}: ready items by language. The caller owns it. */
json_t *dispatch_languages(const struct dispatch *dispatch);
/* [{"name", "credit", "held", "done", "since", "last", "languages", "capabilities"}]; no languages: all */
json_t *dispatch_workers(const struct dispatch *dispatch);
/* {"state": "leased", "lane", "language", "worker": …, "deliveries": …} or NULL when the id is not known here. */
json_t *dispatch_explain(const struct dispatch *dispatch, uint64_t id);

#endif
