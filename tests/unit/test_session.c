/* The desk and a session to a daemon that is a ROUTER socket of the test. Records are analysed by
 * the four functions below, so that the test says how long that takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zmq.h>

#include "clock.h"
#include "session.h"

#define NOW (1767225600 * USEC_PER_SEC)

/* ---- the record room */

static int64_t analysis_us; /* of one item */

int record_parse(struct str line, json_t **out)
{
    (void)line;
    *out = json_object();
    return 0;
}

void record_finish(struct analyze *set, json_t *record)
{
    (void)set, (void)record;
    clock_advance(analysis_us);
}

int record_key(const json_t *record, struct record_key *out)
{
    (void)record;
    *out = (struct record_key){.uri = "urn:x:1", .version = "1"};
    return 0;
}

void record_print(const json_t *record, struct buf *out)
{
    (void)record;
    buf_putz(out, "{}");
}

/* ---- a worker and its daemon */

static struct desk desk;
static struct session session;
static void *context, *daemon_socket;

static int begin(void **state)
{
    char endpoint[256];
    size_t size = sizeof(endpoint);
    (void)state;
    clock_set(NOW);
    analysis_us = 0;
    context = zmq_ctx_new();
    daemon_socket = zmq_socket(context, ZMQ_ROUTER);
    assert_int_equal(zmq_bind(daemon_socket, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(daemon_socket, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    return session_open(&session, context, NULL, endpoint,
                        &(struct wire_hello){.worker = "w", .credit = 16}, &desk);
}

static int end(void **state)
{
    int none = 0;
    (void)state;
    desk_done(&desk);
    session_close(&session, 0);
    (void)zmq_setsockopt(daemon_socket, ZMQ_LINGER, &none, sizeof(none));
    (void)zmq_close(daemon_socket);
    (void)zmq_ctx_term(context);
    desk = (struct desk){0};
    clock_set(0);
    return 0;
}

/* Waits for what the worker says; the first frame names it. */
static void hear(struct wire_parts *parts)
{
    zmq_pollitem_t poll = {.socket = daemon_socket, .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&poll, 1, 5000), 1);
    assert_int_equal(wire_recv(daemon_socket, parts), 0);
}

static void ask(void)
{
    for (int i = 0; i < 500 && session.state != SESSION_ASKING; i++) {
        clock_advance(USEC_PER_SEC);
        session_tick(&session, clock_mono());
        zmq_pollitem_t rest = {.socket = session.socket, .events = ZMQ_POLLIN};
        (void)zmq_poll(&rest, 1, 10); /* until it is connected */
    }
    assert_int_equal(session.state, SESSION_ASKING);
}

static void answer(enum wire_verb verb, struct buf *header)
{
    struct wire_parts parts;
    hear(&parts);
    assert_int_equal(wire_send_work(daemon_socket, parts.at[0], verb, buf_str(header), NULL, 0), 0);
    buf_free(header);
    wire_parts_done(&parts);
    zmq_pollitem_t poll = {.socket = session.socket, .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&poll, 1, 5000), 1);
    (void)session_receive(&session, clock_mono());
}

static void refuse(enum wire_refusal reason)
{
    struct buf header = BUF_NONE;
    buf_printf(&header, "{\"reason\":\"%s\"}", wire_refusal_name(reason));
    answer(WIRE_REFUSED, &header);
}

static void a_daemon_that_says_nothing_is_lost_however_we_sleep(void **state)
{
    (void)state;
    struct buf header = BUF_NONE;
    buf_putz(&header, "{\"version\":1,\"epoch\":\"0123456789abcdef\",\"session\":\"1\","
                      "\"lease_ms\":30000,\"heartbeat_ms\":500}");
    ask();
    answer(WIRE_WELCOME, &header);
    assert_int_equal(session.state, SESSION_WORKING);
    for (int i = 0; i < WIRE_SILENCE && session.state == SESSION_WORKING; i++) {
        clock_advance(session_due(&session, clock_mono()) + USEC_PER_MSEC);
        (void)session_receive(&session, clock_mono());
        session_tick(&session, clock_mono());
    }
    assert_int_equal(session.state, SESSION_AWAY);
}

static void a_worker_refused_for_good_asks_no_more_and_sleeps(void **state)
{
    (void)state;
    ask();
    refuse(WIRE_BAD_VERSION);
    assert_int_equal(session.state, SESSION_REFUSED);
    for (int i = 0; i < 100; i++) {
        clock_advance(10 * USEC_PER_SEC);
        session_tick(&session, clock_mono());
        assert_true(session_due(&session, clock_mono()) >= USEC_PER_SEC);
    }
    zmq_pollitem_t poll = {.socket = daemon_socket, .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&poll, 1, 50), 0);
    session_leave(&session);
    assert_int_equal(session.state, SESSION_LEFT);
}

static void a_worker_refused_for_now_asks_again(void **state)
{
    (void)state;
    ask();
    refuse(WIRE_DRAINING);
    assert_int_equal(session.state, SESSION_AWAY);
    ask();
}

static void what_was_refused_before_the_hello_does_not_hide_its_welcome(void **state)
{
    (void)state;
    ask();
    refuse(WIRE_NOT_HELD);
    assert_int_equal(session.state, SESSION_ASKING);
}

static void a_batch_of_large_items_ends_before_the_worker_seems_dead(void **state)
{
    (void)state;
    analysis_us = 150 * USEC_PER_MSEC;
    for (uint64_t i = 1; i <= 64; i++)
        desk_add(&desk, &session, i, STR("{}"));
    for (int steps = 0; desk.done < 64; steps++) {
        int64_t begun = clock_mono();
        uint64_t done = desk.done;
        assert_true(desk_busy(&desk, begun));
        assert_true(desk_step(&desk, begun));
        assert_true(desk.done > done);
        assert_true(clock_mono() - begun < USEC_PER_SEC);
    }
    assert_false(desk_busy(&desk, clock_mono()));
}

static void small_items_are_kept_together(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 64; i++)
        desk_add(&desk, &session, i, STR("{}"));
    assert_true(desk_step(&desk, clock_mono()));
    assert_int_equal(desk.done, 64);
}

#define WORKING(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKING(a_daemon_that_says_nothing_is_lost_however_we_sleep),
        WORKING(a_worker_refused_for_good_asks_no_more_and_sleeps),
        WORKING(a_worker_refused_for_now_asks_again),
        WORKING(what_was_refused_before_the_hello_does_not_hide_its_welcome),
        WORKING(a_batch_of_large_items_ends_before_the_worker_seems_dead),
        WORKING(small_items_are_kept_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
