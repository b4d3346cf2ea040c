/*
 * What the files of this room share.
 *
 *   work.c     items: the one door through which their states change, leases, time
 *   worker.c   workers: who is there, what is said to them
 *   pump.c     which item goes to which worker, batches
 *   dispatch.c the socket, what workers say, the room's interface
 *
 * Invariants
 *  1. An item stands on exactly one list, the one its state names; work_to() alone moves it.
 *  2. An item has a lease if and only if it is LEASED or SETTLING. A LEASED one is found by its
 *     lease's number and stands in its worker's list; a SETTLING one outlives its worker.
 *  3. worker->held is the number of leases in its list, and never raised beyond its credit.
 *  4. A lease number is used once, by this process and, as it starts from the time, by its
 *     successors.
 */
#ifndef DATELINE_DISPATCH_INSIDE_H
#define DATELINE_DISPATCH_INSIDE_H

#include "dispatch.h"

#include "hash.h"
#include "limits.h"
#include "list.h"
#include "wire.h"
#include "zev.h"

enum work_state { WORK_READY, WORK_LEASED, WORK_SETTLING, WORK_DELAYED, WORK_DONE, WORK_DEAD };
enum { WORK_STATES = WORK_DEAD + 1 };
/* Back-off classes: 1 s, 2 s, … 32 s. Each one's list is in order of time by itself. */
enum { DELAYS = 6 };

struct worker;
struct work;

struct lease {
    uint64_t number;
    struct work *work;
    struct worker *worker;     /* NULL once SETTLING */
    uint32_t serial;           /* of the worker, who may be gone */
    int64_t ends;              /* monotonic */
    struct lease *prev, *next; /* of its worker */
    UT_hash_handle hh;         /* dispatch.leases, by number */
};

/* One item; there may be a million of them, so it is kept small (test_dispatch looks). */
struct work {
    uint64_t id;
    int64_t since; /* monotonic, when it was added */
    struct work *prev, *next;
    union {
        struct lease *lease; /* LEASED, SETTLING */
        int64_t ready_at;    /* DELAYED; monotonic */
    };
    uint32_t size, deliveries, deaths;
    uint8_t state, delay;
    UT_hash_handle hh; /* dispatch.works, by id, in order of arrival */
};

struct worker {
    uint8_t route[256]; /* its routing id: libzmq allows 255 */
    uint8_t route_len;
    bool bye;      /* wants no more */
    bool stalled;  /* its pipe was full: not before it speaks again */
    bool isolated; /* for suspects alone */
    char name[LIMIT_WORKER_NAME + 1];
    uint32_t serial, credit, held;
    uint64_t done;
    int64_t since;        /* wall */
    int64_t heard, spoke; /* monotonic */
    struct lease *leases;
    UT_hash_handle hh; /* dispatch.workers, by route */
};

struct dispatch {
    struct dispatch_options options;
    char *epoch;
    char session[17];
    void *socket;
    struct zev zev;
    ev_prepare prepare;
    ev_idle idle;
    ev_timer timer;
    bool draining;

    struct work *works;                                                  /* hash, by id */
    struct work *ready, *suspects, *leased, *settling, *delayed[DELAYS]; /* lists, oldest first */
    uint64_t count[WORK_STATES];
    uint64_t settling_bytes;
    struct lease *leases; /* hash, by number */
    uint64_t next_lease;

    struct worker *workers; /* hash, by route */
    uint32_t next_serial, isolated;
    int64_t next_beat;

    struct dispatch_counts totals; /* the part since open */
    struct buf header, load;
};

/* ---- work.c */
struct work *work_find(const struct dispatch *d, uint64_t id);
void work_add(struct dispatch *d, uint64_t id, size_t size, uint32_t deliveries, uint32_t deaths);
const char *work_state_name(enum work_state state);
/* READY -> LEASED. */
struct lease *work_lease(struct dispatch *d, struct work *work, struct worker *worker);
/* LEASED -> READY, in front again, as if it had not been sent. */
void work_unlease(struct dispatch *d, struct work *work);
/* LEASED -> SETTLING. */
void work_settle(struct dispatch *d, struct work *work);
/* LEASED, SETTLING -> DELAYED or DEAD. `died`: its worker did. */
void work_failed(struct dispatch *d, struct work *work, bool died, const char *worker,
                 const char *reason);
/* any -> DEAD, which is told, and gone. */
void work_dead(struct dispatch *d, struct work *work, const char *worker, const char *reason);
/* SETTLING -> DONE, and gone. */
void work_done(struct dispatch *d, struct work *work);
void work_touch(struct dispatch *d, struct lease *lease);
/* Lapsed leases and ended delays, as of now. */
void work_tick(struct dispatch *d, int64_t now);
/* When the next one is due; INT64_MAX never. */
int64_t work_due(const struct dispatch *d);
void work_free_all(struct dispatch *d);

/* ---- worker.c */
struct worker *worker_find(const struct dispatch *d, struct str route);
struct worker *worker_by_serial(const struct dispatch *d, uint32_t serial);
/* HELLO. WIRE_FINE or the refusal. */
enum wire_refusal worker_hello(struct dispatch *d, struct str route, const struct wire_work *hello);
/* One message to it; -EHOSTUNREACH: it is gone, so `worker` may not be used any more. */
int worker_say(struct dispatch *d, struct worker *worker, enum wire_verb verb, struct str header,
               const struct str *payload, size_t count);
/* What it held goes back; `died` unless it only forgot. */
void worker_forget(struct dispatch *d, struct worker *worker, bool died, const char *reason);
void worker_gone(struct dispatch *d, struct worker *worker, const char *reason);
/* It said BYE and holds nothing: it may go. */
void worker_maybe_leave(struct dispatch *d, struct worker *worker);
void worker_isolate(struct dispatch *d, struct worker *worker, bool isolated);
void worker_tick(struct dispatch *d, int64_t now);
void worker_bye_all(struct dispatch *d);
void worker_free_all(struct dispatch *d);
/* A refusal to whoever it is, counted and logged. */
void worker_refuse(struct dispatch *d, struct str route, enum wire_refusal refusal, const char *why,
                   const uint64_t *leases, size_t count);

/* ---- pump.c */
/* Sends what can be sent, within a turn's budget; true when more could be. */
bool pump(struct dispatch *d);

#endif
