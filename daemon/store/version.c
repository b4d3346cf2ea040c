#include "inside.h"

#include <errno.h>

#include "keys.h"
#include "log.h"

#define PEEK_TRIES 3 /* a running daemon may change files between two of our looks */

static int newer(const char *path, const char *what, char why[STORE_WHY])
{
    snprintf(why, STORE_WHY,
             "state %.80s was written by a newer version (%.60s); install that version, nothing "
             "was changed",
             log_safez(path), what);
    return -EPROTO;
}

int version_why(const char *path, int error, const char *text, char why[STORE_WHY])
{
    const char *place = log_safez(path), *said = log_safez(text);
    switch (error) {
    case -EBUSY:
        snprintf(why, STORE_WHY, "state %.100s is in use by another process; stop that one first",
                 place);
        break;
    case -ENOSPC:
        snprintf(why, STORE_WHY, "no space left for the state %.100s; free some and start again",
                 place);
        break;
    case -EROFS:
        snprintf(why, STORE_WHY, "state %.100s lies on a read-only file system", place);
        break;
    case -EUCLEAN:
    case -ENOENT: /* a file that must be there is not */
        snprintf(why, STORE_WHY,
                 "state %.60s is damaged, restore a backup or datelined --repair: %.120s", place,
                 said);
        return -EUCLEAN;
    default:
        snprintf(why, STORE_WHY, "cannot open the state %.80s: %.130s", place, said);
    }
    return error;
}

/* ---- looking */

static int peek_families(const char *path, const rocksdb_options_t *options,
                         struct version_found *found, char why[STORE_WHY])
{
    char *message = NULL, text[STATUS_TEXT];
    size_t count = 0;
    char **names = rocksdb_list_column_families(options, path, &count, &message);
    int error = status_take(&message, text);
    if (error < 0)
        error = version_why(path, error, text, why);
    for (size_t i = 0; i < count; i++) {
        enum family family;
        if (family_of(names[i], &family) == 0)
            found->has[family] = true;
        else if (error == 0)
            error = newer(path, log_safez(names[i]), why);
    }
    rocksdb_list_column_families_destroy(names, count); /* there after an error as well */
    return error;
}

static int peek_schema(rocksdb_t *db, rocksdb_column_family_handle_t *meta, uint32_t *out,
                       char text[STATUS_TEXT])
{
    rocksdb_readoptions_t *read = rocksdb_readoptions_create();
    char *message = NULL;
    size_t len = 0;
    char *value = rocksdb_get_cf(db, read, meta, "schema", 6, &len, &message);
    rocksdb_readoptions_destroy(read);
    int error = status_take(&message, text);
    *out = 0;
    if (error == 0 && value && value_schema((struct str){value, len}, out) < 0) {
        snprintf(text, STATUS_TEXT, "the schema version cannot be read");
        error = -EUCLEAN;
    }
    rocksdb_free(value);
    return error;
}

/* Opens the meta family alone, read-only. */
static int peek_meta(const char *path, struct families *families, int recovery, uint32_t *out,
                     char text[STATUS_TEXT])
{
    const char *const names[] = {family_names[FAMILY_DEFAULT], family_names[FAMILY_META]};
    const rocksdb_options_t *const options[] = {families->db, families->of[FAMILY_META]};
    rocksdb_column_family_handle_t *handles[2] = {NULL, NULL};
    char *message = NULL;
    rocksdb_options_set_wal_recovery_mode(families->db, recovery);
    rocksdb_t *db = rocksdb_open_for_read_only_column_families(families->db, path, 2, names,
                                                               options, handles, 0, &message);
    int error = status_take(&message, text);
    if (error < 0)
        return error;
    error = peek_schema(db, handles[1], out, text);
    rocksdb_column_family_handle_destroy(handles[0]);
    rocksdb_column_family_handle_destroy(handles[1]);
    rocksdb_close(db);
    return error;
}

static int peek_once(const char *path, struct families *families, struct version_found *found,
                     char why[STORE_WHY])
{
    char text[STATUS_TEXT];
    int error = peek_families(path, families->db, found, why);
    if (error < 0 || !found->has[FAMILY_META])
        return error;
    /* From strict to lenient: the first that succeeds says what the real opening will cut off. */
    static const int modes[] = {rocksdb_absolute_consistency_recovery,
                                rocksdb_tolerate_corrupted_tail_records_recovery,
                                rocksdb_point_in_time_recovery};
    static const enum version_log logs[] = {VERSION_LOG_WHOLE, VERSION_LOG_TORN,
                                            VERSION_LOG_DAMAGED};
    error = -EUCLEAN;
    for (size_t i = 0; error == -EUCLEAN && i < ARRAY_LEN(modes); i++) {
        error = peek_meta(path, families, modes[i], &found->schema, text);
        found->log = logs[i];
    }
    return error < 0 ? version_why(path, error, text, why) : 0;
}

int version_peek(const char *path, bool read_only, struct version_found *out, char why[STORE_WHY])
{
    struct families families;
    families_init(&families, false, true, 0);
    struct version_found found;
    int error = -EUCLEAN;
    for (int i = 0; error == -EUCLEAN && i < (read_only ? PEEK_TRIES : 1); i++) {
        found = (struct version_found){0};
        error = peek_once(path, &families, &found, why);
    }
    families_done(&families);
    if (error == 0 && found.schema > STORE_SCHEMA) {
        char what[48];
        snprintf(what, sizeof what, "schema %u, this one knows %d", found.schema, STORE_SCHEMA);
        error = newer(path, what, why);
    }
    if (error == 0)
        *out = found;
    return error;
}

/* ---- making */

static bool all_empty(struct store *store)
{
    bool empty = true;
    for (int i = 0; empty && i < FAMILY_COUNT; i++) {
        rocksdb_iterator_t *it = rocksdb_create_iterator_cf(store->db, store->read, store->of[i]);
        rocksdb_iter_seek_to_first(it);
        empty = !rocksdb_iter_valid(it);
        char *message = NULL;
        rocksdb_iter_get_error(it, &message);
        if (status_take(&message, NULL) < 0)
            empty = false;
        rocksdb_iter_destroy(it);
    }
    return empty;
}

static void meta_put(rocksdb_writebatch_t *batch, struct store *store, const char *key,
                     const void *value, size_t len)
{
    rocksdb_writebatch_put_cf(batch, store->of[FAMILY_META], key, strlen(key), value, len);
}

/* The flush puts the version into a table of its own: from then on its absence cannot come from a
 * damaged log, only from an interrupted making. */
static int version_make(struct store *store, char why[STORE_WHY])
{
    if (!all_empty(store))
        return version_why(store->path, -EUCLEAN, "it has data and no schema version", why);
    uint8_t schema[VALUE_SCHEMA], numbers[VALUE_NUMBERS], epoch[VALUE_EPOCH];
    value_schema_write(schema, STORE_SCHEMA);
    value_numbers_write(numbers, &(struct store_numbers){.next_queue_id = 1, .next_seq = 1});
    value_epoch_write(epoch);
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    meta_put(batch, store, "schema", schema, sizeof schema);
    meta_put(batch, store, "epoch", epoch, sizeof epoch);
    meta_put(batch, store, "numbers", numbers, sizeof numbers);
    char *message = NULL, text[STATUS_TEXT];
    rocksdb_write(store->db, store->synced, batch, &message);
    rocksdb_writebatch_destroy(batch);
    int error = status_take(&message, text);
    if (error == 0) {
        rocksdb_flushoptions_t *wait = rocksdb_flushoptions_create();
        rocksdb_flushoptions_set_wait(wait, 1);
        rocksdb_flush_cf(store->db, wait, store->of[FAMILY_META], &message);
        rocksdb_flushoptions_destroy(wait);
        error = status_take(&message, text);
    }
    return error < 0 ? version_why(store->path, error, text, why) : 0;
}

int version_new_epoch(struct store *store, char why[STORE_WHY])
{
    uint8_t epoch[VALUE_EPOCH];
    char *message = NULL, text[STATUS_TEXT];
    value_epoch_write(epoch);
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    meta_put(batch, store, "epoch", epoch, sizeof epoch);
    rocksdb_write(store->db, store->synced, batch, &message);
    rocksdb_writebatch_destroy(batch);
    int error = status_take(&message, text);
    return error < 0 ? version_why(store->path, error, text, why) : 0;
}

/* ---- reading */

static int meta_numbers(struct store *store)
{
    struct buf value = BUF_NONE;
    int error = read_value(store, FAMILY_META, STR("numbers"), &value);
    if (error == 0)
        error = value_numbers(buf_str(&value), &store->numbers);
    buf_free(&value);
    return error;
}

/* An id whose row is there may not be given again, whatever the numbers say. */
static void pass_queued_ids(struct store *store)
{
    rocksdb_iterator_t *it =
        rocksdb_create_iterator_cf(store->db, store->read, store->of[FAMILY_QUEUE]);
    uint64_t last;
    rocksdb_iter_seek_to_last(it);
    if (rocksdb_iter_valid(it)) {
        struct str key;
        key.at = rocksdb_iter_key(it, &key.len);
        if (key_number_read(key, &last) == 0 && last >= store->numbers.next_queue_id)
            store->numbers.next_queue_id = last + 1;
    }
    rocksdb_iter_destroy(it);
}

static int meta_epoch(struct store *store)
{
    struct buf value = BUF_NONE;
    struct str epoch = STR_NONE;
    int error = read_value(store, FAMILY_META, STR("epoch"), &value);
    if (error == 0)
        error = value_text(buf_str(&value), &epoch);
    if (error == 0 && epoch.len != 8)
        error = -EBADMSG;
    for (size_t i = 0; error == 0 && i < epoch.len; i++)
        snprintf(store->epoch + 2 * i, 3, "%02x", (unsigned)(uint8_t)epoch.at[i]);
    buf_free(&value);
    return error;
}

static int meta_head(struct store *store)
{
    struct buf value = BUF_NONE;
    uint64_t head = 0;
    int error = read_below(store, FAMILY_META, STR("head"), &value);
    if (error == 0)
        error = value_number(buf_str(&value), &head);
    atomic_store(&store->apply.head, head);
    store->apply.head_saved = head;
    buf_free(&value);
    return error == -ENOENT ? 0 : error; /* nothing was ever taken out */
}

int version_read(struct store *store, char why[STORE_WHY])
{
    if (meta_numbers(store) < 0)
        return version_why(store->path, -EUCLEAN, "its numbers cannot be read", why);
    if (store->cut)
        pass_queued_ids(store);
    if (meta_epoch(store) < 0)
        return version_why(store->path, -EUCLEAN, "its epoch cannot be read", why);
    return 0;
}

int version_begin(struct store *store, uint32_t schema, char why[STORE_WHY])
{
    if (schema == 0 && store->read_only)
        return version_why(store->path, -EUCLEAN, "its making was interrupted", why);
    int error = 0;
    if (schema == 0)
        error = version_make(store, why);
    else if (schema < STORE_SCHEMA && !store->read_only)
        error = migrate_run(store, schema, why);
    store->schema = store->read_only ? schema : STORE_SCHEMA;
    if (error == 0 && meta_head(store) < 0)
        error = version_why(store->path, -EUCLEAN, "its queue's head cannot be read", why);
    return error;
}
