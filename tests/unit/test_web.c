#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>

#include <ev.h>

#include "clock.h"
#include "limits.h"
#include "listen.h"
#include "log.h"
#include "metrics.h"
#include "str.h"
#include "web.h"

struct world {
    struct ev_loop *loop;
    struct web *web;
    uint16_t port;
    unsigned recent_asked, status_made;
    bool ready;
};

static json_t *give_status(void *ctx)
{
    struct world *world = ctx;
    world->status_made++;
    return json_pack("{s:s, s:{s:i, s:i, s:f}, s:[{s:s}]}", "version", "1.2.3", "queue", "ready", 7,
                     "done", 9, "oldest_s", 1.5, "workers", "name", "w1");
}

static json_t *give_recent(void *ctx, unsigned count)
{
    struct world *world = ctx;
    world->recent_asked = count;
    return json_pack("[{s:i}]", "seq", 4711);
}

static json_t *give_sources(void *ctx)
{
    (void)ctx;
    return json_pack("[{s:s}]", "id", "example");
}

static bool give_ready(void *ctx, struct buf *why_out)
{
    struct world *world = ctx;
    if (!world->ready)
        buf_putz(why_out, "full: the disk is full\nage: the oldest item is too old\n");
    return world->ready;
}

static struct web_options options_of(struct world *world, const char *listen)
{
    return (struct web_options){.loop = world->loop,
                                .listen = listen,
                                .status = give_status,
                                .recent = give_recent,
                                .sources = give_sources,
                                .ready = give_ready,
                                .ctx = world};
}

static uint16_t port_of(const struct web *web)
{
    const char *colon = strrchr(web_address(web), ':');
    uint64_t port = 0;
    assert_non_null(colon);
    assert_int_equal(str_u64(str_of(colon + 1), &port), 0);
    return (uint16_t)port;
}

static int open_world(void **state)
{
    struct world *world = xcalloc(1, sizeof *world);
    world->loop = ev_loop_new(EVFLAG_AUTO);
    world->ready = true;
    struct web_options options = options_of(world, "127.0.0.1:0");
    assert_int_equal(web_open(&options, &world->web), 0);
    world->port = port_of(world->web);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    web_close(world->web);
    ev_loop_destroy(world->loop);
    free(world);
    return 0;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void stop(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)w;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static void turn(struct world *world)
{
    ev_timer timer;
    ev_timer_init(&timer, stop, 0.01, 0.);
    ev_timer_start(world->loop, &timer);
    ev_run(world->loop, 0);
    ev_timer_stop(world->loop, &timer);
}

/* All that comes until the other side closes. */
static void exchange(struct world *world, struct str request, struct buf *out)
{
    int fd = connect_to(world->port);
    assert_int_equal(send(fd, request.at, request.len, MSG_NOSIGNAL), request.len);
    for (int i = 0; i < 500; i++) {
        turn(world);
        buf_reserve(out, 65536);
        ssize_t n = recv(fd, out->at + out->len, 65536, 0);
        if (n > 0)
            out->len += (size_t)n;
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
    }
    close(fd);
}

static void ask(struct world *world, const char *method, const char *path, const char *host,
                struct buf *out)
{
    struct buf request = BUF_NONE;
    buf_printf(&request, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", method, path,
               host);
    exchange(world, buf_str(&request), out);
    buf_free(&request);
}

static bool has(const struct buf *reply, const char *text)
{
    return str_find(buf_str(reply), str_of(text)) != SIZE_MAX;
}

static void expect(struct world *world, const char *path, const char *status, const char *holds)
{
    struct buf reply = BUF_NONE;
    ask(world, "GET", path, "localhost", &reply);
    assert_true(str_starts(buf_str(&reply), str_of(status)));
    assert_true(has(&reply, holds));
    buf_free(&reply);
}

static void the_page_and_what_it_loads_are_there(void **state)
{
    expect(*state, "/", "HTTP/1.1 200", "<title>Dateline</title>");
    expect(*state, "/", "HTTP/1.1 200", "Content-Type: text/html; charset=utf-8");
    expect(*state, "/style.css", "HTTP/1.1 200", "Content-Type: text/css");
    expect(*state, "/page.js", "HTTP/1.1 200", "Content-Type: text/javascript");
    expect(*state, "/icon.svg", "HTTP/1.1 200", "Content-Type: image/svg+xml");
}

static void the_page_holds_nothing_inline_and_nothing_of_elsewhere(void **state)
{
    struct buf reply = BUF_NONE;
    ask(*state, "GET", "/", "localhost", &reply);
    assert_false(has(&reply, " style="));
    assert_false(has(&reply, " onclick="));
    assert_false(has(&reply, "<style"));
    assert_false(has(&reply, "https://"));
    buf_free(&reply);
}

static void the_state_is_there_as_json(void **state)
{
    struct world *world = *state;
    expect(world, "/status.json", "HTTP/1.1 200", "\"version\":\"1.2.3\"");
    expect(world, "/sources.json", "HTTP/1.1 200", "[{\"id\":\"example\"}]");
    expect(world, "/recent.json?n=7", "HTTP/1.1 200", "[{\"seq\":4711}]");
    assert_int_equal(world->recent_asked, 7);
}

static void the_number_of_records_is_bounded(void **state)
{
    struct world *world = *state;
    expect(world, "/recent.json?n=100000", "HTTP/1.1 200", "4711");
    assert_int_equal(world->recent_asked, LIMIT_WEB_RECENT);
    expect(world, "/recent.json?n=-1", "HTTP/1.1 400", "");
    expect(world, "/recent.json?n=many", "HTTP/1.1 400", "");
}

static void metrics_are_prometheus_text(void **state)
{
    struct world *world = *state;
    expect(world, "/metrics", "HTTP/1.1 200", "dateline_build_info{version=\"1.2.3\"} 1\n");
    expect(world, "/metrics", "HTTP/1.1 200", "dateline_queue_items{state=\"ready\"} 7\n");
    expect(world, "/metrics", "HTTP/1.1 200", "# TYPE dateline_items_done_total counter\n");
    expect(world, "/metrics", "HTTP/1.1 200", "dateline_workers 1\n");
    expect(world, "/metrics", "HTTP/1.1 200", "dateline_queue_oldest_item_age_seconds 1.500000\n");
}

static void a_type_is_written_once_a_metric(void **state)
{
    (void)state;
    struct buf text = BUF_NONE;
    json_t *status = json_pack("{s:{s:i, s:i}, s:{s:{s:i, s:i}}}", "queue", "ready", 1, "leased", 2,
                               "fetch", "outcome", "ok", 5, "d\"n\ns", 1);
    metrics_write(status, &text);
    json_decref(status);
    size_t first = str_find(buf_str(&text), STR("# TYPE dateline_queue_items "));
    assert_int_not_equal(first, SIZE_MAX);
    assert_int_equal(
        str_find(str_from(buf_str(&text), first + 1), STR("# TYPE dateline_queue_items ")),
        SIZE_MAX);
    assert_true(has(&text, "dateline_fetch_total{outcome=\"ok\"} 5\n"));
    assert_true(has(&text, "dateline_fetch_total{outcome=\"d\\\"n\\ns\"} 1\n"));
    buf_free(&text);
}

static void health_and_readiness_are_told_apart(void **state)
{
    struct world *world = *state;
    expect(world, "/healthz", "HTTP/1.1 200", "ok\n");
    expect(world, "/readyz", "HTTP/1.1 200", "ready\n");
    world->ready = false;
    expect(world, "/healthz", "HTTP/1.1 200", "ok\n");
    expect(world, "/readyz", "HTTP/1.1 503",
           "full: the disk is full\nage: the oldest item is too old\n");
}

static void a_head_request_has_no_body(void **state)
{
    struct buf reply = BUF_NONE;
    ask(*state, "HEAD", "/status.json", "localhost", &reply);
    assert_true(str_starts(buf_str(&reply), STR("HTTP/1.1 200")));
    assert_true(str_ends(buf_str(&reply), STR("\r\n\r\n")));
    buf_free(&reply);
}

static void a_reader_may_keep_its_connection(void **state)
{
    struct buf reply = BUF_NONE;
    exchange(*state,
             STR("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
                 "GET /status.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
             &reply);
    assert_true(has(&reply, "ok\n"));
    assert_true(has(&reply, "\"version\":\"1.2.3\""));
    buf_free(&reply);
}

static void other_methods_are_refused(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct buf reply = BUF_NONE;
        ask(*state, methods[i], "/status.json", "localhost", &reply);
        assert_true(str_starts(buf_str(&reply), STR("HTTP/1.1 405")));
        assert_true(has(&reply, "Allow: GET, HEAD\r\n"));
        buf_free(&reply);
    }
}

static void a_body_is_not_waited_for(void **state)
{
    struct buf reply = BUF_NONE;
    exchange(
        *state,
        STR("POST /status.json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"),
        &reply);
    assert_true(str_starts(buf_str(&reply), STR("HTTP/1.1 405")));
    buf_free(&reply);
}

static void an_unknown_path_is_not_found(void **state)
{
    expect(*state, "/etc/passwd", "HTTP/1.1 404", "not found");
    expect(*state, "/../../etc/passwd", "HTTP/1.1 404", "not found");
}

static void every_reply_carries_the_security_headers(void **state)
{
    static const char *const paths[] = {"/", "/status.json", "/nowhere", "/healthz"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct buf reply = BUF_NONE;
        ask(*state, "GET", paths[i], "localhost", &reply);
        assert_true(has(&reply, "Content-Security-Policy: default-src 'none'; script-src 'self'"));
        assert_true(has(&reply, "X-Content-Type-Options: nosniff\r\n"));
        assert_true(has(&reply, "Referrer-Policy: no-referrer\r\n"));
        assert_true(has(&reply, "Cross-Origin-Resource-Policy: same-origin\r\n"));
        assert_false(has(&reply, "Access-Control-Allow"));
        buf_free(&reply);
    }
}

static void a_rebound_name_is_refused(void **state)
{
    static const char *const foreign[] = {"evil.example",
                                          "evil.example:8470",
                                          "localhost.evil.example",
                                          "192.0.2.1",
                                          "127.0.0.1.evil.example",
                                          "[::2]",
                                          ""};
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        struct buf reply = BUF_NONE;
        ask(*state, "GET", "/status.json", foreign[i], &reply);
        assert_true(str_starts(buf_str(&reply), STR("HTTP/1.1 4")));
        assert_false(has(&reply, "version"));
        buf_free(&reply);
    }
}

static void our_own_names_are_answered(void **state)
{
    static const char *const ours[] = {"localhost", "LOCALHOST:8470", "127.0.0.1", "127.0.0.1:99",
                                       "[::1]:8470"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        struct buf reply = BUF_NONE;
        ask(*state, "GET", "/status.json", ours[i], &reply);
        assert_true(str_starts(buf_str(&reply), STR("HTTP/1.1 200")));
        buf_free(&reply);
    }
}

static void headers_over_the_limit_are_refused(void **state)
{
    struct buf request = BUF_NONE, reply = BUF_NONE;
    buf_putz(&request, "GET /status.json HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
    for (int i = 0; i < 20000; i++)
        buf_putc(&request, 'x');
    buf_putz(&request, "\r\n\r\n");
    exchange(*state, buf_str(&request), &reply);
    assert_false(has(&reply, "version"));
    buf_free(&request);
    buf_free(&reply);
}

static void connections_over_the_limit_do_not_shut_the_door_for_good(void **state)
{
    struct world *world = *state;
    int fds[LIMIT_WEB_CONNECTIONS + 16];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = connect_to(world->port);
        if (i % 16 == 0)
            turn(world);
    }
    turn(world);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
    expect(world, "/healthz", "HTTP/1.1 200", "ok\n");
}

static void many_lookers_do_not_make_the_state_anew(void **state)
{
    struct world *world = *state;
    clock_set(1000000 * USEC_PER_SEC);
    for (int i = 0; i < 10; i++)
        expect(world, "/status.json", "HTTP/1.1 200", "version");
    assert_int_equal(world->status_made, 1);
    clock_advance(USEC_PER_SEC);
    expect(world, "/status.json", "HTTP/1.1 200", "version");
    assert_int_equal(world->status_made, 2);
    clock_set(0);
}

static void an_address_that_is_taken_or_none_is_refused(void **state)
{
    struct world *world = *state;
    struct web *second;
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", world->port);
    struct web_options options = options_of(world, taken);
    assert_int_equal(web_open(&options, &second), -EADDRINUSE);
    static const char *const bad[] = {
        "",        "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "example.org:80",
        "[::1:80", "1.2.3:80",  ":80"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        options.listen = bad[i];
        assert_int_equal(web_open(&options, &second), -EINVAL);
    }
}

static void a_bound_address_decides_which_host_is_ours(void **state)
{
    (void)state;
    union listen_address address;
    assert_int_equal(listen_parse("192.0.2.7:80", &address), 0);
    assert_true(listen_is_our_host(&address, STR("192.0.2.7:80")));
    assert_false(listen_is_our_host(&address, STR("192.0.2.8:80")));
    assert_int_equal(listen_parse("0.0.0.0:80", &address), 0);
    assert_true(listen_is_our_host(&address, STR("192.0.2.8")));
    assert_false(listen_is_our_host(&address, STR("a.example")));
    assert_int_equal(listen_parse("[2001:db8::1]:80", &address), 0);
    assert_true(listen_is_our_host(&address, STR("[2001:db8:0::1]:80")));
    assert_false(listen_is_our_host(&address, STR("[2001:db8::2]")));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        IN_WORLD(the_page_and_what_it_loads_are_there),
        IN_WORLD(the_page_holds_nothing_inline_and_nothing_of_elsewhere),
        IN_WORLD(the_state_is_there_as_json),
        IN_WORLD(the_number_of_records_is_bounded),
        IN_WORLD(metrics_are_prometheus_text),
        cmocka_unit_test(a_type_is_written_once_a_metric),
        IN_WORLD(health_and_readiness_are_told_apart),
        IN_WORLD(a_head_request_has_no_body),
        IN_WORLD(a_reader_may_keep_its_connection),
        IN_WORLD(other_methods_are_refused),
        IN_WORLD(a_body_is_not_waited_for),
        IN_WORLD(an_unknown_path_is_not_found),
        IN_WORLD(every_reply_carries_the_security_headers),
        IN_WORLD(a_rebound_name_is_refused),
        IN_WORLD(our_own_names_are_answered),
        IN_WORLD(headers_over_the_limit_are_refused),
        IN_WORLD(connections_over_the_limit_do_not_shut_the_door_for_good),
        IN_WORLD(many_lookers_do_not_make_the_state_anew),
        IN_WORLD(an_address_that_is_taken_or_none_is_refused),
        cmocka_unit_test(a_bound_address_decides_which_host_is_ours),
    };
    return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
