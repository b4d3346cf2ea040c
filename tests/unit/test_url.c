#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <zlib.h>

#include "url.h"

static void resolves(const char *base, const char *ref, const char *want)
{
    struct buf out = BUF_NONE;
    int rc = url_resolve(str_of(base), str_of(ref), &out);
    if (want ? rc != 0 || !str_is(buf_str(&out), want) : rc != -EINVAL || out.len)
        fail_msg("%s + %s: want %s, got %d %s", base, ref, want ? want : "refused", rc,
                 buf_cstr(&out));
    buf_free(&out);
}

static void references_are_made_absolute(void **state)
{
    (void)state;
    resolves("http://example.org/a/b", "c", "http://example.org/a/c");
    resolves("http://example.org/a/b", "../c/./d?q#f", "http://example.org/c/d?q#f");
    resolves("https://example.org/a/b?x", "//cdn.example.net/p", "https://cdn.example.net/p");
    resolves("http://example.org/a/b?x", "?y", "http://example.org/a/b?y");
    resolves("http://example.org/a/b?x#z", "", "http://example.org/a/b?x");
    resolves("http://example.org", "#f", "http://example.org/#f");
    resolves("", "HTTP://EXAMPLE.org:80/%7Ea/../b", "http://example.org/b");
    resolves("http://example.org/", "http:c", "http://example.org/c");
    resolves("http://example.org/", "https:/other.example/", "https://other.example/");
    resolves("http://example.org/", "  /a b\n\"c\"  ", "http://example.org/a%20b%22c%22");
    resolves("http://example.org/", "\\\\evil.example\\x", "http://evil.example/x");
}

static void hosts_are_written_as_the_wire_wants_them(void **state)
{
    (void)state;
    resolves("", "http://www.詹姆斯.com/feed", "http://www.xn--8ws00zhy3a.com/feed");
    resolves("", "http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/");
    resolves("", "http://Bücher.example/", "http://xn--bcher-kva.example/");
    resolves("", "http://0x7f.1/", "http://127.0.0.1/");
    resolves("", "http://[0:0:0:0:0:0:0:1]:8080/", "http://[::1]:8080/");
    resolves("", "http://user:p@ss@example.org/", "http://user:p%40ss@example.org/");
}

static void what_is_no_web_address_is_refused(void **state)
{
    (void)state;
    resolves("", "relative", NULL);
    resolves("http://example.org/", "javascript:alert(1)", NULL);
    resolves("http://example.org/", "mailto:a@example.org", NULL);
    resolves("", "file:///etc/passwd", NULL);
    resolves("", "http://", NULL);
    resolves("", "http://a b/", NULL);
    resolves("", "http://example.org:70000/", NULL);
    resolves("", "http://256.256.256.256/", NULL);
    resolves("", "http://[::1/", NULL);
    resolves("", "http://ex%00ample.org/", NULL);
}

static void an_address_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    struct buf ref = BUF_NONE, out = BUF_NONE;
    buf_putz(&ref, "http://example.org/");
    while (ref.len <= 8192)
        buf_putc(&ref, 'a');
    assert_int_equal(url_resolve(STR_NONE, buf_str(&ref), &out), -EMSGSIZE);
    assert_int_equal(out.len, 0);
    buf_free(&ref);
    buf_free(&out);
}

static void same_identity(const char *a, const char *b, bool same)
{
    struct buf x = BUF_NONE, y = BUF_NONE;
    assert_int_equal(url_identity(str_of(a), &x), 0);
    assert_int_equal(url_identity(str_of(b), &y), 0);
    if (str_eq(buf_str(&x), buf_str(&y)) != same)
        fail_msg("%s and %s: %s, %s", a, b, buf_cstr(&x), buf_cstr(&y));
    buf_free(&x);
    buf_free(&y);
}

static void identity_forgets_what_does_not_change_the_page(void **state)
{
    (void)state;
    same_identity("http://www.Example.org:80/a?b=1&a=2#top", "https://example.org/a?a=2&b=1", true);
    same_identity("https://example.org/a?utm_source=rss&id=7", "https://example.org/a?id=7", true);
    same_identity("https://example.org/a?fbclid=x", "https://example.org/a", true);
    same_identity(
        "https://example.org/a?at_medium=x&at_link_id=4&xtor=RSS-1&wt_mc=y&_gl=z&hsa_acc=1",
        "https://example.org/a", true);
    same_identity("https://example.org/a?atom=1", "https://example.org/a", false);
    same_identity("https://example.org", "https://example.org/", true);
    same_identity("https://example.org/a", "https://example.org/b", false);
    same_identity("https://example.org/a?id=7", "https://example.org/a?id=8", false);
    same_identity("https://example.org:8443/a", "https://example.org/a", false);
    same_identity("https://user:word@example.org/a", "https://example.org/a", true);
    struct buf out = BUF_NONE;
    assert_int_equal(url_identity(STR("urn:x"), &out), -EINVAL);
    assert_int_equal(out.len, 0);
}

static void copies_for_phones_and_caches_are_the_same_page(void **state)
{
    (void)state;
    static const char page[] = "https://example.org/2026/a-b-c?id=7";
    static const char *const same[] = {
        "https://m.example.org/2026/a-b-c?id=7",
        "https://mobile.example.org/2026/a-b-c?id=7",
        "https://amp.example.org/2026/a-b-c?id=7",
        "https://www.m.example.org/2026/a-b-c?id=7",
        "https://example.org/2026/a-b-c/amp?id=7",
        "https://example.org/2026/a-b-c/amp/?id=7",
        "https://example.org/2026/a-b-c.amp?id=7",
        "https://example.org/amp/2026/a-b-c?id=7",
        "https://example.org/2026/a-b-c?amp=1&id=7",
        "https://example.org/2026/a-b-c?id=7&outputType=amp",
        "https://example-org.cdn.ampproject.org/c/s/example.org/2026/a-b-c?id=7",
        "https://example-org.cdn.ampproject.org/v/s/www.example.org/2026/a-b-c?amp_js_v=1&id=7",
        "https://www.google.com/amp/s/amp.example.org/2026/a-b-c?id=7#top",
    };
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        same_identity(same[i], page, true);
    same_identity("https://en.m.example.org/a", "https://en.example.org/a", true);
    same_identity("https://example.org/a-1.amp.html", "https://example.org/a-1.html", true);
}

static void what_only_looks_like_a_copy_is_a_page_of_its_own(void **state)
{
    (void)state;
    same_identity("https://m.com/a", "https://com/a", false);
    same_identity("https://amp.dev/a", "https://dev/a", false);
    same_identity("https://example.org/tags/amp", "https://example.org/tags", false);
    same_identity("https://example.org/amp/", "https://example.org/", false);
    same_identity("https://example.org/amp/guide", "https://example.org/guide", false);
    same_identity("https://example.org/a?amplifier=1", "https://example.org/a", false);
    same_identity("https://cdn.ampproject.org/c/about", "https://about/", false);
    same_identity("https://example.net/c/s/example.org/a", "https://example.org/a", false);
}

static void the_host_is_found_in_any_address(void **state)
{
    (void)state;
    assert_true(str_is(url_host(STR("https://u:p@Example.org:81/x")), "Example.org"));
    assert_true(str_is(url_host(STR("http://[::1]:8080/")), "[::1]"));
    assert_true(str_is(url_host(STR("http://example.org?x@y")), "example.org"));
    assert_int_equal(url_host(STR("mailto:a@b")).len, 0);
    assert_int_equal(url_host(STR("")).len, 0);
}

static void a_site_is_its_host_and_what_lies_below_it(void **state)
{
    (void)state;
    assert_true(url_same_site(STR("http://www.example.org/a"), STR("https://example.org/b")));
    assert_true(url_same_site(STR("http://m.example.org/"), STR("http://amp.example.org/")));
    assert_true(url_same_site(STR("http://news.example.org/"), STR("http://example.org/")));
    assert_false(url_same_site(STR("http://notexample.org/"), STR("http://example.org/")));
    assert_false(url_same_site(STR("http://example.org/"), STR("http://example.net/")));
    assert_false(url_same_site(STR("http://example.org/"), STR("http://org/")));
    assert_false(url_same_site(STR(""), STR("")));
}

/* The standard's own cases, where they lie beside the tree: all that begin or end in http and
 * https. */
static json_t *standard_cases(void)
{
    struct buf text = BUF_NONE;
    char bytes[4096];
    int n;
    gzFile file = gzopen("../shared/data/feeds/urltestdata.json.gz", "rb");
    if (!file)
        return NULL;
    while ((n = gzread(file, bytes, sizeof bytes)) > 0)
        buf_put(&text, bytes, (size_t)n);
    gzclose(file);
    json_t *cases = json_loadb(text.at, text.len, JSON_ALLOW_NUL, NULL);
    buf_free(&text);
    return cases;
}

static struct str member(const json_t *one, const char *key)
{
    const json_t *value = json_object_get(one, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

static bool is_web(struct str url)
{
    return str_startsi(url, STR("http:")) || str_startsi(url, STR("https:"));
}

static void the_standards_own_cases_hold(void **state)
{
    (void)state;
    json_t *cases = standard_cases();
    size_t right = 0, counted = 0;
    if (!cases) {
        print_message("skipped: the standard's cases do not lie in ../shared\n");
        skip();
    }
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        struct str base = member(one, "base"), input = member(one, "input"),
                   href = member(one, "href");
        bool fails = json_is_true(json_object_get(one, "failure"));
        if (!json_is_object(one) || (base.len && !is_web(base) && !str_is(base, "about:blank")) ||
            (fails ? !is_web(input) && !is_web(base) : !is_web(href)))
            continue;
        struct buf out = BUF_NONE;
        int rc = url_resolve(base, input, &out);
        bool ok = fails ? rc < 0 : rc == 0 && str_eq(buf_str(&out), href);
        if (!ok)
            print_error("%.*s + %.*s: want %.*s, got %s\n", STR_ARG(base), STR_ARG(input),
                        STR_ARG(href), buf_cstr(&out));
        counted++;
        right += ok;
        buf_free(&out);
    }
    json_decref(cases);
    print_message("%zu of %zu\n", right, counted);
    assert_true(counted > 400);
    assert_int_equal(right, counted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_made_absolute),
        cmocka_unit_test(hosts_are_written_as_the_wire_wants_them),
        cmocka_unit_test(what_is_no_web_address_is_refused),
        cmocka_unit_test(an_address_beyond_the_limit_is_refused),
        cmocka_unit_test(identity_forgets_what_does_not_change_the_page),
        cmocka_unit_test(copies_for_phones_and_caches_are_the_same_page),
        cmocka_unit_test(what_only_looks_like_a_copy_is_a_page_of_its_own),
        cmocka_unit_test(the_host_is_found_in_any_address),
        cmocka_unit_test(a_site_is_its_host_and_what_lies_below_it),
        cmocka_unit_test(the_standards_own_cases_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
