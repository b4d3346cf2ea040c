/*
 * What the journal holds and the database does not, at a start: the records behind "applied" are read again. A
 * stop leaves none as a rule, one that could not bring everything to the tables does; after a crash they are as many as LIMIT_STORE_JOURNAL and a layer hold.
 */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "keys.h"
#include "limits.h"
#include "list.h"
#include "journal_inside.h"
#include "log.h"

struct recovery {
    struct store *store;
    struct layer *layer;
    uint64_t number;
    int error;
    char text[STATUS_TEXT];
};

static void pour(struct recovery *r)
{
    struct store *store = r->store;
    if (r->error < 0 || layer_weight(r->layer) == 0)
        return;
    r->error = apply_layer(store, r->layer, r->number, r->text);
    layer_unref(r->layer);
    r->layer = layer_new(true);
}

static int on_record(void *ctx, uint64_t number, struct buf *rows)
{
    struct recovery *r = ctx;
    r->number = number;
    if (layer_add(r->layer, rows) < 0) {
        snprintf(r->text, sizeof r->text, "record %llu of its journal holds no rows",
                 (unsigned long long)number);
        r->error = -EUCLEAN;
    }
    if (!r->store->read_only && layer_weight(r->layer) >= LIMIT_STORE_LAYER)
        pour(r);
    return r->error;
}

/* Looked into, not written: the rows stay a layer. */
static void keep_layer(struct recovery *r)
{
    struct generation *g = xcalloc(1, sizeof *g);
    g->layer = layer_ref(r->layer);
    DL_APPEND(r->store->generations, g);
}

/* What is good stays, and what was found besides is kept aside before it is cut. */
static int mend(struct store *store, const struct journal_found *found, char why[STORE_WHY])
{
    char *aside = NULL;
    int error = 0;
    if (found->state == JOURNAL_WHOLE)
        return 0;
    if (found->state == JOURNAL_TORN) {
        log_warning("store: journal has a torn end, cut state=%s", log_safez(store->path));
    } else {
        error = place_keep_logs(store->path, &aside);
        if (error < 0) {
            snprintf(why, STORE_WHY,
                     "state %.80s: its journal is damaged and cannot be kept aside: %s",
                     log_safez(store->path), strerror(-error));
            return error;
        }
        log_error("store: journal damaged, changes after the damage are lost kept=%s",
                  log_safez(aside));
        free(aside);
    }
    error = journal_cut(store->path, found);
    if (error < 0)
        snprintf(why, STORE_WHY, "state %.80s: its journal cannot be cut: %s",
                 log_safez(store->path), strerror(-error));
    return error;
}

static int applied_of(struct store *store, uint64_t *out)
{
    struct buf value = BUF_NONE;
    *out = 0;
    int error = read_below(store, FAMILY_META, STR("applied"), &value);
    if (error == 0 && value_number(buf_str(&value), out) < 0)
        error = -EUCLEAN;
    buf_free(&value);
    return error == -ENOENT ? 0 : error;
}

/* What is read may stand in the system's memory alone, when a crash came between a write and its sync; what is
 * built on it must not outlive it. And what could not be written is read as it is on the disk. */
static int sync_all(const struct journal_segments *segments)
{
    for (size_t i = 0; i < segments->count; i++) {
        if (fdatasync(segments->of[i].fd) < 0)
            return -errno;
        posix_fadvise(segments->of[i].fd, 0, 0, POSIX_FADV_DONTNEED);
    }
    return 0;
}

static int read_again(struct recovery *r, const struct journal_segments *segments,
                      struct journal_found *found)
{
    uint64_t applied;
    if (applied_of(r->store, &applied) < 0) {
        snprintf(r->text, sizeof r->text, "it does not say what it holds of its journal");
        return -EUCLEAN;
    }
    r->number = applied;
    int error = r->store->read_only ? 0 : sync_all(segments);
    if (error == 0)
        error = journal_read(segments, applied, on_record, r, found);
    if (error == 0 && r->store->read_only)
        keep_layer(r);
    else if (error == 0)
        pour(r);
    return error < 0 ? error : r->error;
}

int recover(struct store *store, const struct journal_segments *segments, char why[STORE_WHY])
{
    struct recovery r = {.store = store, .layer = layer_new(true)};
    struct journal_found found;
    int error = read_again(&r, segments, &found);
    layer_unref(r.layer);
    if (error < 0)
        return version_why(store->path, error, r.text[0] ? r.text : strerror(-error), why);
    if (store->read_only)
        return 0;
    error = mend(store, &found, why);
    if (error < 0)
        return error;
    store->writer.record = found.last;
    store->cut = found.state == JOURNAL_DAMAGED;
    error = journal_open(store->path, found.last + 1, &store->journal);
    return error < 0 ? version_why(store->path, error, strerror(-error), why) : 0;
}
