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
    bool done_at_once; /* answers RESULT within the call */
    size_t work_bytes; /* 0: an item's number only; SIZE_MAX: its work is gone */
    unsigned results, dead, tries;
    uint64_t dead_id;
    uint32_t last_deliveries, last_deaths;
    char reason[200], record[100];
    struct hand *hands; /* that live */
};

static void load(struct above *a, const struct dispatch_event *event)
{
    if (a->work_bytes == SIZE_MAX)
        return;
    size_t before = event->load->len;
    buf_printf(event->load, "{\"id\":%llu,\"x\":\"", (unsigned long long)event->id);
    while (event->load->len - before + 2 < a->work_bytes)
        buf_putc(event->load, 'x');
    buf_putz(event->load, "\"}");
}

static void up(void *ctx, struct dispatch_event *event)
{
    struct above *a = ctx;
    switch (event->type) {
    case DISPATCH_LOAD:
        load(a, event);
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
    case DISPATCH_DEAD:
        a->dead++;
        a->dead_id = event->id;
        snprintf(a->reason, sizeof a->reason, "%s", event->reason);
        break;
    }
}

/* Within the process a message is there as soon as it is sent. */
#define ENDPOINT "inproc://work"

static void hand_drop(struct hand *h)
{
    if (h->has)
        wire_work_done(&h->said);
    h->has = false;
    wire_parts_done(&h->parts);
}

static void hand_free(struct above *a, struct hand *h)
{
    LL_DELETE(a->hands, h);
    hand_drop(h);
    zmq_close(h->socket);
    free(h);
}

static int setup(void **state)
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

static int teardown(void **state)
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

static void turn(struct above *a)
{
    for (int i = 0; i < 6; i++)
        ev_run(a->loop, EVRUN_NOWAIT);
}

static void pass(struct above *a, int64_t us)
{
    clock_advance(us);
    turn(a);
}

static struct dispatch_counts counts(const struct above *a)
{
    struct dispatch_counts c;
    dispatch_counts(a->dispatch, &c);
    return c;
}

static void add(struct above *a, uint64_t from, uint64_t to)
{
    for (uint64_t id = from; id <= to; id++)
        dispatch_add(a->dispatch, id,
                     a->work_bytes && a->work_bytes != SIZE_MAX ? a->work_bytes : 20, 0, 0);
}

/* ---- a worker */

static struct hand *hand_new(struct above *a)
{
    struct hand *h = xcalloc(1, sizeof *h);
    h->socket = zmq_socket(a->zmq, ZMQ_DEALER);
    wire_setup(h->socket, 10000, 0);
    assert_int_equal(zmq_connect(h->socket, ENDPOINT), 0);
    LL_PREPEND(a->hands, h);
    return h;
}

static void say(struct above *a, struct hand *h, const char *verb, const char *header,
                const char *payload)
{
    const struct str parts[4] = {STR("DLW1"), str_of(verb), str_of(header), str_of(payload)};
    assert_int_equal(wire_send(h->socket, parts, payload ? 4 : 3), 0);
    turn(a);
}

/* The next message of the daemon, WIRE_VERBS when there is none. */
static enum wire_verb hear(struct hand *h)
{
    hand_drop(h);
    if (wire_recv(h->socket, &h->parts) != 0)
        return WIRE_VERBS;
    assert_int_equal(wire_work_decode(h->parts.at, h->parts.count, WIRE_FROM_DAEMON, &h->said), 0);
    h->has = true;
    return h->said.verb;
}

static void expect(struct hand *h, enum wire_verb verb)
{
    enum wire_verb heard = hear(h);
    if (heard != verb)
        fail_msg("%s, not %s", heard < WIRE_VERBS ? wire_verb_name(heard) : "nothing",
                 verb < WIRE_VERBS ? wire_verb_name(verb) : "nothing");
}

static void expect_refusal(struct hand *h, const char *reason)
{
    expect(h, WIRE_REFUSED);
    if (!str_is(h->said.reason, reason))
        fail_msg("%.*s, not %s", STR_ARG(h->said.reason), reason);
}

static void hello(struct above *a, struct hand *h, const char *name, unsigned credit)
{
    char header[128];
    snprintf(header, sizeof header, "{\"version\":1,\"worker\":\"%s\",\"credit\":%u}", name,
             credit);
    say(a, h, "HELLO", header, NULL);
}

static struct hand *welcomed(struct above *a, const char *name, unsigned credit)
{
    struct hand *h = hand_new(a);
    hello(a, h, name, credit);
    expect(h, WIRE_WELCOME);
    return h;
}

static uint64_t lease_of(struct hand *h, size_t i)
{
    assert_true(i < h->said.count);
    return h->said.lease[i].lease;
}

static void result(struct above *a, struct hand *h, uint64_t lease)
{
    char header[64];
    snprintf(header, sizeof header, "[{\"lease\":%llu}]", (unsigned long long)lease);
    say(a, h, "RESULT", header, "{\"record\":1}");
}

static void nack(struct above *a, struct hand *h, uint64_t lease, const char *more)
{
    char header[128];
    snprintf(header, sizeof header, "[{\"lease\":%llu%s}]", (unsigned long long)lease, more);
    say(a, h, "NACK", header, NULL);
}

/* Time goes by and the workers say that they live. */
static void pass_alive(struct above *a, struct hand *h, int64_t us)
{
    for (; us > 0; us -= 5 * USEC_PER_SEC) {
        clock_advance(us < 5 * USEC_PER_SEC ? us : 5 * USEC_PER_SEC);
        say(a, h, "PONG", "{}", NULL);
    }
}

/* The next message that is not a heartbeat. */
static void expect_soon(struct hand *h, enum wire_verb verb)
{
    for (int i = 0; i < 100; i++) {
        enum wire_verb heard = hear(h);
        if (heard == verb)
            return;
        assert_int_equal(heard, WIRE_PING);
    }
}

static void expect_nothing_but_pings(struct hand *h)
{
    enum wire_verb heard;
    while ((heard = hear(h)) != WIRE_VERBS)
        assert_int_equal(heard, WIRE_PING);
}

/* ---- the way of an item */

static void an_item_goes_out_and_is_gone_when_its_result_is_durable(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    assert_int_equal(h->said.lease_ms, 30000);
    assert_true(str_is(h->said.epoch, "5f0c"));
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 1);
    assert_int_equal(h->said.lease[0].delivery, 1);
    assert_true(str_is(h->said.lease[0].payload, "{\"id\":7,\"x\":\"\"}"));
    result(a, h, lease_of(h, 0));
    assert_int_equal(a->results, 1);
    assert_string_equal(a->record, "{\"record\":1}");
    assert_int_equal(counts(a).leased, 1);
    dispatch_done(a->dispatch, 7);
    assert_int_equal(counts(a).leased, 0);
    assert_null(dispatch_explain(a->dispatch, 7));
    assert_int_equal(a->tries, 0); /* nothing went wrong: nothing to remember */
    hand_free(a, h);
}

static void results_may_be_durable_at_once(void **state)
{
    struct above *a = *state;
    a->done_at_once = true;
    add(a, 1, 200);
    struct hand *h = welcomed(a, "w1", 64);
    for (unsigned done = 0; done < 200;) {
        expect(h, WIRE_ITEMS);
        struct buf header = BUF_NONE;
        struct str records[LIMIT_BATCH_ITEMS];
        size_t n = h->said.count;
        for (size_t i = 0; i < n; i++)
            records[i] = STR("{}");
        wire_put_leases(&header, WIRE_RESULT, h->said.lease, n);
        wire_send_work(h->socket, STR_NONE, WIRE_RESULT, buf_str(&header), records, n);
        buf_free(&header);
        done += (unsigned)n;
        turn(a);
    }
    assert_int_equal(a->results, 200);
    assert_int_equal(HASH_COUNT(a->dispatch->works), 0);
    hand_free(a, h);
}

static void items_go_out_in_the_order_they_came(void **state)
{
    struct above *a = *state;
    add(a, 1, 3);
    struct hand *h = welcomed(a, "w1", 3);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 3);
    assert_true(str_starts(h->said.lease[0].payload, STR("{\"id\":1,")));
    assert_true(str_starts(h->said.lease[2].payload, STR("{\"id\":3,")));
    hand_free(a, h);
}

static void credit_is_never_exceeded(void **state)
{
    struct above *a = *state;
    add(a, 1, 500);
    struct hand *h = welcomed(a, "w1", 10);
    size_t held = 0;
    while (hear(h) == WIRE_ITEMS)
        held += h->said.count;
    assert_int_equal(held, 10);
    assert_int_equal(counts(a).leased, 10);
    say(a, h, "CREDIT", "{\"credit\":12}", NULL);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 2);
    uint64_t lease = lease_of(h, 0);
    say(a, h, "CREDIT", "{\"credit\":0}", NULL);
    result(a, h, lease);
    expect(h, WIRE_VERBS);
    assert_int_equal(counts(a).leased, 12); /* 11 with it, 1 settling */
    hand_free(a, h);
}

static void a_batch_is_bounded_by_items_and_by_bytes(void **state)
{
    struct above *a = *state;
    a->work_bytes = 300000;
    add(a, 1, 8);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 3);
    while (hear(h) == WIRE_ITEMS)
        assert_true(h->said.count <= 3);
    a->work_bytes = 0;
    say(a, h, "CREDIT", "{\"credit\":400}", NULL);
    add(a, 100, 400);
    turn(a);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, LIMIT_BATCH_ITEMS);
    hand_free(a, h);
}

static void an_item_larger_than_a_batch_goes_alone(void **state)
{
    struct above *a = *state;
    a->work_bytes = LIMIT_BATCH_BYTES + 100000;
    add(a, 1, 2);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 1);
    expect(h, WIRE_ITEMS);
    hand_free(a, h);
}

static void a_short_queue_is_shared_among_all_workers(void **state)
{
    struct above *a = *state;
    struct hand *one = welcomed(a, "w1", 64), *two = welcomed(a, "w2", 64);
    add(a, 1, 10);
    turn(a);
    expect(one, WIRE_ITEMS);
    assert_int_equal(one->said.count, 5);
    expect(two, WIRE_ITEMS);
    assert_int_equal(two->said.count, 5);
    hand_free(a, one);
    hand_free(a, two);
}

static void work_that_cannot_be_read_is_dead(void **state)
{
    struct above *a = *state;
    a->work_bytes = SIZE_MAX;
    add(a, 1, 1);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_VERBS);
    assert_int_equal(a->dead, 1);
    assert_non_null(strstr(a->reason, "cannot be read"));
    hand_free(a, h);
}

static void work_larger_than_a_message_is_dead(void **state)
{
    struct above *a = *state;
    a->work_bytes = LIMIT_MESSAGE + 10;
    add(a, 1, 1);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_VERBS);
    assert_int_equal(a->dead, 1);
    hand_free(a, h);
}

/* ---- going back */

static void a_lease_that_lapses_gives_the_item_again_after_its_delay(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t first = lease_of(h, 0);
    pass_alive(a, h, LEASE_US - USEC_PER_SEC);
    assert_int_equal(counts(a).leased, 1);
    pass(a, USEC_PER_SEC);
    assert_int_equal(counts(a).delayed, 1);
    assert_int_equal(counts(a).lapsed, 1);
    assert_int_equal(a->last_deliveries, 1);
    assert_int_equal(a->last_deaths, 0);
    expect_nothing_but_pings(h);
    pass(a, USEC_PER_SEC);
    expect_soon(h, WIRE_ITEMS);
    assert_int_equal(h->said.lease[0].delivery, 2);
    assert_true(lease_of(h, 0) > first);
    assert_int_equal(counts(a).redeliveries, 1);
    hand_free(a, h);
}

static void a_late_result_is_refused_and_changes_nothing(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0);
    pass_alive(a, h, LEASE_US);
    expect_nothing_but_pings(h);
    result(a, h, lease);
    expect_refusal(h, "not-held");
    assert_int_equal(lease_of(h, 0), lease);
    assert_int_equal(a->results, 0);
    assert_int_equal(counts(a).delayed, 1);
    assert_int_equal(counts(a).refused, 1);
    hand_free(a, h);
}

static void a_touched_lease_begins_anew(void **state)
{
    struct above *a = *state;
    char header[64];
    add(a, 7, 8);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0), other = lease_of(h, 1);
    pass_alive(a, h, LEASE_US - USEC_PER_SEC);
    snprintf(header, sizeof header, "[{\"lease\":%llu}]", (unsigned long long)lease);
    say(a, h, "TOUCH", header, NULL);
    pass_alive(a, h, LEASE_US - USEC_PER_SEC);
    assert_int_equal(counts(a).lapsed, 1); /* the other one */
    expect_soon(h, WIRE_ITEMS);
    assert_true(lease_of(h, 0) > other);
    result(a, h, lease);
    assert_int_equal(a->results, 1);
    hand_free(a, h);
}

static void a_result_on_its_way_to_the_disk_does_not_lapse(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0);
    result(a, h, lease);
    result(a, h, lease); /* again */
    expect_refusal(h, "not-held");
    hand_free(a, h);
    pass(a, 2 * LEASE_US); /* the worker is gone too */
    assert_int_equal(counts(a).workers, 0);
    assert_int_equal(counts(a).leased, 1);
    dispatch_done(a->dispatch, 7);
    assert_int_equal(counts(a).leased, 0);
    assert_int_equal(a->results, 1);
}

static void a_nack_gives_the_item_again_later_and_later(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    for (unsigned i = 0; i < LIMIT_DELIVERIES - 1; i++) {
        expect_soon(h, WIRE_ITEMS);
        nack(a, h, lease_of(h, 0), ",\"reason\":\"sink is away\"");
        assert_int_equal(counts(a).delayed, 1);
        json_t *why = dispatch_explain(a->dispatch, 7);
        assert_int_equal(json_integer_value(json_object_get(why, "ready_in_ms")), 1000 << i);
        json_decref(why);
        pass_alive(a, h, (USEC_PER_SEC << i) - 1000);
        expect_nothing_but_pings(h);
        pass(a, 1000);
    }
    expect_soon(h, WIRE_ITEMS);
    nack(a, h, lease_of(h, 0), ",\"reason\":\"sink is away\"");
    assert_int_equal(a->dead, 1);
    assert_string_equal(a->reason, "5 deliveries failed, the last: sink is away");
    assert_int_equal(counts(a).nacks, LIMIT_DELIVERIES);
    hand_free(a, h);
}

static void a_nack_without_retry_is_dead(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    nack(a, h, lease_of(h, 0), ",\"retry\":false,\"reason\":\"no headline\"");
    assert_int_equal(a->dead, 1);
    assert_string_equal(a->reason, "no headline");
    dispatch_add(a->dispatch, 7, 20, 0, 0); /* by the operator */
    turn(a);
    expect(h, WIRE_ITEMS);
    hand_free(a, h);
}

static void a_record_that_cannot_be_taken_counts_as_a_nack(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0);
    result(a, h, lease);
    dispatch_refuse(a->dispatch, 7, "another uri");
    turn(a);
    expect_refusal(h, "record");
    assert_int_equal(lease_of(h, 0), lease);
    assert_int_equal(counts(a).delayed, 1);
    assert_int_equal(a->last_deliveries, 1);
    hand_free(a, h);
}

/* ---- workers that go */

static void a_silent_worker_is_gone_and_its_items_go_to_another(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *silent = welcomed(a, "silent", 4);
    expect(silent, WIRE_ITEMS);
    struct hand *other = welcomed(a, "other", 4);
    pass_alive(a, other, (WIRE_SILENCE * LIMIT_HEARTBEAT_MS - 1) * USEC_PER_MSEC);
    assert_int_equal(counts(a).workers, 2);
    expect_soon(silent, WIRE_PING);
    pass_alive(a, other, USEC_PER_SEC);
    assert_int_equal(counts(a).workers, 1);
    assert_int_equal(a->last_deaths, 1);
    pass_alive(a, other, USEC_PER_SEC);
    expect_soon(other, WIRE_ITEMS);
    assert_int_equal(other->said.lease[0].delivery, 2);
    say(a, silent, "PING", "{}", NULL);
    expect_soon(silent, WIRE_REFUSED);
    assert_true(str_is(silent->said.reason, "hello-first"));
    hand_free(a, silent);
    hand_free(a, other);
}

static void a_worker_that_vanishes_is_noticed_with_the_next_heartbeat(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    hand_free(a, h);
    usleep(20000); /* libzmq closes in a thread of its own */
    turn(a);
    assert_int_equal(counts(a).workers, 1);
    pass(a, LIMIT_HEARTBEAT_MS * USEC_PER_MSEC);
    assert_int_equal(counts(a).workers, 0);
    assert_int_equal(counts(a).delayed, 1);
}

static void three_deaths_bury_the_poison_and_none_of_its_neighbours(void **state)
{
    struct above *a = *state;
    unsigned finished = 0;
    a->done_at_once = true;
    add(a, 1, 40); /* number 17 kills */
    for (int turns = 0; turns < 200 && finished < 39; turns++) {
        struct hand *h = welcomed(a, "victim", 40);
        bool dead = false;
        while (!dead && hear(h) == WIRE_ITEMS) {
            uint64_t lease[LIMIT_BATCH_ITEMS];
            size_t n = h->said.count;
            for (size_t i = 0; i < n; i++) {
                lease[i] = lease_of(h, i);
                dead = dead || str_starts(h->said.lease[i].payload, STR("{\"id\":17,"));
            }
            for (size_t i = 0; i < n && !dead; i++, finished++)
                result(a, h, lease[i]);
        }
        hand_free(a, h);
        turn(a);
        pass(a, 10 * USEC_PER_SEC); /* it is gone, before leases lapse */
        pass(a, 35 * USEC_PER_SEC);
    }
    assert_int_equal(finished, 39);
    for (int turns = 0; turns < 5 && a->dead == 0; turns++) {
        struct hand *h = welcomed(a, "victim", 40);
        hand_free(a, h);
        pass(a, 10 * USEC_PER_SEC); /* it is gone, before leases lapse */
        pass(a, 35 * USEC_PER_SEC);
    }
    assert_int_equal(a->dead, 1);
    assert_int_equal(a->dead_id, 17);
    assert_string_equal(a->reason, "3 workers died holding it");
}

static void suspects_go_to_a_worker_that_holds_nothing_else(void **state)
{
    struct above *a = *state;
    struct hand *h = welcomed(a, "w1", 64);
    for (uint64_t id = 1; id <= 20; id++)
        dispatch_add(a->dispatch, id, 20, 1, 1);
    dispatch_add(a->dispatch, 100, 20, 0, 0);
    turn(a);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 8);
    expect(h, WIRE_VERBS); /* not even number 100 */
    assert_int_equal(counts(a).leased, 8);
    hand_free(a, h);
}

static void after_two_deaths_an_item_goes_alone(void **state)
{
    struct above *a = *state;
    struct hand *h = welcomed(a, "w1", 64);
    dispatch_add(a->dispatch, 1, 20, 2, 2);
    dispatch_add(a->dispatch, 2, 20, 1, 1);
    turn(a);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 1);
    a->done_at_once = true;
    result(a, h, lease_of(h, 0));
    expect(h, WIRE_ITEMS);
    hand_free(a, h);
}

static void hello_again_takes_back_what_was_held_and_nobody_died(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0);
    hello(a, h, "w1", 4);
    expect(h, WIRE_WELCOME);
    assert_int_equal(counts(a).workers, 1);
    assert_int_equal(a->last_deaths, 0);
    result(a, h, lease);
    expect_refusal(h, "not-held");
    hand_free(a, h);
}

static void bye_is_answered_and_ends_the_flow(void **state)
{
    struct above *a = *state;
    add(a, 1, 2);
    struct hand *h = welcomed(a, "w1", 2);
    expect(h, WIRE_ITEMS);
    uint64_t one = lease_of(h, 0), two = lease_of(h, 1);
    say(a, h, "BYE", "{}", NULL);
    expect(h, WIRE_BYE);
    add(a, 3, 3);
    result(a, h, one);
    expect(h, WIRE_VERBS);
    nack(a, h, two, ",\"unbegun\":true");
    assert_int_equal(counts(a).workers, 0);
    assert_int_equal(counts(a).ready, 2);
    assert_int_equal(a->tries, 0);
    struct hand *next = welcomed(a, "w2", 2);
    expect(next, WIRE_ITEMS);
    assert_true(str_starts(next->said.lease[0].payload, STR("{\"id\":2,")));
    assert_int_equal(next->said.lease[0].delivery, 1);
    hand_free(a, h);
    hand_free(a, next);
}

static void unbegun_without_bye_is_a_plain_nack(void **state)
{
    struct above *a = *state;
    add(a, 1, 1);
    struct hand *h = welcomed(a, "w1", 2);
    expect(h, WIRE_ITEMS);
    nack(a, h, lease_of(h, 0), ",\"unbegun\":true");
    assert_int_equal(counts(a).delayed, 1);
    hand_free(a, h);
}

static void a_draining_daemon_says_bye_and_still_takes_results(void **state)
{
    struct above *a = *state;
    add(a, 1, 3);
    struct hand *h = welcomed(a, "w1", 2), *late = hand_new(a);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0);
    dispatch_drain(a->dispatch);
    turn(a);
    expect(h, WIRE_BYE);
    result(a, h, lease);
    assert_int_equal(a->results, 1);
    expect(h, WIRE_VERBS);
    hello(a, late, "w2", 2);
    expect_refusal(late, "draining");
    hand_free(a, h);
    hand_free(a, late);
}

/* ---- strangers */

static void heartbeats_are_answered(void **state)
{
    struct above *a = *state;
    struct hand *h = welcomed(a, "w1", 2);
    say(a, h, "PING", "{\"n\":9}", NULL);
    expect(h, WIRE_PONG);
    assert_int_equal(h->said.ping, 9);
    hand_free(a, h);
}

static void anything_before_hello_is_refused(void **state)
{
    struct above *a = *state;
    struct hand *h = hand_new(a);
    result(a, h, 1);
    expect_refusal(h, "hello-first");
    say(a, h, "CREDIT", "{\"credit\":5}", NULL);
    expect_refusal(h, "hello-first");
    assert_int_equal(counts(a).workers, 0);
    hand_free(a, h);
}

static void another_workers_lease_is_refused(void **state)
{
    struct above *a = *state;
    add(a, 1, 1);
    struct hand *owner = welcomed(a, "owner", 2), *thief = welcomed(a, "thief", 2);
    expect(owner, WIRE_ITEMS);
    uint64_t lease = lease_of(owner, 0);
    result(a, thief, lease);
    expect_refusal(thief, "not-held");
    nack(a, thief, lease, ",\"retry\":false");
    expect_refusal(thief, "not-held");
    assert_int_equal(counts(a).leased, 1);
    result(a, owner, lease);
    assert_int_equal(a->results, 1);
    hand_free(a, owner);
    hand_free(a, thief);
}

static void junk_is_refused_counted_and_changes_nothing(void **state)
{
    struct above *a = *state;
    static const char *const junk[][5] = {
        {""},
        {"DLW1"},
        {"DLW1", ""},
        {"DLW1", "HELLO"},
        {"DLW1", "HELLO", ""},
        {"DLW1", "HELLO", "{}"},
        {"DLW1", "HELLO", "[]"},
        {"DLW1", "HELLO", "{\"version\":9,\"worker\":\"w\",\"credit\":1}"},
        {"DLW1", "HELLO", "{\"version\":1,\"worker\":\"\\u0000\",\"credit\":1}"},
        {"DLW1", "HELLO", "{\"version\":1,\"worker\":\"w\",\"credit\":99999}"},
        {"DLW1", "WELCOME", "{}"},
        {"DLW1", "ITEMS", "[]"},
        {"DLW1", "RESULT", "{}"},
        {"DLW1", "RESULT", "[]"},
        {"DLW1", "RESULT", "[{\"lease\":1}]"},
        {"DLW1", "RESULT", "[{\"lease\":1}]", "not json"},
        {"DLW1", "RESULT", "[{\"lease\":1}]", "{}", "{}"},
        {"DLW1", "RESULT", "[{\"lease\":-1}]", "{}"},
        {"DLW1", "NACK", "[{}]"},
        {"DLW1", "NACK", "[{\"lease\":1,\"retry\":1}]"},
        {"DLW1", "CREDIT", "{\"credit\":-1}"},
        {"DLW1", "PING", "{\"n\":\"x\"}"},
        {"DLW1", "BYE", "BYE"},
        {"DLW1", "\x01\x02", "{}"},
        {"DLW0", "HELLO", "{}"},
        {"GET / HTTP/1.1\r\n\r\n"},
    };
    add(a, 1, 1);
    struct hand *h = welcomed(a, "w1", 1);
    expect(h, WIRE_ITEMS);
    for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
        struct str parts[5];
        size_t n = 0;
        while (n < 5 && junk[i][n]) {
            parts[n] = str_of(junk[i][n]);
            n++;
        }
        assert_int_equal(wire_send(h->socket, parts, n), 0);
        turn(a);
        expect(h, WIRE_REFUSED);
        assert_int_equal(counts(a).refused, i + 1);
    }
    assert_int_equal(counts(a).leased, 1);
    assert_int_equal(counts(a).workers, 1);
    assert_int_equal(a->results, 0);
    hand_free(a, h);
}

static void a_message_of_a_thousand_frames_is_refused(void **state)
{
    struct above *a = *state;
    struct hand *h = hand_new(a);
    for (int i = 0; i < 1000; i++)
        zmq_send(h->socket, "DLW1", 4, ZMQ_SNDMORE);
    zmq_send(h->socket, "", 0, 0);
    turn(a);
    expect_refusal(h, "malformed");
    hand_free(a, h);
}

/* ---- looking */

static void explain_tells_state_and_worker(void **state)
{
    struct above *a = *state;
    add(a, 1, 1);
    json_t *why = dispatch_explain(a->dispatch, 1);
    assert_string_equal(json_string_value(json_object_get(why, "state")), "ready");
    json_decref(why);
    struct hand *h = welcomed(a, "w1", 1);
    why = dispatch_explain(a->dispatch, 1);
    assert_string_equal(json_string_value(json_object_get(why, "state")), "leased");
    assert_string_equal(json_string_value(json_object_get(why, "worker")), "w1");
    json_decref(why);
    json_t *workers = dispatch_workers(a->dispatch);
    json_t *w = json_array_get(workers, 0);
    assert_string_equal(json_string_value(json_object_get(w, "name")), "w1");
    assert_int_equal(json_integer_value(json_object_get(w, "held")), 1);
    json_decref(workers);
    hand_free(a, h);
}

static void the_oldest_item_tells_its_age(void **state)
{
    struct above *a = *state;
    assert_int_equal(counts(a).oldest_us, 0);
    add(a, 1, 1);
    clock_advance(5 * USEC_PER_SEC);
    add(a, 2, 2);
    assert_int_equal(counts(a).oldest_us, 5 * USEC_PER_SEC);
}

static void a_waiting_item_costs_at_most_150_bytes(void **state)
{
    (void)state;
    assert_true(sizeof(struct work) <= 136); /* and 16 of malloc's and the hash table's */
}

static void a_place_that_is_taken_is_named(void **state)
{
    struct above *a = *state;
    const char *bind[] = {ENDPOINT, NULL}, *failed = NULL;
    struct dispatch *d = NULL;
    struct dispatch_options options = {
        .loop = a->loop, .zmq = a->zmq, .bind = bind, .epoch = "e", .up = up, .ctx = a};
    assert_true(dispatch_open(&options, &d, &failed) < 0);
    assert_string_equal(failed, bind[0]);
    assert_null(d);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_item_goes_out_and_is_gone_when_its_result_is_durable),
        TEST(results_may_be_durable_at_once),
        TEST(items_go_out_in_the_order_they_came),
        TEST(credit_is_never_exceeded),
        TEST(a_batch_is_bounded_by_items_and_by_bytes),
        TEST(an_item_larger_than_a_batch_goes_alone),
        TEST(a_short_queue_is_shared_among_all_workers),
        TEST(work_that_cannot_be_read_is_dead),
        TEST(work_larger_than_a_message_is_dead),
        TEST(a_lease_that_lapses_gives_the_item_again_after_its_delay),
        TEST(a_late_result_is_refused_and_changes_nothing),
        TEST(a_touched_lease_begins_anew),
        TEST(a_result_on_its_way_to_the_disk_does_not_lapse),
        TEST(a_nack_gives_the_item_again_later_and_later),
        TEST(a_nack_without_retry_is_dead),
        TEST(a_record_that_cannot_be_taken_counts_as_a_nack),
        TEST(a_silent_worker_is_gone_and_its_items_go_to_another),
        TEST(a_worker_that_vanishes_is_noticed_with_the_next_heartbeat),
        TEST(three_deaths_bury_the_poison_and_none_of_its_neighbours),
        TEST(suspects_go_to_a_worker_that_holds_nothing_else),
        TEST(after_two_deaths_an_item_goes_alone),
        TEST(hello_again_takes_back_what_was_held_and_nobody_died),
        TEST(bye_is_answered_and_ends_the_flow),
        TEST(unbegun_without_bye_is_a_plain_nack),
        TEST(a_draining_daemon_says_bye_and_still_takes_results),
        TEST(heartbeats_are_answered),
        TEST(anything_before_hello_is_refused),
        TEST(another_workers_lease_is_refused),
        TEST(junk_is_refused_counted_and_changes_nothing),
        TEST(a_message_of_a_thousand_frames_is_refused),
        TEST(explain_tells_state_and_worker),
        TEST(the_oldest_item_tells_its_age),
        TEST(a_waiting_item_costs_at_most_150_bytes),
        TEST(a_place_that_is_taken_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
