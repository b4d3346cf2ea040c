/*
 * A sitemap: asked like a feed. Where it is an index, the source remembers of each of its children how new it
 * was when it was read last, and says which of them are worth asking again.
 *
 * The first time only the newest few are asked and the others taken as read: they are the archive. From then on a
 * child's turn comes when the index has a newer date for it, or when it is new there. A child without a
 * date may have changed at any time: those are asked in turn, the one that waited longest first.
 */
#include "kind.h"

#include "clock.h"
#include "limits.h"

struct child {
    UT_hash_handle hh;
    uint64_t key;
    int64_t updated_at; /* as listed when it was read last; 0: without a date */
    int64_t asked_at;   /* 0 never */
    bool read, again;   /* something was left of it */
    bool listed;        /* during source_children() */
    char *etag, *last_modified;
};

const struct source_kind source_sitemap = {
    .name = "sitemap",
    .at_rest = "waiting",
    .reads = SOURCE_READS_SITEMAP,
    .asks = true,
    .check = ask_check,
    .start = ask_start,
    .due = ask_due,
    .stop = sitemap_forget,
};

static uint64_t key_of(const char *url)
{
    return XXH64(url, strlen(url), 0);
}

static struct child *find(struct source *source, uint64_t key)
{
    struct child *child;
    HASH_FIND(hh, source->children, &key, sizeof key, child);
    return child;
}

static struct child *find_or_add(struct source *source, uint64_t key)
{
    struct child *child = find(source, key);
    if (child)
        return child;
    child = xcalloc(1, sizeof *child);
    child->key = key;
    HASH_ADD(hh, source->children, key, sizeof child->key, child);
    return child;
}

static void drop(struct source *source, struct child *child)
{
    HASH_DELETE(hh, source->children, child);
    free(child->etag);
    free(child->last_modified);
    free(child);
}

void sitemap_forget(struct source *source)
{
    struct child *child, *tmp;
    HASH_ITER (hh, source->children, child, tmp)
        drop(source, child);
}

/* ---- whose turn it is */

/* Newest first; what has no date behind them, as it is listed. */
static int by_date(const void *a, const void *b)
{
    const struct source_child *x = a, *y = b;
    if (x->updated_at != y->updated_at)
        return x->updated_at > y->updated_at ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Those that are due with a date, newest first; then those without, the longest waiting first. */
static int by_turn(const void *a, const void *b)
{
    const struct source_child *x = a, *y = b;
    if (x->due != y->due)
        return x->due ? -1 : 1;
    if (x->updated_at || y->updated_at)
        return by_date(a, b);
    if (x->asked_at != y->asked_at)
        return x->asked_at < y->asked_at ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void look_up(struct source *source, struct source_child *listed)
{
    const struct child *known = find(source, key_of(listed->url));
    listed->first = !known || !known->read;
    listed->old = known != NULL;
    listed->asked_at = known ? known->asked_at : 0;
    listed->etag = known ? known->etag : NULL;
    listed->last_modified = known ? known->last_modified : NULL;
    listed->due =
        !known || known->again || !listed->updated_at || listed->updated_at > known->updated_at;
}

/* The archive: as if it had been read. */
static void take_as_read(struct source *source, const struct source_child *listed)
{
    find_or_add(source, key_of(listed->url))->updated_at = listed->updated_at;
}

static void forget_unlisted(struct source *source, const struct source_child *listed, size_t count)
{
    struct child *child, *tmp;
    HASH_ITER (hh, source->children, child, tmp)
        child->listed = false;
    for (size_t i = 0; i < count; i++)
        if ((child = find(source, key_of(listed[i].url))))
            child->listed = true;
    HASH_ITER (hh, source->children, child, tmp)
        if (!child->listed)
            drop(source, child);
}

size_t source_children(struct source *source, struct source_child *listed, size_t count,
                       bool *again)
{
    bool archive = !source->children && source->def.since_us;
    size_t due = 0, most = archive ? LIMIT_SITEMAP_FIRST_CHILDREN : LIMIT_SITEMAP_CHILDREN_A_POLL;
    for (size_t i = 0; i < count; i++)
        listed[i].order = i;
    qsort(listed, count, sizeof *listed, by_date);
    count = count < LIMIT_SITEMAP_CHILDREN ? count : LIMIT_SITEMAP_CHILDREN;
    forget_unlisted(source, listed, count);
    *again = false;
    for (size_t i = 0; i < count; i++) {
        look_up(source, &listed[i]);
        due += listed[i].due;
        *again |= !listed[i].updated_at;
    }
    qsort(listed, count, sizeof *listed, by_turn);
    for (size_t i = most; archive && i < count; i++)
        take_as_read(source, &listed[i]);
    *again |= due > most && !archive;
    return due < most ? due : most;
}

void source_child_read(struct source *source, const char *url, int64_t updated_at, const char *etag,
                       const char *last_modified, bool again)
{
    struct child *child = find_or_add(source, key_of(url));
    child->updated_at = updated_at;
    child->asked_at = clock_now();
    child->again = again;
    child->read |= !again;
    source_keep(&child->etag, again ? NULL : etag);
    source_keep(&child->last_modified, again ? NULL : last_modified);
}

/* ---- what must survive */

/* [key in hex, updated_at, asked_at, read + 2 again, etag, last_modified] */
json_t *sitemap_state(const struct source *source)
{
    json_t *list = json_array();
    const struct child *child, *tmp;
    HASH_ITER (hh, source->children, child, tmp) {
        char key[17];
        snprintf(key, sizeof key, "%016llx", (unsigned long long)child->key);
        json_t *row = json_pack("[s, I, I, i, s?, s?]", key, (json_int_t)child->updated_at,
                                (json_int_t)child->asked_at, child->read + 2 * child->again,
                                child->etag, child->last_modified);
        if (row) /* a validator that is not UTF-8: asked anew */
            json_array_append_new(list, row);
    }
    return list;
}

static bool read_key(const char *text, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < 16; i++) {
        int digit = text ? str_hex(text[i]) : -1;
        if (digit < 0)
            return false;
        *out = *out << 4 | (unsigned)digit;
    }
    return text[16] == '\0';
}

void sitemap_restore(struct source *source, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list) && i < LIMIT_SITEMAP_CHILDREN; i++) {
        const json_t *row = json_array_get(list, i);
        json_int_t flags = json_integer_value(json_array_get(row, 3));
        uint64_t key;
        if (!read_key(json_string_value(json_array_get(row, 0)), &key))
            continue;
        struct child *child = find_or_add(source, key);
        child->updated_at = json_integer_value(json_array_get(row, 1));
        child->asked_at = json_integer_value(json_array_get(row, 2));
        child->read = flags & 1;
        child->again = flags & 2;
        source_keep(&child->etag, json_string_value(json_array_get(row, 4)));
        source_keep(&child->last_modified, json_string_value(json_array_get(row, 5)));
    }
}
