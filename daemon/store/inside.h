/*
 * What the files of store/ share.
 *
 *     loop thread                          writer thread                    applier thread
 *     store_commit ──► waiting ─────────►  takes what has gathered,
 *                 └──► newest layer        one synced record of the journal
 *     on_durable  ◄── delivered ◄────────  done
 *     freeze      ──► mark ─────────────►  all before it is durable ──────► layer to the database
 *     forget      ◄─────────────────────────────────────────────────────── applied
 *
 * Between the threads lie `waiting`, `done`, `to_apply` and the numbers beside them, under one lock. A change
 * belongs to the list it stands on, and to whoever took it from there.
 *
 * Invariants, besides those of store.h
 *  6. The database on the disk holds, of every family, at least what the records up to its `applied` (meta)
 *     make, and nothing of a record that is not synced. The journal holds every record behind that. A flush
 *     is over when no memtable is left that waits for it, not when RocksDB says so (apply.c).
 *  7. A record read again gives the same rows: changes put and drop, they never add to what is there.
 */
#ifndef DATELINE_STORE_INSIDE_H
#define DATELINE_STORE_INSIDE_H

#include <ev.h>
#include <pthread.h>
#include <rocksdb/c.h>
#include <stdatomic.h>

#include "families.h"
#include "journal.h"
#include "layer.h"
#include "status.h"
#include "store.h"

struct store_change {
    struct store *store;
    struct buf rows;
    uint64_t row_count;
    struct store_numbers numbers;
    bool has_numbers;

    /* since the commit */
    struct str bytes;          /* the rows, which the newest layer has now */
    struct generation *frozen; /* a mark: all changes of this generation come before it */
    void (*on_durable)(void *ctx);
    void *ctx;
    struct store_change *prev, *next; /* utlist */
};

/* A layer on its way to the database. */
struct generation {
    struct layer *layer;
    uint64_t record;                /* the last of its records, once it is frozen and durable */
    bool flush;                     /* to tables at once, however little it is */
    bool applied;                   /* under the lock */
    struct generation *prev, *next; /* utlist: all of them, oldest first; the loop's */
    struct generation *apply_prev, *apply_next; /* utlist: to_apply */
};

/* What a full disk makes of a thread. */
struct stand {
    bool full;  /* it met one, and what it met it with is not done yet */
    bool still; /* it waits for `retries` to grow, and was not told */
    unsigned retries;
};

struct writer {
    struct ev_loop *loop; /* NULL: no threads */
    ev_async wake;
    pthread_t thread, applier;

    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t work;  /* something waits, or stop */
    pthread_cond_t below; /* the same for who applies */
    pthread_cond_t moved; /* something is done, or failed */
    struct store_change *waiting, *done;
    struct generation *to_apply;
    bool stop, stop_applying;
    int failed;                    /* the first error; nothing is written after it */
    char failed_text[STATUS_TEXT]; /* of a full disk as well */
    struct stand writing, applying;
    bool backing_up;          /* tables are being listed and copied: nothing is flushed by us */
    uint64_t frozen, applied; /* generations */
    struct store_stats stats;

    /* loop thread only */
    struct store_change *delivered; /* taken from done, on_durable still to be called */
    size_t under_way;               /* commits whose on_durable was not called yet */
    bool failure_told, full_told;
    ev_timer room; /* looks for space */

    _Atomic size_t pending_bytes;
    uint64_t record; /* the last that was written; who writes only */
};

/* Who applies only, but for head. */
struct applier {
    /* no queued item of the database has a smaller id */
    _Atomic uint64_t head;
    uint64_t head_saved;
    uint64_t last_put; /* largest id that was put there */
    uint64_t dropped;  /* ids dropped since the head was looked for */
};

struct store {
    char *path;
    int lock; /* descriptor, -1 read_only */
    bool read_only;
    int64_t keep_us; /* of rows that age; 0 for ever */
    uint32_t schema; /* as it was found; read_only may look at an older one */
    struct families families;
    rocksdb_t *db;
    rocksdb_column_family_handle_t *of[FAMILY_COUNT]; /* NULL: not there yet (read_only) */
    rocksdb_readoptions_t *read;
    rocksdb_readoptions_t *scan; /* for walks over much: reads ahead, leaves the cache to others */
    rocksdb_writeoptions_t *synced, *unlogged;
    struct journal *journal;        /* NULL: read_only */
    struct generation *generations; /* oldest first; the last takes what is committed */
    struct store_numbers numbers;
    char epoch[17];
    bool cut; /* the journal was damaged: the database may hold rows of records that are lost */
    uint64_t damaged;
    void (*up)(void *ctx, enum store_event_type event, int error);
    void *ctx;
    struct writer writer;
    struct applier apply;
    struct store *next_failed; /* closed after a failed write */
};

/* ---- place.c: the directory, before RocksDB sees it */
/* A directory that can be used; made when it is not there. read_only: -ENOENT instead. */
int place_look(const char *path, bool read_only, char why[STORE_WHY]);
/* Whether a state is in it. read_only: -ENOENT when none is. */
int place_contents(const char *path, bool read_only, bool *out_fresh, char why[STORE_WHY]);
/* Ours alone, before anything in it is touched. RocksDB's own lock comes too late for that. */
int place_lock(const char *path, int *out_fd, char why[STORE_WHY]);
/* Copies the write-ahead logs and the journal into PATH/damaged-N, N the first one's number; done once for each N.
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
/* Numbers, epoch: after what the journal holds was read. */
int version_read(struct store *store, char why[STORE_WHY]);
/* Synced. Only while nobody is told the old one. */
int version_new_epoch(struct store *store, char why[STORE_WHY]);
/* The sentence for an error of RocksDB at open; gives `error` back. */
int version_why(const char *path, int error, const char *text, char why[STORE_WHY]);

/* ---- store.c */
void database_quiet(void);

/* ---- recover.c: what the journal holds and the database does not */
/* Into the database; read_only: into a layer. Opens the journal for writing otherwise. `segments` were opened
 * before the database was. */
int recover(struct store *store, const struct journal_segments *segments, char why[STORE_WHY]);

/* ---- apply.c */
/* One write of all rows of a layer; then the database holds everything up to `record`. */
int apply_layer(struct store *store, const struct layer *layer, uint64_t record,
                char text[STATUS_TEXT]);
/* All that the database has is on the disk, and the journal is cut accordingly. */
int apply_flush(struct store *store, char text[STATUS_TEXT]);
void *applier_main(void *arg); /* a struct store */
/* On the loop: forgets layers that the database has, freezes the newest when it is full. */
void generations_tend(struct store *store);
/* The newest layer takes the rows. */
void generation_add(struct store *store, struct buf *rows);
void generations_free(struct store *store);
/* Bytes that the applier is behind. */
size_t generations_behind(const struct store *store);

/* ---- full.c: a disk that is full is waited for, on the loop */
void full_init(struct store *store);
/* Looks what the writer says of it: after every delivery. */
void full_look(struct store *store, bool full);
void full_stop(struct store *store);

/* ---- writer.c */
int writer_open(struct store *store, struct ev_loop *loop);
void writer_close(struct store *store);
/* On a full disk: waits until the loop says that there is space; false: the end has come. */
bool writer_stand(struct writer *writer, struct stand *stand, const char *text);
/* What the first failure, or the last full disk, was said to be. */
void writer_said(struct writer *writer, char text[STATUS_TEXT]);
bool writer_has_failed(struct writer *writer);
/* Under the lock. The first error stays. */
void writer_fail(struct writer *writer, int error, const char *text);

/* ---- read.c */
/* The value of a key, appended; of the newest layer that has it, or of the database. 0, -ENOENT, -EIO (logged). */
int read_value(struct store *store, enum family family, struct str key, struct buf *out);
/* The same of the database alone. */
int read_below(struct store *store, enum family family, struct str key, struct buf *out);
/* 0, or -EIO: RocksDB said something, which is logged. */
int read_failed(enum family family, char **message);

#endif
