/*
 * What the files of this room share.
 *
 *   work.c     items: the one door through which their states change, leases, time
 *   embargo.c  items under an embargo
 *   ready.c    where ready items wait, by lane and language; which of them a worker may take
 *   worker.c   workers: who is there, what is said to them
 *   pump.c     which item goes to which worker, batches, whether they move at all
 *   check.c    whether the invariants hold
 *   dispatch.c the socket, what workers say, the room's interface
 *
 * Invariants
 *  1. An item stands on the list that its state names and, when READY, on that of its language among
 *     its class; on no other. work_to() alone moves it.
 *  2. An item has a lease if and only if it is LEASED or SETTLING. A LEASED one is found by its
 *     lease's number and stands in its worker's list; a SETTLING one outlives its worker.
 *  3. worker->held is the number of leases in its list, and never raised beyond its credit.
 *  4. A lease number is used once, by this process and, as it starts from the time, by its
 *     successors.
 *  5. Both lists of ready items are in order of `turn`; a language's is the class's without the items
 *     of all others.
 *  6. Every item that was ever added is ready, leased, settling, delayed, done or dead.
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
/* Ready items by lane and, behind those, by lane again the suspects: a worker died holding them. */
enum ready_class {
    READY_LIVE = LANE_LIVE,
    READY_BACKFILL = LANE_BACKFILL,
    READY_SUSPECTS,
    READY_CLASSES = READY_SUSPECTS + DISPATCH_LANES
};
enum { LANGUAGES = 27 * 27 * 27 }; /* codes of three letters or none */
/* Back-off classes: 1 s, 2 s, … 32 s. Each one's list is in order of time by itself. What is under an
 * embargo is in a class of its own, which is a heap and no list. */
enum { DELAYS = 6, EMBARGOED = DELAYS };

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
    struct work *prev, *next;           /* of its state, READY: of its class */
    struct work *peer_prev, *peer_next; /* READY: of its language among its class */
    union {
        int64_t turn;        /* READY: the lower, the earlier it goes out */
        struct lease *lease; /* LEASED, SETTLING */
        int64_t ready_at;    /* DELAYED; monotonic, of the EMBARGOED wall */
    };
    uint32_t size;
    uint32_t since_s; /* monotonic, when it was added */
    uint16_t deliveries, language;
    uint8_t deaths, state, delay, lane;
    UT_hash_handle hh; /* dispatch.works, by id, in order of arrival */
};

/* One that an item or a worker has named. */
struct language {
    uint16_t number;
    uint32_t wanted; /* present workers that name it */
    uint64_t count[READY_CLASSES];
    struct work *ready[READY_CLASSES];
    struct language *next;
};

struct worker {
    uint8_t route[256]; /* its routing id: libzmq allows 255 */
    uint8_t route_len;
    bool bye;      /* wants no more */
    bool blocked;  /* its pipe was full: not before it speaks again */
    bool isolated; /* for suspects alone */
    char name[LIMIT_WORKER_NAME + 1];
    uint32_t serial, credit, held;
    size_t share; /* of the ready items, this turn of the pump */
    uint64_t done;
    bool wants;             /* counted in the languages' `wanted` */
    uint8_t language_count; /* 0: all */
    uint16_t language[LIMIT_LANGUAGES];
    json_t *capabilities; /* as it said them, or NULL */
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

    struct work *works;                               /* hash, by id */
    struct work *ready[READY_CLASSES];                /* lists, in order of turn */
    struct work *leased, *settling, *delayed[DELAYS]; /* lists, oldest first */
    struct work **embargo; /* a heap: the first to be released is in front */
    size_t embargo_count, embargo_room;
    int64_t first_turn, last_turn; /* the next in front; the last behind */
    uint64_t ready_count[READY_CLASSES];
    uint64_t count[WORK_STATES]; /* DONE and DEAD: since open */
    uint64_t added;              /* since open */
    uint64_t newest;             /* the greatest id that was added */
    struct language *languages[LANGUAGES], *spoken;
    uint32_t omnivores; /* present workers that take every language */
    uint64_t bytes;     /* of the work of all of them */
    uint64_t settling_bytes;
    struct lease *leases; /* hash, by number */
    uint64_t next_lease;

    struct worker *workers; /* hash, by route */
    uint32_t next_serial, isolated;
    int64_t next_beat;

    int64_t moved_at; /* monotonic: an item was sent or ended */
    int64_t
        still_since; /* monotonic: since when there is work that a worker could take; 0 there is none */

    struct dispatch_counts totals; /* the part since open */
    struct buf header, load;
};

/* Ids and lease numbers are given one after the other; their buckets too, then, so that the processor has the next
 * ones already: a quarter of a start with a million items. */
static inline unsigned number_hash(uint64_t number)
{
    return (unsigned)number;
}

/* ---- work.c */
struct work *work_find(const struct dispatch *d, uint64_t id);
void work_add(struct dispatch *d, const struct dispatch_item *item);
const char *work_state_name(enum work_state state);
/* READY -> LEASED. */
struct lease *work_lease(struct dispatch *d, struct work *work, struct worker *worker);
/* LEASED -> READY, in front again, as if it had not been sent. */
void work_unlease(struct dispatch *d, struct work *work);
/* LEASED -> SETTLING. */
void work_settle(struct dispatch *d, struct work *work);
/* READY, DELAYED -> SETTLING: nobody gets it any more. */
void work_withdraw(struct dispatch *d, struct work *work);
/* READY, SETTLING -> DELAYED for the longest time, and nothing counts: a row that it needs cannot be read,
 * which is nobody's fault who would get it or had it, and may be mended by a repair. */
void work_set_aside(struct dispatch *d, struct work *work);
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
int64_t work_due(const struct dispatch *d, int64_t now);
void work_free_all(struct dispatch *d);

/* ---- embargo.c */
void embargo_enter(struct dispatch *d, struct work *work);
void embargo_leave(struct dispatch *d, struct work *work);
/* The first to be released, NULL none. */
struct work *embargo_first(const struct dispatch *d);
/* When it may be, monotonic, or sooner: the wall clock may be set. INT64_MAX: there is none. */
int64_t embargo_due(const struct dispatch *d, int64_t now);
bool embargo_fits(const struct dispatch *d);

/* ---- ready.c */
/* The number of a code, whose list there is from now on; 0 for one that is not known. */
uint16_t language_of(struct dispatch *d, const char code[4]);
/* "und" for 0. */
const char *language_code(uint16_t number, char out[4]);
void language_free_all(struct dispatch *d);
void ready_enter(struct dispatch *d, struct work *work, bool front);
void ready_leave(struct dispatch *d, struct work *work);
/* From now on the worker takes what its HELLO names; no more of anything. */
void ready_want(struct dispatch *d, struct worker *worker, const struct wire_work *hello);
void ready_unwant(struct dispatch *d, struct worker *worker);
/* The item that `worker` is to get next, live ones first: a suspect, or one that is none. NULL none. */
struct work *ready_first(const struct dispatch *d, const struct worker *worker, bool suspects);
/* How many it may take, without suspects. */
uint64_t ready_count(const struct dispatch *d, const struct worker *worker);
bool ready_suspects(const struct dispatch *d);
/* Ready items of a language that none of the workers takes; 0 when there is no worker at all. */
uint64_t ready_unwanted(const struct dispatch *d, const struct language *language);

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
/* BYE was said, by either side: it gets no more. */
void worker_ends(struct dispatch *d, struct worker *worker);
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
bool pump(struct dispatch *d, int64_t now);

/* ---- check.c */
/* The first invariant that does not hold, or NULL. Looks at everything: for tests. */
const char *dispatch_check(const struct dispatch *d);

#endif
