#include "inside.h"

#include <errno.h>
#include <unistd.h>

#include "log.h"

/* ---- opening */

static int database_write(struct store *store, char text[STATUS_TEXT])
{
    const rocksdb_options_t *options[FAMILY_COUNT];
    for (int i = 0; i < FAMILY_COUNT; i++)
        options[i] = store->families.of[i];
    char *message = NULL;
    store->db = rocksdb_open_column_families(store->families.db, store->path, FAMILY_COUNT,
                                             family_names, options, store->of, &message);
    return status_take(&message, text);
}

/* Only the families that are there: a read-only opening makes none. */
static int database_look(struct store *store, const struct version_found *found,
                         char text[STATUS_TEXT])
{
    const char *names[FAMILY_COUNT];
    const rocksdb_options_t *options[FAMILY_COUNT];
    rocksdb_column_family_handle_t *handles[FAMILY_COUNT];
    int count = 0;
    for (int i = 0; i < FAMILY_COUNT; i++) {
        if (!found->has[i])
            continue;
        names[count] = family_names[i];
        options[count++] = store->families.of[i];
    }
    char *message = NULL;
    store->db = rocksdb_open_for_read_only_column_families(store->families.db, store->path, count,
                                                           names, options, handles, 0, &message);
    int error = status_take(&message, text);
    if (error < 0)
        return error;
    for (int i = 0, j = 0; i < FAMILY_COUNT; i++)
        store->of[i] = found->has[i] ? handles[j++] : NULL;
    return 0;
}

static void database_close(struct store *store)
{
    for (int i = 0; i < FAMILY_COUNT; i++) {
        if (store->of[i])
            rocksdb_column_family_handle_destroy(store->of[i]);
        store->of[i] = NULL;
    }
    if (store->db)
        rocksdb_close(store->db);
    store->db = NULL;
}

static int database_open(struct store *store, const struct version_found *found, bool fresh,
                         char why[STORE_WHY])
{
    char text[STATUS_TEXT];
    families_init(&store->families, fresh, store->read_only, store->keep_us);
    store->read = rocksdb_readoptions_create();
    store->scan = rocksdb_readoptions_create();
    rocksdb_readoptions_set_readahead_size(store->scan, 2U << 20);
    rocksdb_readoptions_set_fill_cache(store->scan, 0);
    store->synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(store->synced, 1);
    store->unlogged = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(store->unlogged, 1);
    int error = store->read_only ? database_look(store, found, text) : database_write(store, text);
    return error < 0 ? version_why(store->path, error, text, why) : 0;
}

/* What was durable lies before a torn end; after damage something durable may lie. */
static int look_at_logs(struct store *store, enum version_log log, char why[STORE_WHY])
{
    if (log == VERSION_LOG_TORN)
        log_warning("store: write-ahead log has a torn end, cut state=%s", log_safez(store->path));
    if (log != VERSION_LOG_DAMAGED)
        return 0;
    char *aside = NULL;
    int error = place_keep_logs(store->path, &aside);
    if (error < 0) {
        snprintf(why, STORE_WHY,
                 "state %.80s: its write-ahead log is damaged and cannot be kept aside: %s",
                 log_safez(store->path), strerror(-error));
        return error;
    }
    log_error("store: write-ahead log damaged, changes after the damage are lost kept=%s",
              log_safez(aside));
    free(aside);
    return 0;
}

static int segments_open(const char *path, struct journal_segments *out, char why[STORE_WHY])
{
    int error = journal_segments_open(path, out);
    return error < 0 ? version_why(path, error, strerror(-error), why) : 0;
}

/* The place is looked at, then locked, then read, and only then opened for writing. */
static int store_begin(struct store *store, struct ev_loop *loop, char why[STORE_WHY])
{
    struct version_found found = {0};
    struct journal_segments segments = {0};
    bool fresh = false;
    int error = place_look(store->path, store->read_only, why);
    if (error == 0 && !store->read_only)
        error = place_lock(store->path, &store->lock, why);
    if (error == 0)
        error = place_contents(store->path, store->read_only, &fresh, why);
    if (error == 0 && !fresh)
        error = version_peek(store->path, store->read_only, &found, why);
    if (error == 0 && !store->read_only)
        error = look_at_logs(store, found.log, why);
    if (error == 0 && !store->read_only)
        error = migrate_prepare(store->path, found.schema, why);
    if (error == 0)
        error = segments_open(store->path, &segments, why);
    if (error == 0)
        error = database_open(store, &found, fresh, why);
    if (error == 0)
        error = version_begin(store, found.schema, why);
    if (error == 0)
        error = recover(store, &segments, why);
    journal_segments_close(&segments);
    if (error == 0)
        error = version_read(store, why);
    if (error < 0)
        return error;
    error = writer_open(store, loop);
    if (error < 0)
        snprintf(why, STORE_WHY, "cannot start the store's thread: %s", strerror(-error));
    return error;
}

/* Nobody reads what RocksDB counts of each call, and counting costs a tenth of a look-up. Of the calling thread. */
void database_quiet(void)
{
    rocksdb_set_perf_level(rocksdb_disable);
}

int store_open(const struct store_options *options, struct store **out, char why[STORE_WHY])
{
    struct store *store = xcalloc(1, sizeof *store);
    store->path = xstrdup(options->path);
    store->read_only = options->read_only;
    store->keep_us = options->seen_keep_us;
    store->lock = -1;
    store->up = options->up;
    store->ctx = options->ctx;
    database_quiet();
    int error = store_begin(store, options->read_only ? NULL : options->loop, why);
    if (error < 0)
        store_close(store);
    else
        *out = store;
    return error;
}

/* After a failed write RocksDB may not be called again, closing it included: its own assertions
 * would abort. The process is about to end; until then the state stays locked, and reachable from
 * here. */
static struct store *failed_stores;

/* What the database has goes to its tables, so that the next start finds no journal; when it does not get there, it
 * does. */
static void settle_all(struct store *store)
{
    char text[STATUS_TEXT];
    store_settle(store);
    journal_rotate(store->journal);
    bool behind = store->generations && store->generations->next;
    if (!store->writer.failed && !behind && apply_flush(store, text) < 0)
        log_warning("store: the journal stays until the next start said=%s", log_safez(text));
}

void store_close(struct store *store)
{
    if (!store)
        return;
    writer_close(store);
    if (store->journal)
        settle_all(store);
    if (store->writer.failed) {
        store->next_failed = failed_stores;
        failed_stores = store;
        return;
    }
    generations_free(store);
    journal_close(store->journal);
    database_close(store);
    if (store->read)
        rocksdb_readoptions_destroy(store->read);
    if (store->scan)
        rocksdb_readoptions_destroy(store->scan);
    if (store->synced)
        rocksdb_writeoptions_destroy(store->synced);
    if (store->unlogged)
        rocksdb_writeoptions_destroy(store->unlogged);
    families_done(&store->families);
    if (store->lock >= 0)
        close(store->lock);
    free(store->path);
    free(store);
}

/* ---- numbers */

const char *store_epoch(const struct store *store)
{
    return store->epoch;
}

void store_numbers(const struct store *store, struct store_numbers *out)
{
    *out = store->numbers;
}
