/* The dispatcher under test, the room above it, which remembers what it was told, and workers
 * played by hand. */
#ifndef DATELINE_DISPATCH_HELP_H
#define DATELINE_DISPATCH_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>
#include <zmq.h>

#include "clock.h"
#include "dispatch.h"
#include "inside.h"

#define LEASE_US (30 * USEC_PER_SEC)
#define START_US 1795287872000000

/* A worker. */
struct hand {
    void *socket;
    struct wire_parts parts;
    struct wire_work said;
    bool has;
    struct hand *next;
};

/* ---- the room above: remembers what it was told */

struct above {
    struct dispatch *dispatch;
    struct ev_loop *loop;
    void *zmq;
    bool done_at_once;   /* answers RESULT within the call */
    size_t work_bytes;   /* 0: an item's number only; SIZE_MAX: its work is gone */
    uint64_t unreadable; /* the id of an item whose row cannot be read; 0 none */
    unsigned results, acks, dead, tries;
    uint64_t dead_id, released; /* the last one */
    unsigned releases;
    bool stale; /* what is released is not to go out any more */
    uint32_t last_deliveries, last_deaths;
    char reason[200], record[100];
    struct hand *hands; /* that live */
};

static inline void load(struct above *a, struct dispatch_event *event)
{
    event->unreadable = event->id == a->unreadable;
    if (event->unreadable)
        return;
    if (a->work_bytes == SIZE_MAX)
        return;
    size_t before = event->load->len;
    buf_printf(event->load, "{\"id\":%llu,\"x\":\"", (unsigned long long)event->id);
    while (event->load->len - before + 2 < a->work_bytes)
        buf_putc(event->load, 'x');
    buf_putz(event->load, "\"}");
}

static inline void up(void *ctx, struct dispatch_event *event)
{
    struct above *a = ctx;
    switch (event->type) {
    case DISPATCH_LOAD:
        load(a, event);
        break;
    case DISPATCH_RELEASE:
        a->releases++;
        a->released = event->id;
        event->stale = a->stale;
        break;
    case DISPATCH_TRIES:
        a->tries++;
        a->last_deliveries = event->deliveries;
        a->last_deaths = event->deaths;
        break;
    case DISPATCH_RESULT:
        a->results++;
        snprintf(a->record, sizeof a->record, "%.*s", STR_ARG(event->record));
        if (a->done_at_once)
            dispatch_done(a->dispatch, event->id);
        break;
    case DISPATCH_ACK:
        a->acks++;
        if (a->done_at_once)
            dispatch_done(a->dispatch, event->id);
        break;
    case DISPATCH_DEAD:
        a->dead++;
        a->dead_id = event->id;
        snprintf(a->reason, sizeof a->reason, "%s", event->reason);
        break;
    }
}

/* Within the process a message is there as soon as it is sent. */
#define ENDPOINT "inproc://work"

static inline void hand_drop(struct hand *h)
{
    if (h->has)
        wire_work_done(&h->said);
    h->has = false;
    wire_parts_done(&h->parts);
}

static inline void hand_free(struct above *a, struct hand *h)
{
    LL_DELETE(a->hands, h);
    hand_drop(h);
    zmq_close(h->socket);
    free(h);
}

static inline int setup(void **state)
{
    static const char *bind[2] = {ENDPOINT, NULL};
    struct above *a = xcalloc(1, sizeof *a);
    clock_set(START_US);
    a->zmq = zmq_ctx_new();
    a->loop = ev_loop_new(EVFLAG_AUTO);
    struct dispatch_options options = {.loop = a->loop,
                                       .zmq = a->zmq,
                                       .bind = bind,
                                       .lease_us = LEASE_US,
                                       .max_deliveries = LIMIT_DELIVERIES,
                                       .epoch = "5f0c",
                                       .up = up,
                                       .ctx = a};
    const char *failed = NULL;
    if (dispatch_open(&options, &a->dispatch, &failed) != 0)
        return -1;
    *state = a;
    return 0;
}

static inline int teardown(void **state)
{
    struct above *a = *state;
    while (a->hands) /* of a test that failed */
        hand_free(a, a->hands);
    dispatch_close(a->dispatch);
    ev_loop_destroy(a->loop);
    zmq_ctx_term(a->zmq);
    clock_set(0);
    free(a);
    return 0;
}

/* The room's invariants hold whenever it sleeps. */
static inline void turn(struct above *a)
{
    for (int i = 0; i < 6; i++)
        ev_run(a->loop, EVRUN_NOWAIT);
    const char *broken = dispatch_check(a->dispatch);
    if (broken)
        fail_msg("%s", broken);
}

/* In steps: a loop that does not turn for longer is deaf, and takes nobody's silence for an end. */
static inline void pass(struct above *a, int64_t us)
{
    const int64_t step = 5 * USEC_PER_SEC;
    for (; us > step; us -= step) {
        clock_advance(step);
        turn(a);
    }
    clock_advance(us);
    turn(a);
}

static inline struct dispatch_counts counts(const struct above *a)
{
    struct dispatch_counts c;
    dispatch_counts(a->dispatch, &c);
    return c;
}

static inline void add(struct above *a, uint64_t from, uint64_t to)
{
    for (uint64_t id = from; id <= to; id++)
        dispatch_add(
            a->dispatch,
            &(struct dispatch_item){
                .id = id, .size = a->work_bytes && a->work_bytes != SIZE_MAX ? a->work_bytes : 20});
}

/* One that was tried before. */
static inline void add_tried(struct above *a, uint64_t id, uint32_t deliveries, uint32_t deaths)
{
    dispatch_add(
        a->dispatch,
        &(struct dispatch_item){.id = id, .size = 20, .deliveries = deliveries, .deaths = deaths});
}

/* ---- a worker */

static inline struct hand *hand_new(struct above *a)
{
    struct hand *h = xcalloc(1, sizeof *h);
    h->socket = zmq_socket(a->zmq, ZMQ_DEALER);
    wire_setup(h->socket, 10000, 0);
    assert_int_equal(zmq_connect(h->socket, ENDPOINT), 0);
    LL_PREPEND(a->hands, h);
    return h;
}

static inline void say(struct above *a, struct hand *h, const char *verb, const char *header,
                       const char *payload)
{
    const struct str parts[4] = {STR("DLW1"), str_of(verb), str_of(header), str_of(payload)};
    assert_int_equal(wire_send(h->socket, parts, payload ? 4 : 3), 0);
    turn(a);
}

/* The next message of the daemon, WIRE_VERBS when there is none. */
static inline enum wire_verb hear(struct hand *h)
{
    hand_drop(h);
    if (wire_recv(h->socket, &h->parts) != 0)
        return WIRE_VERBS;
    assert_int_equal(wire_work_decode(h->parts.at, h->parts.count, WIRE_FROM_DAEMON, &h->said), 0);
    h->has = true;
    return h->said.verb;
}

static inline void expect(struct hand *h, enum wire_verb verb)
{
    enum wire_verb heard = hear(h);
    if (heard != verb)
        fail_msg("%s, not %s", heard < WIRE_VERBS ? wire_verb_name(heard) : "nothing",
                 verb < WIRE_VERBS ? wire_verb_name(verb) : "nothing");
}

static inline void expect_refusal(struct hand *h, const char *reason)
{
    expect(h, WIRE_REFUSED);
    if (!str_is(h->said.reason, reason))
        fail_msg("%.*s, not %s", STR_ARG(h->said.reason), reason);
}

static inline void hello(struct above *a, struct hand *h, const char *name, unsigned credit)
{
    char header[128];
    snprintf(header, sizeof header, "{\"version\":1,\"worker\":\"%s\",\"credit\":%u}", name,
             credit);
    say(a, h, "HELLO", header, NULL);
}

static inline struct hand *welcomed(struct above *a, const char *name, unsigned credit)
{
    struct hand *h = hand_new(a);
    hello(a, h, name, credit);
    expect(h, WIRE_WELCOME);
    return h;
}

static inline uint64_t lease_of(struct hand *h, size_t i)
{
    assert_true(i < h->said.count);
    return h->said.lease[i].lease;
}

static inline void result(struct above *a, struct hand *h, uint64_t lease)
{
    char header[64];
    snprintf(header, sizeof header, "[{\"lease\":%llu}]", (unsigned long long)lease);
    say(a, h, "RESULT", header, "{\"record\":1}");
}

static inline void nack(struct above *a, struct hand *h, uint64_t lease, const char *more)
{
    char header[128];
    snprintf(header, sizeof header, "[{\"lease\":%llu%s}]", (unsigned long long)lease, more);
    say(a, h, "NACK", header, NULL);
}

/* Time goes by and the workers say that they live. */
static inline void pass_alive(struct above *a, struct hand *h, int64_t us)
{
    for (; us > 0; us -= 5 * USEC_PER_SEC) {
        clock_advance(us < 5 * USEC_PER_SEC ? us : 5 * USEC_PER_SEC);
        say(a, h, "PONG", "{}", NULL);
    }
}

/* The next message that is not a heartbeat. */
static inline void expect_soon(struct hand *h, enum wire_verb verb)
{
    for (int i = 0; i < 100; i++) {
        enum wire_verb heard = hear(h);
        if (heard == verb)
            return;
        assert_int_equal(heard, WIRE_PING);
    }
}

static inline void expect_nothing_but_pings(struct hand *h)
{
    enum wire_verb heard;
    while ((heard = hear(h)) != WIRE_VERBS)
        assert_int_equal(heard, WIRE_PING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
