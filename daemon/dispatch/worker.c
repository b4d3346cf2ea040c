#include "inside.h"

#include <assert.h>
#include <errno.h>

#include "clock.h"
#include "log.h"

#define BEAT_US (LIMIT_HEARTBEAT_MS * USEC_PER_MSEC)

static struct str route_of(const struct worker *worker)
{
    return (struct str){(const char *)worker->route, worker->route_len};
}

struct worker *worker_find(const struct dispatch *d, struct str route)
{
    struct worker *worker = NULL;
    HASH_FIND(hh, d->workers, route.at, route.len, worker);
    return worker;
}

struct worker *worker_by_serial(const struct dispatch *d, uint32_t serial)
{
    for (struct worker *w = d->workers; w; w = w->hh.next)
        if (w->serial == serial)
            return w;
    return NULL;
}

/* ---- saying */

int worker_say(struct dispatch *d, struct worker *worker, enum wire_verb verb, struct str header,
               const struct str *payload, size_t count)
{
    int err = wire_send_work(d->socket, route_of(worker), verb, header, payload, count);
    zev_stir(&d->zev);
    if (err == -EHOSTUNREACH)
        worker_gone(d, worker, "connection lost");
    else if (err)
        worker->blocked = true;
    else
        worker->spoke = clock_mono();
    return err;
}

static int say_empty(struct dispatch *d, struct worker *worker, enum wire_verb verb)
{
    return worker_say(d, worker, verb, STR("{}"), NULL, 0);
}

void worker_refuse(struct dispatch *d, struct str route, enum wire_refusal refusal, const char *why,
                   const uint64_t *leases, size_t count)
{
    const struct worker *worker = worker_find(d, route);
    static struct log_site sites[WIRE_REFUSALS]; /* a flood of one kind does not hide another */
    d->totals.refused++;
    if (log_wants(LOG_INFO))
        log_write(&sites[refusal], LOG_INFO,
                  "dispatch: refused reason=%s worker=%s leases=%zu first=%llu",
                  wire_refusal_name(refusal), log_safez(worker ? worker->name : NULL), count,
                  count ? (unsigned long long)leases[0] : 0ULL);
    buf_reset(&d->header);
    wire_put_refused(&d->header, refusal, why, leases, count, 0);
    /* To whoever it was, as far as it reads: it may well be nobody we know. */
    wire_send_work(d->socket, route, WIRE_REFUSED, buf_str(&d->header), NULL, 0);
    zev_stir(&d->zev);
}

/* ---- coming */

static struct worker *worker_new(struct dispatch *d, struct str route)
{
    struct worker *worker = xcalloc(1, sizeof *worker);
    memcpy(worker->route, route.at, route.len);
    worker->route_len = (uint8_t)route.len;
    worker->serial = ++d->next_serial;
    HASH_ADD(hh, d->workers, route, worker->route_len, worker);
    return worker;
}

static void set_capabilities(struct worker *worker, const struct wire_work *hello)
{
    json_decref(worker->capabilities);
    worker->capabilities = json_array();
    for (size_t i = 0; i < hello->capability_count; i++)
        json_array_append_new(worker->capabilities,
                              json_stringn(hello->capability[i].at, hello->capability[i].len));
}

enum wire_refusal worker_hello(struct dispatch *d, struct str route, const struct wire_work *hello)
{
    struct worker *worker = worker_find(d, route);
    if (d->draining)
        return WIRE_DRAINING;
    if (!worker && HASH_COUNT(d->workers) >= LIMIT_WORKERS)
        return WIRE_FULL;
    if (worker)
        worker_forget(d, worker, false, "its worker began again");
    else
        worker = worker_new(d, route);
    memcpy(worker->name, hello->worker.at, hello->worker.len);
    worker->name[hello->worker.len] = '\0';
    worker->credit = hello->credit;
    ready_want(d, worker, hello);
    set_capabilities(worker, hello);
    worker->bye = worker->blocked = false;
    worker->since = clock_now();
    worker->heard = clock_mono();
    log_info("dispatch: worker is here worker=%s credit=%u languages=%u", log_safez(worker->name),
             worker->credit, worker->language_count);
    buf_reset(&d->header);
    wire_put_welcome(&d->header, d->epoch, d->session,
                     (uint32_t)(d->options.lease_us / USEC_PER_MSEC), LIMIT_HEARTBEAT_MS);
    worker_say(d, worker, WIRE_WELCOME, buf_str(&d->header), NULL, 0);
    return WIRE_FINE;
}

void worker_isolate(struct dispatch *d, struct worker *worker, bool isolated)
{
    if (worker->isolated == isolated)
        return;
    worker->isolated = isolated;
    if (isolated)
        d->isolated++;
    else
        d->isolated--;
}

/* ---- going */

void worker_forget(struct dispatch *d, struct worker *worker, bool died, const char *reason)
{
    while (worker->leases) /* each leaves this list when it fails: (2) */
        work_failed(d, worker->leases->work, died, worker->name, reason);
}

static void worker_remove(struct dispatch *d, struct worker *worker)
{
    assert(!worker->leases);
    worker_isolate(d, worker, false);
    ready_unwant(d, worker);
    HASH_DEL(d->workers, worker);
    json_decref(worker->capabilities);
    free(worker);
}

void worker_gone(struct dispatch *d, struct worker *worker, const char *reason)
{
    log_warning("dispatch: worker gone worker=%s reason=%s held=%u", log_safez(worker->name),
                log_safez(reason), worker->held);
    worker_forget(d, worker, true, reason);
    worker_remove(d, worker);
}

void worker_maybe_leave(struct dispatch *d, struct worker *worker)
{
    if (!worker->bye || worker->held || d->draining)
        return;
    log_info("dispatch: worker left worker=%s done=%llu", log_safez(worker->name),
             (unsigned long long)worker->done);
    worker_remove(d, worker);
}

void worker_ends(struct dispatch *d, struct worker *worker)
{
    worker->bye = true;
    ready_unwant(d, worker);
}

/* ---- heartbeats */

/* `deaf`: how long we did not listen, stopped or waiting for a disk: it was not the worker that was silent,
 * and what it said meanwhile may still wait to be read. */
static void beat(struct dispatch *d, struct worker *worker, int64_t now, int64_t deaf)
{
    if (deaf > (WIRE_SILENCE - 1) * BEAT_US)
        worker->heard = worker->heard + deaf < now ? worker->heard + deaf : now;
    if (now - worker->heard >= WIRE_SILENCE * BEAT_US) {
        worker_gone(d, worker, "silence");
        return;
    }
    worker->blocked = false; /* try again */
    if (now - worker->spoke >= BEAT_US)
        say_empty(d, worker, WIRE_PING);
}

void worker_tick(struct dispatch *d, int64_t now)
{
    struct worker *worker, *next;
    if (now < d->next_beat)
        return;
    int64_t deaf = d->next_beat ? now - d->next_beat : 0;
    d->next_beat = now + BEAT_US / 6;
    HASH_ITER (hh, d->workers, worker, next)
        beat(d, worker, now, deaf);
}

void worker_bye_all(struct dispatch *d)
{
    struct worker *worker, *next;
    HASH_ITER (hh, d->workers, worker, next)
        if (!worker->bye) {
            worker_ends(d, worker);
            say_empty(d, worker, WIRE_BYE);
        }
}

void worker_free_all(struct dispatch *d)
{
    struct worker *worker = d->workers, *next;
    HASH_CLEAR(hh, d->workers);
    for (; worker; worker = next) {
        next = worker->hh.next;
        json_decref(worker->capabilities);
        free(worker);
    }
}
