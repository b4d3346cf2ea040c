/*
 * Runs tests/cases/feeds/<case>/{input.*,expect.json}: what parse_document() hands out must be what
 * expect.json says. Of an item only the fields that stand there are compared; their number always
 * is.
 *
 *   {"request": {"type", "url", "charset", "content_type", "content_encoding"},
 *    "error": "EBADMSG", "reason": "a PDF, not a feed",
 *    "type": "rss", "bad_items": 0, "about": {…as about_json()…},
 *    "items": [{"guid", "link", "headline", "summary", "body", "byline", "language", "keywords",
 *               "copyright", "publisher", "captions", "located", "published", "updated", "retracted", "summary_is_all",
 * "media": [{…}]}]}
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "limits.h"
#include "parse.h"
#include "slurp.h"

#define CASES "tests/cases/feeds"

struct seen {
    json_t *items, *about;
};

static const struct {
    const char *key;
    enum item_field field;
} FIELDS[] = {
    {"guid", ITEM_GUID},           {"link", ITEM_LINK},         {"headline", ITEM_HEADLINE},
    {"summary", ITEM_SUMMARY},     {"body", ITEM_BODY},         {"byline", ITEM_BYLINE},
    {"language", ITEM_LANGUAGE},   {"keywords", ITEM_KEYWORDS}, {"copyright", ITEM_COPYRIGHT},
    {"publisher", ITEM_PUBLISHER}, {"captions", ITEM_CAPTIONS}, {"located", ITEM_LOCATED},
};

static json_t *text_json(struct str s)
{
    json_t *text = json_stringn(s.at ? s.at : "", s.len);
    assert_non_null(text); /* valid UTF-8, or jansson would refuse it */
    return text;
}

static json_t *time_json(int64_t at)
{
    char text[CLOCK_TEXT];
    return at ? json_string(clock_format(at, text)) : json_null();
}

static json_t *media_json(const struct item *item)
{
    json_t *list = json_array();
    for (size_t i = 0; i < item->media_count; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "url", text_json(item->media[i].url));
        if (item->media[i].type.len)
            json_object_set_new(one, "type", text_json(item->media[i].type));
        if (item->media[i].title.len)
            json_object_set_new(one, "title", text_json(item->media[i].title));
        if (item->media[i].width)
            json_object_set_new(one, "width", json_integer(item->media[i].width));
        json_array_append_new(list, one);
    }
    return list;
}

static int on_item(void *ctx, const struct item *item)
{
    struct seen *seen = ctx;
    json_t *one = json_object();
    for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++)
        json_object_set_new(one, FIELDS[i].key, text_json(item->field[FIELDS[i].field]));
    json_object_set_new(one, "published", time_json(item->published_at));
    json_object_set_new(one, "updated", time_json(item->updated_at));
    json_object_set_new(one, "retracted", json_boolean(item->flags & ITEM_RETRACTED));
    json_object_set_new(one, "summary_is_all", json_boolean(item->flags & ITEM_BODY_FROM_SUMMARY));
    json_object_set_new(one, "media", media_json(item));
    json_array_append_new(seen->items, one);
    return 0;
}

static void on_about(void *ctx, const struct about *about)
{
    struct seen *seen = ctx;
    assert_null(seen->about); /* at most once */
    seen->about = about_json(about);
}

static bool read_input(const char *name, struct buf *out)
{
    char path[512];
    bool found = false;
    snprintf(path, sizeof path, "%s/%s", CASES, name);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        if (strncmp(entry->d_name, "input.", 6) == 0) {
            snprintf(path, sizeof path, "%s/%s/%s", CASES, name, entry->d_name);
            found = slurp_file(path, LIMIT_BODY, out) == 0;
        }
    if (dir)
        closedir(dir);
    return found;
}

static struct str wish(const json_t *expect, const char *key)
{
    return str_of(json_string_value(json_object_get(json_object_get(expect, "request"), key)));
}

static bool same(const char *name, const char *what, const json_t *want, const json_t *got)
{
    if (json_equal(want, got))
        return true;
    char *a = json_dumps(want, JSON_ENCODE_ANY | JSON_COMPACT),
         *b = json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT);
    print_error("%s: %s: want %s, got %s\n", name, what, a ? a : "nothing", b ? b : "nothing");
    free(a);
    free(b);
    return false;
}

/* Every member of `want` in `got`. */
static bool covers(const char *name, json_t *want, const json_t *got)
{
    const char *key;
    json_t *value;
    bool ok = true;
    json_object_foreach (want, key, value)
        ok &= same(name, key, value, json_object_get(got, key));
    return ok;
}

static bool compare(const char *name, const json_t *expect, int rc,
                    const struct parse_report *report, const struct seen *seen)
{
    const json_t *items = json_object_get(expect, "items");
    const char *error = json_string_value(json_object_get(expect, "error"));
    int want = !error ? 0 : strcmp(error, "EMSGSIZE") == 0 ? -EMSGSIZE : -EBADMSG;
    bool ok = true;
    if (rc != want) {
        print_error("%s: want %d, got %d (%s)\n", name, want, rc, report->reason);
        ok = false;
    }
    json_t *facts = json_pack("{s:s, s:s, s:i}", "reason", report->reason, "type",
                              parse_type_name(report->type), "bad_items", (int)report->bad_items);
    const char *keys[] = {"reason", "type", "bad_items"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (json_object_get(expect, keys[i]))
            ok &= same(name, keys[i], json_object_get(expect, keys[i]),
                       json_object_get(facts, keys[i]));
    json_decref(facts);
    ok &= covers(name, json_object_get(expect, "about"), seen->about);
    if (json_array_size(items) != json_array_size(seen->items)) {
        print_error("%s: want %zu items, got %zu\n", name, json_array_size(items),
                    json_array_size(seen->items));
        return false;
    }
    for (size_t i = 0; i < json_array_size(items); i++)
        ok &= covers(name, json_array_get(items, i), json_array_get(seen->items, i));
    return ok;
}

static bool run(const char *name)
{
    char path[512];
    struct buf input = BUF_NONE;
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s/expect.json", CASES, name);
    json_t *expect = json_load_file(path, 0, &error);
    if (!expect || !read_input(name, &input)) {
        print_error("%s: %s\n", name, expect ? "no input" : error.text);
        json_decref(expect);
        return false;
    }
    struct parse_request request = {
        .bytes = buf_str(&input), .url = wish(expect, "url"), .charset = wish(expect, "charset")};
    request.content_type = wish(expect, "content_type");
    request.content_encoding = wish(expect, "content_encoding");
    if (wish(expect, "type").len)
        assert_int_equal(parse_type_of(wish(expect, "type"), &request.type), 0);
    struct seen seen = {json_array(), NULL};
    struct parse_out out = {&seen, on_about, on_item};
    struct parse_report report;
    int rc = parse_document(&request, &out, &report);
    bool ok = compare(name, expect, rc, &report, &seen);
    json_decref(seen.items);
    json_decref(seen.about);
    json_decref(expect);
    buf_free(&input);
    return ok;
}

static void every_case_gives_what_it_expects(void **state)
{
    (void)state;
    struct dirent **names;
    int count = scandir(CASES, &names, NULL, alphasort), bad = 0, cases = 0;
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            cases++;
            bad += !run(names[i]->d_name);
        }
        free(names[i]);
    }
    free(names);
    assert_true(cases >= 30);
    assert_int_equal(bad, 0);
}

/* ------------------------------------------------------------------------- what no file can say */

static int count_items(void *ctx, const struct item *item)
{
    (void)item;
    ++*(size_t *)ctx;
    return 0;
}

static int parse_counting(struct str bytes, size_t *count, struct parse_report *report)
{
    struct parse_request request = {.bytes = bytes};
    struct parse_out out = {count, NULL, count_items};
    *count = 0;
    return parse_document(&request, &out, report);
}

static void a_feed_stops_at_its_item_limit_and_keeps_what_came_before(void **state)
{
    (void)state;
    struct buf feed = BUF_NONE;
    struct parse_report report;
    size_t count;
    buf_putz(&feed, "<rss><channel><title>T</title>");
    for (int i = 0; i < 10500; i++)
        buf_printf(&feed, "<item><guid>g%d</guid></item>", i);
    buf_putz(&feed, "</channel></rss>");
    assert_int_equal(parse_counting(buf_str(&feed), &count, &report), -EMSGSIZE);
    assert_int_equal(count, 10000);
    assert_string_equal(report.reason, "more than 10000 items");
    buf_free(&feed);
}

/* As many as the protocol allows one file, and no more. */
static void a_sitemap_has_a_limit_of_its_own(void **state)
{
    (void)state;
    struct buf map = BUF_NONE;
    struct parse_report report;
    size_t count;
    buf_putz(&map, "<urlset>");
    for (int i = 0; i < 50000; i++)
        buf_printf(&map, "<url><loc>http://post.example/%d</loc></url>", i);
    assert_int_equal(parse_counting(buf_str(&map), &count, &report), 0);
    assert_int_equal(count, 50000);
    buf_putz(&map, "<url><loc>http://post.example/more</loc></url>");
    assert_int_equal(parse_counting(buf_str(&map), &count, &report), -EMSGSIZE);
    assert_int_equal(count, 50000);
    assert_string_equal(report.reason, "more than 50000 items");
    buf_free(&map);
}

static int stop_at_once(void *ctx, const struct item *item);

static void a_sitemap_that_breaks_within_an_entry_ends_with_the_readers_own_value(void **state)
{
    (void)state;
    struct parse_request request = {
        .bytes = STR("<urlset><url><loc>http://x.example/1</loc><url><loc>http://x.example/2</loc>"
                     "</url><url><loc>http://x.example/3</loc></url></urlset>")};
    struct parse_out out = {NULL, NULL, stop_at_once};
    struct parse_report report;
    assert_int_equal(parse_document(&request, &out, &report), 77);
    assert_int_equal(report.items, 1);
}

/* Ten thousand entries that never end, each inside the one before. */
static void entries_that_do_not_end_are_entries_all_the_same(void **state)
{
    (void)state;
    struct buf map = BUF_NONE;
    struct parse_report report;
    size_t count;
    buf_putz(&map, "<sitemapindex>");
    for (int i = 0; i < 10000; i++)
        buf_printf(&map, "<sitemap><loc>http://post.example/%d<lastmod>2026", i);
    assert_int_equal(parse_counting(buf_str(&map), &count, &report), 0);
    assert_int_equal(count, 10000);
    buf_free(&map);
}

static void a_document_deeper_than_the_limit_keeps_its_items(void **state)
{
    (void)state;
    struct buf feed = BUF_NONE;
    struct parse_report report;
    size_t count;
    buf_putz(&feed, "<rss><channel><title>T</title><item><guid>1</guid><description>");
    for (int i = 0; i < 100000; i++)
        buf_putz(&feed, "<b>");
    buf_putz(&feed, "</description></item><item><guid>2</guid></item></channel></rss>");
    assert_int_equal(parse_counting(buf_str(&feed), &count, &report), 0);
    assert_int_equal(count, 2);
    buf_free(&feed);
}

static void a_document_larger_than_the_limit_is_refused(void **state)
{
    (void)state;
    struct parse_report report;
    size_t count, size = (8UL << 20) + 1;
    char *bytes = xmalloc(size);
    memset(bytes, ' ', size);
    assert_int_equal(parse_counting((struct str){bytes, size}, &count, &report), -EMSGSIZE);
    assert_string_equal(report.reason, "larger than 8388608 bytes");
    free(bytes);
}

static int stop_at_once(void *ctx, const struct item *item)
{
    (void)ctx;
    (void)item;
    return 77;
}

static void a_reader_that_has_enough_ends_the_parse_with_its_own_value(void **state)
{
    (void)state;
    struct parse_request request = {
        .bytes = STR(
            "<rss><title>T</title><item><guid>1</guid></item><item><guid>2</guid></item></rss>")};
    struct parse_out out = {NULL, NULL, stop_at_once};
    struct parse_report report;
    assert_int_equal(parse_document(&request, &out, &report), 77);
    assert_int_equal(report.items, 1);
}

static void a_broken_item_takes_no_neighbour_along_however_many_there_are(void **state)
{
    (void)state;
    struct buf feed = BUF_NONE;
    struct parse_report report;
    size_t count;
    buf_putz(&feed, "<rss><channel><title>T</title>");
    for (int i = 0; i < 2000; i++)
        buf_printf(&feed,
                   "<item><guid>g%d</guid><description><p><b>x</description></item><item><title>y",
                   i);
    assert_int_equal(parse_counting(buf_str(&feed), &count, &report), 0);
    assert_int_equal(count, 4000);
    buf_free(&feed);
}

/* A type's name is what the command line takes. */
static void every_type_is_found_by_its_name(void **state)
{
    (void)state;
    enum parse_type type;
    for (const char *const *name = parse_type_names(); *name; name++) {
        assert_int_equal(parse_type_of(str_of(*name), &type), 0);
        assert_string_equal(parse_type_name(type), *name);
    }
    assert_int_equal(parse_type_of(STR("gopher"), &type), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gives_what_it_expects),
        cmocka_unit_test(a_feed_stops_at_its_item_limit_and_keeps_what_came_before),
        cmocka_unit_test(a_sitemap_has_a_limit_of_its_own),
        cmocka_unit_test(a_sitemap_that_breaks_within_an_entry_ends_with_the_readers_own_value),
        cmocka_unit_test(entries_that_do_not_end_are_entries_all_the_same),
        cmocka_unit_test(a_document_deeper_than_the_limit_keeps_its_items),
        cmocka_unit_test(a_document_larger_than_the_limit_is_refused),
        cmocka_unit_test(a_reader_that_has_enough_ends_the_parse_with_its_own_value),
        cmocka_unit_test(a_broken_item_takes_no_neighbour_along_however_many_there_are),
        cmocka_unit_test(every_type_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
