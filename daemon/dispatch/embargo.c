/*
 * Items under an embargo, in a binary heap by the wall time at which it is over: publishers name times in any
 * order, and a start brings all of them at once. One is taken out of the middle only when a newer version or
 * an operator takes its place, and is looked for then.
 */
#include "inside.h"

#include "clock.h"

#define LOOK_AGAIN_US (60 * USEC_PER_SEC)

static bool sooner(const struct work *a, const struct work *b)
{
    return a->ready_at < b->ready_at || (a->ready_at == b->ready_at && a->id < b->id);
}

static void swap(struct work **heap, size_t a, size_t b)
{
    struct work *other = heap[a];
    heap[a] = heap[b];
    heap[b] = other;
}

static void rise(struct work **heap, size_t at)
{
    for (; at > 0 && sooner(heap[at], heap[(at - 1) / 2]); at = (at - 1) / 2)
        swap(heap, at, (at - 1) / 2);
}

static void sink(struct work **heap, size_t count, size_t at)
{
    for (;;) {
        size_t least = at, left = 2 * at + 1, right = left + 1;
        if (left < count && sooner(heap[left], heap[least]))
            least = left;
        if (right < count && sooner(heap[right], heap[least]))
            least = right;
        if (least == at)
            return;
        swap(heap, at, least);
        at = least;
    }
}

void embargo_enter(struct dispatch *d, struct work *work)
{
    if (d->embargo_count == d->embargo_room) {
        d->embargo_room = d->embargo_room ? 2 * d->embargo_room : 64;
        d->embargo = xrealloc(d->embargo, d->embargo_room * sizeof(*d->embargo));
    }
    d->embargo[d->embargo_count++] = work;
    rise(d->embargo, d->embargo_count - 1);
}

void embargo_leave(struct dispatch *d, struct work *work)
{
    size_t at = 0;
    while (d->embargo[at] != work)
        at++;
    d->embargo[at] = d->embargo[--d->embargo_count];
    if (at == d->embargo_count)
        return;
    rise(d->embargo, at);
    sink(d->embargo, d->embargo_count, at);
}

struct work *embargo_first(const struct dispatch *d)
{
    return d->embargo_count ? d->embargo[0] : NULL;
}

int64_t embargo_due(const struct dispatch *d, int64_t now)
{
    const struct work *first = embargo_first(d);
    if (!first)
        return INT64_MAX;
    int64_t left = first->ready_at - clock_now();
    return now + (left < LOOK_AGAIN_US ? left : LOOK_AGAIN_US);
}

bool embargo_fits(const struct dispatch *d)
{
    for (size_t i = 0; i < d->embargo_count; i++) {
        const struct work *work = d->embargo[i];
        if (work->state != WORK_DELAYED || work->delay != EMBARGOED ||
            (i && sooner(work, d->embargo[(i - 1) / 2])))
            return false;
    }
    return true;
}
