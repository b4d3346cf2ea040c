/*
 * Leases against a model. A sequence of what workers, the room above and the clock may do is played to
 * the room and, in a few lines each, to a model that knows only what PROTOCOL.md says of an item's
 * life; after every step both must agree about every item and every worker, the counters must balance
 * and the room's own invariants hold. What the room decides by itself, which item goes to whom, is
 * judged by the rules it is to keep. In the end a willing worker comes, and nothing may be left over.
 *
 * No socket takes part (leases_model.h), which makes some hundred sequences a second.
 */
#include "leases_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)

/* ---- steps */

static void play(unsigned peer, const char *verb, struct str header)
{
    const struct str frames[4] = {STR("DLW1"), str_of(verb), header, STR("{}")};
    struct wire_work said;
    bool record = strcmp(verb, "RESULT") == 0;
    MUST(wire_work_decode(frames, record ? 4 : 3, WIRE_FROM_WORKER, &said) == WIRE_FINE);
    on_message(m.room, route_to(peer), &said);
    wire_work_done(&said);
}

/* True when the room listens to it. */
static bool is_heard(unsigned peer)
{
    if (m.peer[peer].welcomed)
        m.peer[peer].heard = clock_mono();
    else
        m.refused++;
    return m.peer[peer].welcomed;
}

static void say_hello(unsigned peer, unsigned credit, unsigned wants)
{
    struct buf header = BUF_NONE;
    const char *names[ARRAY_LEN(languages) + 1];
    size_t count = 0;
    for (unsigned i = 0; i < ARRAY_LEN(languages); i++)
        if (wants >> i & 1)
            names[count++] = i ? languages[i] : "und";
    names[count] = NULL;
    wire_put_hello(&header, &(struct wire_hello){"w", credit, names, NULL});
    if (m.draining) {
        m.refused++;
    } else {
        model_forget(peer, false);
        m.peer[peer] = (struct model_peer){true, false, credit, wants, clock_mono()};
    }
    play(peer, "HELLO", buf_str(&header));
    buf_free(&header);
}

static void on_lease_said(unsigned peer, struct model_item *item, unsigned what, bool unbegun)
{
    switch (what) {
    case 0: /* RESULT */
    case 1: /* ACK */
        item->fate = KEPT;
        break;
    case 2: /* NACK */
        model_failed(item, false);
        if (unbegun && m.peer[peer].bye) {
            item->deliveries--;
            item->fate = WAITS;
            item->at = 0;
        }
        break;
    case 3: /* NACK, never */
        item->fate = BURIED;
        if (unbegun && m.peer[peer].bye) {
            item->deliveries--;
            item->fate = WAITS;
            item->at = 0;
        }
        break;
    default: /* TOUCH */
        item->at = clock_mono() + LEASE_US;
    }
}

/* A lease of its own, of somebody else, of long ago, or of nobody: only its own counts. */
static void say_lease(unsigned peer, unsigned what)
{
    static const char *const verbs[] = {"RESULT", "ACK", "NACK", "NACK", "TOUCH"};
    struct model_item *item = &m.item[draw(ITEMS_MAX) + 1];
    bool unbegun = draw(2), mine = item->fate == HELD && item->peer == peer;
    uint64_t lease = item->lease ? item->lease : 7;
    char header[128];
    snprintf(header, sizeof header, "[{\"lease\":%llu,\"retry\":%s,\"unbegun\":%s}]",
             (unsigned long long)lease, what == 3 ? "false" : "true", unbegun ? "true" : "false");
    if (is_heard(peer)) {
        if (mine)
            on_lease_said(peer, item, what, unbegun);
        else
            m.refused++;
    }
    play(peer, verbs[what], str_of(header));
    model_maybe_leave(peer);
}

static void say_plain(unsigned peer, unsigned what)
{
    char header[64];
    unsigned credit = draw(12);
    snprintf(header, sizeof header, "{\"credit\":%u}", credit);
    if (what == 1 && !m.peer[peer].welcomed) {
        play(peer, "PONG", STR("{}")); /* never refused */
        return;
    }
    bool heard = is_heard(peer);
    if (what == 0) {
        m.peer[peer].credit = credit;
        play(peer, "CREDIT", str_of(header));
    } else if (what <= 2) {
        play(peer, what == 1 ? "PONG" : "PING", STR("{}"));
    } else {
        m.peer[peer].bye = m.peer[peer].bye || heard;
        play(peer, "BYE", STR("{}"));
        model_maybe_leave(peer);
    }
}

static void say_junk(unsigned peer)
{
    m.refused++;
    worker_refuse(m.room, route_to(peer), (enum wire_refusal)(WIRE_BAD_VERSION + draw(5)), NULL,
                  NULL, 0);
}

static void add_item(void)
{
    if (m.items == ITEMS_MAX)
        return;
    unsigned id = ++m.items, shape = draw(64);
    struct model_item *item = &m.item[id];
    *item = (struct model_item){.fate = WAITS,
                                .language = shape & 3,
                                .lane = shape >> 2 & 1,
                                .deaths = shape >> 3 == 7 ? 1 + (shape & 1) : 0,
                                .at = clock_mono()};
    item->deliveries = item->deaths;
    struct dispatch_item added = {.id = id,
                                  .size = 5,
                                  .deliveries = item->deliveries,
                                  .deaths = item->deaths,
                                  .lane = (enum dispatch_lane)item->lane};
    memcpy(added.language, languages[item->language], sizeof added.language);
    dispatch_add(m.room, &added);
}

/* What was on its way to the disk is there, or cannot be taken; or an operator has other plans. */
static void settle(unsigned how)
{
    unsigned id = draw(ITEMS_MAX) + 1;
    struct model_item *item = &m.item[id];
    if (how == 2) {
        bool idle = item->fate == WAITS || item->fate == RESTS;
        MUST((dispatch_withdraw(m.room, id) == 0) == idle);
        item->fate = idle ? KEPT : item->fate;
        item->peer = idle ? PEERS : item->peer; /* nobody's */
    } else if (item->fate == KEPT && (how == 0 || item->peer == PEERS)) {
        dispatch_done(m.room, id);
        item->fate = ENDED;
    } else if (item->fate == KEPT) {
        const struct worker *w = worker_by_serial(m.room, work_find(m.room, id)->lease->serial);
        m.refused += w != NULL;
        model_failed(item, false);
        dispatch_refuse(m.room, id, "of another item");
    } else if (item->fate == BURIED && how == 0 && !(m.unreadable && id % m.unreadable == 0)) {
        *item = (struct model_item){
            .fate = WAITS, .language = item->language, .lane = item->lane, .at = clock_mono()};
        struct dispatch_item again = {.id = id, .size = 5, .lane = (enum dispatch_lane)item->lane};
        memcpy(again.language, languages[item->language], sizeof again.language);
        dispatch_add(m.room, &again);
        m.room->added--; /* the same item: the model counts it once, and so it does */
        m.room->count[WORK_DEAD]--;
    }
}

/* ---- time */

static void model_tick(void)
{
    int64_t now = clock_mono();
    for (unsigned id = 1; id <= m.items; id++)
        if (m.item[id].fate == HELD && m.item[id].at <= now)
            model_failed(&m.item[id], false);
    for (unsigned id = 1; id <= m.items; id++)
        if (m.item[id].fate == RESTS && m.item[id].at <= now) {
            m.item[id].fate = WAITS;
            m.item[id].at = now;
        }
    for (unsigned peer = 0; peer < PEERS; peer++)
        model_maybe_leave(peer);
}

/* Silence is noticed with the next heartbeat. */
static void model_silence(void)
{
    for (unsigned peer = 0; peer < PEERS; peer++) {
        int64_t silent = clock_mono() - m.peer[peer].heard;
        bool here = worker_find(m.room, route_to(peer)) != NULL;
        if (!m.peer[peer].welcomed)
            continue;
        MUST(here || silent >= SILENCE);
        MUST(!here || silent < SILENCE + BEAT_US / 6 || m.room->next_beat > clock_mono());
        if (!here)
            model_gone(peer);
    }
}

/* Whoever has credit has work, unless there is none for it, or it is kept for suspects. */
static void nobody_starves(void)
{
    for (unsigned peer = 0; peer < PEERS && !m.draining; peer++) {
        const struct worker *w = worker_find(m.room, route_to(peer));
        if (!w || w->isolated || !can_take(w))
            continue;
        for (unsigned id = 1; id <= m.items; id++)
            MUST(m.item[id].fate != WAITS || m.item[id].deaths || !takes(peer, &m.item[id]));
    }
}

static void turn(int64_t us)
{
    clock_advance(us);
    work_tick(m.room, clock_mono());
    model_tick();
    worker_tick(m.room, clock_mono());
    model_silence();
    int budget = 100;
    while (pump(m.room, clock_mono()) && budget > 0)
        budget--;
    MUST(budget > 0);
    nobody_starves();
    agree();
}

/* ---- a sequence */

static void step(void)
{
    unsigned what = draw(24), peer = draw(PEERS);
    if (what < 5)
        add_item();
    else if (what < 7)
        say_hello(peer, draw(12), draw(16));
    else if (what < 12)
        say_lease(peer, what - 7);
    else if (what < 16)
        say_plain(peer, what - 12);
    else if (what == 16)
        say_junk(peer);
    else if (what < 20)
        settle(what - 17);
    else if (what == 20)
        m.deaf = draw(1U << PEERS);
    else if (what == 21)
        m.dead = draw(8) == 0 ? draw(1U << PEERS) : 0;
    else if (what == 22)
        m.disk_slow = draw(2);
    else if (draw(64) == 63) {
        m.draining = true;
        for (unsigned i = 0; i < PEERS; i++)
            m.peer[i].bye = m.peer[i].welcomed; /* all are told BYE */
        dispatch_drain(m.room);
    }
    agree();
    turn(draw(4) ? draw(250) * 20000LL : 0);
}

/* However it went: one worker that takes everything brings it all to an end. */
static void bring_to_an_end(void)
{
    m.deaf = m.dead = 0;
    m.disk_slow = false;
    for (unsigned id = 1; id <= m.items; id++)
        if (m.item[id].fate == KEPT) {
            dispatch_done(m.room, id);
            m.item[id].fate = ENDED;
        }
    for (int i = 0; i < 4; i++) /* in steps: a loop that stood still takes nobody for gone */
        turn(SILENCE / 2);      /* now all who were there are */
    for (int i = 0; i < 200; i++) {
        unsigned left = 0;
        if (!m.peer[0].welcomed)
            say_hello(0, LIMIT_CREDIT, 0);
        for (unsigned id = 1; id <= m.items; id++) {
            struct model_item *item = &m.item[id];
            char header[64];
            snprintf(header, sizeof header, "[{\"lease\":%llu}]", (unsigned long long)item->lease);
            left += item->fate != ENDED && item->fate != BURIED;
            if (item->fate != HELD || item->peer != 0 || !is_heard(0))
                continue;
            item->fate = KEPT;
            play(0, "ACK", str_of(header));
        }
        if (!left)
            return;
        turn(USEC_PER_SEC);
    }
    MUST(false);
}

static struct dispatch *room_new(void)
{
    struct dispatch *d = xcalloc(1, sizeof *d);
    d->options = (struct dispatch_options){
        .lease_us = LEASE_US, .max_deliveries = DELIVERIES_MAX, .up = above};
    d->epoch = xstrdup("5f0c");
    d->next_lease = 1000;
    return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_set_level((enum log_level)0);
    clock_set(1795287872 * USEC_PER_SEC);
    memset(&m, 0, sizeof m);
    m.room = room_new();
    m.at = data;
    m.end = data + size;
    m.unreadable = draw(4) == 3 ? 7 : 0;
    for (int i = 0; i < STEPS && m.at < m.end; i++)
        step();
    if (!m.draining)
        bring_to_an_end();
    dispatch_free(m.room);
    return 0;
}

#pragma clang attribute pop
