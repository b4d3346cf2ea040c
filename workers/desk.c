#include "desk.h"

#include <errno.h>
#include <sys/random.h>

#include "clock.h"
#include "crash.h"
#include "limits.h"
#include "list.h"
#include "log.h"
#include "utf8.h"

#define BATCH       128          /* items of one flush: one wait for the disk */
#define BATCH_BYTES (16UL << 20) /* of one flush, so that a slow disk does not silence us */
#define RETRY_FIRST (500 * USEC_PER_MSEC)
#define RETRY_LAST  (15 * USEC_PER_SEC)

void desk_add(struct desk *d, const void *owner, uint64_t lease, struct str work)
{
    struct desk_item *item = xcalloc(1, sizeof(*item));
    item->lease = lease;
    item->owner = owner;
    buf_puts(&item->text, work);
    DL_APPEND(d->items, item);
    d->count++;
}

void desk_remove(struct desk *d, struct desk_item *item)
{
    DL_DELETE(d->items, item);
    d->count--;
    json_decref(item->record);
    buf_free(&item->text);
    free(item);
}

void desk_forget(struct desk *d, const void *owner)
{
    struct desk_item *item, *next;
    DL_FOREACH_SAFE (d->items, item, next) {
        if (item->owner == owner)
            desk_remove(d, item);
    }
}

void desk_forget_lease(struct desk *d, const void *owner, uint64_t lease)
{
    struct desk_item *item, *next;
    DL_FOREACH_SAFE (d->items, item, next) {
        if (item->owner == owner && item->lease == lease)
            desk_remove(d, item);
    }
}

size_t desk_count(const struct desk *d, const void *owner)
{
    const struct desk_item *item;
    size_t count = 0;
    DL_FOREACH (d->items, item) {
        count += item->owner == owner;
    }
    return count;
}

void desk_done(struct desk *d)
{
    while (d->items)
        desk_remove(d, d->items);
}

/* --------------------------------------------------------------------------------- analysing */

static void put_reason(char out[DESK_REASON], struct str why)
{
    (void)snprintf(out, DESK_REASON, "%.*s", STR_ARG(utf8_upto(why, DESK_REASON - 1)));
}

static void refuse(struct desk_item *item, const char *why)
{
    log_warning("worker: item refused lease=%llu reason=%s", (unsigned long long)item->lease,
                log_safez(why));
    item->state = DESK_REFUSED;
    put_reason(item->reason, str_of(why));
}

static void analyse(struct desk *d, struct desk_item *item)
{
    if (record_parse(buf_str(&item->text), &item->record) != 0) {
        refuse(item, "not a record of an item");
        return;
    }
    record_finish(d->analyzers, item->record);
    buf_reset(&item->text);
    record_print(item->record, &item->text);
    if (item->text.len > LIMIT_MESSAGE)
        refuse(item, "too large with its analysis");
    else
        item->state = DESK_READY;
}

/* ----------------------------------------------------------------------------------- keeping */

static int put(struct sink *sink, const struct desk_item *item)
{
    struct record_key key;
    if (record_key(item->record, &key) != 0)
        return -EBADMSG;
    struct sink_record r = {.uri = key.uri,
                            .version = key.version,
                            .event = key.event,
                            .language = key.language,
                            .headline = key.headline,
                            .published = key.published,
                            .json = buf_str(&item->text)};
    return sink_put(sink, &r);
}

/* Into one sink, to the end. *bad_out: the item that it can never take (-EBADMSG). */
static int fill(struct sink *sink, struct desk_item *const *batch, size_t count,
                struct desk_item **bad_out)
{
    for (size_t i = 0; i < count; i++) {
        int r = put(sink, batch[i]);
        if (r == -EBADMSG)
            *bad_out = batch[i];
        if (r != 0)
            return r;
    }
    CRASH_POINT("sink-written-before-flush");
    int r = sink_flush(sink);
    if (r == -EBADMSG && sink_refused(sink) < count)
        *bad_out = batch[sink_refused(sink)];
    return r;
}

/* The sink's own words, or the system's. */
static const char *reason_of(const struct sink *sink, int error)
{
    const char *why = sink_why(sink);
    return why[0] ? why : strerror(-error);
}

/* Between three and five quarters, so that workers who lost one server do not come back as one. */
static int64_t jittered(int64_t pause)
{
    uint32_t chance = 0;
    (void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK); /* without it: no jitter */
    return pause * 3 / 4 + (int64_t)chance * (pause / 2) / UINT32_MAX;
}

static void sinks_failed(struct desk *d, const struct sink *sink, int error, int64_t now)
{
    int64_t pause = d->retry_pause * 2;
    d->retry_pause = pause < RETRY_FIRST ? RETRY_FIRST : pause > RETRY_LAST ? RETRY_LAST : pause;
    d->retry_at = now + jittered(d->retry_pause);
    d->batch_max = d->batch_max > 1 ? d->batch_max / 2 : 1;
    struct buf trouble = BUF_NONE;
    buf_printf(&trouble, "sink %s: %s", sink_kind_name(sink), reason_of(sink, error));
    put_reason(d->trouble, buf_str(&trouble));
    buf_free(&trouble);
    log_error("worker: cannot write sink=%s path=%s error=%s retry_ms=%lld held=%zu",
              sink_kind_name(sink), log_safez(sink_path(sink)), log_safez(reason_of(sink, error)),
              (long long)(d->retry_pause / USEC_PER_MSEC), d->count);
}

static void sinks_well(struct desk *d)
{
    if (d->trouble[0])
        log_info("worker: sinks work again held=%zu", d->count);
    d->retry_at = d->retry_pause = 0;
    d->batch_max = d->batch_max * 2 < BATCH ? d->batch_max * 2 : BATCH;
    d->trouble[0] = '\0';
}

/* All sinks have all of the batch, or it stays READY. */
static void keep(struct desk *d, struct desk_item *const *batch, size_t count, int64_t now)
{
    for (size_t s = 0; s < d->sink_count; s++) {
        struct desk_item *bad = NULL;
        int r = fill(d->sinks[s], batch, count, &bad);
        if (bad) {
            const char *why = sink_why(d->sinks[s]);
            refuse(bad, why[0] ? why : "no sink can take it");
            return; /* the others are put again, without it */
        }
        if (r != 0) {
            sinks_failed(d, d->sinks[s], r, now);
            return;
        }
        CRASH_POINT("sink-between");
    }
    CRASH_POINT("flushed-before-result");
    sinks_well(d);
    for (size_t i = 0; i < count; i++)
        batch[i]->state = DESK_KEPT;
    d->done += count;
}

bool desk_step(struct desk *d, int64_t now_mono)
{
    struct desk_item *item, *batch[BATCH];
    size_t ready = 0, bytes = 0;
    bool changed = false;
    if (now_mono < d->retry_at)
        return false;
    if (d->batch_max == 0)
        d->batch_max = BATCH;
    int64_t until = clock_mono() + DESK_STEP_US;
    DL_FOREACH (d->items, item) {
        bool late = false;
        if (item->state == DESK_WAITING) {
            analyse(d, item);
            CRASH_POINT("analysed");
            changed = true;
            late = clock_mono() >= until;
        }
        if (item->state == DESK_READY) {
            batch[ready++] = item;
            bytes += item->text.len;
        }
        if (late || ready == d->batch_max || bytes >= BATCH_BYTES)
            break;
    }
    if (ready > 0)
        keep(d, batch, ready, now_mono);
    return changed || ready > 0;
}

void desk_idle(struct desk *d)
{
    for (size_t s = 0; s < d->sink_count; s++) {
        int r = sink_flush(d->sinks[s]);
        if (r != 0)
            log_error("worker: cannot flush sink=%s path=%s error=%s", sink_kind_name(d->sinks[s]),
                      log_safez(sink_path(d->sinks[s])), log_safez(reason_of(d->sinks[s], r)));
    }
}

bool desk_busy(const struct desk *d, int64_t now_mono)
{
    const struct desk_item *item;
    if (now_mono < d->retry_at)
        return false;
    DL_FOREACH (d->items, item) {
        if (item->state == DESK_WAITING || item->state == DESK_READY)
            return true;
    }
    return false;
}
