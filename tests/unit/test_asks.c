/* How many are asked at once, and where a source is asked that has moved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "limits.h"
#include "sources_help.h"

static const struct source_outcome timed_out = {.class = "timeout", .error = "silent"};

/* ---- where */

/* Added as http://old/, taken over to http://new/, and asked there. */
static struct source *moved_source(void)
{
    struct source_outcome moved = fine;
    moved.moved = "http://new/";
    moved.etag = "\"new\"";
    struct source *a = add("a", "http://old/", 10 * USEC_PER_SEC);
    sources_start(sources);
    sources_run(sources);
    for (int i = 0; i < LIMIT_ADOPT_AFTER; i++) {
        settle(a, moved);
        advance(20 * USEC_PER_SEC);
    }
    assert_string_equal(ups[up_count - 1].url, "http://new/");
    assert_string_equal(ups[up_count - 1].etag, "\"new\"");
    return a;
}

static void assert_asked_at_home(struct source *a)
{
    assert_string_equal(ups[up_count - 1].url, "http://old/");
    assert_string_equal(ups[up_count - 1].etag, "");
    assert_string_equal(source_def(a)->id, "a");
    assert_null(sources_find(sources, STR("http://new/")));
}

static void a_source_goes_home_when_its_new_address_fails_three_times(void **state)
{
    (void)state;
    struct source *a = moved_source();
    for (int i = 1; i < LIMIT_ADOPT_AFTER; i++) {
        settle(a, timed_out);
        advance(USEC_PER_HOUR);
        assert_string_equal(ups[up_count - 1].url, "http://new/");
    }
    settle(a, timed_out);
    advance(0); /* at once */
    assert_asked_at_home(a);
}

static void a_source_goes_home_at_once_when_nothing_is_at_its_new_address(void **state)
{
    (void)state;
    static const struct source_outcome dead[] = {
        {.class = "http4xx", .status = 404},
        {.class = "gone", .status = 410, .gone = true},
    };
    struct buf b = BUF_NONE;
    for (size_t i = 0; i < ARRAY_LEN(dead); i++) {
        up_count = 0;
        struct source *a = moved_source();
        settle(a, dead[i]);
        source_explain(a, &b);
        assert_non_null(strstr(buf_cstr(&b), i ? "failed (410): its own is asked again"
                                               : "failed (404): its own is asked again"));
        assert_null(strstr(buf_cstr(&b), "gone for good"));
        buf_reset(&b);
        advance(0);
        assert_asked_at_home(a);
        settle(a, fine);
        assert_int_equal(a->schedule.failures, 0);
        assert_int_equal(sources_remove(sources, STR("a")), 0);
    }
    buf_free(&b);
}

static void a_host_that_wants_rest_is_no_dead_address(void **state)
{
    (void)state;
    struct source *a = moved_source();
    for (int i = 0; i < 5; i++) {
        settle(a, (struct source_outcome){.class = "held", .retry_after_us = USEC_PER_MIN});
        advance(USEC_PER_HOUR);
        assert_string_equal(ups[up_count - 1].url, "http://new/");
    }
}

static void a_source_that_is_sent_home_stays_there(void **state)
{
    (void)state;
    struct source_outcome back = fine;
    back.moved = "http://old/";
    struct source *a = moved_source();
    for (int i = 0; i < LIMIT_ADOPT_AFTER; i++) {
        settle(a, back);
        advance(20 * USEC_PER_SEC);
    }
    assert_string_equal(ups[up_count - 1].url, "http://old/");
    assert_null(sources_find(sources, STR("http://new/")));
}

static void at_home_without_an_answer_the_pauses_grow_as_ever(void **state)
{
    (void)state;
    struct source *a = moved_source();
    settle(a, (struct source_outcome){.class = "http4xx", .status = 404});
    advance(0);
    int asked = up_count;
    settle(a, timed_out);
    advance(10 * USEC_PER_SEC);
    assert_int_equal(up_count, asked);
    advance(20 * USEC_PER_SEC);
    assert_int_equal(up_count, asked + 1);
}

/* ---- how many */

static void add_many(int count)
{
    for (int i = 0; i < count; i++) {
        char id[16], url[32];
        snprintf(id, sizeof(id), "s%d", i);
        snprintf(url, sizeof(url), "http://%d/", i);
        add(id, url, USEC_PER_HOUR);
    }
}

/* Asks all that may be asked. */
static int ask_all(void)
{
    int asked = 0;
    do {
        up_count = 0;
        sources_run(sources);
        asked += up_count;
    } while (up_count > 0);
    return asked;
}

static void only_so_many_are_asked_and_the_next_when_one_has_settled(void **state)
{
    (void)state;
    add_many(LIMIT_ASKS_UNDER_WAY + 10);
    sources_start(sources);
    sources_run(sources);
    struct source *one = up_source[0], *other = up_source[1];
    int asked = up_count;
    assert_int_equal(asked + ask_all(), LIMIT_ASKS_UNDER_WAY);
    source_polled(one, &fine);
    assert_int_equal(ask_all(), 0);
    source_settled(one);
    assert_int_equal(ask_all(), 1);
    assert_int_equal(sources_remove(sources, str_of(source_def(other)->id)), -EBUSY);
    source_abandon(other);
    assert_int_equal(ask_all(), 1);
}

static void the_next_in_line_is_asked_by_the_timer(void **state)
{
    (void)state;
    add_many(LIMIT_ASKS_UNDER_WAY + 1);
    sources_start(sources);
    sources_run(sources);
    struct source *one = up_source[0];
    ask_all();
    settle(one, fine);
    up_count = 0;
    ev_run(loop, EVRUN_ONCE);
    assert_int_equal(up_count, 1);
}

static void who_waits_in_line_is_told_so(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    add_many(LIMIT_ASKS_UNDER_WAY);
    sources_start(sources);
    ask_all();
    source_explain(add("late", "http://late/", 0), &b);
    assert_non_null(strstr(buf_cstr(&b), "who is due waits in line"));
    buf_free(&b);
}

static void a_line_of_feeds_does_not_hold_up_a_directory(void **state)
{
    (void)state;
    struct source *s = NULL;
    struct source_def def = {.id = "wire", .kind = "directory", .path = "/nowhere/at/all"};
    add_many(LIMIT_ASKS_UNDER_WAY + 10);
    sources_start(sources);
    ask_all();
    assert_int_equal(sources_add(sources, &def, STR_NONE, &s, why), 0);
    ask_all();
    assert_int_equal(s->schedule.failures, 1); /* it was looked for */
}

/* ---- abandoned */

static void an_abandoned_source_is_removed_at_once_whatever_was_under_way(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 0), *b = add("b", "http://b/", 0);
    sources_start(sources);
    sources_run(sources);
    source_polled(b, &fine);
    source_abandon(a);
    source_abandon(b);
    assert_int_equal(sources_remove(sources, STR("a")), 0);
    assert_int_equal(sources_remove(sources, STR("b")), 0);
    assert_int_equal(sources_count(sources), 0);
}

static void an_abandoned_source_that_was_to_go_goes(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 0);
    sources_start(sources);
    sources_run(sources);
    assert_int_equal(sources_remove(sources, STR("a")), -EBUSY);
    source_abandon(a);
    assert_int_equal(sources_count(sources), 0);
}

static void an_abandoned_ask_is_due_again(void **state)
{
    (void)state;
    struct source *a = add("a", "http://a/", 0);
    source_abandon(a); /* idle: nothing to it */
    sources_start(sources);
    sources_run(sources);
    source_abandon(a);
    sources_run(sources);
    assert_int_equal(up_count, 2);
    settle(a, fine);
}

static void when_it_publishes_is_told_and_survives(void **state)
{
    (void)state;
    enum { ITEMS = 60 };
    int64_t times[ITEMS]; /* six a day, from 06:00 to 11:00 GMT */
    for (int i = 0; i < ITEMS; i++)
        times[i] = NOW / USEC_PER_DAY * USEC_PER_DAY - (i / 6) * USEC_PER_DAY -
                   (18 - i % 6) * USEC_PER_HOUR;
    struct source_outcome o = fine;
    o.items = o.fresh_items = o.fresh_at_count = ITEMS;
    o.fresh_at = times;
    struct source *a = add("a", "http://a/", 0);
    sources_start(sources);
    sources_run(sources);
    settle(a, o);
    struct buf text = BUF_NONE, stored = BUF_NONE;
    source_explain(a, &text);
    assert_non_null(strstr(buf_cstr(&text), "items are expected in a day, 100 of 100 between "));
    source_state(a, &stored);
    struct schedule before = a->schedule;
    assert_int_equal(sources_remove(sources, STR("a")), 0);
    a = add_state("a", "http://a/", 0, buf_str(&stored));
    assert_int_equal(a->schedule.rhythm.at, before.rhythm.at);
    assert_int_equal(a->schedule.window, ITEMS);
    for (unsigned h = 0; h < RHYTHM_HOURS; h++)
        assert_true(a->schedule.rhythm.hour[h] > before.rhythm.hour[h] - 0.002F &&
                    a->schedule.rhythm.hour[h] <= before.rhythm.hour[h]);
    buf_free(&text);
    buf_free(&stored);
}

static void a_stored_rhythm_that_cannot_be_is_cut_or_left(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "{\"v\":1,\"address\":\"http://a/\",\"rhythm\":[1,2,3]}",
        "{\"v\":1,\"address\":\"http://a/\",\"rhythm\":{\"x\":1}}",
        "{\"v\":1,\"address\":\"http://a/\",\"rhythm\":[9e18,-1,9223372036854775807,\"x\",null,"
        "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 0,0,0,0,0,0,0, "
        "0,0,0,0,0,0,0,0,0,0,0,-5]}"};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        struct source *a = add_state("a", "http://a/", 0, str_of(odd[i]));
        const struct rhythm *r = &a->schedule.rhythm;
        assert_true(r->at >= 0 && r->at <= NOW && r->items >= 0 && r->seen_h >= 0 &&
                    r->items < 1e7F);
        assert_int_equal(sources_remove(sources, STR("a")), 0);
    }
}

#define ASKING(name) cmocka_unit_test_setup_teardown(name, begin_frozen, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ASKING(when_it_publishes_is_told_and_survives),
        ASKING(a_stored_rhythm_that_cannot_be_is_cut_or_left),
        ASKING(a_source_goes_home_when_its_new_address_fails_three_times),
        ASKING(a_source_goes_home_at_once_when_nothing_is_at_its_new_address),
        ASKING(a_host_that_wants_rest_is_no_dead_address),
        ASKING(a_source_that_is_sent_home_stays_there),
        ASKING(at_home_without_an_answer_the_pauses_grow_as_ever),
        ASKING(only_so_many_are_asked_and_the_next_when_one_has_settled),
        ASKING(the_next_in_line_is_asked_by_the_timer),
        ASKING(who_waits_in_line_is_told_so),
        ASKING(a_line_of_feeds_does_not_hold_up_a_directory),
        ASKING(an_abandoned_source_is_removed_at_once_whatever_was_under_way),
        ASKING(an_abandoned_source_that_was_to_go_goes),
        ASKING(an_abandoned_ask_is_due_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
