#include "families.h"

#include <errno.h>

#include "age.h"
#include "limits.h"
#include "str.h"

const char *const family_names[FAMILY_COUNT] = {
    [FAMILY_DEFAULT] = "default", [FAMILY_META] = "meta",       [FAMILY_SOURCES] = "sources",
    [FAMILY_SEEN] = "seen",       [FAMILY_TEXTS] = "texts",     [FAMILY_URLS] = "urls",
    [FAMILY_QUEUE] = "queue",     [FAMILY_HEADS] = "heads",     [FAMILY_TRIES] = "tries",
    [FAMILY_DEAD] = "dead",       [FAMILY_RESULTS] = "results", [FAMILY_RECORDED] = "recorded",
    [FAMILY_TOPICS] = "topics",
};

int family_of(const char *name, enum family *out)
{
    for (int i = 0; i < FAMILY_COUNT; i++) {
        if (strcmp(name, family_names[i]) == 0) {
            *out = (enum family)i;
            return 0;
        }
    }
    return -ENOENT;
}

struct shape {
    size_t memtable; /* bytes */
    int memtables;   /* at most, before writing waits */
    size_t block;    /* bytes */
    bool bloom;      /* many look-ups of what is not there */
    int compression;
};

/* Random keys, small values, mostly asked for what is not there: a bloom filter answers. Hashes do
 * not compress. */
static const struct shape shape_hashes = {32U << 20, 4, 4U << 10, true, rocksdb_no_compression};
/* Items that outlive a layer. */
static const struct shape shape_queue = {64U << 20, 3, 16U << 10, false, rocksdb_no_compression};
/* Rows of some bytes that come and go with the queue's. */
static const struct shape shape_tries = {16U << 20, 3, 4U << 10, false, rocksdb_no_compression};
/* Written once, read in order: large blocks compress well. */
static const struct shape shape_log = {32U << 20, 3, 32U << 10, false, rocksdb_zstd_compression};
static const struct shape shape_small = {4U << 20, 3, 4U << 10, false, rocksdb_lz4_compression};

static const struct shape *shape_of(enum family family)
{
    switch (family) {
    case FAMILY_SEEN:
    case FAMILY_TEXTS:
    case FAMILY_URLS:
    case FAMILY_RECORDED:
        return &shape_hashes;
    case FAMILY_QUEUE:
        return &shape_queue;
    case FAMILY_HEADS:
    case FAMILY_TRIES:
        return &shape_tries;
    case FAMILY_RESULTS:
    case FAMILY_DEAD:
        return &shape_log;
    case FAMILY_DEFAULT:
    case FAMILY_META:
    case FAMILY_SOURCES:
    case FAMILY_TOPICS:
    case FAMILY_COUNT:
        break;
    }
    return &shape_small;
}

static void options_shape(rocksdb_options_t *options, const struct shape *shape,
                          rocksdb_cache_t *cache)
{
    rocksdb_options_set_write_buffer_size(options, shape->memtable);
    rocksdb_options_set_max_write_buffer_number(options, shape->memtables);
    rocksdb_options_set_compression(options, shape->compression);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    if (shape->bloom) {
        /* Before the files stand memtables, whose search costs more than a file's. */
        rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, 0.1);
        rocksdb_options_set_memtable_whole_key_filtering(options, 1);
    }
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_block_size(table, shape->block);
    rocksdb_block_based_options_set_format_version(table, 5);
    /* Inside the cache, or the filters of fifty million hashes would come on top of it. */
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1);
    if (shape->bloom) /* the table owns the policy */
        rocksdb_block_based_options_set_filter_policy(table,
                                                      rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
}

#define INFO_LOG_FATAL 4 /* rocksdb/env.h, enum InfoLogLevel; the C API has no names for it */

static void options_database(rocksdb_options_t *options, bool create)
{
    rocksdb_options_set_create_if_missing(options, create);
    rocksdb_options_set_create_missing_column_families(options, 1);
    rocksdb_options_set_paranoid_checks(options, 1);
    /* A torn tail is what a power cut leaves, and no error; what was synced lies before it. */
    rocksdb_options_set_wal_recovery_mode(options, rocksdb_point_in_time_recovery);
    rocksdb_options_set_max_total_wal_size(options, LIMIT_STORE_JOURNAL); /* an old schema's */
    rocksdb_options_set_atomic_flush(options, 1);                         /* apply.c */
    rocksdb_options_set_db_write_buffer_size(options, LIMIT_STORE_MEMTABLES);
    rocksdb_options_set_allow_concurrent_memtable_write(options, 0); /* there is one writer */
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_bytes_per_sync(
        options, 1U << 20); /* flushes do not fill the disk's queue before a commit's sync */
    rocksdb_options_set_max_open_files(options, LIMIT_STORE_FILES);
    /* Nothing but its head: on a full disk the second line that cannot be written would abort the
     * process before it could say what is wrong. Errors come back from the calls anyway. */
    rocksdb_options_set_info_log_level(options, INFO_LOG_FATAL);
    rocksdb_options_set_keep_log_file_num(options, 2);
    rocksdb_options_set_max_log_file_size(options, LIMIT_STORE_LOG);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
}

/* Few shards: a filter of a table is a block of a MiB, of which the two MiB of RocksDB's own choice would hold one;
 * with fifty million hashes each look-up read one from the disk. */
#define CACHE_SHARD_BITS 1

static rocksdb_cache_t *cache_new(size_t bytes)
{
    rocksdb_lru_cache_options_t *options = rocksdb_lru_cache_options_create();
    rocksdb_lru_cache_options_set_capacity(options, bytes);
    rocksdb_lru_cache_options_set_num_shard_bits(options, CACHE_SHARD_BITS);
    rocksdb_cache_t *cache = rocksdb_cache_create_lru_opts(options);
    rocksdb_lru_cache_options_destroy(options);
    return cache;
}

void families_init(struct families *families, bool create, bool read_only, int64_t keep_us)
{
    families->cache = cache_new(read_only ? 8U << 20 : LIMIT_STORE_CACHE);
    for (int i = 0; i < FAMILY_COUNT; i++) {
        families->of[i] = rocksdb_options_create();
        options_shape(families->of[i], shape_of((enum family)i), families->cache);
        if (!read_only && age_of_family((enum family)i))
            age_filter(families->of[i], (enum family)i, keep_us);
    }
    families->db = families->of[FAMILY_DEFAULT];
    options_database(families->db, create);
}

void families_done(struct families *families)
{
    for (int i = 0; i < FAMILY_COUNT; i++) {
        if (families->of[i])
            rocksdb_options_destroy(families->of[i]);
        families->of[i] = NULL;
    }
    families->db = NULL;
    if (families->cache)
        rocksdb_cache_destroy(families->cache);
    families->cache = NULL;
}
