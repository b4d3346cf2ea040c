#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <ev.h>

#include "clock.h"
#include "host.h"
#include "str.h"

#define TURNS 16

static struct ev_loop *loop;
static struct hosts *hosts;

struct visitor {
    struct host_turn turn; /* first */
    int64_t at, held_us;
    int order;
} visitors[TURNS];
static int started, most_at_once, at_once;

static void on_turn(struct host_turn *turn)
{
    struct visitor *v = (struct visitor *)turn;
    v->at = clock_mono();
    v->order = ++started;
    if (++at_once > most_at_once)
        most_at_once = at_once;
}

static void on_held(struct host_turn *turn, int64_t held_us)
{
    struct visitor *v = (struct visitor *)turn;
    v->held_us = held_us;
}

static void leave(struct visitor *v)
{
    at_once -= v->turn.on_wire;
    host_leave(&v->turn);
}

static void open_hosts(unsigned per_host, unsigned most, int64_t spacing_us)
{
    loop = ev_loop_new(0);
    hosts_open(&(struct hosts_options){loop, per_host, most, spacing_us}, &hosts);
    started = most_at_once = at_once = 0;
    memset(visitors, 0, sizeof(visitors));
    for (int i = 0; i < TURNS; i++) {
        visitors[i].turn.on_turn = on_turn;
        visitors[i].turn.on_held = on_held;
    }
}

static int close_hosts(void **state)
{
    (void)state;
    for (int i = 0; i < TURNS; i++)
        leave(&visitors[i]);
    hosts_close(hosts);
    ev_loop_destroy(loop);
    return 0;
}

static void queue(int visitor, const char *address, uint16_t port)
{
    union names_address a = {.in = {.sin_family = AF_INET, .sin_port = htons(port)}};
    assert_int_equal(inet_pton(AF_INET, address, &a.in.sin_addr), 1);
    host_queue(hosts, &a, &visitors[visitor].turn);
}

static void on_end(struct ev_loop *l, ev_timer *w, int events)
{
    (void)w, (void)events;
    ev_break(l, EVBREAK_ALL);
}

static void run_for(int ms)
{
    ev_timer end;
    ev_now_update(loop);
    ev_timer_init(&end, on_end, ms / 1000., 0.);
    ev_timer_start(loop, &end);
    ev_run(loop, 0);
    ev_timer_stop(loop, &end);
}

static void nobody_is_called_from_inside_a_call(void **state)
{
    (void)state;
    open_hosts(2, 10, 0);
    queue(0, "127.0.0.1", 80);
    assert_int_equal(started, 0);
    run_for(1);
    assert_int_equal(started, 1);
}

static void a_host_has_so_many_at_once_and_others_their_own_line(void **state)
{
    (void)state;
    open_hosts(2, 10, 0);
    for (int i = 0; i < 4; i++)
        queue(i, "127.0.0.1", 80);
    queue(4, "127.0.0.1", 81);
    queue(5, "127.0.0.2", 80);
    run_for(5);
    assert_int_equal(started, 4);
    assert_int_not_equal(visitors[4].order, 0);
    assert_int_not_equal(visitors[5].order, 0);
    leave(&visitors[1]);
    run_for(5);
    assert_int_equal(visitors[2].order, 5);
    assert_int_equal(visitors[3].order, 0);
}

static void starts_are_spaced_and_in_order(void **state)
{
    (void)state;
    open_hosts(4, 10, 30 * USEC_PER_MSEC);
    for (int i = 0; i < 3; i++)
        queue(i, "10.0.0.1", 80);
    run_for(150);
    assert_int_equal(started, 3);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(visitors[i].order, i + 1);
        assert_true(visitors[i].at - visitors[i - 1].at >= 30 * USEC_PER_MSEC);
    }
}

static void spacing_holds_after_everybody_left(void **state)
{
    (void)state;
    open_hosts(2, 10, 40 * USEC_PER_MSEC);
    queue(0, "10.0.0.1", 80);
    run_for(5);
    leave(&visitors[0]);
    run_for(5);
    queue(1, "10.0.0.1", 80);
    run_for(100);
    assert_true(visitors[1].at - visitors[0].at >= 40 * USEC_PER_MSEC);
}

static void a_short_hold_is_waited_out(void **state)
{
    (void)state;
    open_hosts(2, 10, 0);
    queue(0, "10.0.0.1", 80);
    run_for(5);
    host_hold(&visitors[0].turn, 50 * USEC_PER_MSEC);
    leave(&visitors[0]);
    queue(1, "10.0.0.1", 80);
    queue(2, "10.0.0.1", 81);
    run_for(20);
    assert_int_equal(visitors[1].order, 0);
    assert_int_equal(visitors[2].order, 2);
    run_for(60);
    assert_int_equal(visitors[1].order, 3);
}

static void a_long_hold_is_told_to_those_in_line_and_to_those_who_come(void **state)
{
    (void)state;
    open_hosts(1, 10, 0);
    queue(0, "10.0.0.1", 80);
    queue(1, "10.0.0.1", 80);
    run_for(5);
    host_hold(&visitors[0].turn, USEC_PER_HOUR);
    run_for(5);
    assert_true(visitors[1].held_us > USEC_PER_HOUR - USEC_PER_MIN);
    assert_null(visitors[1].turn.host);
    leave(&visitors[0]);
    queue(2, "10.0.0.1", 80);
    run_for(5);
    assert_true(visitors[2].held_us > 0);
    assert_int_equal(started, 1);
}

static void over_all_hosts_only_so_many_are_on_the_wire(void **state)
{
    (void)state;
    open_hosts(2, 3, 0);
    for (int i = 0; i < 6; i++)
        queue(i, "10.0.0.1", (uint16_t)(80 + i));
    run_for(10);
    assert_int_equal(started, 3);
    leave(&visitors[0]);
    leave(&visitors[1]);
    run_for(10);
    assert_int_equal(started, 5);
    assert_int_equal(most_at_once, 3);
}

static void a_host_nobody_asks_is_forgotten(void **state)
{
    (void)state;
    struct hosts_counts counts;
    open_hosts(2, 10, 20 * USEC_PER_MSEC);
    queue(0, "10.0.0.1", 80);
    run_for(5);
    leave(&visitors[0]);
    hosts_counts(hosts, &counts);
    assert_int_equal(counts.hosts, 1);
    run_for(50);
    hosts_counts(hosts, &counts);
    assert_int_equal(counts.hosts, 0);
}

static void who_leaves_the_line_is_never_called(void **state)
{
    (void)state;
    open_hosts(1, 10, 10 * USEC_PER_MSEC);
    for (int i = 0; i < 3; i++)
        queue(i, "10.0.0.1", 80);
    run_for(5);
    leave(&visitors[1]);
    leave(&visitors[0]);
    run_for(50);
    assert_int_equal(visitors[1].order, 0);
    assert_int_equal(visitors[2].order, 2);
}

#define HOST_TEST(name) cmocka_unit_test_teardown(name, close_hosts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(nobody_is_called_from_inside_a_call),
        HOST_TEST(a_host_has_so_many_at_once_and_others_their_own_line),
        HOST_TEST(starts_are_spaced_and_in_order),
        HOST_TEST(spacing_holds_after_everybody_left),
        HOST_TEST(a_short_hold_is_waited_out),
        HOST_TEST(a_long_hold_is_told_to_those_in_line_and_to_those_who_come),
        HOST_TEST(over_all_hosts_only_so_many_are_on_the_wire),
        HOST_TEST(a_host_nobody_asks_is_forgotten),
        HOST_TEST(who_leaves_the_line_is_never_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
