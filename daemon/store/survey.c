/*
 * Where a block, an index or a whole file cannot be read, an iterator stops with an error and has to be set
 * beyond it; nobody tells where that is. Keys are taken as numbers, big-endian: from the last
 * key that was read the distance is doubled until a seek succeeds, then halved down to the
 * first key that does. A hundred seeks or so for every gap.
 */
#include "survey.h"

#include <errno.h>
#include <stdlib.h>

#include "journal_inside.h"
#include "keys.h"

/* ---- the journal */

/* Rows that do not decode, behind a hash that is right, are a program's mistake: what comes before them is taken. */
static int on_record(void *ctx, uint64_t number, struct buf *rows)
{
    struct survey *survey = ctx;
    (void)number;
    return layer_add(survey->layer, rows);
}

static int read_journal(struct survey *survey, const char *path, char text[STATUS_TEXT])
{
    struct journal_segments segments;
    struct journal_found found;
    struct buf value = BUF_NONE;
    uint64_t applied = 0;
    survey->layer = layer_new(true);
    int error = journal_segments_open(path, &segments);
    if (survey_get(survey, FAMILY_META, STR("applied"), &value) < 0 ||
        value_number(buf_str(&value), &applied) < 0)
        /* Lost: all that there is is read again, which gives the same rows. */
        applied = segments.count && segments.of[0].first ? segments.of[0].first - 1 : 0;
    buf_free(&value);
    if (error == 0)
        error = journal_read(&segments, applied, on_record, survey, &found);
    if (error < 0 && error != -EBADMSG) {
        snprintf(text, STATUS_TEXT, "its journal cannot be read: %s", strerror(-error));
    } else {
        survey->journal = error < 0 ? JOURNAL_DAMAGED : found.state;
        error = 0;
    }
    journal_segments_close(&segments);
    return error;
}

int survey_open(const char *path, struct survey *out, char text[STATUS_TEXT])
{
    *out = (struct survey){0};
    families_init(&out->families, false, true, 0);
    rocksdb_options_set_paranoid_checks(out->families.db, 0);
    rocksdb_options_set_wal_recovery_mode(out->families.db,
                                          rocksdb_skip_any_corrupted_records_recovery);
    char *message = NULL;
    size_t count = 0;
    char **names = rocksdb_list_column_families(out->families.db, path, &count, &message);
    int error = status_take(&message, text);
    const rocksdb_options_t *options[FAMILY_COUNT];
    rocksdb_column_family_handle_t *handles[FAMILY_COUNT];
    const char *ours[FAMILY_COUNT];
    enum family family[FAMILY_COUNT];
    int known = 0;
    for (size_t i = 0; error == 0 && i < count && known < FAMILY_COUNT; i++) {
        if (family_of(names[i], &family[known]) < 0)
            continue;
        ours[known] = family_names[family[known]];
        options[known] = out->families.of[family[known]];
        known++;
    }
    rocksdb_list_column_families_destroy(names, count);
    if (error == 0) {
        out->db = rocksdb_open_for_read_only_column_families(out->families.db, path, known, ours,
                                                             options, handles, 0, &message);
        error = status_take(&message, text);
    }
    for (int i = 0; error == 0 && i < known; i++)
        out->of[family[i]] = handles[i];
    out->read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_verify_checksums(out->read, 1);
    rocksdb_readoptions_set_fill_cache(out->read, 0);
    rocksdb_readoptions_set_readahead_size(out->read, 1U << 20);
    if (error == 0)
        error = read_journal(out, path, text);
    if (error < 0)
        survey_close(out);
    return error;
}

void survey_close(struct survey *survey)
{
    for (int i = 0; i < FAMILY_COUNT; i++)
        if (survey->of[i])
            rocksdb_column_family_handle_destroy(survey->of[i]);
    if (survey->db)
        rocksdb_close(survey->db);
    if (survey->read)
        rocksdb_readoptions_destroy(survey->read);
    layer_unref(survey->layer);
    families_done(&survey->families);
    *survey = (struct survey){0};
}

int survey_get(struct survey *survey, enum family family, struct str key, struct buf *out)
{
    char *message = NULL;
    size_t len = 0;
    struct str newer;
    switch (layer_find(survey->layer, family, key, &newer)) {
    case LAYER_PUT:
        buf_puts(out, newer);
        return 0;
    case LAYER_DROPPED:
        return -ENOENT;
    case LAYER_NOTHING:
        break;
    }
    if (!survey->of[family])
        return -ENOENT;
    char *value = rocksdb_get_cf(survey->db, survey->read, survey->of[family], key.at, key.len,
                                 &len, &message);
    if (status_take(&message, NULL) < 0)
        return -EIO;
    if (!value)
        return -ENOENT;
    buf_put(out, value, len);
    rocksdb_free(value);
    return 0;
}

/* ---- beyond a gap */

static bool can_seek(struct survey *survey, enum family family, struct str key)
{
    rocksdb_iterator_t *it =
        rocksdb_create_iterator_cf(survey->db, survey->read, survey->of[family]);
    char *message = NULL;
    rocksdb_iter_seek(it, key.at, key.len);
    rocksdb_iter_get_error(it, &message);
    rocksdb_iter_destroy(it);
    return status_take(&message, NULL) == 0;
}

static uint8_t *bytes_of(struct buf *number)
{
    return (uint8_t *)number->at;
}

/* number + 2^bit, at most all ones. False when it is that. */
static bool add_power(struct str number, unsigned bit, struct buf *out)
{
    buf_reset(out);
    buf_puts(out, number);
    unsigned carry = 1U << bit % 8;
    for (size_t i = number.len - bit / 8; carry && i > 0; i--) {
        unsigned sum = bytes_of(out)[i - 1] + carry;
        bytes_of(out)[i - 1] = (uint8_t)sum;
        carry = sum >> 8;
    }
    if (carry)
        memset(out->at, 0xff, out->len);
    return carry == 0;
}

/* Half way between two numbers of the same length, rounded down. */
static void average(struct str low, struct str high, struct buf *out)
{
    unsigned sum = 0;
    buf_reset(out);
    buf_puts(out, low);
    for (size_t i = low.len; i > 0; i--) {
        sum = (sum >> 8) + (uint8_t)low.at[i - 1] + (uint8_t)high.at[i - 1];
        bytes_of(out)[i - 1] = (uint8_t)sum;
    }
    unsigned carry = sum >> 8;
    for (size_t i = 0; i < out->len; i++) {
        unsigned byte = bytes_of(out)[i];
        bytes_of(out)[i] = (uint8_t)(byte >> 1 | carry << 7);
        carry = byte & 1;
    }
}

/* The first key beyond `after` that a seek succeeds at, into `out`; false: none. */
static bool beyond(struct survey *survey, enum family family, struct str after, struct buf *out)
{
    struct buf low = BUF_NONE, middle = BUF_NONE;
    bool more = true, found = false;
    buf_puts(&low, after);
    for (unsigned bit = 0; more && !found && bit < after.len * 8; bit++) {
        more = add_power(after, bit, out);
        found = can_seek(survey, family, buf_str(out));
        if (!found) {
            buf_reset(&low);
            buf_puts(&low, buf_str(out));
        }
    }
    while (found) {
        average(buf_str(&low), buf_str(out), &middle);
        if (str_eq(buf_str(&middle), buf_str(&low)))
            break;
        struct buf *to = can_seek(survey, family, buf_str(&middle)) ? out : &low;
        buf_reset(to);
        buf_puts(to, buf_str(&middle));
    }
    buf_free(&low);
    buf_free(&middle);
    return found;
}

/* ---- walking */

#define KEY_LEAST 16 /* bytes that a key is padded to before it is counted on */

/* The layer's rows go between the database's, in order, and in place of those that they replace. */
struct above {
    struct layer_row *rows;
    size_t count, at;
    struct str before; /* what is smaller is dropped */
};

/* Those up to `key`, or all; true when one of them has this key. */
static bool tell_above(struct above *above, const struct str *key, const struct survey_eye *eye)
{
    bool same = false;
    for (; above->at < above->count; above->at++) {
        const struct layer_row *row = &above->rows[above->at];
        if (key && rows_order(row->key, *key) > 0)
            break;
        same |= key && rows_order(row->key, *key) == 0;
        if (row->value.at)
            eye->row(eye->ctx, row->key, row->value);
    }
    return same || (key && above->before.at && rows_order(*key, above->before) < 0);
}

/* From `from` on; the key of the last row is left in `last`. 0 at the family's end. */
static int walk_on(struct survey *survey, enum family family, struct str from, struct above *above,
                   const struct survey_eye *eye, struct buf *last, char text[STATUS_TEXT])
{
    rocksdb_iterator_t *it =
        rocksdb_create_iterator_cf(survey->db, survey->read, survey->of[family]);
    for (rocksdb_iter_seek(it, from.at ? from.at : "", from.len); rocksdb_iter_valid(it);
         rocksdb_iter_next(it)) {
        struct str key, value;
        key.at = rocksdb_iter_key(it, &key.len);
        value.at = rocksdb_iter_value(it, &value.len);
        buf_reset(last);
        buf_puts(last, key);
        if (!tell_above(above, &key, eye))
            eye->row(eye->ctx, key, value);
    }
    char *message = NULL;
    rocksdb_iter_get_error(it, &message);
    rocksdb_iter_destroy(it);
    return status_take(&message, text);
}

void survey_walk(struct survey *survey, enum family family, const struct survey_eye *eye)
{
    struct buf last = BUF_NONE, from = BUF_NONE, after = BUF_NONE;
    struct above above = {.before = layer_dropped_before(survey->layer, family)};
    char text[STATUS_TEXT];
    bool more = survey->of[family] != NULL;
    above.count = layer_rows(survey->layer, family, STR_NONE, &above.rows);
    while (more && walk_on(survey, family, buf_str(&from), &above, eye, &last, text) < 0) {
        buf_reset(&after);
        buf_puts(&after, buf_str(&last));
        while (after.len < KEY_LEAST)
            buf_putc(&after, '\0');
        /* A seek that succeeded reads a row, so that each round begins further on. */
        more = (from.len == 0 || memcmp(after.at, from.at, from.len) >= 0) &&
               beyond(survey, family, buf_str(&after), &from);
        eye->gap(eye->ctx, buf_str(&last), more ? buf_str(&from) : STR_NONE, text);
    }
    tell_above(&above, NULL, eye);
    free(above.rows);
    buf_free(&last);
    buf_free(&from);
    buf_free(&after);
}
