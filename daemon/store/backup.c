/*
 * Backups by RocksDB's backup engine: tables are copied once and shared by all backups of a directory, each
 * file has its checksum, and a backup that was not finished is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "crash.h"
#include "inside.h"
#include "keys.h"
#include "log.h"
#include "upkeep.h"

/* `text`: ours, or made safe. */
static int why_not(const char *dir, const char *what, int error, const char *text,
                   char why[STORE_WHY])
{
    snprintf(why, STORE_WHY, "%s %.80s: %.100s", what, log_safez(dir), text);
    return error;
}

static int engine_open(const char *dir, bool make, rocksdb_backup_engine_t **out,
                       char why[STORE_WHY])
{
    struct stat st;
    if (make && mkdir(dir, 0750) < 0 && errno != EEXIST)
        return why_not(dir, "cannot make the backup directory", -errno, strerror(errno), why);
    if (stat(dir, &st) < 0)
        return why_not(dir, "no backup in", -errno, strerror(errno), why);
    char *meta = xasprintf("%s/meta", dir);
    bool has_backups = stat(meta, &st) == 0;
    free(meta);
    if (!make && !has_backups) /* the engine would make its folders in whatever it is given */
        return why_not(dir, "no backup in", -ENOENT, "no backup was ever made there", why);
    rocksdb_backup_engine_options_t *options = rocksdb_backup_engine_options_create(dir);
    rocksdb_env_t *env = rocksdb_create_default_env();
    char *message = NULL, text[STATUS_TEXT];
    *out = rocksdb_backup_engine_open_opts(options, env, &message);
    rocksdb_backup_engine_options_destroy(options);
    rocksdb_env_destroy(env);
    int error = status_take(&message, text);
    return error < 0 ? why_not(dir, "cannot use the backup directory", error, log_safez(text), why)
                     : 0;
}

static struct upkeep_backup backup_at(const rocksdb_backup_engine_info_t *info, int i)
{
    return (struct upkeep_backup){
        .id = rocksdb_backup_engine_info_backup_id(info, i),
        .at = rocksdb_backup_engine_info_timestamp(info, i) * USEC_PER_SEC,
        .bytes = rocksdb_backup_engine_info_size(info, i),
        .files = rocksdb_backup_engine_info_number_files(info, i),
    };
}

static void list(rocksdb_backup_engine_t *engine, struct upkeep_backup **out, size_t *out_count)
{
    const rocksdb_backup_engine_info_t *info = rocksdb_backup_engine_get_backup_info(engine);
    int count = rocksdb_backup_engine_info_count(info);
    struct upkeep_backup *backups = xcalloc((size_t)count + 1, sizeof *backups);
    for (int i = 0; i < count; i++)
        backups[i] = backup_at(info, i);
    rocksdb_backup_engine_info_destroy(info);
    *out = backups;
    *out_count = (size_t)count;
}

/* The backup of that id, or the newest (0). */
static int find(rocksdb_backup_engine_t *engine, uint32_t id, struct upkeep_backup *out)
{
    struct upkeep_backup *all;
    size_t count;
    int error = -ENOENT;
    list(engine, &all, &count);
    for (size_t i = 0; i < count; i++) {
        if (id == 0 || all[i].id == id) {
            *out = all[i];
            error = 0;
        }
    }
    free(all);
    return error;
}

static void set_backing_up(struct store *store, bool backing_up)
{
    pthread_mutex_lock(&store->writer.lock);
    store->writer.backing_up = backing_up;
    pthread_mutex_unlock(&store->writer.lock);
}

/* The engine copies what the database has. False: it will not have it any more. */
static bool wait_for_layers(struct store *store)
{
    struct writer *w = &store->writer;
    if (!w->loop)
        store_settle(store);
    pthread_mutex_lock(&w->lock);
    uint64_t wanted = w->frozen;
    while (w->loop && w->applied < wanted && !w->failed && !w->stop)
        pthread_cond_wait(&w->moved, &w->lock);
    bool all = !w->failed && (!w->loop || w->applied >= wanted);
    w->backing_up = all;
    pthread_mutex_unlock(&w->lock);
    return all;
}

int store_backup(struct store *store, const char *dir, unsigned keep, struct upkeep_backup *out,
                 char why[STORE_WHY])
{
    rocksdb_backup_engine_t *engine;
    char *message = NULL, text[STATUS_TEXT];
    int error = engine_open(dir, true, &engine, why);
    if (error < 0)
        return error;
    CRASH_POINT("backup-begun");
    if (!wait_for_layers(store)) {
        rocksdb_backup_engine_close(engine);
        return why_not(dir, "no backup was made in", -EIO, "the store has failed, or is closing",
                       why);
    }
    rocksdb_backup_engine_create_new_backup_flush(engine, store->db, 1, &message);
    set_backing_up(store, false);
    CRASH_POINT("backup-made");
    error = status_take(&message, text);
    if (error == 0)
        error = find(engine, 0, out);
    else
        why_not(dir, "no backup was made in", error, log_safez(text), why);
    if (error == 0 && keep > 0) {
        rocksdb_backup_engine_purge_old_backups(engine, keep, &message);
        error = status_take(&message, text);
        if (error < 0)
            why_not(dir, "the backup is made, older ones cannot be removed from", error,
                    log_safez(text), why);
    }
    rocksdb_backup_engine_close(engine);
    return error;
}

int store_backup_list(const char *dir, struct upkeep_backup **out, size_t *out_count,
                      char why[STORE_WHY])
{
    rocksdb_backup_engine_t *engine;
    int error = engine_open(dir, false, &engine, why);
    if (error < 0)
        return error;
    list(engine, out, out_count);
    rocksdb_backup_engine_close(engine);
    return 0;
}

/* Checksums are compared as the files are copied. */
static int bring_back(const char *dir, uint32_t id, const char *to, char why[STORE_WHY])
{
    rocksdb_backup_engine_t *engine;
    struct upkeep_backup backup;
    char *message = NULL, text[STATUS_TEXT];
    int error = engine_open(dir, false, &engine, why);
    if (error < 0)
        return error;
    error = find(engine, id, &backup);
    if (error < 0) {
        why_not(dir, "no backup in", error, "there is none of that number", why);
    } else {
        rocksdb_restore_options_t *options = rocksdb_restore_options_create();
        rocksdb_backup_engine_restore_db_from_backup(engine, to, to, options, backup.id, &message);
        rocksdb_restore_options_destroy(options);
        error = status_take(&message, text);
        if (error < 0)
            why_not(dir, "the backup cannot be read back from", -EUCLEAN, log_safez(text), why);
    }
    rocksdb_backup_engine_close(engine);
    return error < 0 ? (error == -ENOENT ? error : -EUCLEAN) : 0;
}

/* ---- verifying */

int store_backup_verify(const char *dir, uint32_t id, const struct upkeep_told *told,
                        char why[STORE_WHY])
{
    struct upkeep_check check;
    char *place = xasprintf("%s/verify-XXXXXX", dir);
    int error = mkdtemp(place) ? 0 : -errno;
    if (error < 0)
        why_not(dir, "no room to verify beside the backups in", error, strerror(-error), why);
    else
        error = bring_back(dir, id, place, why);
    if (error == 0)
        error = store_check(place, told, &check, why);
    if (error == 0 && check.wrong > 0) {
        snprintf(why, STORE_WHY, "the backup in %.100s is not whole: %llu things are wrong",
                 log_safez(dir), (unsigned long long)check.wrong);
        error = -EUCLEAN;
    }
    copy_remove(place);
    free(place);
    return error;
}

/* ---- restoring */

/* Opened, so that its log is read and its schema is ours; then it is renamed. */
static int rename_epoch(const char *path, char why[STORE_WHY])
{
    struct store *store;
    int error = store_open(&(struct store_options){.path = path}, &store, why);
    if (error < 0)
        return error;
    error = version_new_epoch(store, why);
    store_close(store);
    return error;
}

static int restore_into_place(const char *path, const char *dir, uint32_t id, char kept[STORE_WHY],
                              char why[STORE_WHY])
{
    struct swap swap;
    int error = swap_begin(&swap, path, "restore");
    why[0] = '\0';
    if (error == 0)
        error = bring_back(dir, id, swap.db, why);
    if (error == 0)
        error = rename_epoch(swap.db, why);
    if (error == 0)
        error = swap_finish(&swap);
    if (error < 0 && why[0] == '\0')
        snprintf(why, STORE_WHY, "cannot restore the state %.100s: %s", log_safez(path),
                 strerror(-error));
    if (error == 0)
        snprintf(kept, STORE_WHY, "%s", swap.kept ? swap.kept : "");
    swap_done(&swap);
    return error;
}

int store_restore(const char *path, const char *dir, uint32_t id, char kept[STORE_WHY],
                  char why[STORE_WHY])
{
    int lock = -1;
    int error = place_look(path, false, why);
    if (error == 0)
        error = place_lock(path, &lock, why);
    if (error == 0)
        error = restore_into_place(path, dir, id, kept, why);
    if (lock >= 0)
        close(lock);
    return error;
}
