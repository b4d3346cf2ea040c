/*
 * The column families, by hand, and the options of the database and of each.
 */
#ifndef DATELINE_STORE_FAMILIES_H
#define DATELINE_STORE_FAMILIES_H

#include <rocksdb/c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Their numbers stand in the journal (rows.h): new ones come last. */
enum family {
    FAMILY_DEFAULT, /* RocksDB insists on it; empty */
    FAMILY_META,
    FAMILY_SOURCES,
    FAMILY_SEEN,
    FAMILY_TEXTS,
    FAMILY_URLS,
    FAMILY_QUEUE,
    FAMILY_HEADS,
    FAMILY_TRIES,
    FAMILY_DEAD,
    FAMILY_RESULTS,
    FAMILY_RECORDED,
    FAMILY_TOPICS,
    FAMILY_COUNT
};

extern const char *const family_names[FAMILY_COUNT];

/* -ENOENT when no family of ours has that name. */
int family_of(const char *name, enum family *out);

struct families {
    rocksdb_options_t *db;               /* of the database, and of FAMILY_DEFAULT */
    rocksdb_options_t *of[FAMILY_COUNT]; /* of[FAMILY_DEFAULT] is db */
    rocksdb_cache_t *cache;              /* one for all */
};

/* create: the database may be made. With read_only nothing is written, RocksDB's own LOG neither.
 * keep_us: how long rows that age are kept, 0 for ever. */
void families_init(struct families *families, bool create, bool read_only, int64_t keep_us);
/* After the database was closed. */
void families_done(struct families *families);

#endif
