#include "dispatch_help.h"

#include <errno.h>

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

static void a_loop_that_stood_still_takes_nobody_for_dead(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    clock_advance(20 * USEC_PER_SEC); /* stopped, or its machine was: what was said waits */
    turn(a);
    assert_int_equal(counts(a).workers, 1);
    assert_int_equal(counts(a).leased, 1);
    pass(a, USEC_PER_MSEC * WIRE_SILENCE * LIMIT_HEARTBEAT_MS);
    assert_int_equal(counts(a).workers, 0);
    hand_free(a, h);
}

static void a_worker_that_vanishes_is_noticed_with_the_next_heartbeat(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    const struct worker *w = a->dispatch->workers;
    struct str route = {(const char *)w->route, w->route_len};
    hand_free(a, h);
    /* libzmq closes in a thread of its own. */
    for (int i = 0; i < 2000 && wire_send_work(a->dispatch->socket, route, WIRE_PING, STR("{}"),
                                               NULL, 0) != -EHOSTUNREACH;
         i++)
        usleep(5000);
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
        add_tried(a, id, 1, 1);
    add_tried(a, 100, 0, 0);
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
    add_tried(a, 1, 2, 2);
    add_tried(a, 2, 1, 1);
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
    say(a, h, "BYE", "{}", NULL); /* the worker stops as well, and waits for this answer */
    expect(h, WIRE_BYE);
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

static void say_a_thousand(struct above *a, struct hand *h, const char *tag)
{
    for (int i = 0; i < 1000; i++)
        zmq_send(h->socket, tag, strlen(tag), ZMQ_SNDMORE);
    zmq_send(h->socket, "", 0, 0);
    turn(a);
}

static void a_message_of_a_thousand_frames_is_refused(void **state)
{
    struct above *a = *state;
    struct hand *h = hand_new(a);
    say_a_thousand(a, h, "DLW1");
    expect_refusal(h, "malformed");
    hand_free(a, h);
}

static void another_version_is_told_so_whatever_its_shape_is(void **state)
{
    struct above *a = *state;
    struct hand *h = hand_new(a);
    say_a_thousand(a, h, "DLW2");
    expect_refusal(h, "version");
    hello(a, h, "w1", 1);
    expect(h, WIRE_WELCOME);
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
    assert_true(sizeof(struct work) <= 120); /* 128 with what malloc adds */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_silent_worker_is_gone_and_its_items_go_to_another),
        TEST(a_loop_that_stood_still_takes_nobody_for_dead),
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
        TEST(another_version_is_told_so_whatever_its_shape_is),
        TEST(explain_tells_state_and_worker),
        TEST(the_oldest_item_tells_its_age),
        TEST(a_waiting_item_costs_at_most_150_bytes),
        TEST(a_place_that_is_taken_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
