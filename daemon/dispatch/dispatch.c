#include "inside.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#define LINGER_MS 500 /* for the last BYE */

/* ---- what workers say */

/* The lease if `worker` holds it. */
static struct lease *held(const struct dispatch *d, const struct worker *worker, uint64_t number)
{
    struct lease *lease = NULL;
    HASH_FIND_BYHASHVALUE(hh, d->leases, &number, sizeof number, number_hash(number), lease);
    return lease && lease->worker == worker ? lease : NULL;
}

static void on_result(struct dispatch *d, struct worker *worker, struct lease *lease,
                      const struct wire_lease *said)
{
    struct dispatch_event event = {.type = DISPATCH_RESULT,
                                   .id = lease->work->id,
                                   .deliveries = lease->work->deliveries,
                                   .deaths = lease->work->deaths,
                                   .record = said->payload,
                                   .worker = worker->name};
    d->totals.results++;
    worker->done++;
    work_settle(d, lease->work);
    d->options.up(d->options.ctx, &event); /* the item may be gone when it returns */
}

static void on_ack(struct dispatch *d, struct worker *worker, struct lease *lease)
{
    struct dispatch_event event = {.type = DISPATCH_ACK,
                                   .id = lease->work->id,
                                   .deliveries = lease->work->deliveries,
                                   .deaths = lease->work->deaths,
                                   .worker = worker->name};
    d->totals.acks++;
    worker->done++;
    work_settle(d, lease->work);
    d->options.up(d->options.ctx, &event);
}

static void on_nack(struct dispatch *d, struct worker *worker, struct lease *lease,
                    const struct wire_lease *said)
{
    char reason[200];
    snprintf(reason, sizeof reason, "%.*s", STR_ARG(str_upto(said->reason, sizeof reason - 1)));
    d->totals.nacks++;
    log_info("dispatch: nack id=%llu worker=%s retry=%d reason=%s",
             (unsigned long long)lease->work->id, log_safez(worker->name), (int)said->retry,
             log_safez(reason));
    if (said->unbegun && worker->bye)
        work_unlease(d, lease->work);
    else if (said->retry)
        work_failed(d, lease->work, false, worker->name, reason[0] ? reason : "nack");
    else
        work_dead(d, lease->work, worker->name, reason[0] ? reason : "nack");
}

static void on_leases(struct dispatch *d, struct worker *worker, const struct wire_work *said)
{
    uint64_t strange[LIMIT_BATCH_ITEMS];
    size_t strangers = 0;
    for (size_t i = 0; i < said->count; i++) {
        const struct wire_lease *entry = &said->lease[i];
        struct lease *lease = held(d, worker, entry->lease);
        if (!lease)
            strange[strangers++] = entry->lease;
        else if (said->verb == WIRE_RESULT)
            on_result(d, worker, lease, entry);
        else if (said->verb == WIRE_ACK)
            on_ack(d, worker, lease);
        else if (said->verb == WIRE_NACK)
            on_nack(d, worker, lease, entry);
        else
            work_touch(d, lease);
    }
    struct str route = {(const char *)worker->route, worker->route_len};
    if (strangers)
        worker_refuse(d, route, WIRE_NOT_HELD, NULL, strange, strangers);
    worker_maybe_leave(d, worker);
}

static void on_ping(struct dispatch *d, struct worker *worker, uint64_t n)
{
    buf_reset(&d->header);
    wire_put_ping(&d->header, n);
    worker_say(d, worker, WIRE_PONG, buf_str(&d->header), NULL, 0);
}

static void on_bye(struct dispatch *d, struct worker *worker)
{
    worker_ends(d, worker);
    /* Also when our own BYE went before, as it drains: the worker waits for an answer to its own. */
    if (worker_say(d, worker, WIRE_BYE, STR("{}"), NULL, 0) == -EHOSTUNREACH)
        return;
    worker_maybe_leave(d, worker);
}

static void on_known(struct dispatch *d, struct worker *worker, const struct wire_work *said)
{
    worker->heard = clock_mono();
    worker->blocked = false;
    switch (said->verb) {
    case WIRE_RESULT:
    case WIRE_ACK:
    case WIRE_NACK:
    case WIRE_TOUCH:
        on_leases(d, worker, said);
        break;
    case WIRE_CREDIT:
        worker->credit = said->credit;
        break;
    case WIRE_PING:
        on_ping(d, worker, said->ping);
        break;
    case WIRE_BYE:
        on_bye(d, worker);
        break;
    case WIRE_PONG:    /* it was heard: that is all it is for */
    case WIRE_HELLO:   /* on_message has it */
    case WIRE_WELCOME: /* and these a worker does not say: wire_work_decode */
    case WIRE_ITEMS:
    case WIRE_REFUSED:
    case WIRE_REPLAY:
    case WIRE_RECORDS:
    case WIRE_PUSH:
    case WIRE_TAKEN:
    case WIRE_VERBS:
        break;
    }
}

static void on_message(struct dispatch *d, struct str route, const struct wire_work *said)
{
    struct worker *worker = worker_find(d, route);
    enum wire_refusal refusal = WIRE_FINE;
    if (said->verb == WIRE_HELLO)
        refusal = worker_hello(d, route, said);
    else if (worker)
        on_known(d, worker, said);
    else if (said->verb != WIRE_PONG)
        refusal = WIRE_HELLO_FIRST;
    if (refusal)
        worker_refuse(d, route, refusal, NULL, NULL, 0);
}

/* For people, where the name alone would leave them guessing. */
static const char *why_of(enum wire_refusal refusal)
{
    return refusal == WIRE_BAD_VERSION ? "this daemon speaks " WIRE_WORK_TAG ", version 1" : NULL;
}

/* What follows the routing id. Another version is told so whatever its shape is. */
static enum wire_refusal decode(const struct wire_parts *parts, bool too_many,
                                struct wire_work *out)
{
    if (too_many && str_is(parts->at[1], WIRE_WORK_TAG))
        return WIRE_BAD_FRAMES;
    return wire_work_decode(parts->at + 1, parts->count - 1, WIRE_FROM_WORKER, out);
}

static int on_ready(struct zev *zev, int events)
{
    struct dispatch *d = zev->data;
    struct wire_parts parts;
    struct wire_work said;
    (void)events;
    int err = wire_recv(d->socket, &parts);
    if (err && err != -EMSGSIZE)
        return 0;
    if (parts.count && keyring_admit(d->options.keys, KEYRING_WORK, &parts.msg[parts.count - 1])) {
        enum wire_refusal refusal = decode(&parts, err != 0, &said);
        if (refusal) {
            worker_refuse(d, parts.at[0], refusal, why_of(refusal), NULL, 0);
        } else {
            on_message(d, parts.at[0], &said);
            wire_work_done(&said);
        }
    }
    wire_parts_done(&parts);
    return 1;
}

/* ---- the loop */

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)w, (void)revents; /* only ends the sleep; before_sleep does what is due */
}

static void on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
    (void)loop, (void)w, (void)revents; /* only forbids the sleep */
}

static void wake_at(struct dispatch *d, int64_t now)
{
    int64_t due = work_due(d, now);
    if (d->workers && d->next_beat < due)
        due = d->next_beat;
    if (due == INT64_MAX) {
        ev_timer_stop(d->options.loop, &d->timer);
        return;
    }
    d->timer.repeat = due > now ? (double)(due - now) / USEC_PER_SEC : 0.0001;
    ev_timer_again(d->options.loop, &d->timer);
}

static void before_sleep(struct ev_loop *loop, ev_prepare *w, int revents)
{
    struct dispatch *d = w->data;
    int64_t now = clock_mono();
    (void)revents;
    work_tick(d, now);
    worker_tick(d, now);
    if (pump(d, now))
        ev_idle_start(loop, &d->idle);
    else
        ev_idle_stop(loop, &d->idle);
    wake_at(d, now);
}

/* ---- opening and closing */

static void start(struct dispatch *d)
{
    struct ev_loop *loop = d->options.loop;
    ev_prepare_init(&d->prepare, before_sleep);
    ev_idle_init(&d->idle, on_idle);
    ev_timer_init(&d->timer, on_timer, 0., 0.);
    d->prepare.data = d;
    ev_prepare_start(loop, &d->prepare);
}

static void stop(struct dispatch *d)
{
    struct ev_loop *loop = d->options.loop;
    zev_stop(&d->zev);
    ev_prepare_stop(loop, &d->prepare);
    ev_idle_stop(loop, &d->idle);
    ev_timer_stop(loop, &d->timer);
}

static int bind_all(struct dispatch *d, const char **failed_out)
{
    int on = 1;
    d->socket = zmq_socket(d->options.zmq, ZMQ_ROUTER);
    if (!d->socket)
        return -errno;
    wire_setup(d->socket, LIMIT_CREDIT + 1024, LINGER_MS); /* credits keep it far below */
    zmq_setsockopt(d->socket, ZMQ_ROUTER_MANDATORY, &on, sizeof on);
    int err = keyring_serve(d->options.keys, d->socket, KEYRING_WORK);
    if (err)
        return err;
    for (const char *const *at = d->options.bind; at && *at; at++)
        if (zmq_bind(d->socket, *at) != 0) {
            *failed_out = *at;
            return -errno;
        }
    return 0;
}

static void dispatch_free(struct dispatch *d)
{
    work_free_all(d); /* and with them the leases, which stand in lists of workers */
    worker_free_all(d);
    language_free_all(d);
    if (d->socket)
        zmq_close(d->socket);
    buf_free(&d->header);
    buf_free(&d->load);
    free(d->epoch);
    free(d);
}

int dispatch_open(const struct dispatch_options *options, struct dispatch **out,
                  const char **failed_out)
{
    struct dispatch *d = xcalloc(1, sizeof *d);
    int64_t now = clock_now();
    d->options = *options;
    d->epoch = xstrdup(options->epoch);
    d->next_lease = (uint64_t)now; /* keeps (4): a number a µs is more than is ever sent */
    snprintf(d->session, sizeof d->session, "%08x%08x", (unsigned)(now / USEC_PER_SEC),
             (unsigned)(now % USEC_PER_SEC) ^ ((unsigned)getpid() << 20));
    int err = bind_all(d, failed_out);
    if (!err) {
        d->zev = (struct zev){.socket = d->socket, .on_ready = on_ready, .data = d};
        err = zev_start(&d->zev, options->loop);
    }
    if (err) {
        dispatch_free(d);
        return err;
    }
    start(d);
    *out = d;
    return 0;
}

void dispatch_close(struct dispatch *d)
{
    if (!d)
        return;
    stop(d);
    d->draining = true;
    worker_bye_all(d);
    dispatch_free(d);
}

void dispatch_drain(struct dispatch *d)
{
    if (d->draining)
        return;
    d->draining = true;
    worker_bye_all(d);
}

/* ---- items */

void dispatch_add(struct dispatch *d, const struct dispatch_item *item)
{
    work_add(d, item);
}

void dispatch_done(struct dispatch *d, uint64_t id)
{
    struct work *work = work_find(d, id);
    if (work && work->state == WORK_SETTLING)
        work_done(d, work);
    else
        log_error("dispatch: done without a result id=%llu", (unsigned long long)id);
}

int dispatch_withdraw(struct dispatch *d, uint64_t id)
{
    struct work *work = work_find(d, id);
    if (!work)
        return -ENOENT;
    if (work->state != WORK_READY && work->state != WORK_DELAYED)
        return -EBUSY;
    work_withdraw(d, work);
    return 0;
}

static struct work *embargoed(const struct dispatch *d, uint64_t id)
{
    struct work *work = work_find(d, id);
    return work && work->state == WORK_DELAYED && work->delay == EMBARGOED ? work : NULL;
}

int64_t dispatch_embargo(const struct dispatch *d, uint64_t id)
{
    const struct work *work = embargoed(d, id);
    return work ? work->ready_at : 0;
}

int dispatch_embargo_until(struct dispatch *d, uint64_t id, int64_t release_at)
{
    struct work *work = embargoed(d, id);
    if (!work)
        return -ENOENT;
    embargo_leave(d, work); /* stays DELAYED: its heap is in order of time */
    work->ready_at = release_at;
    embargo_enter(d, work);
    return 0;
}

void dispatch_refuse(struct dispatch *d, uint64_t id, const char *reason)
{
    struct work *work = work_find(d, id);
    if (!work || work->state != WORK_SETTLING) {
        log_error("dispatch: refusal without a result id=%llu", (unsigned long long)id);
        return;
    }
    const struct worker *worker = worker_by_serial(d, work->lease->serial);
    d->totals.nacks++;
    if (worker) {
        struct str route = {(const char *)worker->route, worker->route_len};
        worker_refuse(d, route, WIRE_BAD_RECORD, reason, &work->lease->number, 1);
    }
    work_failed(d, work, false, worker ? worker->name : NULL, reason);
}

void dispatch_put_off(struct dispatch *d, uint64_t id)
{
    struct work *work = work_find(d, id);
    if (work && work->state == WORK_SETTLING)
        work_set_aside(d, work);
    else
        log_error("dispatch: put off without a result id=%llu", (unsigned long long)id);
}

/* ---- looking */

/* To a second. */
static int64_t age_us(const struct work *work)
{
    return clock_mono() - work->since_s * USEC_PER_SEC;
}

static int64_t still_us(const struct dispatch *d)
{
    int64_t since = d->still_since < d->moved_at ? d->moved_at : d->still_since;
    return d->still_since ? clock_mono() - since : 0;
}

/* The hash keeps their order. What is under an embargo waits for nobody. */
static int64_t oldest_us(const struct dispatch *d)
{
    const struct work *work = d->works;
    while (work && work->state == WORK_DELAYED && work->delay == EMBARGOED)
        work = work->hh.next;
    return work ? age_us(work) : 0;
}

void dispatch_counts(const struct dispatch *d, struct dispatch_counts *out)
{
    *out = d->totals;
    out->ready = d->count[WORK_READY];
    out->leased = d->count[WORK_LEASED] + d->count[WORK_SETTLING];
    out->delayed = d->count[WORK_DELAYED];
    out->workers = HASH_COUNT(d->workers);
    out->bytes = d->bytes;
    out->still_us = still_us(d);
    out->stalled = out->still_us >= LIMIT_STALL_MS * USEC_PER_MSEC;
    for (const struct language *l = d->spoken; l; l = l->next)
        out->unroutable += ready_unwanted(d, l);
    out->embargoed = d->embargo_count;
    out->next_release = d->embargo_count ? embargo_first(d)->ready_at : 0;
    out->oldest_us = oldest_us(d);
    for (size_t lane = 0; lane < DISPATCH_LANES; lane++) {
        const struct work *first = d->ready[lane], *suspect = d->ready[READY_SUSPECTS + lane];
        int64_t age = first ? age_us(first) : 0, other = suspect ? age_us(suspect) : 0;
        out->ready_of[lane] = d->ready_count[lane] + d->ready_count[READY_SUSPECTS + lane];
        out->first_us[lane] = age > other ? age : other;
    }
}

json_t *dispatch_languages(const struct dispatch *d)
{
    char code[4];
    json_t *counts = json_object();
    for (const struct language *l = d->spoken; l; l = l->next) {
        uint64_t count = 0;
        for (size_t class = 0; class < READY_CLASSES; class ++)
            count += l->count[class];
        if (count)
            json_object_set_new(counts, language_code(l->number, code),
                                json_integer((json_int_t)count));
    }
    return counts;
}

json_t *dispatch_unroutable(const struct dispatch *d)
{
    char code[4];
    json_t *counts = json_object();
    for (const struct language *l = d->spoken; l; l = l->next) {
        uint64_t count = ready_unwanted(d, l);
        if (count)
            json_object_set_new(counts, language_code(l->number, code),
                                json_integer((json_int_t)count));
    }
    return counts;
}

static json_t *languages_of(const struct worker *w)
{
    char code[4];
    json_t *list = json_array();
    for (size_t i = 0; i < w->language_count; i++)
        json_array_append_new(list, json_string(language_code(w->language[i], code)));
    return list;
}

json_t *dispatch_workers(const struct dispatch *d)
{
    char since[CLOCK_TEXT], last[CLOCK_TEXT];
    json_t *list = json_array();
    int64_t now = clock_now(), mono = clock_mono();
    for (const struct worker *w = d->workers; w; w = w->hh.next)
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:o, s:O}", "name", w->name, "credit",
                            (json_int_t)w->credit, "held", (json_int_t)w->held, "done",
                            (json_int_t)w->done, "since", clock_format(w->since, since), "last",
                            clock_format(now - (mono - w->heard), last), "languages",
                            languages_of(w), "capabilities", w->capabilities));
    return list;
}

json_t *dispatch_explain(const struct dispatch *d, uint64_t id)
{
    const struct work *work = work_find(d, id);
    if (!work)
        return NULL;
    enum work_state state = (enum work_state)work->state;
    char code[4];
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:s, s:s}", "state", work_state_name(state), "deliveries",
                  (json_int_t)work->deliveries, "deaths", (json_int_t)work->deaths, "lane",
                  work->lane == LANE_LIVE ? "live" : "backfill", "language",
                  language_code(work->language, code));
    int64_t now = clock_mono();
    json_object_set_new(json, "age_s", json_real((double)age_us(work) / USEC_PER_SEC));
    if (state == WORK_LEASED || state == WORK_SETTLING) {
        const struct worker *w = worker_by_serial(d, work->lease->serial);
        json_object_set_new(json, "worker", w ? json_string(w->name) : json_null());
    }
    if (state == WORK_LEASED)
        json_object_set_new(json, "lapses_in_ms",
                            json_integer((work->lease->ends - now) / USEC_PER_MSEC));
    if (state == WORK_DELAYED && work->delay == EMBARGOED) {
        char until[CLOCK_TEXT];
        json_object_set_new(json, "embargo", json_string(clock_format(work->ready_at, until)));
    } else if (state == WORK_DELAYED) {
        json_object_set_new(json, "ready_in_ms",
                            json_integer((work->ready_at - now) / USEC_PER_MSEC));
    }
    return json;
}
