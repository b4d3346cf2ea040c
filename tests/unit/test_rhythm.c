#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "budget.h"
#include "clock.h"
#include "limits.h"
#include "rhythm.h"

#define NOW (1767225600 * USEC_PER_SEC) /* Thursday, 2026-01-01 00:00:00 GMT */

static const struct rhythm_plan plan = {
    .price_h = 0.1, .least_us = 10 * USEC_PER_MIN, .most_us = USEC_PER_DAY};

/* Looks every ten minutes for so many days; publishes(at) says how many items each minute has. */
static void watch(struct rhythm *r, int days, unsigned (*publishes)(int64_t minute))
{
    rhythm_history(r, NOW, NULL, 0);
    for (int64_t at = NOW; at < NOW + days * USEC_PER_DAY; at += 10 * USEC_PER_MIN) {
        int64_t times[64];
        uint32_t count = 0;
        for (int64_t minute = at; minute < at + 10 * USEC_PER_MIN; minute += USEC_PER_MIN)
            for (unsigned n = publishes(minute); n > 0 && count < 64; n--)
                times[count++] = minute + 1;
        rhythm_watched(r, at + 10 * USEC_PER_MIN, times, count, count);
    }
}

static unsigned hourly_at_twenty(int64_t minute)
{
    return minute / USEC_PER_MIN % 60 == 20;
}

static unsigned by_day(int64_t minute)
{
    int64_t hour = minute / USEC_PER_HOUR % 24;
    return hour >= 8 && hour < 20 && minute / USEC_PER_MIN % 15 == 7;
}

static unsigned often(int64_t minute)
{
    (void)minute;
    return 1;
}

static unsigned never(int64_t minute)
{
    (void)minute;
    return 0;
}

static void what_is_published_by_the_clock_is_asked_for_right_behind_it(void **state)
{
    (void)state;
    struct rhythm r = {0};
    watch(&r, 28, hourly_at_twenty);
    assert_in_range((int64_t)(1000 * rhythm_items(&r, r.at, r.at + USEC_PER_DAY)), 20000, 26000);
    for (int64_t past = 0; past < 60; past += 7) { /* whenever it was asked last */
        int64_t now = r.at + past * USEC_PER_MIN, next = now + rhythm_wait_us(&r, &plan, now);
        assert_in_range(next / USEC_PER_MIN % 60, 22, 32); /* ten minutes from one to the next */
    }
}

static void the_night_is_slept_through(void **state)
{
    (void)state;
    struct rhythm r = {0};
    watch(&r, 28, by_day);
    int64_t noon = r.at / USEC_PER_DAY * USEC_PER_DAY + 36 * USEC_PER_HOUR,
            night = noon + 9 * USEC_PER_HOUR; /* 21:00 */
    assert_true(rhythm_wait_us(&r, &plan, noon) < 40 * USEC_PER_MIN);
    assert_true(rhythm_wait_us(&r, &plan, night) > 5 * rhythm_wait_us(&r, &plan, noon));
    assert_true(rhythm_rate(&r, noon) > 10 * rhythm_rate(&r, night + 4 * USEC_PER_HOUR));
}

static void a_dearer_request_is_made_less_often(void **state)
{
    (void)state;
    struct rhythm r = {0};
    struct rhythm_plan dear = plan;
    watch(&r, 14, by_day);
    int64_t noon = r.at / USEC_PER_DAY * USEC_PER_DAY + 36 * USEC_PER_HOUR, before = 0;
    static const double prices[] = {0.02, 0.08, 0.32, 1.28};
    for (size_t i = 0; i < 4; i++) {
        dear.price_h = prices[i];
        int64_t wait = rhythm_wait_us(&r, &dear, noon);
        assert_true(wait >= before);
        before = wait;
    }
    assert_true(before > 3 * plan.least_us);
}

static void bounds_hold(void **state)
{
    (void)state;
    struct rhythm busy = {0}, quiet = {0};
    watch(&busy, 7, often);
    watch(&quiet, 400, never);
    assert_int_equal(rhythm_wait_us(&busy, &plan, busy.at), plan.least_us);
    assert_true(rhythm_wait_us(&quiet, &plan, quiet.at) > 10 * USEC_PER_HOUR);
    struct rhythm_plan dear = {.price_h = 1000, .least_us = plan.least_us, .most_us = plan.most_us};
    assert_int_equal(rhythm_wait_us(&quiet, &dear, quiet.at), plan.most_us);
    struct rhythm_plan odd = {
        .price_h = 0.1, .least_us = 7 * USEC_PER_HOUR + 1, .most_us = 7 * USEC_PER_HOUR + 2};
    assert_in_range(rhythm_wait_us(&busy, &odd, busy.at), odd.least_us, odd.most_us);
}

static void a_request_comes_before_the_window_has_run_over(void **state)
{
    (void)state;
    struct rhythm r = {0};
    struct rhythm_plan dear = plan;
    watch(&r, 14, by_day);
    int64_t noon = r.at / USEC_PER_DAY * USEC_PER_DAY + 36 * USEC_PER_HOUR;
    dear.price_h = 100;
    int64_t free = rhythm_wait_us(&r, &dear, noon);
    dear.window = 10;
    int64_t bound = rhythm_wait_us(&r, &dear, noon);
    assert_true(bound < free);
    assert_true(rhythm_items(&r, noon, noon + bound) <= 5.5);
}

static void a_burst_is_met_at_once_and_forgotten(void **state)
{
    (void)state;
    struct rhythm r = {0};
    watch(&r, 14, by_day);
    int64_t noon = r.at / USEC_PER_DAY * USEC_PER_DAY + 36 * USEC_PER_HOUR, times[1] = {noon};
    rhythm_watched(&r, noon, times, 0, 48);
    struct rhythm calm = r;
    rhythm_watched(&calm, noon + USEC_PER_HOUR, times, 0, 4);
    rhythm_watched(&r, noon + USEC_PER_HOUR, times, 0, 30);
    assert_true(rhythm_rate(&r, r.at) > 2 * rhythm_rate(&calm, r.at));
    int64_t later = r.at + 3 * USEC_PER_DAY + 3 * USEC_PER_HOUR + 7 * USEC_PER_MIN;
    assert_true(rhythm_rate(&r, later) < 1.3 * rhythm_rate(&calm, later));
}

static void times_that_cannot_be_say_nothing_of_when(void **state)
{
    (void)state;
    struct rhythm r = {0};
    rhythm_history(&r, NOW, (int64_t[]){NOW + USEC_PER_DAY, NOW - 900 * USEC_PER_DAY, 0, INT64_MIN},
                   4);
    assert_true(r.items == 0);
    int64_t far[] = {INT64_MAX, INT64_MIN, NOW - USEC_PER_DAY};
    rhythm_watched(&r, NOW + USEC_PER_DAY, far, 3, 24); /* spread over the day */
    for (unsigned i = 0; i < RHYTHM_HOURS; i++)
        assert_true(r.hour[i] == 1);
    rhythm_watched(&r, NOW, far, 3, 3); /* a clock that went back */
    assert_true(r.at == NOW && r.items == 24);
    rhythm_watched(&r, NOW + 2 * USEC_PER_DAY, far, 3, UINT32_MAX);
    assert_true(r.items <= RHYTHM_ITEMS + 24);
}

static void a_budget_moves_the_price_until_it_is_kept(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 2400);
    int64_t interval = 0;
    double rate = 1; /* 1,000 sources of one item an hour each */
    for (int64_t now = 1, hour = 0; hour < 48; hour++, now += USEC_PER_HOUR) {
        double price = budget_price(&b, now);
        struct rhythm_plan p = {.price_h = price};
        double hours = __builtin_sqrt(2 * p.price_h / rate);
        int64_t next = (int64_t)(hours * USEC_PER_HOUR);
        for (int i = 0; i < 1000; i++)
            budget_note(&b, interval, next);
        interval = next;
    }
    assert_in_range((int64_t)b.sum, 2200, 2600);
    for (int i = 0; i < 1000; i++)
        budget_note(&b, interval, 0);
    assert_in_range((int64_t)(b.sum * 1000), 0, 1);
    budget_init(&b, 0);
    budget_note(&b, 0, USEC_PER_SEC);
    assert_true(budget_price(&b, USEC_PER_DAY) == LIMIT_PRICE_MS / 3600000.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_published_by_the_clock_is_asked_for_right_behind_it),
        cmocka_unit_test(the_night_is_slept_through),
        cmocka_unit_test(a_dearer_request_is_made_less_often),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(a_request_comes_before_the_window_has_run_over),
        cmocka_unit_test(a_burst_is_met_at_once_and_forgotten),
        cmocka_unit_test(times_that_cannot_be_say_nothing_of_when),
        cmocka_unit_test(a_budget_moves_the_price_until_it_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
