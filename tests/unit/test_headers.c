#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "clock.h"
#include "headers.h"

#define NOW (1767225600 * USEC_PER_SEC) /* Thu, 01 Jan 2026 00:00:00 GMT */

static struct headers h;

/* Lines are separated by '\n' here and get their CR LF. */
static void read_lines(const char *lines)
{
    struct str rest = str_of(lines), line;
    headers_init(&h);
    assert_int_equal(headers_line(&h, STR("HTTP/1.1 200 OK\r\n")), 0);
    while (str_cut(&rest, '\n', &line)) {
        struct buf b = BUF_NONE;
        buf_puts(&b, line);
        buf_putz(&b, "\r\n");
        assert_int_equal(headers_line(&h, buf_str(&b)), 0);
        buf_free(&b);
    }
}

static int64_t fresh_s(const char *lines)
{
    read_lines(lines);
    return headers_fresh_us(&h, NOW) / USEC_PER_SEC;
}

static int64_t retry_s(const char *lines)
{
    read_lines(lines);
    return headers_retry_after_us(&h, NOW) / USEC_PER_SEC;
}

static void validators_are_kept_verbatim(void **state)
{
    (void)state;
    read_lines("ETag: W/\"a b\\\" c\"\nlast-modified:  Thu, 01 Jan 2026 00:00:00 GMT ");
    assert_string_equal(h.etag, "W/\"a b\\\" c\"");
    assert_string_equal(h.last_modified, "Thu, 01 Jan 2026 00:00:00 GMT");
}

static void a_value_over_its_limit_is_absent_and_not_cut(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    buf_putz(&b, "ETag: \"");
    for (int i = 0; i < LIMIT_HEADER_VALUE; i++)
        buf_putc(&b, 'x');
    buf_putz(&b, "\"\nContent-Type: text/xml");
    read_lines(buf_cstr(&b));
    assert_string_equal(h.etag, "");
    assert_string_equal(h.content_type, "text/xml");
    buf_free(&b);
}

static void a_value_with_control_bytes_is_absent(void **state)
{
    (void)state;
    headers_init(&h);
    assert_int_equal(headers_line(&h, STR("ETag: \"a\0b\"\r\n")), 0);
    assert_int_equal(headers_line(&h, STR("Location: /a\x01z\r\n")), 0);
    assert_string_equal(h.etag, "");
    assert_string_equal(h.location, "");
}

static void freshness_is_max_age_less_age(void **state)
{
    (void)state;
    assert_int_equal(fresh_s("Cache-Control: max-age=600"), 600);
    assert_int_equal(fresh_s("Cache-Control: public, max-age=600\nAge: 100"), 500);
    assert_int_equal(fresh_s("Cache-Control: max-age=60\nAge: 100"), 0);
    assert_int_equal(fresh_s("cache-control: MAX-AGE = \"600\""), 600);
    assert_int_equal(fresh_s("Cache-Control: max-age=60, max-age=600"), 60);
    assert_int_equal(fresh_s("Cache-Control: public\nCache-Control: max-age=60"), 60);
    assert_int_equal(fresh_s("Cache-Control: max-age=99999999999999999999999"), 2147483648);
    assert_int_equal(fresh_s("Cache-Control: s-maxage=600"), 0);
    assert_int_equal(fresh_s("Cache-Control: max-age=-5"), 0);
    assert_int_equal(fresh_s("Cache-Control: x=\"a, max-age=5\", max-age=7"), 7);
}

static void what_must_not_be_kept_is_not_fresh(void **state)
{
    (void)state;
    assert_int_equal(fresh_s("Cache-Control: no-cache, max-age=600"), 0);
    assert_int_equal(fresh_s("Cache-Control: max-age=600, no-store"), 0);
    assert_int_equal(fresh_s("Cache-Control: no-cache=\"Set-Cookie\", max-age=600"), 600);
}

static void expires_counts_from_the_servers_date(void **state)
{
    (void)state;
    assert_int_equal(
        fresh_s("Date: Fri, 02 Jan 2026 10:00:00 GMT\nExpires: Fri, 02 Jan 2026 10:05:00 GMT"),
        300);
    assert_int_equal(fresh_s("Expires: Thu, 01 Jan 2026 00:10:00 GMT"), 600);
    assert_int_equal(fresh_s("Expires: 0"), 0);
    assert_int_equal(fresh_s("Expires: Thu, 01 Jan 2026 00:10:00 GMT\nCache-Control: max-age=5"),
                     5);
}

static void retry_after_is_seconds_or_a_date_and_clamped(void **state)
{
    (void)state;
    assert_int_equal(retry_s("Retry-After: 120"), 120);
    assert_int_equal(retry_s("Retry-After: 317100"), 86400);
    assert_int_equal(retry_s("Retry-After: Thu, 01 Jan 2026 00:02:00 GMT"), 120);
    assert_int_equal(
        retry_s("Date: Thu, 01 Jan 2026 00:01:00 GMT\nRetry-After: Thu, 01 Jan 2026 00:02:00 GMT"),
        60);
    assert_int_equal(retry_s("Retry-After: Wed, 01 Jan 2020 00:02:00 GMT"), 0);
    assert_int_equal(retry_s("Retry-After: soon"), 0);
    assert_int_equal(retry_s("Server: x"), 0);
}

static void the_content_type_is_split_from_its_charset(void **state)
{
    (void)state;
    static const struct {
        const char *line, *type, *charset;
    } cases[] = {
        {"Content-Type: Text/XML; charset=UTF-8", "text/xml", "UTF-8"},
        {"Content-Type: text/xml;boundary=\"a;charset=x\"; Charset = \"iso-8859-1\"", "text/xml",
         "iso-8859-1"},
        {"Content-Type: text/xml; charset='utf-8'", "text/xml", "utf-8"},
        {"Content-Type: text/xml; charset=<script>", "text/xml", ""},
        {"Content-Type: text/xml; charset=", "text/xml", ""},
        {"Content-Type: application/rss+xml", "application/rss+xml", ""},
        {"Content-Type:", "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        read_lines(cases[i].line);
        assert_string_equal(h.content_type, cases[i].type);
        assert_string_equal(h.charset, cases[i].charset);
    }
}

static void an_interim_reply_leaves_nothing_and_trailers_are_not_read(void **state)
{
    (void)state;
    read_lines("ETag: \"interim\"\n\nHTTP/1.1 200 OK\nContent-Encoding: GZIP\n\nETag: \"trailer\"");
    assert_string_equal(h.etag, "");
    assert_string_equal(h.content_encoding, "gzip");
}

static void a_flood_of_headers_is_refused(void **state)
{
    (void)state;
    headers_init(&h);
    size_t taken = 0;
    struct str line = STR("HTTP/1.1 103 Early Hints\r\n");
    while (headers_line(&h, line) == 0)
        taken += line.len;
    assert_in_range(taken, LIMIT_HEADERS - line.len, LIMIT_HEADERS);
    assert_int_equal(headers_line(&h, line), -EMSGSIZE);
}

static void a_coded_transfer_is_noticed(void **state)
{
    (void)state;
    read_lines("Transfer-Encoding: chunked");
    assert_false(h.transfer_coded);
    read_lines("Transfer-Encoding: gzip, chunked");
    assert_true(h.transfer_coded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validators_are_kept_verbatim),
        cmocka_unit_test(a_value_over_its_limit_is_absent_and_not_cut),
        cmocka_unit_test(a_value_with_control_bytes_is_absent),
        cmocka_unit_test(freshness_is_max_age_less_age),
        cmocka_unit_test(what_must_not_be_kept_is_not_fresh),
        cmocka_unit_test(expires_counts_from_the_servers_date),
        cmocka_unit_test(retry_after_is_seconds_or_a_date_and_clamped),
        cmocka_unit_test(the_content_type_is_split_from_its_charset),
        cmocka_unit_test(an_interim_reply_leaves_nothing_and_trailers_are_not_read),
        cmocka_unit_test(a_flood_of_headers_is_refused),
        cmocka_unit_test(a_coded_transfer_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
