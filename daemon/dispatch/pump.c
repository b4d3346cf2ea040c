#include "inside.h"

#include <errno.h>

#include "clock.h"
#include "crash.h"
#include "log.h"

/*
 * Items without a past go to whoever has the most free credit for them, in batches, live ones first,
 * among those the oldest. A worker gets only what it takes, and what it does not take is not looked
 * at (ready.c).
 *
 * Suspects, which a worker died holding, go to an isolated worker: one that holds nothing else, so
 * that its death accuses few, and the next one the culprit alone.
 */
enum {
    PUMP_MESSAGES = 16, /* a turn */
    SUSPECTS_ONCE = 8   /* sent together after one death; after two, alone */
};

struct batch {
    size_t count;
    struct wire_lease lease[LIMIT_BATCH_ITEMS];
    struct work *work[LIMIT_BATCH_ITEMS];
    size_t end[LIMIT_BATCH_ITEMS]; /* of its work in dispatch.load */
};

static bool can_take(const struct worker *w)
{
    return !w->bye && !w->blocked && w->held < w->credit;
}

/* ---- one batch */

/* Appends an item's work to dispatch.load. 0; -EAGAIN does not fit any more; -ENOENT it is dead
 * now, -EIO it is set aside for a while. */
static int load(struct dispatch *d, struct work *work, bool first)
{
    size_t before = d->load.len;
    struct dispatch_event event = {.type = DISPATCH_LOAD, .id = work->id, .load = &d->load};
    if (!first && before + work->size > LIMIT_BATCH_BYTES)
        return -EAGAIN;
    d->options.up(d->options.ctx, &event);
    if (event.unreadable) {
        d->load.len = before;
        work_set_aside(d, work);
        return -EIO;
    }
    size_t size = d->load.len - before;
    if (size > 0 && size <= LIMIT_MESSAGE && (first || d->load.len <= LIMIT_BATCH_BYTES))
        return 0;
    d->load.len = before;
    if (size > 0 && size <= LIMIT_MESSAGE)
        return -EAGAIN;
    log_error("dispatch: work cannot be sent id=%llu bytes=%zu", (unsigned long long)work->id,
              size);
    work_dead(d, work, NULL, size ? "larger than a message may be" : "its work cannot be read");
    return -ENOENT;
}

static void fill(struct dispatch *d, struct worker *worker, bool suspects, size_t max,
                 struct batch *batch)
{
    buf_reset(&d->load);
    batch->count = 0;
    struct work *work;
    while (batch->count < max && can_take(worker) && (work = ready_first(d, worker, suspects))) {
        if (work->deaths > 1 && batch->count)
            break;
        int err = load(d, work, batch->count == 0);
        if (err == -EAGAIN)
            break;
        if (err)
            continue;
        size_t i = batch->count++;
        uint64_t number = work_lease(d, work, worker)->number;
        CRASH_POINT("lease-made");
        batch->lease[i] = (struct wire_lease){.lease = number, .delivery = work->deliveries};
        batch->work[i] = work;
        batch->end[i] = d->load.len;
        if (work->deaths > 1)
            break;
    }
}

static void count_batch(struct dispatch *d, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        d->totals.deliveries++;
        d->totals.redeliveries += batch->lease[i].delivery > 1;
    }
}

static void take_back(struct dispatch *d, const struct batch *batch)
{
    for (size_t i = batch->count; i-- > 0;) /* backwards: each goes to the front */
        work_unlease(d, batch->work[i]);
}

/* False when it could not be sent. */
static bool send_batch(struct dispatch *d, struct worker *worker, const struct batch *batch)
{
    struct str payload[LIMIT_BATCH_ITEMS];
    for (size_t i = 0, at = 0; i < batch->count; at = batch->end[i], i++)
        payload[i] = (struct str){d->load.at + at, batch->end[i] - at};
    buf_reset(&d->header);
    wire_put_leases(&d->header, WIRE_ITEMS, batch->lease, batch->count);
    struct str route = {(const char *)worker->route, worker->route_len};
    int err =
        wire_send_work(d->socket, route, WIRE_ITEMS, buf_str(&d->header), payload, batch->count);
    zev_stir(&d->zev);
    if (!err) {
        CRASH_POINT("sent");
        worker->spoke = clock_mono();
        count_batch(d, batch);
        return true;
    }
    take_back(d, batch); /* first: these were not sent, so nobody died of them */
    if (err == -EHOSTUNREACH)
        worker_gone(d, worker, "connection lost");
    else
        worker->blocked = true;
    return false;
}

static void hand_out(struct dispatch *d, struct worker *worker, bool suspects, size_t max)
{
    struct batch batch;
    fill(d, worker, suspects, max, &batch);
    if (batch.count)
        send_batch(d, worker, &batch);
}

/* ---- whom to give */

/* A short queue is shared among all who could take some; a long one fills messages. */
static void share_out(struct dispatch *d)
{
    uint64_t takers = 0;
    for (struct worker *w = d->workers; w; w = w->hh.next)
        takers += can_take(w) && !w->isolated && ready_count(d, w);
    for (struct worker *w = d->workers; w; w = w->hh.next) {
        uint64_t share = takers ? (ready_count(d, w) + takers - 1) / takers : LIMIT_BATCH_ITEMS;
        w->share = share < LIMIT_BATCH_ITEMS ? (size_t)share : LIMIT_BATCH_ITEMS;
    }
}

static bool pump_ready(struct dispatch *d)
{
    struct worker *best = NULL;
    for (struct worker *w = d->workers; w; w = w->hh.next)
        if (can_take(w) && !w->isolated &&
            (!best || w->credit - w->held > best->credit - best->held) && ready_first(d, w, false))
            best = w;
    if (best)
        hand_out(d, best, false, best->share ? best->share : 1);
    return best != NULL;
}

static bool is_at_work_on_suspects(const struct worker *w)
{
    return w->leases && w->leases->work->deaths;
}

/* Who is nearest to holding nothing shall hold nothing, unless one gets there already, or half of
 * all. */
static void choose_isolated(struct dispatch *d)
{
    struct worker *best = NULL;
    if (d->isolated && d->isolated >= HASH_COUNT(d->workers) / 2)
        return;
    for (struct worker *w = d->workers; w; w = w->hh.next) {
        if (w->isolated && !is_at_work_on_suspects(w))
            return;
        if (!w->isolated && !w->bye && w->credit && (!best || w->held < best->held) &&
            ready_first(d, w, true))
            best = w;
    }
    if (best)
        worker_isolate(d, best, true);
}

/* Those whose suspects went elsewhere are as free as all others. */
static void release_isolated(struct dispatch *d)
{
    for (struct worker *w = d->workers; w && d->isolated; w = w->hh.next)
        if (w->isolated && !is_at_work_on_suspects(w) &&
            (w->bye || !w->credit || !ready_first(d, w, true)))
            worker_isolate(d, w, false);
}

static bool pump_suspects(struct dispatch *d)
{
    struct worker *w, *next;
    bool sent = false;
    release_isolated(d);
    if (ready_suspects(d))
        choose_isolated(d);
    if (!d->isolated)
        return false;
    HASH_ITER (hh, d->workers, w, next) {
        if (w->isolated && !w->held && can_take(w) && ready_first(d, w, true)) {
            hand_out(d, w, true, SUSPECTS_ONCE);
            sent = true;
        }
    }
    return sent;
}

static bool send_some(struct dispatch *d)
{
    bool more = true;
    if (d->draining || !d->count[WORK_READY])
        return false;
    share_out(d);
    for (int budget = PUMP_MESSAGES; more && budget > 0; budget--) {
        /* Results wait for the disk: do not ask for more of them. */
        if (d->settling_bytes > LIMIT_WRITE_BACKLOG)
            return false;
        more = pump_suspects(d);
        more = pump_ready(d) || more;
    }
    return more;
}

/* ---- whether it moves */

/* Its credit is for something that is ready: whatever keeps it back is not its doing. */
static bool waits_for(const struct dispatch *d, const struct worker *w)
{
    if (w->bye || w->held >= w->credit)
        return false;
    return w->isolated ? !w->held && ready_first(d, w, true) : ready_first(d, w, false) != NULL;
}

static bool someone_waits(const struct dispatch *d)
{
    if (d->draining || !d->count[WORK_READY])
        return false;
    for (const struct worker *w = d->workers; w; w = w->hh.next)
        if (waits_for(d, w))
            return true;
    return false;
}

bool pump(struct dispatch *d, int64_t now)
{
    bool more = send_some(d);
    if (!someone_waits(d))
        d->still_since = 0;
    else if (!d->still_since)
        d->still_since = now;
    return more;
}
