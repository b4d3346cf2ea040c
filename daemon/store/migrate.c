/*
 * From an older schema to the present one, step by step. A copy of the state as it was is made beside it
 * first; the file `migrating` in the state says that it is whole, and goes with the last step. Steps
 * write synced batches, the last of which sets the "schema" key; one that was interrupted anywhere is run
 * again from its beginning.
 */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "crash.h"
#include "keys.h"
#include "log.h"

#define BATCH_ROWS 2000
#define TELL_EVERY (5 * USEC_PER_SEC)

struct migration {
    struct store *store;
    rocksdb_writebatch_t *batch;
    uint64_t rows;
    int64_t told_at;
    char text[STATUS_TEXT];
};

static int write_batch(struct migration *m)
{
    char *message = NULL;
    rocksdb_write(m->store->db, m->store->synced, m->batch, &message);
    rocksdb_writebatch_clear(m->batch);
    return status_take(&message, m->text);
}

static void tell(struct migration *m, const char *what)
{
    int64_t now = clock_mono();
    if (now - m->told_at < TELL_EVERY)
        return;
    m->told_at = now;
    log_info("store: %s, going on rows=%llu", what, (unsigned long long)m->rows);
}

static int put_row(struct migration *m, enum family family, struct str key, struct str value)
{
    rocksdb_writebatch_put_cf(m->batch, m->store->of[family], key.at, key.len, value.at, value.len);
    m->rows++;
    return rocksdb_writebatch_count(m->batch) < BATCH_ROWS ? 0 : write_batch(m);
}

/* ---- 1 to 2: what stands at the head of every queued item's work. Rows that age got their layout as
 * well; old ones are given their hour as they are met (age.h), not here: there may be fifty million. */

static int put_head(struct migration *m, struct str key, struct str value)
{
    uint8_t head[VALUE_HEAD];
    struct str work;
    if (value_text(value, &work) < 0)
        return 0; /* its readers count it */
    size_t len = value_head_write(head, work);
    return put_row(m, FAMILY_HEADS, key, (struct str){(const char *)head, len});
}

static int make_heads(struct migration *m)
{
    struct store *store = m->store;
    int error = 0;
    rocksdb_iterator_t *it =
        rocksdb_create_iterator_cf(store->db, store->read, store->of[FAMILY_QUEUE]);
    for (rocksdb_iter_seek_to_first(it); error == 0 && rocksdb_iter_valid(it);
         rocksdb_iter_next(it)) {
        struct str key, value;
        key.at = rocksdb_iter_key(it, &key.len);
        value.at = rocksdb_iter_value(it, &value.len);
        error = put_head(m, key, value);
        tell(m, "the queue gets its heads");
    }
    char *message = NULL;
    rocksdb_iter_get_error(it, &message);
    rocksdb_iter_destroy(it);
    int read = status_take(&message, error == 0 ? m->text : NULL);
    return error < 0 ? error : read;
}

/* ---- 2 to 3: programs before know nothing of the journal, and must not open what it belongs to. 3 to 4: they
 * know nothing of embargoes, and would hand out too early what is queued under one. */

static int nothing(struct migration *m)
{
    (void)m;
    return 0;
}

/* ---- the steps */

static const struct {
    uint32_t from;
    int (*run)(struct migration *m);
} steps[] = {{1, make_heads}, {2, nothing}, {3, nothing}};

static int run_step(struct migration *m, size_t i)
{
    CRASH_POINT("migration-begun");
    int error = steps[i].run(m);
    if (error < 0)
        return error;
    uint8_t schema[VALUE_SCHEMA];
    value_schema_write(schema, steps[i].from + 1);
    rocksdb_writebatch_put_cf(m->batch, m->store->of[FAMILY_META], "schema", 6,
                              (const char *)schema, sizeof schema);
    CRASH_POINT("rows-migrated");
    error = write_batch(m);
    if (error == 0)
        log_info("store: schema %u reached rows=%llu", steps[i].from + 1,
                 (unsigned long long)m->rows);
    return error;
}

static char *marker_of(const char *path)
{
    return xasprintf("%s/migrating", path);
}

static int make_marker(const char *path, const char *marker)
{
    int fd = open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return -errno;
    close(fd);
    return copy_sync_dir(path);
}

int migrate_prepare(const char *path, uint32_t schema, char why[STORE_WHY])
{
    char *marker = marker_of(path);
    if (schema == 0 || schema >= STORE_SCHEMA) {
        unlink(marker); /* left by a kill: it would say that the next migration's copy is there */
        free(marker);
        return 0;
    }
    char suffix[32];
    snprintf(suffix, sizeof suffix, "schema-%u", schema);
    char *copy = copy_free_name(path, suffix);
    int error = 0;
    if (access(marker, F_OK) < 0) {
        error = copy_state(path, copy);
        if (error == 0)
            log_info("store: schema %u becomes %d, the state as it was is kept copy=%s", schema,
                     STORE_SCHEMA, log_safez(copy));
        if (error == 0)
            error = make_marker(path, marker);
    }
    if (error < 0)
        snprintf(why, STORE_WHY,
                 "state %.80s is of schema %u and cannot be copied before it is changed: %s",
                 log_safez(path), schema, strerror(-error));
    free(copy);
    free(marker);
    return error;
}

int migrate_run(struct store *store, uint32_t schema, char why[STORE_WHY])
{
    struct migration m = {.store = store, .told_at = clock_mono()};
    int error = 0;
    m.batch = rocksdb_writebatch_create();
    for (size_t i = 0; error == 0 && i < ARRAY_LEN(steps); i++)
        if (steps[i].from >= schema)
            error = run_step(&m, i);
    rocksdb_writebatch_destroy(m.batch);
    if (error < 0)
        return version_why(store->path, error, m.text, why);
    CRASH_POINT("migrated");
    char *marker = marker_of(store->path);
    unlink(marker);
    free(marker);
    return 0;
}
