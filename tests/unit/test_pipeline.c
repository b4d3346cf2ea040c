#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "clock.h"
#include "inside.h"

struct stage {
    struct ev_loop *loop;
    struct sources *sources;
    struct source *source;
    struct item item;
    struct link_identity identity;
    struct link_answer answer;
};

static void nobody(void *ctx, struct source_event *event)
{
    (void)ctx;
    (void)event;
}

static int setup(void **state)
{
    struct stage *s = xcalloc(1, sizeof *s);
    char why[SOURCE_WHY];
    s->loop = ev_loop_new(0);
    struct source_def def = {
        .id = "courier", .kind = "feed", .url = "http://example.org/rss", .title = "Courier"};
    if (sources_open(&(struct sources_options){.loop = s->loop, .up = nobody}, &s->sources) != 0 ||
        sources_add(s->sources, &def, STR_NONE, &s->source, why) != 0)
        return -1;
    s->item.field[ITEM_GUID] = STR("1");
    s->item.field[ITEM_HEADLINE] = STR("Harbour \"reopens\"");
    s->item.field[ITEM_BODY] = STR("The harbour reopened.\n\nFerries sail again.");
    s->item.field[ITEM_LINK] = STR("http://example.org/1");
    s->item.published_at = 1767225600 * USEC_PER_SEC;
    link_identify(STR("courier"), &s->item, &s->identity);
    s->answer = (struct link_answer){.verdict = LINK_UPDATE, .version = 2, .story_size = 3};
    snprintf(s->answer.story, sizeof s->answer.story, "urn:dateline:story:1");
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;
    sources_close(s->sources);
    ev_loop_destroy(s->loop);
    free(s);
    return 0;
}

static struct buf row_of(struct stage *s, const char *title, const char *url)
{
    struct buf row = BUF_NONE;
    work_row(&s->item,
             &(struct work_facts){.event = "update",
                                  .identity = &s->identity,
                                  .answer = &s->answer,
                                  .source = s->source,
                                  .title = title,
                                  .url = url,
                                  .fetched_at = 1767312000 * USEC_PER_SEC},
             &row);
    return row;
}

static json_t *record_of(struct stage *s, const char *title, const char *url)
{
    struct buf row = row_of(s, title, url);
    struct str work = work_of_row(buf_str(&row));
    json_t *record = json_loadb(work.at, work.len, JSON_REJECT_DUPLICATES, NULL);
    buf_free(&row);
    assert_non_null(record);
    return record;
}

static const char *text_at(json_t *record, const char *a, const char *b)
{
    json_t *at = json_object_get(record, a);
    return json_string_value(b ? json_object_get(at, b) : at);
}

static void a_row_is_known_by_its_uri_and_version_alone(void **state)
{
    struct stage *s = *state;
    struct buf row = row_of(s, NULL, NULL);
    struct str uri = str_of(s->identity.uri);
    assert_true(work_is(buf_str(&row), uri, STR("2")));
    assert_false(work_is(buf_str(&row), uri, STR("1")));
    assert_false(work_is(buf_str(&row), str_upto(uri, uri.len - 1), STR("2")));
    assert_false(work_is(str_upto(buf_str(&row), WORK_TAG), uri, STR("2")));
    buf_free(&row);
}

static void a_row_says_its_lane_and_the_language_its_publisher_declares(void **state)
{
    static const struct {
        const char *declared, *code;
    } cases[] = {{"en", "en"}, {"en-GB", "en"}, {"DE_at", "de"}, {"gsw-CH", "gsw"}, {"", ""},
                 {"x", ""},    {"engl", ""},    {"e1", ""},      {"en GB", ""}};
    struct stage *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        s->item.field[ITEM_LANGUAGE] = str_of(cases[i].declared);
        struct buf row = row_of(s, NULL, NULL);
        struct dispatch_item item = work_item(7, buf_str(&row), 2, 1);
        assert_int_equal(item.id, 7);
        assert_int_equal(item.lane, LANE_LIVE);
        assert_string_equal(item.language, cases[i].code);
        assert_int_equal(item.size, row.len - WORK_HEAD);
        assert_int_equal(item.deliveries, 2);
        assert_int_equal(item.deaths, 1);
        buf_free(&row);
    }
}

static void a_row_of_before_there_were_lanes_is_live_and_of_no_language(void **state)
{
    struct str row = STR("tagtagta{\"event\":\"new\"}");
    (void)state;
    struct dispatch_item item = work_item(7, row, 0, 0);
    assert_int_equal(item.lane, LANE_LIVE);
    assert_string_equal(item.language, "");
    assert_true(str_is(work_of_row(row), "{\"event\":\"new\"}"));
}

static void a_row_under_an_embargo_has_its_end_in_its_head(void **state)
{
    struct stage *s = *state;
    struct buf row = BUF_NONE;
    const int64_t until = 1790000000 * USEC_PER_SEC;
    struct work_facts facts = {.event = "new",
                               .identity = &s->identity,
                               .answer = &s->answer,
                               .source = s->source,
                               .fetched_at = 1767312000 * USEC_PER_SEC,
                               .release_at = until - 1, /* not a moment too early */
                               .lane = LANE_BACKFILL};
    work_row(&s->item, &facts, &row);
    struct str head = str_upto(buf_str(&row), STORE_HEAD);
    struct dispatch_item whole = work_item(7, buf_str(&row), 0, 0),
                         short_ = work_item(7, head, 0, 0);
    assert_int_equal(whole.release_at, until);
    assert_int_equal(short_.release_at, until);
    assert_int_equal(whole.lane, LANE_BACKFILL);
    assert_int_equal(whole.size, short_.size + row.len - head.len);
    assert_true(str_starts(work_of_row(buf_str(&row)), STR("{\"event\":\"new\"")));
    work_embargo_until(&row, until + USEC_PER_HOUR);
    assert_int_equal(work_item(7, buf_str(&row), 0, 0).release_at, until + USEC_PER_HOUR);
    assert_true(work_is(buf_str(&row), str_of(s->identity.uri), STR("2")));
    buf_free(&row);
}

static void a_record_says_what_when_and_whence(void **state)
{
    struct stage *s = *state;
    json_t *record = record_of(s, NULL, NULL);
    assert_string_equal(text_at(record, "event", NULL), "update");
    assert_string_equal(text_at(record, "url", NULL), "http://example.org/1");
    assert_string_equal(text_at(record, "fetched", NULL), "2026-01-02T00:00:00Z");
    assert_string_equal(text_at(record, "published", NULL), "2026-01-01T00:00:00Z");
    assert_string_equal(text_at(record, "source", "id"), "courier");
    assert_string_equal(text_at(record, "source", "url"), "http://example.org/rss");
    assert_string_equal(text_at(record, "item", "uri"), s->identity.uri);
    assert_string_equal(text_at(record, "item", "version"), "2");
    assert_string_equal(text_at(record, "story", "id"), "urn:dateline:story:1");
    assert_true(json_is_null(json_object_get(record, "duplicateOf")));
    json_decref(record);
}

static void a_feeds_own_title_goes_before_the_configured_one(void **state)
{
    struct stage *s = *state;
    json_t *configured = record_of(s, NULL, NULL), *own = record_of(s, "The Courier, daily", NULL);
    assert_string_equal(text_at(configured, "source", "title"), "Courier");
    assert_string_equal(text_at(own, "source", "title"), "The Courier, daily");
    json_decref(configured);
    json_decref(own);
}

static void an_item_without_a_link_has_the_url_of_its_file(void **state)
{
    struct stage *s = *state;
    s->item.field[ITEM_LINK] = STR_NONE;
    s->item.published_at = 0;
    json_t *file = record_of(s, NULL, "file:///srv/in/1.txt"), *none = record_of(s, NULL, NULL);
    assert_string_equal(text_at(file, "url", NULL), "file:///srv/in/1.txt");
    assert_string_equal(text_at(none, "url", NULL), "");
    assert_true(json_is_null(json_object_get(none, "published")));
    json_decref(file);
    json_decref(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_row_is_known_by_its_uri_and_version_alone),
        TEST(a_row_says_its_lane_and_the_language_its_publisher_declares),
        TEST(a_row_under_an_embargo_has_its_end_in_its_head),
        TEST(a_row_of_before_there_were_lanes_is_live_and_of_no_language),
        TEST(a_record_says_what_when_and_whence),
        TEST(a_feeds_own_title_goes_before_the_configured_one),
        TEST(an_item_without_a_link_has_the_url_of_its_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
