#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "limits.h"
#include "sources_help.h"

static void what_makes_no_sense_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct source_def bad[] = {
        {.id = "a", .kind = "gopher", .url = "http://a/"},
        {.id = "a", .kind = NULL, .url = "http://a/"},
        {.id = "A.b", .kind = "feed", .url = "http://a/"},
        {.id = "a", .kind = "feed"},
        {.id = "a", .kind = "feed", .url = "file:///etc/passwd"},
        {.id = "a", .kind = "feed", .url = "http://a b/"},
        {.id = "a", .kind = "feed", .url = "http://a/", .path = "/x"},
        {.id = "a", .kind = "feed", .url = "http://a/", .every_us = 10},
        {.id = "a", .kind = "feed", .url = "http://a/", .every_us = 100 * USEC_PER_DAY},
        {.id = "a", .kind = "directory"},
        {.id = "a", .kind = "directory", .path = "/x", .url = "http://a/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        why[0] = '\0';
        assert_int_equal(sources_add(sources, &bad[i], STR_NONE, NULL, why), -EINVAL);
        assert_true(strlen(why) > 0);
    }
    assert_int_equal(sources_count(sources), 0);
}

static void an_id_and_an_address_stand_for_one_source(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 0);
    struct source_def same_id = {.id = "a", .kind = "feed", .url = "http://b/"};
    struct source_def same_url = {.id = "b", .kind = "page", .url = "http://a/"};
    assert_int_equal(sources_add(sources, &same_id, STR_NONE, NULL, why), -EEXIST);
    assert_int_equal(sources_add(sources, &same_url, STR_NONE, NULL, why), -EEXIST);
    assert_non_null(strstr(why, "source a has this address"));
    assert_ptr_equal(sources_find(sources, STR("a")), a);
    assert_ptr_equal(sources_find(sources, STR("http://a/")), a);
    assert_null(sources_find(sources, STR("http://b/")));
    assert_int_equal(sources_remove(sources, STR("b")), -ENOENT);
    assert_int_equal(sources_remove(sources, STR("a")), 0);
    assert_int_equal(sources_count(sources), 0);
}

static void an_id_is_made_of_the_address_and_not_of_its_secrets(void **state)
{
    (void)state;
    char id[LIMIT_SOURCE_ID + 1];
    sources_make_id(sources, "https://www.Example.org/News/rss.xml?x=1", id, sizeof(id));
    assert_string_equal(id, "example-org-news-rss-xml-x-1");
    sources_make_id(sources, "https://user:secret@example.org/", id, sizeof(id));
    assert_string_equal(id, "example-org");
    add("example-org", "http://x/", 0);
    sources_make_id(sources, "https://example.org/", id, sizeof(id));
    assert_true(str_starts(str_of(id), STR("example-org-")) &&
                strlen(id) == strlen("example-org-01234567"));
    sources_make_id(sources, "/srv/wire/in", id, sizeof(id));
    assert_string_equal(id, "srv-wire-in");
    sources_make_id(sources, "http://\xd0\xb9/", id, sizeof(id));
    assert_true(str_starts(str_of(id), STR("source-")));
    struct source *s = add(NULL, "http://feeds.example.com/a", 0);
    assert_string_equal(source_def(s)->id, "feeds-example-com-a");
}

static void nothing_is_asked_before_the_start_and_the_new_at_once(void **state)
{
    (void)state;
    add("a", "http://a/", 0);
    add("b", "http://b/", 0);
    sources_run(sources);
    assert_int_equal(up_count, 0);
    sources_start(sources);
    sources_run(sources);
    assert_int_equal(up_count, 2);
    add("c", "http://c/", 0);
    sources_run(sources);
    assert_int_equal(up_count, 3);
    assert_string_equal(ups[2].url, "http://c/");
}

static void the_next_ask_is_planned_only_when_the_last_one_settled(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 10 * USEC_PER_SEC);
    sources_start(sources);
    sources_run(sources);
    advance(60 * USEC_PER_SEC);
    assert_int_equal(up_count, 1);
    source_polled(a, &fine);
    advance(60 * USEC_PER_SEC);
    assert_int_equal(up_count, 1);
    source_settled(a);
    sources_run(sources);
    assert_int_equal(up_count, 2);
}

static void sources_are_asked_in_the_order_in_which_they_are_due(void **state)
{
    (void)state;
    static const int every_s[] = {50, 10, 40, 20, 30};
    for (int i = 0; i < 5; i++) {
        char id[16], url[32];
        snprintf(id, sizeof(id), "s%d", every_s[i]);
        snprintf(url, sizeof(url), "http://%d/", every_s[i]);
        add(id, url, every_s[i] * USEC_PER_SEC);
    }
    sources_start(sources);
    sources_run(sources);
    for (int i = 0; i < 5; i++)
        settle(up_source[i], fine);
    up_count = 0;
    advance(60 * USEC_PER_SEC);
    assert_int_equal(up_count, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ups[i].id[1], '1' + i);
}

static void while_held_nothing_is_asked_and_nothing_is_forgotten(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 10 * USEC_PER_SEC);
    sources_start(sources);
    sources_hold(sources, true);
    sources_run(sources);
    assert_int_equal(up_count, 0);
    json_t *json = source_json(a);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "held");
    json_decref(json);
    sources_hold(sources, false);
    sources_run(sources);
    assert_int_equal(up_count, 1);
}

static void a_turn_asks_few_and_leaves_the_rest_to_the_next(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        char id[16], url[32];
        snprintf(id, sizeof(id), "s%d", i);
        snprintf(url, sizeof(url), "http://%d/", i);
        add(id, url, 0);
    }
    sources_start(sources);
    sources_run(sources);
    assert_in_range(up_count, 1, 99);
    sources_run(sources);
    assert_int_equal(up_count, 100);
}

static void the_timer_asks_by_itself(void **state)
{
    (void)state;
    clock_set(0);
    add("a", "http://a/", USEC_PER_SEC);
    sources_start(sources);
    ev_run(loop, EVRUN_ONCE);
    assert_int_equal(up_count, 1);
}

static void validators_come_back_and_a_failure_does_not_bring_new_ones(void **state)
{
    (void)state;
    struct source_outcome o = fine;
    struct source *a = add("a", "http://a/", 10 * USEC_PER_SEC);
    sources_start(sources);
    sources_run(sources);
    o.etag = "\"1\"";
    o.last_modified = "Thu, 01 Jan 2026 00:00:00 GMT";
    settle(a, o);
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[1].etag, "\"1\"");
    assert_string_equal(ups[1].modified, "Thu, 01 Jan 2026 00:00:00 GMT");
    settle(a, (struct source_outcome){
                  .status = 304, .not_modified = true, .etag = "\"2\"", .last_modified = ""});
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[2].etag, "\"2\"");
    assert_string_equal(ups[2].modified, "Thu, 01 Jan 2026 00:00:00 GMT");
    settle(a, (struct source_outcome){.class = "not-a-feed", .status = 200, .etag = "\"html\""});
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[3].etag, "\"2\"");
    settle(a, fine); /* has no validators any more */
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[4].etag, "");
}

static void an_address_is_taken_over_after_three_equal_moves_in_a_row(void **state)
{
    (void)state;
    struct source_outcome moved = fine, elsewhere = fine;
    moved.moved = "http://new/";
    elsewhere.moved = "http://maintenance/";
    struct source *a = add("a", "http://old/", 10 * USEC_PER_SEC);
    sources_start(sources);
    sources_run(sources);
    const struct source_outcome *answers[] = {&moved, &moved, &elsewhere, &moved, &moved, &moved};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        assert_string_equal(ups[up_count - 1].url, "http://old/");
        settle(a, *answers[i]);
        advance(20 * USEC_PER_SEC);
    }
    assert_string_equal(ups[up_count - 1].url, "http://new/");
    assert_ptr_equal(sources_find(sources, STR("http://old/")), a);
    assert_ptr_equal(sources_find(sources, STR("http://new/")), a);
    assert_string_equal(source_def(a)->url, "http://old/");
    struct source *b = add("b", "http://new/", 0); /* a definition has the older right */
    assert_ptr_equal(sources_find(sources, STR("http://new/")), b);
    settle(a, fine);
    advance(20 * USEC_PER_SEC);
    assert_string_equal(ups[up_count - 1].url, "http://old/");
}

static void a_source_moves_to_no_address_that_is_asked_already(void **state)
{
    (void)state;
    struct source_outcome moved = fine;
    moved.moved = "http://b/";
    struct source *a = add("a", "http://a/", 10 * USEC_PER_SEC);
    add("b", "http://b/", USEC_PER_HOUR);
    sources_start(sources);
    sources_run(sources);
    for (int i = 0; i < 5; i++) {
        settle(a, moved);
        advance(20 * USEC_PER_SEC);
    }
    assert_string_equal(ups[up_count - 1].url, "http://a/");
}

static void what_is_known_survives_a_restart(void **state)
{
    (void)state;
    struct buf kept = BUF_NONE;
    struct source_outcome o = fine;
    struct source *a = add("a", "http://a/", 0);
    sources_start(sources);
    sources_run(sources);
    o.etag = "W/\"x\"";
    o.title = "A feed";
    o.fresh_us = 2 * USEC_PER_HOUR;
    settle(a, o);
    source_state(a, &kept);
    int64_t next = a->schedule.next_at;
    sources_close(sources);
    open_sources();
    a = add_state("a", "http://a/", 0, buf_str(&kept));
    sources_start(sources);
    advance(USEC_PER_HOUR);
    assert_int_equal(up_count, 0);
    assert_int_equal(a->schedule.next_at, next);
    assert_string_equal(source_title(a), "A feed");
    advance(2 * USEC_PER_HOUR);
    assert_int_equal(up_count, 1);
    assert_string_equal(ups[0].etag, "W/\"x\"");
    buf_free(&kept);
}

static void a_new_address_is_asked_without_the_validators_of_the_old(void **state)
{
    (void)state;
    struct buf kept = BUF_NONE;
    struct source_outcome o = fine;
    struct source *a = add("a", "http://a/", 0);
    sources_start(sources);
    sources_run(sources);
    o.etag = "\"x\"";
    settle(a, o);
    source_state(a, &kept);
    sources_close(sources);
    open_sources();
    add_state("a", "http://elsewhere/", 0, buf_str(&kept));
    sources_start(sources);
    sources_run(sources);
    assert_int_equal(up_count, 1);
    assert_string_equal(ups[0].etag, "");
    buf_free(&kept);
}

static void bad_stored_state_is_never_fatal(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{",
        "[]",
        "null",
        "{\"v\":2,\"etag\":\"x\"}",
        "{\"v\":1}",
        "{\"v\":\"1\"}",
        "\xff\xfe",
        "{\"v\":1,\"address\":\"http://a/\",\"etag\":5,\"next_at\":\"x\",\"failures\":-3}",
        "{\"v\":1,\"address\":\"http://a/\",\"learned_us\":1e300,\"skip_hours\":99999999999}",
        "{\"v\":1,\"address\":\"http://a/\",\"adopted\":\"\",\"taken\":\"zz\",\"failures\":9}",
        "{\"v\":1,\"address\":\"http://a/\",\"class\":[],\"moved_count\":1000,\"last_ask\":-1}",
    };
    sources_start(sources);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        up_count = 0;
        struct source *a = add_state("a", "http://a/", 0, str_of(bad[i]));
        sources_run(sources);
        assert_int_equal(up_count, 1);
        assert_string_equal(ups[0].etag, "");
        settle(a, fine);
        assert_int_equal(sources_remove(sources, STR("a")), 0);
    }
}

static void a_paused_source_stays_so_over_a_restart_until_it_is_resumed(void **state)
{
    (void)state;
    struct buf kept = BUF_NONE;
    struct source *a = add("a", "http://a/", 0);
    source_pause(a, true);
    sources_start(sources);
    sources_run(sources);
    source_refresh(a);
    sources_run(sources);
    assert_int_equal(up_count, 0);
    source_state(a, &kept);
    sources_close(sources);
    open_sources();
    a = add_state("a", "http://a/", 0, buf_str(&kept));
    sources_start(sources);
    sources_run(sources);
    assert_int_equal(up_count, 0);
    source_pause(a, false);
    sources_run(sources);
    assert_int_equal(up_count, 1);
    buf_free(&kept);
}

static void a_refresh_asks_now(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", USEC_PER_HOUR);
    sources_start(sources);
    sources_run(sources);
    source_refresh(a); /* it is being asked */
    settle(a, (struct source_outcome){.status = 410, .gone = true, .class = "gone"});
    sources_run(sources);
    assert_int_equal(up_count, 1);
    source_refresh(a);
    sources_run(sources);
    assert_int_equal(up_count, 2);
}

static void a_source_under_way_is_removed_when_that_ends(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 0);
    sources_start(sources);
    sources_run(sources);
    assert_int_equal(sources_remove(sources, STR("a")), -EBUSY);
    source_polled(a, &fine);
    assert_int_equal(sources_count(sources), 1);
    source_settled(a);
    assert_int_equal(sources_count(sources), 0);
}

static void an_explanation_names_the_time_and_the_reason(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    struct source_outcome o = fine;
    struct source *a = add("a", "http://a/", 60 * USEC_PER_SEC);
    sources_start(sources);
    sources_run(sources);
    source_explain(a, &b);
    assert_non_null(strstr(buf_cstr(&b), "It is being asked now."));
    o.fresh_us = 600 * USEC_PER_SEC;
    settle(a, o);
    buf_reset(&b);
    source_explain(a, &b);
    assert_non_null(strstr(buf_cstr(&b), "Next asked 2026-01-01T00:1"));
    assert_non_null(
        strstr(buf_cstr(&b), "Cache-Control or Expires of 10m raised the 1m that every: asks."));
    json_t *json = source_json(a);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "waiting");
    assert_non_null(json_string_value(json_object_get(json, "next")));
    json_decref(json);
    advance(USEC_PER_HOUR);
    settle(a, (struct source_outcome){.class = "dns", .error = "no such\nname"});
    buf_reset(&b);
    source_explain(a, &b);
    assert_non_null(
        strstr(buf_cstr(&b), "It failed 1 time in a row, last as dns: \"no such\\x0aname\"."));
    buf_free(&b);
}

static void many_idle_sources_are_cheap(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    for (int i = 0; i < MANY; i++) {
        char id[16], url[40];
        snprintf(id, sizeof(id), "s%d", i);
        snprintf(url, sizeof(url), "http://%d/", i);
        struct source *s = add(id, url, USEC_PER_HOUR);
        s->schedule.last_ask = NOW - USEC_PER_MIN;
        s->schedule.next_at = NOW + USEC_PER_HOUR + (int64_t)i * 7919 % MANY * USEC_PER_MSEC;
    }
    sources_start(sources);
    int64_t last = 0;
    int asked = 0;
    for (int turn = 0; turn < 20; turn++) {
        up_count = 0;
        advance(turn ? USEC_PER_SEC : USEC_PER_HOUR);
        for (int i = 0; i < up_count; i++, asked++) {
            assert_true(up_source[i]->schedule.next_at >= last);
            last = up_source[i]->schedule.next_at;
            settle(up_source[i], fine);
        }
    }
    assert_in_range(asked, 64, 20 * 64);
}

#define ASKING(name) cmocka_unit_test_setup_teardown(name, begin_frozen, end)

static struct source *add_push(const char *id, struct str stored)
{
    struct source *s = NULL;
    const struct source_def def = {.id = id, .kind = "push", .title = "The wire"};
    assert_int_equal(sources_add(sources, &def, stored, &s, why), 0);
    return s;
}

static void a_push_source_is_never_asked_and_remembers_what_was_handed_in(void **state)
{
    (void)state;
    struct buf stored = BUF_NONE, text = BUF_NONE;
    struct source *s = add_push("wire", STR_NONE);
    sources_start(sources);
    advance(90 * USEC_PER_DAY);
    assert_int_equal(up_count, 0);
    source_pushed(s, 10, 7, 1);
    source_refresh(s);
    sources_run(sources);
    assert_int_equal(up_count, 0);
    assert_ptr_equal(sources_find(sources, STR("wire")), s);
    source_state(s, &stored);
    assert_int_equal(sources_remove(sources, STR("wire")), 0);
    s = add_push("wire", buf_str(&stored));
    json_t *json = source_json(s);
    assert_int_equal(json_integer_value(json_object_get(json, "items")), 10);
    assert_int_equal(json_integer_value(json_object_get(json, "fresh_items")), 7);
    assert_int_equal(json_integer_value(json_object_get(json, "refused")), 1);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "listening");
    assert_true(json_is_string(json_object_get(json, "last_new")));
    source_explain(s, &text);
    assert_true(str_find(buf_str(&text), STR("new: 7")) != SIZE_MAX);
    json_decref(json);
    buf_free(&stored);
    buf_free(&text);
}

static void a_push_source_has_an_id_and_no_address(void **state)
{
    (void)state;
    const struct source_def bad[] = {
        {.kind = "push"},
        {.kind = "push", .id = "a", .url = "http://a/"},
        {.kind = "push", .id = "a", .path = "/a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(sources_add(sources, &bad[i], STR_NONE, NULL, why), -EINVAL);
    add_push("a", STR_NONE);
    add_push("b", STR_NONE);
    assert_int_equal(
        sources_add(sources, &(struct source_def){.kind = "push", .id = "a"}, STR_NONE, NULL, why),
        -EEXIST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ASKING(what_makes_no_sense_is_refused_with_a_reason),
        ASKING(an_id_and_an_address_stand_for_one_source),
        ASKING(an_id_is_made_of_the_address_and_not_of_its_secrets),
        ASKING(nothing_is_asked_before_the_start_and_the_new_at_once),
        ASKING(the_next_ask_is_planned_only_when_the_last_one_settled),
        ASKING(sources_are_asked_in_the_order_in_which_they_are_due),
        ASKING(while_held_nothing_is_asked_and_nothing_is_forgotten),
        ASKING(a_turn_asks_few_and_leaves_the_rest_to_the_next),
        ASKING(the_timer_asks_by_itself),
        ASKING(validators_come_back_and_a_failure_does_not_bring_new_ones),
        ASKING(an_address_is_taken_over_after_three_equal_moves_in_a_row),
        ASKING(a_source_moves_to_no_address_that_is_asked_already),
        ASKING(what_is_known_survives_a_restart),
        ASKING(a_new_address_is_asked_without_the_validators_of_the_old),
        ASKING(bad_stored_state_is_never_fatal),
        ASKING(a_paused_source_stays_so_over_a_restart_until_it_is_resumed),
        ASKING(a_refresh_asks_now),
        ASKING(a_source_under_way_is_removed_when_that_ends),
        ASKING(an_explanation_names_the_time_and_the_reason),
        ASKING(many_idle_sources_are_cheap),
        ASKING(a_push_source_is_never_asked_and_remembers_what_was_handed_in),
        ASKING(a_push_source_has_an_id_and_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
