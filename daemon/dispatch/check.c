/* The invariants of inside.h, looked at one by one. */
#include "inside.h"

/* As many items on a state's list as are counted, all of them in that state. */
static bool list_fits(const struct dispatch *d, const struct work *list, enum work_state state)
{
    uint64_t count = 0;
    for (const struct work *w = list; w; w = w->next, count++)
        if (w->state != state)
            return false;
    return count == d->count[state];
}

static bool delayed_fit(const struct dispatch *d)
{
    uint64_t count = d->embargo_count;
    for (unsigned i = 0; i < DELAYS; i++)
        for (const struct work *w = d->delayed[i]; w; w = w->next, count++)
            if (w->state != WORK_DELAYED || w->delay != i ||
                (w->next && w->next->ready_at < w->ready_at))
                return false;
    return count == d->count[WORK_DELAYED] && embargo_fits(d);
}

static bool belongs(const struct work *w, unsigned class)
{
    return w->state == WORK_READY && class == w->lane + (w->deaths ? READY_SUSPECTS : 0U);
}

static bool class_fits(const struct dispatch *d, unsigned class)
{
    uint64_t count = 0, peers = 0;
    for (const struct work *w = d->ready[class]; w; w = w->next, count++)
        if (!belongs(w, class) || (w->next && w->next->turn <= w->turn))
            return false;
    for (const struct language *l = d->spoken; l; l = l->next) {
        uint64_t here = 0;
        for (const struct work *w = l->ready[class]; w; w = w->peer_next, here++)
            if (!belongs(w, class) || w->language != l->number ||
                (w->peer_next && w->peer_next->turn <= w->turn))
                return false;
        if (here != l->count[class])
            return false;
        peers += here;
    }
    return count == d->ready_count[class] && count == peers;
}

static bool ready_fits(const struct dispatch *d)
{
    uint64_t count = 0;
    for (unsigned class = 0; class < READY_CLASSES; class ++) {
        if (!class_fits(d, class))
            return false;
        count += d->ready_count[class];
    }
    return count == d->count[WORK_READY];
}

static bool leases_fit(const struct dispatch *d)
{
    uint64_t leased = 0;
    for (const struct lease *l = d->leases; l; l = l->hh.next, leased++)
        if (!l->worker || l->work->lease != l || l->work->state != WORK_LEASED)
            return false;
    for (const struct work *w = d->settling; w; w = w->next)
        if (!w->lease || w->lease->worker || w->lease->work != w)
            return false;
    for (const struct work *w = d->leased; w; w = w->next)
        if (w->next && w->next->lease->ends < w->lease->ends)
            return false;
    return leased == d->count[WORK_LEASED];
}

static bool workers_fit(const struct dispatch *d)
{
    uint64_t held = 0, isolated = 0, omnivores = 0;
    for (const struct worker *w = d->workers; w; w = w->hh.next) {
        uint64_t here = 0;
        for (const struct lease *l = w->leases; l; l = l->next, here++)
            if (l->worker != w || l->serial != w->serial)
                return false;
        if (here != w->held || w->wants == w->bye)
            return false;
        held += here;
        isolated += w->isolated;
        omnivores += w->wants && w->language_count == 0;
    }
    return held == d->count[WORK_LEASED] && isolated == d->isolated && omnivores == d->omnivores;
}

static bool wanted_fits(const struct dispatch *d)
{
    for (const struct language *l = d->spoken; l; l = l->next) {
        uint32_t wanted = 0;
        for (const struct worker *w = d->workers; w; w = w->hh.next)
            for (size_t i = 0; w->wants && i < w->language_count; i++)
                wanted += w->language[i] == l->number;
        if (wanted != l->wanted || d->languages[l->number] != l)
            return false;
    }
    return true;
}

static bool all_counted(const struct dispatch *d)
{
    uint64_t sum = 0, bytes = 0, settling = 0;
    for (unsigned state = 0; state < WORK_STATES; state++)
        sum += d->count[state];
    for (const struct work *w = d->works; w; w = w->hh.next)
        bytes += w->size;
    for (const struct work *w = d->settling; w; w = w->next)
        settling += w->size;
    return sum == d->added && bytes == d->bytes && settling == d->settling_bytes &&
           HASH_COUNT(d->works) == sum - d->count[WORK_DONE] - d->count[WORK_DEAD];
}

const char *dispatch_check(const struct dispatch *d)
{
    if (!list_fits(d, d->leased, WORK_LEASED) || !list_fits(d, d->settling, WORK_SETTLING) ||
        !delayed_fit(d))
        return "(1) an item is not on the list of its state";
    if (!leases_fit(d))
        return "(2) a lease without its item, or an item without its lease";
    if (!workers_fit(d) || !wanted_fits(d))
        return "(3) a worker's leases, isolation or languages are not as counted";
    if (!ready_fits(d))
        return "(5) ready items are not in order or not on the lists of their class and language";
    return all_counted(d) ? NULL : "(6) the states do not add up to what was added";
}
