#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <ev.h>

#include "fetch.h"
#include "http_help.h"
#include "limits.h"

/* ---- the room under test */

static struct ev_loop *loop;
static struct fetch *fetch;

struct result {
    bool came;
    enum fetch_class class;
    int status;
    char error[200], url[300], moved[300], type[64], charset[32], encoding[32], etag[64],
        modified[64];
    size_t body_len;
    char body[64];
    int64_t fresh_us, retry_after_us, waited_us;
    bool not_modified;
};
static int outstanding;

static void on_reply(void *ctx, const struct fetch_reply *r)
{
    struct result *to = ctx;
    assert_false(to->came);
    to->came = true;
    to->class = r->class;
    to->status = r->status;
    to->fresh_us = r->fresh_us;
    to->retry_after_us = r->retry_after_us;
    to->waited_us = r->waited_us;
    to->not_modified = r->not_modified;
    to->body_len = r->body->len;
    snprintf(to->body, sizeof(to->body), "%.*s", STR_ARG(str_upto(buf_str(r->body), 60)));
    snprintf(to->error, sizeof(to->error), "%s", r->error);
    snprintf(to->url, sizeof(to->url), "%s", r->url);
    snprintf(to->moved, sizeof(to->moved), "%s", r->moved ? r->moved : "");
    snprintf(to->type, sizeof(to->type), "%s", r->content_type);
    snprintf(to->charset, sizeof(to->charset), "%s", r->charset);
    snprintf(to->encoding, sizeof(to->encoding), "%s", r->content_encoding);
    snprintf(to->etag, sizeof(to->etag), "%s", r->etag);
    snprintf(to->modified, sizeof(to->modified), "%s", r->last_modified);
    if (--outstanding == 0)
        ev_break(loop, EVBREAK_ALL);
}

static void open_fetch(int64_t spacing_us, int64_t timeout_us)
{
    loop = ev_loop_new(0);
    struct fetch_options options = {
        .loop = loop,
        .user_agent = "Test/1 (+https://contact.example/)",
        .per_host = 2,
        .spacing_us = spacing_us,
        .timeout_us = timeout_us,
        .max_body = 100000,
    };
    assert_int_equal(fetch_open(&options, &fetch), 0);
    pthread_mutex_lock(&server.lock);
    server.count = server.most_at_once = 0;
    pthread_mutex_unlock(&server.lock);
    outstanding = 0;
}

static int close_fetch(void **state)
{
    (void)state;
    fetch_close(fetch);
    ev_loop_destroy(loop);
    fetch = NULL;
    return 0;
}

static void url_of(const char *host, const char *path, char out[300])
{
    snprintf(out, 300, "http://%s:%u%s", host, server.port, path);
}

static struct fetch_job *start(const char *path, struct result *result)
{
    char url[300];
    url_of("127.0.0.1", path, url);
    struct fetch_request request = {.url = url, .allow_private = true};
    *result = (struct result){0};
    outstanding++;
    return fetch_start(fetch, &request, on_reply, result);
}

static void on_too_late(struct ev_loop *l, ev_timer *w, int events)
{
    (void)w, (void)events;
    ev_break(l, EVBREAK_ALL);
}

static void run(void)
{
    ev_timer late;
    ev_now_update(loop);
    ev_timer_init(&late, on_too_late, 30., 0.);
    ev_timer_start(loop, &late);
    while (outstanding > 0 && ev_is_active(&late))
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &late);
    assert_int_equal(outstanding, 0);
}

static struct result ask(const struct fetch_request *request)
{
    struct result result = {0};
    outstanding++;
    assert_non_null(fetch_start(fetch, request, on_reply, &result));
    assert_false(result.came); /* later, from the loop */
    run();
    return result;
}

static struct result get(const char *path)
{
    char url[300];
    url_of("127.0.0.1", path, url);
    return ask(&(struct fetch_request){.url = url, .allow_private = true});
}

/* ---- what is expected */

static void a_document_comes_with_its_headers(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    struct result r = get("/ok");
    assert_int_equal(r.class, FETCH_OK);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "hello");
    assert_string_equal(r.type, "application/rss+xml");
    assert_string_equal(r.charset, "utf-8");
    assert_string_equal(r.etag, "W/\"1\"");
    assert_string_equal(r.modified, "Thu, 01 Jan 2026 00:00:00 GMT");
    assert_int_equal(r.fresh_us, 500 * USEC_PER_SEC);
    assert_string_equal(r.error, "");
    assert_string_equal(r.moved, "");
    struct fetch_counts counts;
    fetch_counts(fetch, &counts);
    assert_int_equal(counts.requests, 1);
    assert_int_equal(counts.outcome[FETCH_OK], 1);
    assert_int_equal(counts.active + counts.waiting, 0);
}

static void a_request_says_who_asks_and_nothing_more(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    get("/ok");
    const char *head = head_of(0);
    assert_non_null(strstr(head, "\r\nUser-Agent: Test/1 (+https://contact.example/)\r\n"));
    assert_non_null(strstr(head, "\r\nAccept-Encoding: gzip, br, zstd, deflate\r\n"));
    assert_non_null(strstr(head, "\r\nAccept: application/rss+xml, "));
    assert_null(strcasestr(head, "\r\nCookie:"));
    assert_null(strcasestr(head, "\r\nReferer:"));
    assert_null(strcasestr(head, "\r\nIf-"));
}

static void validators_go_back_verbatim_and_the_newest_come_from_a_304(void **state)
{
    (void)state;
    char url[300];
    open_fetch(0, 5 * USEC_PER_SEC);
    url_of("127.0.0.1", "/not-modified", url);
    struct fetch_request request = {.url = url,
                                    .etag = "W/\"a b\"",
                                    .last_modified = "Thu, 01 Jan 2026 00:00:00 GMT",
                                    .allow_private = true};
    struct result r = ask(&request);
    assert_int_equal(r.class, FETCH_OK);
    assert_true(r.not_modified);
    assert_string_equal(r.etag, "\"2\"");
    assert_non_null(strstr(head_of(0), "\r\nIf-None-Match: W/\"a b\"\r\n"));
    assert_non_null(strstr(head_of(0), "\r\nIf-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT\r\n"));
}

static void a_stored_validator_cannot_become_a_second_header(void **state)
{
    (void)state;
    char url[300];
    open_fetch(0, 5 * USEC_PER_SEC);
    url_of("127.0.0.1", "/ok", url);
    ask(&(struct fetch_request){.url = url, .etag = "x\r\nX-Evil: 1", .allow_private = true});
    assert_null(strstr(head_of(0), "X-Evil"));
}

static void a_body_stays_as_it_was_sent(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    struct result r = get("/gzip");
    assert_int_equal(r.class, FETCH_OK);
    assert_string_equal(r.encoding, "gzip");
    assert_int_equal(r.body_len, 4);
    assert_memory_equal(r.body, "\x1f\x8b\x08!", 4);
}

static void every_way_to_end_has_its_class(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum fetch_class class;
        int status;
    } cases[] = {
        {"/missing", FETCH_HTTP4XX, 404},      {"/gone", FETCH_GONE, 410},
        {"/broken", FETCH_HTTP5XX, 500},       {"/not-modified", FETCH_PROTOCOL, 304},
        {"/early", FETCH_PROTOCOL, 200},       {"/no-http", FETCH_PROTOCOL, 0},
        {"/silence", FETCH_PROTOCOL, 0},       {"/bad-chunk", FETCH_PROTOCOL, 200},
        {"/coded", FETCH_PROTOCOL, 200},       {"/endless", FETCH_TOO_LARGE, 200},
        {"/huge", FETCH_TOO_LARGE, 200},       {"/headers", FETCH_TOO_LARGE, 200},
        {"/interim", FETCH_TOO_LARGE, 103},    {"/long-error", FETCH_HTTP4XX, 404},
        {"/loop", FETCH_REDIRECTS, 302},       {"/to-file", FETCH_REDIRECTS, 302},
        {"/to-nothing", FETCH_REDIRECTS, 302}, {"/to-metadata", FETCH_BLOCKED_ADDRESS, 0},
    };
    open_fetch(0, 10 * USEC_PER_SEC);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct result r = get(cases[i].path);
        if (r.class != cases[i].class || r.status != cases[i].status || r.error[0] == '\0' ||
            r.body_len)
            fail_msg("%s: class %s status %d error '%s' body %zu", cases[i].path,
                     fetch_class_name(r.class), r.status, r.error, r.body_len);
    }
}

static void redirects_are_counted(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    get("/loop");
    assert_int_equal(asked(), LIMIT_REDIRECTS + 1);
}

static void an_unbroken_permanent_chain_is_reported(void **state)
{
    (void)state;
    char expected[300];
    open_fetch(0, 5 * USEC_PER_SEC);
    struct result r = get("/moved-1");
    assert_int_equal(r.class, FETCH_OK);
    url_of("127.0.0.1", "/ok?a%20b", expected);
    if (strcmp(r.url, expected) != 0)
        url_of("127.0.0.1", "/ok?a+b", expected);
    assert_string_equal(r.url, expected);
    assert_string_equal(r.moved, expected);
    assert_string_equal(r.body, "hello");
}

static void a_temporary_hop_ends_what_may_be_adopted(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    struct result r = get("/found-then-moved");
    assert_int_equal(r.class, FETCH_OK);
    assert_string_equal(r.moved, "");
}

static void a_redirect_to_another_name_is_looked_up_by_us(void **state)
{
    (void)state;
    char expected[300];
    open_fetch(0, 5 * USEC_PER_SEC);
    struct result r = get("/to-other"); /* to localhost: /etc/hosts */
    assert_int_equal(r.class, FETCH_OK);
    url_of("localhost", "/ok", expected);
    assert_string_equal(r.moved, expected);
}

static void private_addresses_need_leave(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://127.0.0.1:%u/ok",
        "http://localhost:%u/ok",
        "http://0x7f.1:%u/ok",
        "http://2130706433:%u/ok",
        "http://[::ffff:127.0.0.1]:%u/ok",
        "http://[::1]:%u/ok",
        "http://user:secret@127.0.0.1:%u/ok",
    };
    open_fetch(0, 5 * USEC_PER_SEC);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        char url[300], port[8];
        struct str form = str_of(urls[i]);
        size_t at = str_find(form, STR("%u"));
        snprintf(port, sizeof(port), "%u", server.port);
        snprintf(url, sizeof(url), "%.*s%s%s", (int)at, form.at, port, form.at + at + 2);
        struct result r = ask(&(struct fetch_request){.url = url});
        if (r.class != FETCH_BLOCKED_ADDRESS)
            fail_msg("%s: %s", url, fetch_class_name(r.class));
    }
    assert_int_equal(asked(), 0);
}

static void link_local_is_refused_even_with_leave(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    struct result r =
        ask(&(struct fetch_request){.url = "http://169.254.169.254/", .allow_private = true});
    assert_int_equal(r.class, FETCH_BLOCKED_ADDRESS);
    assert_non_null(strstr(r.error, "link-local"));
}

static void a_refused_connection_is_named(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    struct result r =
        ask(&(struct fetch_request){.url = "http://127.0.0.1:1/", .allow_private = true});
    assert_int_equal(r.class, FETCH_CONNECT);
}

static void a_name_without_address_is_named(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    struct result r = ask(&(struct fetch_request){.url = "http://nobody.invalid/"});
    assert_int_equal(r.class, FETCH_DNS);
    assert_true(strlen(r.error) > 0);
}

static void plain_http_under_https_is_a_tls_failure(void **state)
{
    (void)state;
    char url[300];
    open_fetch(0, 5 * USEC_PER_SEC);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/ok", server.port);
    struct result r = ask(&(struct fetch_request){.url = url, .allow_private = true});
    assert_int_equal(r.class, FETCH_TLS);
}

static void a_drip_ends_with_the_time_for_all(void **state)
{
    (void)state;
    open_fetch(0, 300 * USEC_PER_MSEC);
    int64_t began = clock_mono();
    struct result r = get("/drip");
    assert_int_equal(r.class, FETCH_TIMEOUT);
    assert_true(clock_mono() - began < 3 * USEC_PER_SEC);
}

static void a_host_is_asked_by_few_and_with_space_between(void **state)
{
    (void)state;
    struct result r[4];
    open_fetch(60 * USEC_PER_MSEC, 5 * USEC_PER_SEC);
    for (int i = 0; i < 4; i++)
        start("/ok", &r[i]);
    run();
    assert_int_equal(asked(), 4);
    for (int i = 1; i < 4; i++)
        assert_true(asked_at(i) - asked_at(i - 1) > 30 * USEC_PER_MSEC);
    assert_true(asked_at(3) - asked_at(0) >= 150 * USEC_PER_MSEC);
    assert_true(r[3].waited_us >= 150 * USEC_PER_MSEC);
}

static void no_more_than_two_are_at_a_host_at_once(void **state)
{
    (void)state;
    struct result r[5];
    open_fetch(0, 5 * USEC_PER_SEC);
    for (int i = 0; i < 5; i++)
        start("/slow", &r[i]);
    run();
    assert_int_equal(asked(), 5);
    assert_int_equal(most_at_once(), 2);
}

static void a_host_that_asks_for_rest_is_left_alone_by_all(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    struct result r = get("/busy");
    assert_int_equal(r.class, FETCH_HTTP429);
    assert_int_equal(r.retry_after_us, USEC_PER_HOUR);
    r = get("/ok");
    assert_int_equal(r.class, FETCH_HTTP429);
    assert_int_equal(r.status, 0);
    assert_true(r.retry_after_us > USEC_PER_HOUR - USEC_PER_MIN &&
                r.retry_after_us <= USEC_PER_HOUR);
    assert_int_equal(asked(), 1);
}

static void a_cancelled_request_is_never_answered(void **state)
{
    (void)state;
    struct result waiting, wired, other;
    open_fetch(0, 5 * USEC_PER_SEC);
    struct fetch_job *a = start("/ok", &waiting);
    fetch_cancel(a);
    outstanding--;
    struct fetch_job *b = start("/drip", &wired);
    for (int i = 0; i < 20; i++)
        ev_run(loop, EVRUN_NOWAIT);
    fetch_cancel(b);
    outstanding--;
    start("/ok", &other);
    run();
    assert_true(other.came);
    assert_false(waiting.came || wired.came);
}

static void closing_drops_what_is_under_way(void **state)
{
    (void)state;
    static struct result r[4];
    open_fetch(USEC_PER_SEC, 5 * USEC_PER_SEC);
    for (int i = 0; i < 3; i++)
        start("/drip", &r[i]);
    outstanding++;
    fetch_start(fetch, &(struct fetch_request){.url = "http://nobody.invalid/"}, on_reply, &r[3]);
    for (int i = 0; i < 20; i++)
        ev_run(loop, EVRUN_NOWAIT);
}

static void what_is_not_http_is_not_begun(void **state)
{
    (void)state;
    open_fetch(0, 5 * USEC_PER_SEC);
    static const char *const urls[] = {
        "file:///etc/passwd", "gopher://a/",  "ftp://a/",       "nonsense", "", "http://",
        "http://a b/",        "javascript:1", "http://a:99999/"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        assert_null(fetch_start(fetch, &(struct fetch_request){.url = urls[i]}, on_reply, NULL));
    struct buf b = BUF_NONE;
    buf_putz(&b, "http://a/");
    for (int i = 0; i < LIMIT_URL; i++)
        buf_putc(&b, 'x');
    assert_null(fetch_start(fetch, &(struct fetch_request){.url = buf_cstr(&b)}, on_reply, NULL));
    buf_free(&b);
}

#define FETCH_TEST(name) cmocka_unit_test_teardown(name, close_fetch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCH_TEST(a_document_comes_with_its_headers),
        FETCH_TEST(a_request_says_who_asks_and_nothing_more),
        FETCH_TEST(validators_go_back_verbatim_and_the_newest_come_from_a_304),
        FETCH_TEST(a_stored_validator_cannot_become_a_second_header),
        FETCH_TEST(a_body_stays_as_it_was_sent),
        FETCH_TEST(every_way_to_end_has_its_class),
        FETCH_TEST(redirects_are_counted),
        FETCH_TEST(an_unbroken_permanent_chain_is_reported),
        FETCH_TEST(a_temporary_hop_ends_what_may_be_adopted),
        FETCH_TEST(a_redirect_to_another_name_is_looked_up_by_us),
        FETCH_TEST(private_addresses_need_leave),
        FETCH_TEST(link_local_is_refused_even_with_leave),
        FETCH_TEST(a_refused_connection_is_named),
        FETCH_TEST(a_name_without_address_is_named),
        FETCH_TEST(plain_http_under_https_is_a_tls_failure),
        FETCH_TEST(a_drip_ends_with_the_time_for_all),
        FETCH_TEST(a_host_is_asked_by_few_and_with_space_between),
        FETCH_TEST(no_more_than_two_are_at_a_host_at_once),
        FETCH_TEST(a_host_that_asks_for_rest_is_left_alone_by_all),
        FETCH_TEST(a_cancelled_request_is_never_answered),
        FETCH_TEST(closing_drops_what_is_under_way),
        FETCH_TEST(what_is_not_http_is_not_begun),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
