/*
 * Durable state: a journal that a commit is synced to, and RocksDB behind it, one column family a kind of
 * thing, which gets what is still worth keeping, in bulk (apply.c).
 *
 * Invariants
 *  1. A change is atomic: all of it is there after a crash, or none.
 *  2. Changes become durable in the order of store_commit(), and on_durable comes in that order, on
 *     the loop, only after the journal was synced.
 *  3. Nothing that was reported durable is lost by kill -9 or a power cut.
 *  4. A write that finds the disk full is kept and written again once there is space, with all
 *     behind it: STORE_FULL, later STORE_ROOM. After any other failed write nothing is reported
 *     durable any more: STORE_FAILED comes once, and the process has to end and start again.
 *  5. A state of a newer version is not touched.
 *
 * The loop thread owns all calls. Reads see what is durable; a change that was committed but is not durable yet
 * may or may not be seen by them, so a caller that needs its own writes keeps them until on_durable.
 *
 * Stored values are not trusted: one that does not decode is -EIO to a get, and is logged, counted
 * (store_stats.damaged) and passed over by an iteration, so that one bad row stops no start.
 *
 * Keys and values carry their versions; the recipe for changing them stands in store/keys.h.
 */
#ifndef DATELINE_STORE_H
#define DATELINE_STORE_H

#include "str.h"

#include <ev.h>
#include <stdint.h>

struct store;
struct store_change;

enum store_event_type {
    STORE_FAILED, /* nothing is durable from here on: the process has to end */
    STORE_FULL,   /* the disk is full: what was committed waits, nothing is lost */
    STORE_ROOM    /* there is space again, and all that waited is durable */
};

struct store_options {
    const char *path; /* the state directory; made when its parent is there */
    /* NULL: no writer thread, store_commit() writes and syncs at once (tools, tests). The store
     * keeps a loop running only while commits are under way. */
    struct ev_loop *loop;
    bool read_only; /* look, beside a running daemon too; commits are refused */
    /* How long seen, texts, urls and what was recorded are remembered, µs; 0 for ever. */
    int64_t seen_keep_us;
    /* May be NULL; not called without a loop: there a full disk is an error like others. */
    void (*up)(void *ctx, enum store_event_type event, int error);
    void *ctx;
};

/* 0; -EBUSY another process holds it, -EACCES, -EROFS, -ENOSPC, -ENOTDIR, -ENOENT (its parent is
 * not there; read_only: there is no state yet), -EPROTO a newer version's state, -EUCLEAN damaged,
 * -EIO. `why` (256 bytes) gets one line in plain words: what, where, what to do. A damaged state is
 * never taken for a fresh start. When only the journal is damaged, that is logged,
 * it is kept aside in `damaged-N/`, and what lies before the damage is opened. */
#define STORE_WHY 256
int store_open(const struct store_options *options, struct store **out, char why[STORE_WHY]);
/* Waits until all that was committed is durable and calls its on_durable. NULL is fine. After
 * STORE_FAILED the state stays locked until the process ends. */
void store_close(struct store *store);

/* 16 hex digits, made with the store: names the sequence of results. */
const char *store_epoch(const struct store *store);

/* ---- numbers that survive, written with every change that moves them */
struct store_numbers {
    uint64_t next_queue_id;        /* > 0 */
    uint64_t next_seq;             /* of results, > 0 */
    uint64_t accepted, done, dead; /* items, ever; dead counts those that are buried now */
    uint64_t duplicates;           /* dropped as already known, ever */
};
void store_numbers(const struct store *store,
                   struct store_numbers *out); /* as at open, or as last committed */

/* ---- a change: built on the loop, then handed over */
/* Texts are copied at the call. A change that is put together and never committed leaves no trace.
 */
struct store_change *store_change_new(struct store *store);
void store_change_free(struct store_change *change);
size_t store_change_bytes(const struct store_change *change);

void store_set_numbers(struct store_change *change, const struct store_numbers *numbers);
void store_put_source(struct store_change *change, struct str id, struct str state);
void store_drop_source(struct store_change *change, struct str id);
/* Who was seen: 16 bytes of identity -> what link/ remembers of it. */
void store_put_seen(struct store_change *change, const uint8_t id[16], struct str entry);
/* Which text was seen: 16 bytes of hash -> what link/ remembers of it. */
void store_put_text(struct store_change *change, const uint8_t hash[16], struct str entry);
/* For explain: 16 bytes of a URL's identity -> uri of the item. */
void store_put_url(struct store_change *change, const uint8_t hash[16], struct str uri);
/* work: the record so far, JSON. */
void store_queue_put(struct store_change *change, uint64_t id, struct str work);
/* `tried`: a row of store_queue_tries() may be there too. Most items are done at the first delivery. */
void store_queue_drop(struct store_change *change, uint64_t id, bool tried);
struct store_tries {
    uint32_t deliveries, deaths;
};
void store_queue_tries(struct store_change *change, uint64_t id, struct store_tries tries);
/* What is known of an item that was given up. */
struct store_dead {
    struct str reason, worker; /* worker: who had it last; may be empty */
    int64_t at;                /* µs UTC; 0 not known: buried by a version that kept no time */
    uint32_t deliveries, deaths;
    struct str work;
};
/* Moves a queued item, whose work the caller still has, to the dead. */
void store_queue_bury(struct store_change *change, uint64_t id, const struct store_dead *dead);
/* Out of the dead: purged, or with a store_queue_put() in the same change queued again. */
void store_dead_drop(struct store_change *change, uint64_t id);
struct store_result {
    uint64_t seq, prev; /* prev: seq of the previous result of the same topic, 0 none */
    int64_t at;         /* µs UTC */
    struct str topic, uri, version, record;
};
void store_put_result(struct store_change *change, const struct store_result *result);
/* Retention: results before `seq` go; that they were recorded stays known. */
void store_drop_results(struct store_change *change, uint64_t seq);

/* Takes *change. on_durable may be NULL; it is called exactly once unless the store fails first.
 * With no loop: 0 or a negative errno, on_durable called before the return; with a loop always 0.
 * -EROFS when opened read_only. on_durable may commit more; it may not close the store. */
int store_commit(struct store *store, struct store_change **change, void (*on_durable)(void *ctx),
                 void *ctx);
/* What was committed is brought into the database as soon as it is durable, not only when it is worth it. For
 * who reads the database past these calls: backups, tests. Without a loop: at once. False: so much is on its way that
 * it has to wait; or the store has failed. */
bool store_settle(struct store *store);
/* Handed over and not durable yet, or waiting for the database: back-pressure looks here. */
size_t store_pending_bytes(const struct store *store);

/* ---- reads. 0, -ENOENT, -EIO. Buffers are appended to. */
int store_get_source(struct store *store, struct str id, struct buf *out);
/* out_old (may be NULL): past half of seen_keep_us, to be written again before it is forgotten. */
int store_get_seen(struct store *store, const uint8_t id[16], struct buf *out, bool *out_old);
int store_get_text(struct store *store, const uint8_t hash[16], struct buf *out, bool *out_old);
int store_get_url(struct store *store, const uint8_t hash[16], struct buf *out);
int store_queue_get(struct store *store, uint64_t id, struct buf *out);
int store_dead_get(struct store *store, uint64_t id, struct buf *out_work);
/* seq of the result of (uri, version). */
int store_result_of(struct store *store, struct str uri, struct str version, uint64_t *out_seq);
int store_topic_last(struct store *store, struct str topic, uint64_t *out_seq);

/* Iterations end when the callback returns anything but 0, which is handed back. */
int store_each_source(struct store *store, int (*each)(void *ctx, struct str id, struct str state),
                      void *ctx);
int store_each_queued(struct store *store,
                      int (*each)(void *ctx, uint64_t id, struct store_tries tries,
                                  struct str work),
                      void *ctx);
/* The same without reading the work, which a start with a million items has no time for: `size` of
 * it and its first STORE_HEAD bytes (all when it is shorter). */
#define STORE_HEAD 16
int store_each_head(struct store *store,
                    int (*each)(void *ctx, uint64_t id, struct store_tries tries, size_t size,
                                struct str head),
                    void *ctx);
/* From an id on, in order of ids; what is queued without its tries. */
int store_each_work(struct store *store, uint64_t from,
                    int (*each)(void *ctx, uint64_t id, struct str work), void *ctx);
int store_each_dead(struct store *store, uint64_t from,
                    int (*each)(void *ctx, uint64_t id, const struct store_dead *dead), void *ctx);
/* From `seq` on, in order. */
int store_each_result(struct store *store, uint64_t seq,
                      int (*each)(void *ctx, const struct store_result *result), void *ctx);
/* The first result logged at or after a time; next_seq when there is none. */
int store_seq_at(struct store *store, int64_t at, uint64_t *out_seq);

/* The first result from which on results take at most `bytes` of the disk, by RocksDB's estimate; 0 when all
 * of them do. */
int store_seq_of_size(struct store *store, uint64_t bytes, uint64_t *out_seq);

/* ---- what it costs, for status and metrics */
struct store_stats {
    uint64_t commits, commit_items, syncs,
        bytes;                      /* changes, rows in them, synced writes; since open */
    int64_t sync_us, sync_max_us;   /* spent in synced writes */
    uint64_t journal_bytes;         /* to be read at the next start, were it now */
    uint64_t damaged;               /* stored values that did not decode, since open */
    uint64_t disk_bytes, disk_free; /* of the state; left to us on its file system */
};
void store_stats(struct store *store, struct store_stats *out);

#endif
