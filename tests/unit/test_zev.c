#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zmq.h>

#include "clock.h"
#include "zev.h"

enum { ECHOES = 100000, FLIGHT = 64 };

struct echo {
    struct zev server, client;
    struct ev_loop *loop;
    ev_timer patience;
    int sent, got, flight;
    bool stalled;
};

static int on_server(struct zev *z, int events)
{
    char byte[8];
    (void)events;
    int len = zmq_recv(z->socket, byte, sizeof byte, ZMQ_DONTWAIT);
    if (len < 0)
        return 0;
    zmq_send(z->socket, byte, (size_t)len, ZMQ_DONTWAIT);
    return 1;
}

static void send_more(struct echo *e)
{
    while (e->sent < ECHOES && e->sent - e->got < e->flight &&
           zmq_send(e->client.socket, "x", 1, ZMQ_DONTWAIT) == 1)
        e->sent++;
}

static int on_client(struct zev *z, int events)
{
    struct echo *e = z->data;
    char byte[8];
    (void)events;
    if (zmq_recv(z->socket, byte, sizeof byte, ZMQ_DONTWAIT) < 0)
        return 0;
    e->got++;
    send_more(e);
    if (e->got == ECHOES)
        ev_break(e->loop, EVBREAK_ALL);
    return 1;
}

static void on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct echo *e = w->data;
    (void)revents;
    e->stalled = true;
    ev_break(loop, EVBREAK_ALL);
}

/* Two sockets on one loop that answer each other, with so many on the way. */
static void echo_all(const char *endpoint, int flight)
{
    void *zmq = zmq_ctx_new();
    struct echo e = {.loop = ev_loop_new(EVFLAG_AUTO), .flight = flight};
    e.server = (struct zev){.socket = zmq_socket(zmq, ZMQ_PAIR), .on_ready = on_server, .data = &e};
    e.client = (struct zev){.socket = zmq_socket(zmq, ZMQ_PAIR), .on_ready = on_client, .data = &e};
    assert_int_equal(zmq_bind(e.server.socket, endpoint), 0);
    assert_int_equal(zmq_connect(e.client.socket, endpoint), 0);
    assert_int_equal(zev_start(&e.server, e.loop), 0);
    assert_int_equal(zev_start(&e.client, e.loop), 0);
    ev_timer_init(&e.patience, on_patience, 60., 0.);
    e.patience.data = &e;
    ev_timer_start(e.loop, &e.patience);
    zmq_send(e.client.socket, "x", 1, 0); /* before the first look: no edge will tell */
    e.sent = 1;
    ev_run(e.loop, 0);
    zev_stop(&e.server);
    zev_stop(&e.client);
    zev_stop(&e.client);
    ev_timer_stop(e.loop, &e.patience);
    ev_loop_destroy(e.loop);
    zmq_close(e.server.socket);
    zmq_close(e.client.socket);
    zmq_ctx_term(zmq);
    assert_false(e.stalled);
    assert_int_equal(e.got, ECHOES);
}

static void a_hundred_thousand_echoes_come_back_without_a_stall(void **state)
{
    (void)state;
    echo_all("inproc://echo", FLIGHT);
}

static void so_they_do_one_at_a_time(void **state)
{
    (void)state;
    echo_all("inproc://echo-one", 1);
}

static int eat(struct zev *z, int events)
{
    (void)events;
    return zmq_recv(z->socket, NULL, 0, ZMQ_DONTWAIT) >= 0;
}

static int on_slow(struct zev *z, int events)
{
    int *heard = z->data;
    char byte[8];
    (void)events;
    if (zmq_recv(z->socket, byte, sizeof byte, ZMQ_DONTWAIT) < 0)
        return 0;
    clock_advance(4 * USEC_PER_MSEC);
    ++*heard;
    return 1;
}

static void a_turn_ends_after_its_time_and_the_rest_comes_in_the_next_ones(void **state)
{
    void *zmq = zmq_ctx_new(), *to = zmq_socket(zmq, ZMQ_PAIR);
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    int heard = 0, turns = 0;
    struct zev z = {.socket = zmq_socket(zmq, ZMQ_PAIR), .on_ready = on_slow, .data = &heard};
    (void)state;
    clock_set(1795287872000000);
    assert_int_equal(zmq_bind(z.socket, "inproc://slow"), 0);
    assert_int_equal(zmq_connect(to, "inproc://slow"), 0);
    assert_int_equal(zev_start(&z, loop), 0);
    for (int i = 0; i < 30; i++)
        assert_int_equal(zmq_send(to, "x", 1, ZMQ_DONTWAIT), 1);
    for (int before = 0; heard < 30 && turns < 100; before = heard, turns++) {
        ev_run(loop, EVRUN_NOWAIT);
        assert_true(heard - before <= 3);
    }
    assert_int_equal(heard, 30);
    clock_set(0);
    zev_stop(&z);
    zmq_close(z.socket);
    zmq_close(to);
    ev_loop_destroy(loop);
    zmq_ctx_term(zmq);
}

static void an_idle_socket_lets_the_loop_sleep(void **state)
{
    (void)state;
    void *zmq = zmq_ctx_new(), *socket = zmq_socket(zmq, ZMQ_PULL);
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct zev z = {.socket = socket, .on_ready = eat};
    zmq_bind(socket, "inproc://idle");
    assert_int_equal(zev_start(&z, loop), 0);
    struct echo e = {.loop = loop};
    ev_timer_init(&e.patience, on_patience, .2, 0.);
    e.patience.data = &e;
    ev_timer_start(loop, &e.patience);
    ev_run(loop, 0);
    assert_true(e.stalled);
    assert_true(ev_iteration(loop) < 20);
    zev_stop(&z);
    ev_loop_destroy(loop);
    zmq_close(socket);
    zmq_ctx_term(zmq);
}

static void what_is_no_socket_is_an_error(void **state)
{
    (void)state;
    char nothing[64] = {0};
    struct zev z = {.socket = nothing, .on_ready = eat};
    assert_true(zev_start(&z, EV_DEFAULT) < 0);
    zev_stop(&z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_echoes_come_back_without_a_stall),
        cmocka_unit_test(so_they_do_one_at_a_time),
        cmocka_unit_test(a_turn_ends_after_its_time_and_the_rest_comes_in_the_next_ones),
        cmocka_unit_test(an_idle_socket_lets_the_loop_sleep),
        cmocka_unit_test(what_is_no_socket_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
