#include "inside.h"

#include <assert.h>

#include "clock.h"
#include "log.h"

static const char *const state_names[WORK_STATES] = {"ready",   "leased", "settling",
                                                     "delayed", "done",   "dead"};

const char *work_state_name(enum work_state state)
{
    return state_names[state];
}

struct work *work_find(const struct dispatch *d, uint64_t id)
{
    struct work *work = NULL;
    HASH_FIND_BYHASHVALUE(hh, d->works, &id, sizeof id, number_hash(id), work);
    return work;
}

/* ---- the door */

/* The list an item stands on in a state; NULL when it is on none, or ready.c or embargo.c has it. */
static struct work **list_of(struct dispatch *d, const struct work *work, enum work_state state)
{
    switch (state) {
    case WORK_LEASED:
        return &d->leased;
    case WORK_SETTLING:
        return &d->settling;
    case WORK_DELAYED:
        return work->delay == EMBARGOED ? NULL : &d->delayed[work->delay];
    case WORK_READY:
    case WORK_DONE:
    case WORK_DEAD:
        break;
    }
    return NULL;
}

static void work_leave(struct dispatch *d, struct work *work)
{
    struct work **list = list_of(d, work, (enum work_state)work->state);
    if (work->state == WORK_READY)
        ready_leave(d, work);
    else if (!list)
        embargo_leave(d, work);
    else /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): by (1) it stands there */
        DL_DELETE(*list, work);
    d->count[work->state]--;
}

/* What came back unsent is the oldest there is: it goes in front. */
static void work_enter(struct dispatch *d, struct work *work, enum work_state state, bool front)
{
    struct work **list = list_of(d, work, state);
    work->state = (uint8_t)state;
    d->count[state]++;
    if (state == WORK_READY)
        ready_enter(d, work, front);
    else if (list)
        DL_APPEND(*list, work);
    else if (state == WORK_DELAYED)
        embargo_enter(d, work);
}

static uint8_t byte_of(uint32_t n)
{
    return n > UINT8_MAX ? UINT8_MAX : (uint8_t)n;
}

/* The one door. `deaths` and `delay` take part in naming the list, so they change in here alone. */
static void work_to(struct dispatch *d, struct work *work, enum work_state state, uint32_t deaths,
                    unsigned delay)
{
    enum work_state old = (enum work_state)work->state;
    log_debug("dispatch: %s -> %s id=%llu deliveries=%u deaths=%u", state_names[old],
              state_names[state], (unsigned long long)work->id, work->deliveries, deaths);
    work_leave(d, work);
    if (old == WORK_SETTLING)
        d->settling_bytes -= work->size;
    if (state == WORK_SETTLING)
        d->settling_bytes += work->size;
    if (state != WORK_READY && state != WORK_DELAYED)
        d->moved_at = clock_mono();
    work->deaths = byte_of(deaths);
    work->delay = (uint8_t)delay;
    work_enter(d, work, state, old == WORK_LEASED && state == WORK_READY);
    if (state != WORK_DONE && state != WORK_DEAD)
        return;
    HASH_DEL(d->works, work);
    d->bytes -= work->size;
    free(work);
}

void work_add(struct dispatch *d, const struct dispatch_item *item)
{
    /* Ids grow, so most are known to be new without a look: half the time of a start with a full
     * queue. */
    assert(item->id > d->newest || !work_find(d, item->id));
    d->newest = item->id > d->newest ? item->id : d->newest;
    struct work *work = xcalloc(1, sizeof *work);
    work->id = item->id;
    work->since_s = (uint32_t)(clock_mono() / USEC_PER_SEC);
    work->size = item->size > UINT32_MAX ? UINT32_MAX : (uint32_t)item->size;
    work->deliveries = item->deliveries > UINT16_MAX ? UINT16_MAX : (uint16_t)item->deliveries;
    work->deaths = byte_of(item->deaths);
    work->lane = (uint8_t)item->lane;
    work->language = language_of(d, item->language);
    d->added++;
    HASH_ADD_BYHASHVALUE(hh, d->works, id, sizeof work->id, number_hash(work->id), work);
    d->bytes += work->size;
    work->delay = item->release_at ? EMBARGOED : 0;
    work->ready_at = item->release_at;
    work_enter(d, work, item->release_at ? WORK_DELAYED : WORK_READY, false);
}

/* ---- leases */

struct lease *work_lease(struct dispatch *d, struct work *work, struct worker *worker)
{
    assert(work->state == WORK_READY && worker->held < worker->credit);
    struct lease *lease = xcalloc(1, sizeof *lease);
    lease->number = d->next_lease++;
    lease->work = work;
    lease->worker = worker;
    lease->serial = worker->serial;
    lease->ends = clock_mono() + d->options.lease_us;
    HASH_ADD_BYHASHVALUE(hh, d->leases, number, sizeof lease->number, number_hash(lease->number),
                         lease);
    DL_APPEND(worker->leases, lease);
    worker->held++;
    work->deliveries++;
    work->lease = lease;
    work_to(d, work, WORK_LEASED, work->deaths, 0);
    return lease;
}

/* It cannot be named by the worker any more, and does not count for it. */
static void lease_end(struct dispatch *d, struct lease *lease)
{
    if (!lease->worker)
        return;
    HASH_DEL(d->leases, lease);
    DL_DELETE(lease->worker->leases, lease);
    lease->worker->held--;
    lease->worker = NULL;
}

static void lease_free(struct dispatch *d, struct work *work)
{
    if (work->state != WORK_LEASED && work->state != WORK_SETTLING)
        return;
    lease_end(d, work->lease);
    free(work->lease);
    work->lease = NULL;
}

void work_unlease(struct dispatch *d, struct work *work)
{
    assert(work->state == WORK_LEASED);
    lease_free(d, work);
    work->deliveries--;
    work_to(d, work, WORK_READY, work->deaths, 0);
}

void work_settle(struct dispatch *d, struct work *work)
{
    assert(work->state == WORK_LEASED);
    lease_end(d, work->lease);
    work_to(d, work, WORK_SETTLING, work->deaths, 0);
}

void work_withdraw(struct dispatch *d, struct work *work)
{
    assert(work->state == WORK_READY || work->state == WORK_DELAYED);
    work_to(d, work, WORK_SETTLING, work->deaths, 0);
    work->lease = xcalloc(1, sizeof *work->lease); /* keeps (2): one that no worker ever held */
    work->lease->work = work;
}

void work_touch(struct dispatch *d, struct lease *lease)
{
    lease->ends = clock_mono() + d->options.lease_us;
    DL_DELETE(d->leased, lease->work); /* stays LEASED: its list is in order of ends */
    DL_APPEND(d->leased, lease->work);
}

/* ---- failing */

static unsigned delay_class(uint32_t deliveries)
{
    uint32_t n = deliveries ? deliveries - 1 : 0;
    return n < DELAYS ? n : DELAYS - 1;
}

static void work_delay(struct dispatch *d, struct work *work, uint32_t deaths)
{
    struct dispatch_event tries = {
        .type = DISPATCH_TRIES, .id = work->id, .deliveries = work->deliveries, .deaths = deaths};
    unsigned delay = delay_class(work->deliveries);
    lease_free(d, work);
    work->ready_at = clock_mono() + (USEC_PER_SEC << delay);
    work_to(d, work, WORK_DELAYED, deaths, delay);
    d->options.up(d->options.ctx, &tries);
}

void work_set_aside(struct dispatch *d, struct work *work)
{
    assert(work->state == WORK_READY || work->state == WORK_SETTLING);
    if (work->state == WORK_SETTLING) {
        lease_free(d, work);
        work->deliveries--;
    }
    work_to(d, work, WORK_DELAYED, work->deaths, DELAYS - 1);
    work->ready_at = clock_mono() + (USEC_PER_SEC << (DELAYS - 1)); /* lies where its turn did */
}

/* `deaths` counts the one that this is about. */
static void give_up(struct dispatch *d, struct work *work, uint32_t deaths, const char *worker,
                    const char *reason)
{
    struct dispatch_event dead = {.type = DISPATCH_DEAD,
                                  .id = work->id,
                                  .deliveries = work->deliveries,
                                  .deaths = deaths,
                                  .reason = reason,
                                  .worker = worker};
    lease_free(d, work);
    work_to(d, work, WORK_DEAD, deaths, 0);
    d->options.up(d->options.ctx, &dead);
}

void work_failed(struct dispatch *d, struct work *work, bool died, const char *worker,
                 const char *reason)
{
    char why[256];
    uint32_t deaths = work->deaths + (died ? 1U : 0U);
    if (deaths >= LIMIT_WORKER_DEATHS) {
        snprintf(why, sizeof why, "%u workers died holding it", deaths);
        give_up(d, work, deaths, worker, why);
    } else if (work->deliveries >= d->options.max_deliveries) {
        snprintf(why, sizeof why, "%u deliveries failed, the last: %s", work->deliveries, reason);
        give_up(d, work, deaths, worker, why);
    } else {
        work_delay(d, work, deaths);
    }
}

/* Who buries it logs why. */
void work_dead(struct dispatch *d, struct work *work, const char *worker, const char *reason)
{
    give_up(d, work, work->deaths, worker, reason);
}

void work_done(struct dispatch *d, struct work *work)
{
    assert(work->state == WORK_SETTLING);
    lease_free(d, work);
    work_to(d, work, WORK_DONE, work->deaths, 0);
}

/* ---- time */

static void lapse(struct dispatch *d, struct work *work)
{
    struct worker *worker = work->lease->worker;
    char name[LIMIT_WORKER_NAME + 1];
    memcpy(name, worker->name, sizeof name);
    d->totals.lapsed++;
    log_info("dispatch: lease lapsed id=%llu worker=%s deliveries=%u", (unsigned long long)work->id,
             log_safez(name), work->deliveries);
    work_failed(d, work, false, name, "lease lapsed");
    worker_maybe_leave(d, worker);
}

/* From now on it waits for a worker. */
static void release(struct dispatch *d, struct work *work)
{
    struct dispatch_event over = {.type = DISPATCH_RELEASE, .id = work->id};
    d->options.up(d->options.ctx, &over);
    work->since_s = (uint32_t)(clock_mono() / USEC_PER_SEC);
    if (over.stale)
        work_withdraw(d, work);
    else
        work_to(d, work, WORK_READY, work->deaths, 0);
}

void work_tick(struct dispatch *d, int64_t now)
{
    while (d->leased && d->leased->lease->ends <= now)
        lapse(d, d->leased);
    for (unsigned i = 0; i < DELAYS; i++)
        while (d->delayed[i] && d->delayed[i]->ready_at <= now)
            work_to(d, d->delayed[i], WORK_READY, d->delayed[i]->deaths, 0);
    struct work *first; /* each is read from the store: those of a full hour take several turns */
    for (unsigned i = 0; i < LIMIT_RELEASES_A_TURN && !d->draining && (first = embargo_first(d)) &&
                         first->ready_at <= clock_now();
         i++)
        release(d, first);
}

static int64_t sooner_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t work_due(const struct dispatch *d, int64_t now)
{
    int64_t due = d->leased ? d->leased->lease->ends : INT64_MAX;
    if (!d->draining)
        due = sooner_of(due, embargo_due(d, now));
    for (unsigned i = 0; i < DELAYS; i++)
        if (d->delayed[i])
            due = sooner_of(due, d->delayed[i]->ready_at);
    return due;
}

void work_free_all(struct dispatch *d)
{
    struct work *work = d->works, *next;
    HASH_CLEAR(hh, d->works);
    for (; work; work = next) {
        next = work->hh.next;
        lease_free(d, work);
        free(work);
    }
    free(d->embargo);
}
