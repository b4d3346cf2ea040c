/* health.c alone: what it asks of the rooms is answered here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "clock.h"
#include "inside.h"
#include "limits.h"

static struct dispatch_counts counts;
static size_t pending;
static uint64_t unfinished, waiting;

void dispatch_counts(const struct dispatch *dispatch, struct dispatch_counts *out)
{
    (void)dispatch;
    *out = counts;
}

size_t store_pending_bytes(const struct store *store)
{
    (void)store;
    return pending;
}

uint64_t pipeline_unfinished(const struct pipeline *pipeline)
{
    (void)pipeline;
    return unfinished;
}

uint64_t pipeline_waiting_bytes(const struct pipeline *pipeline)
{
    (void)pipeline;
    return waiting;
}

size_t sources_count(const struct sources *sources)
{
    (void)sources;
    return 3;
}

void flow_put_names(unsigned reasons, struct buf *out)
{
    if (reasons)
        buf_putz(out, "items");
}

static struct config config;

static struct pipeline well(void)
{
    struct pipeline p = {.config = &config};
    counts = (struct dispatch_counts){0};
    pending = 0;
    unfinished = waiting = 0;
    config.queue.max_items = 1000;
    config.queue.max_bytes = 4ULL << 30;
    config.queue.max_age_us = USEC_PER_HOUR;
    p.flow.synced_at = clock_mono();
    return p;
}

static void assert_lines(const struct pipeline *p, const char *expected)
{
    struct buf out = BUF_NONE;
    bool ready = health_lines(p, &out);
    assert_string_equal(out.len ? buf_cstr(&out) : "", expected);
    assert_int_equal(ready, *expected == '\0');
    buf_free(&out);
}

static void a_pipeline_that_is_well_is_ready_and_moves(void **state)
{
    (void)state;
    struct pipeline p = well();
    const char *why = NULL;
    assert_lines(&p, "");
    assert_true(pipeline_moves(&p, &why));
    assert_null(why);
}

static void back_pressure_of_a_moment_is_no_trouble(void **state)
{
    (void)state;
    struct pipeline p = well();
    p.flow.reasons = 1U << FLOW_UNREAD | 1U << FLOW_UNWRITTEN;
    assert_lines(&p, "");
}

static void each_reason_has_a_line_that_names_its_setting(void **state)
{
    (void)state;
    struct pipeline p = well();
    p.flow.reasons = 1U << FLOW_ITEMS;
    unfinished = 1001;
    assert_lines(&p, "items: 1001 are unfinished, 1000 may be (queue.max_items)\n");
    p.flow.reasons = 1U << FLOW_BYTES | 1U << FLOW_DISK;
    waiting = 5ULL << 30;
    p.flow.disk_free = 3 << 20;
    p.flow.disk_wanted = 1 << 30;
    assert_lines(&p, "disk: 3M are free where the state lies, 1G are wanted (queue.min_free)\n"
                     "bytes: 5368709120 of work are unfinished, 4G may be (queue.max_bytes)\n");
    p.flow.reasons = 1U << FLOW_FULL;
    p.draining = true;
    assert_lines(&p,
                 "draining: the daemon is stopping\n"
                 "full: the disk of the state is full, nothing is accepted until there is space\n");
    p.failed = true;
    p.draining = false;
    assert_lines(&p, "store: it has failed, the process ends and has to be started again\n");
}

static void a_fresh_item_that_waits_too_long_is_trouble_but_an_old_archive_is_not(void **state)
{
    (void)state;
    struct pipeline p = well();
    counts.first_us[LANE_BACKFILL] = counts.oldest_us = 30 * USEC_PER_HOUR;
    counts.first_us[LANE_LIVE] = USEC_PER_HOUR;
    assert_lines(&p, "");
    counts.first_us[LANE_LIVE] = 2 * USEC_PER_HOUR;
    assert_lines(&p, "age: the oldest fresh item has waited for a worker for 2h, 1h is allowed "
                     "(queue.max_age); no worker is connected\n");
    config.queue.max_age_us = 0;
    assert_lines(&p, "");
}

static void a_standstill_is_told_and_starves_the_watchdog(void **state)
{
    (void)state;
    struct pipeline p = well();
    const char *why = NULL;
    counts.stalled = true;
    counts.still_us = 31 * USEC_PER_SEC;
    assert_lines(&p, "stalled: work is ready and a worker free to take it, and nothing has moved "
                     "for 31s\n");
    assert_false(pipeline_moves(&p, &why));
    assert_non_null(why);
}

static void a_disk_that_does_not_answer_is_a_standstill_and_a_slow_one_is_not(void **state)
{
    (void)state;
    struct pipeline p = well();
    const char *why = NULL;
    pending = 1000;
    p.flow.synced_at = clock_mono() - LIMIT_SYNC_STUCK_MS * USEC_PER_MSEC + USEC_PER_SEC;
    assert_lines(&p, "");
    assert_true(pipeline_moves(&p, &why));
    p.flow.synced_at -= 2 * USEC_PER_SEC;
    assert_lines(&p, "sync: the disk of the state has not answered for 31s\n");
    assert_false(pipeline_moves(&p, &why));
    p.flow.full = true; /* a full disk is waited for */
    assert_true(pipeline_moves(&p, &why));
    p.flow.full = false;
    pending = 0;
    assert_true(pipeline_moves(&p, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipeline_that_is_well_is_ready_and_moves),
        cmocka_unit_test(back_pressure_of_a_moment_is_no_trouble),
        cmocka_unit_test(each_reason_has_a_line_that_names_its_setting),
        cmocka_unit_test(a_fresh_item_that_waits_too_long_is_trouble_but_an_old_archive_is_not),
        cmocka_unit_test(a_standstill_is_told_and_starves_the_watchdog),
        cmocka_unit_test(a_disk_that_does_not_answer_is_a_standstill_and_a_slow_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
