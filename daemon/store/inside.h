/*
 * What the files of store/ share.
 *
 *     loop thread                                writer thread
 *     store_commit ──► waiting ───────────────►  takes what has gathered, one synced write
 *     on_durable  ◄── delivered ◄── ev_async ──  done
 *
 * Between the threads lie `waiting`, `done` and the numbers beside them, under one lock. A change
 * belongs to the list it stands on, and to whoever took it from there.
 */
#ifndef DATELINE_STORE_INSIDE_H
#define DATELINE_STORE_INSIDE_H

#include <ev.h>
#include <pthread.h>
#include <rocksdb/c.h>
#include <stdatomic.h>

#include "families.h"
#include "status.h"
#include "store.h"

struct store_change {
    struct store *store;
    rocksdb_writebatch_t *batch;
    struct store_numbers numbers;
    bool has_numbers;
    uint64_t first_put, last_put; /* ids put into the queue; first_put UINT64_MAX: none */
    uint64_t dropped;             /* ids taken out of it */
    uint64_t results_from;        /* results before this seq are dropped */

    /* since the commit */
    size_t bytes;
    void (*on_durable)(void *ctx);
    void *ctx;
    struct store_change *prev, *next; /* utlist */
};

struct writer {
    struct ev_loop *loop; /* NULL: no thread */
    ev_async wake;
    pthread_t thread;

    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t work;  /* something waits, or stop */
    pthread_cond_t moved; /* something is done, or failed */
    struct store_change *waiting, *done;
    bool stop;
    int failed;                    /* the first error; nothing is written after it */
    char failed_text[STATUS_TEXT]; /* of a full disk as well */
    bool full;                     /* a group met a full disk and is not durable yet */
    bool parked;                   /* its thread waits for `retry`; the database is the loop's */
    bool retry;
    struct store_stats stats;

    /* loop thread only */
    struct store_change *delivered; /* taken from done, on_durable still to be called */
    size_t under_way;               /* commits whose on_durable was not called yet */
    bool failure_told, full_told;
    ev_timer room; /* looks for space */

    _Atomic size_t pending_bytes;
    /* written by who writes, read by both: no queued item has a smaller id */
    _Atomic uint64_t head;
    /* who writes only */
    uint64_t head_saved, last_put, dropped;
};

struct store {
    char *path;
    int lock; /* descriptor, -1 read_only */
    bool read_only;
    int64_t keep_us; /* of rows that age; 0 for ever */
    uint32_t schema; /* as it was found; read_only may look at an older one */
    struct families families;
    pthread_mutex_t in_use; /* held by who uses `db` on a thread of its own */
    rocksdb_t *db;
    rocksdb_column_family_handle_t *of[FAMILY_COUNT]; /* NULL: not there yet (read_only) */
    rocksdb_readoptions_t *read;
    rocksdb_readoptions_t *scan; /* for walks over much: reads ahead, leaves the cache to others */
    rocksdb_writeoptions_t *synced;
    struct store_numbers numbers;
    char epoch[17];
    uint64_t damaged;
    void (*up)(void *ctx, enum store_event_type event, int error);
    void *ctx;
    struct writer writer;
    struct store *next_failed; /* closed after a failed write */
};

/* ---- place.c: the directory, before RocksDB sees it */
/* A directory that can be used; made when it is not there. read_only: -ENOENT instead. */
int place_look(const char *path, bool read_only, char why[STORE_WHY]);
/* Whether a state is in it. read_only: -ENOENT when none is. */
int place_contents(const char *path, bool read_only, bool *out_fresh, char why[STORE_WHY]);
/* Ours alone, before anything in it is touched. RocksDB's own lock comes too late for that. */
int place_lock(const char *path, int *out_fd, char why[STORE_WHY]);
/* Copies the write-ahead logs into PATH/damaged-N, N the first one's number; done once for each N.
 * *out_dir is on the heap. */
int place_keep_logs(const char *path, char **out_dir);
uint64_t place_free(const char *path);
void place_usage(const char *path, uint64_t *out_bytes, uint64_t *out_free);

/* ---- copy.c: files and directories. 0 or a negative errno */
int copy_file(int from_dir, int to_dir, const char *name); /* synced */
int copy_sync_dir(const char *path);
/* A directory that a power cut takes away takes along what was durable in it. */
int copy_sync_above(const char *path);
int copy_remove(const char *path); /* with all in it; nothing there is fine */
/* A state at rest, as it is: tables by hard link, the rest byte by byte. `to` is there whole or not
 * at all. */
int copy_state(const char *from, const char *to);
/* PATH.SUFFIX or PATH.SUFFIX-N, whichever is not there yet. On the heap. */
char *copy_free_name(const char *path, const char *suffix);

/* ---- swap.c: another state takes the place of the one at `path`, which must be there and locked */
struct swap {
    char *path, *suffix, *side, *building;
    char *db;   /* where the new one is put together; empty after swap_begin() */
    char *kept; /* after swap_finish(): where the old one is now, NULL when there was none */
};
int swap_begin(struct swap *swap, const char *path, const char *why);
/* What is in swap->db is synced but for the directory itself. */
int swap_finish(struct swap *swap);
/* Always at the end: what was not finished is removed. */
void swap_done(struct swap *swap);
/* One was interrupted where no exchange in one step was to be had. */
bool swap_is_open(const char *path);

/* ---- migrate.c */
/* Before RocksDB opens the state: makes the copy when the schema is an old one. */
int migrate_prepare(const char *path, uint32_t schema, char why[STORE_WHY]);
int migrate_run(struct store *store, uint32_t schema, char why[STORE_WHY]);

/* ---- version.c */
enum version_log {
    VERSION_LOG_WHOLE,
    VERSION_LOG_TORN, /* its last block ends in a record that is not whole: a power cut does that */
    VERSION_LOG_DAMAGED /* before its end */
};
struct version_found {
    uint32_t schema; /* 0: its making was interrupted */
    enum version_log log;
    bool has[FAMILY_COUNT];
};
/* Looks without changing anything. 0, -EPROTO newer, or why it cannot be opened. */
int version_peek(const char *path, bool read_only, struct version_found *out, char why[STORE_WHY]);
/* Makes (schema 0) or reads the meta family of the opened store. */
int version_begin(struct store *store, uint32_t schema, char why[STORE_WHY]);
/* Synced. Only while nobody is told the old one. */
int version_new_epoch(struct store *store, char why[STORE_WHY]);
/* The sentence for an error of RocksDB at open; gives `error` back. */
int version_why(const char *path, int error, const char *text, char why[STORE_WHY]);

/* ---- store.c */
void database_close(struct store *store);
/* After database_close(), once more. */
int database_reopen(struct store *store, char text[STATUS_TEXT]);

/* ---- full.c: a disk that is full is waited for, on the loop */
void full_init(struct store *store);
/* Looks what the writer says of it: after every delivery. */
void full_look(struct store *store, bool full);
void full_stop(struct store *store);

/* ---- writer.c */
int writer_open(struct store *store, struct ev_loop *loop);
void writer_close(struct store *store);

/* ---- read.c */
/* The value of a key, appended. 0, -ENOENT, -EIO (logged). */
int read_value(struct store *store, enum family family, struct str key, struct buf *out);

#endif
