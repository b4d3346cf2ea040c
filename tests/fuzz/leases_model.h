/*
 * The model of fuzz_leases.c: what PROTOCOL.md says of an item's life and of who gets it, in as few lines
 * as it takes, and the comparison with the room. The room's sources are included here, so that its
 * only socket can be played: a message is handed to on_message(), what it says arrives in hear().
 */
#ifndef DATELINE_FUZZ_LEASES_MODEL_H
#define DATELINE_FUZZ_LEASES_MODEL_H

#include "clock.h"
#include "wire.h"

static int hear(void *socket, struct str to, enum wire_verb verb, struct str header,
                const struct str *payload, size_t count);
#define wire_send_work hear
/* NOLINTBEGIN(bugprone-suspicious-include): the room is the subject, its socket is not */
#include "dispatch.c"
#include "pump.c"
#include "ready.c"
#include "work.c"
#include "worker.c"
#undef wire_send_work

/* The fuzzer is to learn the ways of the room, not those of its judge. */
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#include "check.c"
/* NOLINTEND(bugprone-suspicious-include) */

static void disagree(int line, const char *what)
{
    (void)fprintf(stderr, "fuzz_leases.c:%d: they disagree: %s\n", line, what);
    abort();
}

enum { ITEMS_MAX = 48, PEERS = 5, STEPS = 160, DELIVERIES_MAX = 4 };
#define LEASE_US (20 * USEC_PER_SEC)
#define SILENCE  (WIRE_SILENCE * BEAT_US)
#define MUST(what)                                                                                 \
    do {                                                                                           \
        if (!(what))                                                                               \
            disagree(__LINE__, #what);                                                             \
    } while (0)

static const char languages[][4] = {"", "en", "ru", "gsw"}; /* by 2 bits; "" is und */

/* ---- the model */

enum fate { ABSENT, WAITS, HELD, KEPT, RESTS, ENDED, BURIED };

struct model_item {
    enum fate fate;
    unsigned deliveries, deaths, language, lane;
    int64_t at; /* WAITS: since when, 0 put back in front; HELD: it lapses; RESTS: until when */
    unsigned peer;
    uint64_t lease;
};

struct model_peer {
    bool welcomed, bye;
    unsigned credit, wants; /* bit a language; 0 all */
    int64_t heard;
};

static struct {
    struct dispatch *room;
    struct model_item item[ITEMS_MAX + 1]; /* by id, from 1 */
    struct model_peer peer[PEERS];
    unsigned items;
    uint64_t newest_lease, refused;
    bool draining, disk_slow;
    unsigned deaf, dead; /* bit a peer: its pipe is full; its connection is gone */
    unsigned unreadable; /* one id in so many has no work any more; 0 none */
    const uint8_t *at, *end;
} m;

static unsigned draw(unsigned below)
{
    return m.at < m.end ? *m.at++ % below : 0;
}

static unsigned held_by(unsigned peer)
{
    unsigned n = 0;
    for (unsigned id = 1; id <= m.items; id++)
        n += m.item[id].fate == HELD && m.item[id].peer == peer;
    return n;
}

static bool takes(unsigned peer, const struct model_item *item)
{
    return !m.peer[peer].wants || m.peer[peer].wants >> item->language & 1;
}

static void model_failed(struct model_item *item, bool died)
{
    item->deaths += died;
    item->fate = RESTS;
    item->at = clock_mono() + (USEC_PER_SEC << (item->deliveries < 6 ? item->deliveries - 1 : 5));
    if (item->deaths >= LIMIT_WORKER_DEATHS || item->deliveries >= DELIVERIES_MAX)
        item->fate = BURIED;
}

static void model_forget(unsigned peer, bool died)
{
    for (unsigned id = 1; id <= m.items; id++)
        if (m.item[id].fate == HELD && m.item[id].peer == peer)
            model_failed(&m.item[id], died);
}

static void model_gone(unsigned peer)
{
    model_forget(peer, true);
    m.peer[peer].welcomed = false;
}

static void model_maybe_leave(unsigned peer)
{
    struct model_peer *p = &m.peer[peer];
    if (p->welcomed && p->bye && !m.draining && held_by(peer) == 0)
        p->welcomed = false;
}

/* ---- what the room says */

static unsigned peer_of(struct str route)
{
    MUST(route.len == 1 && (unsigned)route.at[0] < PEERS);
    return (unsigned)route.at[0];
}

static struct str route_to(unsigned peer)
{
    static const char routes[PEERS] = {0, 1, 2, 3, 4};
    return (struct str){&routes[peer], 1};
}

/* The rules of who may get what. */
static void judge(unsigned peer, const struct model_item *item, unsigned before, size_t count)
{
    MUST(item->fate == WAITS && takes(peer, item));
    MUST(!item->deaths || before == 0);   /* a suspect goes to who holds nothing else, */
    MUST(item->deaths < 2 || count == 1); /* the second time alone */
    MUST(!item->deaths || count <= SUSPECTS_ONCE);
    for (unsigned id = 1; id <= m.items; id++) {
        const struct model_item *other = &m.item[id];
        if (other->fate != WAITS || !other->deaths != !item->deaths || !takes(peer, other))
            continue;
        MUST(other->lane >= item->lane); /* live ones first, and then the oldest */
        MUST(other->lane > item->lane || other->at >= item->at);
    }
}

static void give(unsigned peer, const struct wire_work *said, bool sent)
{
    unsigned before = held_by(peer), ids[LIMIT_BATCH_ITEMS];
    MUST(m.peer[peer].welcomed && !m.peer[peer].bye && !m.draining);
    MUST(before + said->count <= m.peer[peer].credit);
    for (size_t i = 0; i < said->count; i++) {
        uint64_t id = 0;
        MUST(str_u64(str_upto(str_from(said->lease[i].payload, 1), 3), &id) == 0);
        ids[i] = (unsigned)id - 100;
        struct model_item *item = &m.item[ids[i]];
        judge(peer, item, before, said->count);
        MUST(said->lease[i].lease > m.newest_lease);
        m.newest_lease = said->lease[i].lease;
        item->lease = said->lease[i].lease;
        MUST(said->lease[i].delivery == ++item->deliveries);
        item->fate = HELD;
        item->peer = peer;
        item->at = clock_mono() + LEASE_US;
    }
    for (size_t i = 0; !sent && i < said->count; i++) { /* as if nothing had been */
        m.item[ids[i]].deliveries--;
        m.item[ids[i]].fate = WAITS;
        m.item[ids[i]].at = 0;
    }
}

static int hear(void *socket, struct str to, enum wire_verb verb, struct str header,
                const struct str *payload, size_t count)
{
    struct str frames[LIMIT_BATCH_ITEMS + 3] = {STR("DLW1"), str_of(wire_verb_name(verb)), header};
    struct wire_work said;
    unsigned peer = peer_of(to);
    bool deaf = m.deaf >> peer & 1, dead = m.dead >> peer & 1;
    (void)socket;
    MUST(count <= LIMIT_BATCH_ITEMS);
    for (size_t i = 0; i < count; i++)
        frames[3 + i] = payload[i];
    MUST(wire_work_decode(frames, 3 + count, WIRE_FROM_DAEMON, &said) == WIRE_FINE);
    if (verb == WIRE_ITEMS)
        give(peer, &said, !deaf && !dead);
    wire_work_done(&said);
    if (dead && verb != WIRE_REFUSED) /* nobody is blamed for a refusal that is not read */
        model_gone(peer);
    return dead ? -EHOSTUNREACH : deaf ? -EAGAIN : 0;
}

/* ---- the room above */

static void above(void *ctx, struct dispatch_event *event)
{
    struct model_item *item = &m.item[event->id];
    (void)ctx;
    switch (event->type) {
    case DISPATCH_LOAD:
        if (m.unreadable && event->id % m.unreadable == 0)
            item->fate = BURIED;
        else
            buf_printf(event->load, "{%u}", 100U + (unsigned)event->id); /* three digits */
        break;
    case DISPATCH_RELEASE: /* none of the model's items is under an embargo */
        MUST(false);
        break;
    case DISPATCH_TRIES:
        MUST(event->deliveries > 0 && event->deliveries < DELIVERIES_MAX);
        MUST(event->deaths < LIMIT_WORKER_DEATHS);
        break;
    case DISPATCH_RESULT:
    case DISPATCH_ACK:
        if (m.disk_slow)
            break;
        if (event->type == DISPATCH_RESULT && event->id % 5 == 0) {
            dispatch_refuse(m.room, event->id, "of another item");
            model_failed(item, false);
            m.refused += m.peer[item->peer].welcomed;
        } else {
            dispatch_done(m.room, event->id);
            item->fate = ENDED;
        }
        break;
    case DISPATCH_DEAD:
        MUST(event->reason);
        break;
    }
}

/* ---- both agree */

static const enum fate fates[] = {
    [WORK_READY] = WAITS, [WORK_LEASED] = HELD, [WORK_SETTLING] = KEPT, [WORK_DELAYED] = RESTS};

static void agree(void)
{
    struct dispatch_counts counts;
    uint64_t of[BURIED + 1] = {0};
    const char *broken = dispatch_check(m.room);
    if (broken)
        disagree(__LINE__, broken);
    for (unsigned id = 1; id <= m.items; id++) {
        const struct model_item *item = &m.item[id];
        const struct work *work = work_find(m.room, id);
        of[item->fate]++;
        MUST(!work == (item->fate == ENDED || item->fate == BURIED));
        MUST(!work || (fates[work->state] == item->fate && work->deliveries == item->deliveries &&
                       work->deaths == item->deaths));
    }
    for (unsigned peer = 0; peer < PEERS; peer++) {
        const struct worker *w = worker_find(m.room, route_to(peer));
        MUST(!w == !m.peer[peer].welcomed);
        MUST(!w || (w->held == held_by(peer) && w->bye == m.peer[peer].bye));
    }
    dispatch_counts(m.room, &counts);
    MUST(counts.ready == of[WAITS] && counts.delayed == of[RESTS]);
    MUST(counts.leased == of[HELD] + of[KEPT]);
    MUST(counts.ready + counts.leased + counts.delayed + of[ENDED] + of[BURIED] == m.items);
    MUST(counts.refused == m.refused);
}

#pragma clang attribute pop

#endif
