#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "limits.h"
#include "schedule.h"

#define NOW (1767225600 * USEC_PER_SEC) /* Thursday, 2026-01-01 00:00:00 GMT */

static struct schedule s;
static int64_t now;

static void begin(void)
{
    s = (struct schedule){0};
    now = NOW;
}

/* One ask that is answered at once; the time then is the next one's. Gives the wait. */
static int64_t poll_at(int64_t every_us, struct source_outcome outcome, double chance)
{
    struct schedule_terms terms = {every_us, 0.1};
    schedule_asked(&s, now);
    schedule_decide(&s, &terms, &outcome, now, chance);
    int64_t wait = s.next_at - now;
    now = s.next_at;
    return wait;
}

static int64_t poll(int64_t every_us, struct source_outcome outcome)
{
    return poll_at(every_us, outcome, 0);
}

static const struct source_outcome known = {.status = 200, .items = 20};
static const struct source_outcome some = {.status = 200, .items = 20, .fresh_items = 10};
static const struct source_outcome all_new = {.status = 200, .items = 20, .fresh_items = 20};
static const struct source_outcome failed = {.class = "dns", .error = "no such name"};

static void an_explicit_interval_is_kept(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < 5; i++)
        assert_int_equal(poll(60 * USEC_PER_SEC, i % 2 ? known : all_new), 60 * USEC_PER_SEC);
    assert_string_equal(s.why, "the 1m that every: asks");
    assert_int_equal(poll(USEC_PER_SEC, known), USEC_PER_SEC);
}

static void the_interval_counts_from_ask_to_ask(void **state)
{
    (void)state;
    begin();
    schedule_asked(&s, NOW);
    schedule_decide(&s, &(struct schedule_terms){60 * USEC_PER_SEC, 0.1}, &known,
                    NOW + 20 * USEC_PER_SEC, 0);
    assert_int_equal(s.next_at, NOW + 60 * USEC_PER_SEC);
    schedule_asked(&s, NOW);
    schedule_decide(&s, &(struct schedule_terms){60 * USEC_PER_SEC, 0.1}, &known,
                    NOW + 200 * USEC_PER_SEC, 0);
    assert_int_equal(s.next_at, NOW + 200 * USEC_PER_SEC);
}

static void chance_only_lengthens_and_by_a_tenth(void **state)
{
    (void)state;
    begin();
    assert_int_equal(poll_at(60 * USEC_PER_SEC, known, 1), 66 * USEC_PER_SEC);
    assert_int_equal(poll_at(60 * USEC_PER_SEC, known, 0), 60 * USEC_PER_SEC);
}

static void over_a_day_a_source_is_asked_within_a_tenth_of_its_interval(void **state)
{
    (void)state;
    begin();
    int asks = 0;
    for (; now < NOW + USEC_PER_DAY; asks++) {
        schedule_asked(&s, now);
        int64_t answered = now + 2 * USEC_PER_SEC;
        int64_t asked = now;
        schedule_decide(&s, &(struct schedule_terms){10 * USEC_PER_MIN, 0.1}, &known, answered,
                        (double)(asks * 7 % 10) / 10);
        now = s.next_at;
        assert_in_range(now - asked, 10 * USEC_PER_MIN, 11 * USEC_PER_MIN);
    }
    assert_in_range(asks, 131, 144);
}

static void what_the_publisher_asks_for_raises_even_an_explicit_interval(void **state)
{
    (void)state;
    begin();
    struct source_outcome o = known;
    o.fresh_us = 600 * USEC_PER_SEC;
    assert_int_equal(poll(60 * USEC_PER_SEC, o), 600 * USEC_PER_SEC);
    assert_string_equal(s.why, "Cache-Control or Expires of 10m raised the 1m that every: asks");
    o.floor_us = 900 * USEC_PER_SEC;
    assert_int_equal(poll(60 * USEC_PER_SEC, o), 900 * USEC_PER_SEC);
    assert_non_null(strstr(s.why, "ttl"));
    assert_int_equal(poll(USEC_PER_HOUR, o), USEC_PER_HOUR);
    assert_string_equal(s.why, "the 1h that every: asks");
}

static void a_ttl_lasts_through_a_304(void **state)
{
    (void)state;
    begin();
    struct source_outcome o = known;
    o.floor_us = 900 * USEC_PER_SEC;
    poll(60 * USEC_PER_SEC, o);
    assert_int_equal(
        poll(60 * USEC_PER_SEC, (struct source_outcome){.status = 304, .not_modified = true}),
        900 * USEC_PER_SEC);
    assert_int_equal(poll(60 * USEC_PER_SEC, known), 60 * USEC_PER_SEC);
}

static void no_wish_of_a_publisher_lasts_longer_than_a_day(void **state)
{
    (void)state;
    begin();
    struct source_outcome o = known;
    o.fresh_us = 365 * USEC_PER_DAY;
    assert_int_equal(poll(60 * USEC_PER_SEC, o), USEC_PER_DAY);
    assert_non_null(strstr(s.why, "cut to 1d"));
    o.fresh_us = 0;
    o.floor_us = INT64_MAX;
    assert_int_equal(poll(60 * USEC_PER_SEC, o), USEC_PER_DAY);
}

static void failures_wait_one_interval_then_double_to_a_day_and_heal(void **state)
{
    (void)state;
    begin();
    int64_t every = 10 * USEC_PER_MIN;
    poll(every, known);
    for (int i = 0; i < 7; i++)
        assert_int_equal(poll(every, failed), every << i);
    for (int i = 0; i < 50; i++)
        poll(every, failed);
    assert_int_equal(poll(every, failed), USEC_PER_DAY);
    assert_non_null(strstr(s.why, "58 failures in a row (dns)"));
    assert_string_equal(s.error, "no such name");
    assert_int_equal(poll(every, known), every);
    assert_int_equal(s.failures, 0);
    assert_string_equal(s.class, "");
}

static void retry_after_is_waited_for(void **state)
{
    (void)state;
    begin();
    struct source_outcome o = {.class = "http429", .status = 429, .retry_after_us = USEC_PER_HOUR};
    assert_int_equal(poll(60 * USEC_PER_SEC, o), USEC_PER_HOUR);
    assert_non_null(strstr(s.why, "Retry-After of 1h raised"));
    assert_int_equal(s.failures, 1);
}

static void a_source_that_was_not_asked_did_not_fail(void **state)
{
    (void)state;
    begin();
    struct source_outcome o = {.class = "http429", .status = 0, .retry_after_us = USEC_PER_HOUR};
    assert_int_equal(poll(60 * USEC_PER_SEC, o), USEC_PER_HOUR);
    assert_int_equal(s.failures, 0);
    assert_string_equal(s.why, "its host's earlier Retry-After");
}

static void gone_retires_for_a_month_and_a_success_brings_back(void **state)
{
    (void)state;
    begin();
    struct source_outcome o = {.class = "gone", .status = 410, .gone = true};
    assert_int_equal(poll(60 * USEC_PER_SEC, o), LIMIT_RETIRED_DAYS * USEC_PER_DAY);
    assert_true(s.retired);
    assert_int_equal(poll(60 * USEC_PER_SEC, known), 60 * USEC_PER_SEC);
    assert_false(s.retired);
}

static void a_quiet_feed_is_asked_less_and_a_busy_one_more(void **state)
{
    (void)state;
    begin();
    int64_t first = poll(0, known);
    assert_in_range(first, 30 * USEC_PER_MIN, 2 * USEC_PER_HOUR);
    assert_non_null(strstr(s.why, "suit when it publishes"));
    for (int i = 0; i < 60; i++)
        poll(0, some); /* ten a look, twenty in the document: half of it may be new */
    assert_int_equal(poll(0, some), LIMIT_AUTO_MIN_MS * USEC_PER_MSEC);
    for (int64_t until = now + 100 * USEC_PER_DAY; now < until;)
        poll(0, known);
    assert_true(poll(0, known) > 3 * USEC_PER_HOUR);
}

static void the_first_document_tells_of_the_days_before(void **state)
{
    (void)state;
    begin();
    int64_t times[48];
    for (int i = 0; i < 48; i++) /* one an hour, for two days */
        times[i] = NOW - (i + 1) * USEC_PER_HOUR + 30 * USEC_PER_MIN;
    struct source_outcome o = {
        .status = 200, .items = 48, .fresh_items = 48, .fresh_at = times, .fresh_at_count = 48};
    int64_t busy = poll(0, o);
    begin();
    o.fresh_at_count = 2; /* the rest says nothing of when */
    times[1] = NOW - 13 * USEC_PER_DAY;
    assert_true(poll(0, o) > 2 * busy);
}

static void a_304_is_a_look_that_saw_nothing_new(void **state)
{
    (void)state;
    begin();
    poll(0, some);
    int64_t first = 0, last = 0;
    for (int i = 0; i < 40; i++) {
        last = poll(0, (struct source_outcome){.status = 304, .not_modified = true});
        first = first ? first : last;
    }
    assert_true(last > 2 * first);
    assert_int_equal(s.window, 20); /* a 304 does not say how many there are */
}

static void skipped_hours_and_days_are_not_asked(void **state)
{
    (void)state;
    begin();
    struct source_outcome o = known;
    o.skip_hours = STR("0 1 2");
    assert_int_equal(poll(60 * USEC_PER_SEC, o), 3 * USEC_PER_HOUR);
    assert_non_null(strstr(s.why, "skipHours"));
    begin();
    o.skip_hours = STR_NONE;
    o.skip_days = STR("Thursday, friday");
    assert_int_equal(poll(60 * USEC_PER_SEC, o), 2 * USEC_PER_DAY);
    begin();
    o.skip_days = STR("Saturday");
    assert_int_equal(poll(60 * USEC_PER_SEC, o), 60 * USEC_PER_SEC);
}

static void sets_that_leave_no_time_are_ignored(void **state)
{
    (void)state;
    assert_int_equal(schedule_hours(STR("1 24,5 99 x")), 1U << 1 | 1U << 0 | 1U << 5);
    assert_int_equal(
        schedule_hours(STR("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23")), 0);
    assert_int_equal(schedule_days(STR("Sun Mon tuesday Wednesday Thursday Friday Saturday")), 0);
    assert_int_equal(schedule_days(STR("Sunday Caturday")), 1);
    assert_int_equal(schedule_days(STR_NONE), 0);
}

static void a_start_asks_the_new_at_once_and_spreads_the_overdue(void **state)
{
    (void)state;
    begin();
    schedule_start(&s, 0, NOW, 0.5);
    assert_int_equal(s.next_at, NOW);
    poll(0, known);
    int64_t next = s.next_at;
    schedule_start(&s, 0, next - USEC_PER_MIN, 0.5); /* not overdue: kept */
    assert_int_equal(s.next_at, next);
    schedule_start(&s, 0, next + USEC_PER_DAY, 0.5);
    assert_int_equal(s.next_at, next + USEC_PER_DAY + LIMIT_START_SPREAD_MS * USEC_PER_MSEC / 2);
    s.next_at = NOW;
    schedule_start(&s, 2 * USEC_PER_SEC, NOW + USEC_PER_DAY, 0.5);
    assert_int_equal(s.next_at, NOW + USEC_PER_DAY + USEC_PER_SEC);
    s.next_at = NOW + 4000 * USEC_PER_DAY; /* of a clock that was wrong */
    schedule_start(&s, 0, NOW, 0);
    assert_int_equal(s.next_at, NOW);
}

static void spans_read_as_people_write_them(void **state)
{
    (void)state;
    char out[SCHEDULE_SPAN];
    assert_string_equal(schedule_span(60 * USEC_PER_SEC, out), "1m");
    assert_string_equal(schedule_span(90 * USEC_PER_SEC, out), "1m 30s");
    assert_string_equal(schedule_span(1500 * USEC_PER_MSEC, out), "1.5s");
    assert_string_equal(schedule_span(USEC_PER_DAY + 2 * USEC_PER_HOUR + 5, out), "1d 2h");
    assert_string_equal(schedule_span(0, out), "0s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_explicit_interval_is_kept),
        cmocka_unit_test(the_interval_counts_from_ask_to_ask),
        cmocka_unit_test(chance_only_lengthens_and_by_a_tenth),
        cmocka_unit_test(over_a_day_a_source_is_asked_within_a_tenth_of_its_interval),
        cmocka_unit_test(what_the_publisher_asks_for_raises_even_an_explicit_interval),
        cmocka_unit_test(a_ttl_lasts_through_a_304),
        cmocka_unit_test(no_wish_of_a_publisher_lasts_longer_than_a_day),
        cmocka_unit_test(failures_wait_one_interval_then_double_to_a_day_and_heal),
        cmocka_unit_test(retry_after_is_waited_for),
        cmocka_unit_test(a_source_that_was_not_asked_did_not_fail),
        cmocka_unit_test(gone_retires_for_a_month_and_a_success_brings_back),
        cmocka_unit_test(a_quiet_feed_is_asked_less_and_a_busy_one_more),
        cmocka_unit_test(the_first_document_tells_of_the_days_before),
        cmocka_unit_test(a_304_is_a_look_that_saw_nothing_new),
        cmocka_unit_test(skipped_hours_and_days_are_not_asked),
        cmocka_unit_test(sets_that_leave_no_time_are_ignored),
        cmocka_unit_test(a_start_asks_the_new_at_once_and_spreads_the_overdue),
        cmocka_unit_test(spans_read_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
