/* Items under an embargo, as the dispatcher keeps them. */
#include "dispatch_help.h"

#include <errno.h>

#define HOUR USEC_PER_HOUR

static void hold(struct above *a, uint64_t id, int64_t from_now)
{
    dispatch_add(a->dispatch,
                 &(struct dispatch_item){.id = id, .size = 20, .release_at = START_US + from_now});
    turn(a);
}

static void expect_held(const struct above *a, unsigned held, unsigned ready)
{
    struct dispatch_counts c = counts(a);
    assert_int_equal(c.embargoed, held);
    assert_int_equal(c.delayed, held);
    assert_int_equal(c.ready, ready);
}

static void an_item_goes_out_when_its_embargo_is_over_and_no_sooner(void **state)
{
    struct above *a = *state;
    hold(a, 7, 10 * USEC_PER_SEC);
    struct hand *h = welcomed(a, "w1", 4);
    expect_held(a, 1, 0);
    assert_int_equal(counts(a).next_release, START_US + 10 * USEC_PER_SEC);
    pass_alive(a, h, 10 * USEC_PER_SEC - 1);
    expect_nothing_but_pings(h);
    assert_int_equal(a->releases, 0);
    pass(a, 1);
    expect_soon(h, WIRE_ITEMS);
    assert_int_equal(a->releases, 1);
    assert_int_equal(h->said.lease[0].delivery, 1);
    expect_held(a, 0, 0);
    assert_int_equal(counts(a).next_release, 0);
    hand_free(a, h);
}

static void items_are_released_in_the_order_of_their_times(void **state)
{
    struct above *a = *state;
    enum { COUNT = 1000 };
    for (uint64_t i = 0; i < COUNT; i++)
        hold(a, i + 1, (int64_t)(i * 7919 % COUNT + 1) * USEC_PER_SEC);
    for (unsigned released = 0; released < COUNT; released++) {
        assert_int_equal(counts(a).next_release, START_US + (released + 1LL) * USEC_PER_SEC);
        clock_advance(USEC_PER_SEC);
        turn(a);
        expect_held(a, COUNT - released - 1, released + 1);
        assert_int_equal((a->released - 1) * 7919 % COUNT, released);
    }
}

static void one_whose_time_has_passed_is_released_at_once(void **state)
{
    struct above *a = *state;
    hold(a, 1, -HOUR);
    assert_int_equal(a->releases, 1);
    expect_held(a, 0, 1);
}

static void one_that_is_stale_by_then_goes_to_nobody(void **state)
{
    struct above *a = *state;
    struct hand *h = welcomed(a, "w1", 4);
    a->stale = true;
    hold(a, 7, USEC_PER_SEC);
    pass(a, USEC_PER_SEC);
    assert_int_equal(a->releases, 1);
    expect_held(a, 0, 0);
    assert_int_equal(counts(a).leased, 1); /* until it is out of the queue for good */
    dispatch_done(a->dispatch, 7);
    turn(a);
    assert_int_equal(counts(a).leased, 0);
    expect_nothing_but_pings(h);
    hand_free(a, h);
}

static void one_that_is_withdrawn_is_not_released(void **state)
{
    struct above *a = *state;
    for (uint64_t id = 1; id <= 20; id++)
        hold(a, id, (int64_t)(id * 7 % 20 + 1) * USEC_PER_SEC);
    for (uint64_t id = 1; id <= 20; id += 2) {
        assert_int_equal(dispatch_withdraw(a->dispatch, id), 0);
        dispatch_done(a->dispatch, id);
        turn(a);
    }
    pass(a, 30 * USEC_PER_SEC);
    assert_int_equal(a->releases, 10);
    expect_held(a, 0, 10);
}

static void an_embargo_can_be_moved_both_ways(void **state)
{
    struct above *a = *state;
    hold(a, 1, HOUR);
    hold(a, 2, HOUR);
    assert_int_equal(dispatch_embargo_until(a->dispatch, 1, START_US + 2 * HOUR), 0);
    assert_int_equal(dispatch_embargo_until(a->dispatch, 2, START_US + USEC_PER_MIN), 0);
    assert_int_equal(dispatch_embargo(a->dispatch, 1), START_US + 2 * HOUR);
    turn(a);
    pass(a, USEC_PER_MIN);
    expect_held(a, 1, 1);
    pass(a, 2 * HOUR);
    expect_held(a, 0, 2);
    assert_int_equal(dispatch_embargo(a->dispatch, 1), 0);
    assert_int_equal(dispatch_embargo_until(a->dispatch, 1, START_US + 3 * HOUR), -ENOENT);
    assert_int_equal(dispatch_embargo_until(a->dispatch, 9, START_US), -ENOENT);
}

static void it_waits_for_nobody_and_its_age_begins_with_its_release(void **state)
{
    struct above *a = *state;
    hold(a, 1, HOUR);
    pass(a, 30 * USEC_PER_MIN);
    assert_int_equal(counts(a).oldest_us, 0);
    add(a, 2, 2);
    pass(a, 10 * USEC_PER_SEC);
    assert_int_equal(counts(a).oldest_us, 10 * USEC_PER_SEC);
    pass(a, HOUR);
    assert_true(counts(a).first_us[LANE_LIVE] > HOUR);
    dispatch_withdraw(a->dispatch, 2);
    dispatch_done(a->dispatch, 2);
    assert_true(counts(a).oldest_us <= 31 * USEC_PER_MIN);
}

static void it_is_explained_by_its_time(void **state)
{
    struct above *a = *state;
    char until[CLOCK_TEXT];
    hold(a, 1, HOUR);
    json_t *told = dispatch_explain(a->dispatch, 1);
    assert_string_equal(json_string_value(json_object_get(told, "state")), "delayed");
    assert_string_equal(json_string_value(json_object_get(told, "embargo")),
                        clock_format(START_US + HOUR, until));
    json_decref(told);
}

static void a_failed_one_comes_again_like_any_other(void **state)
{
    struct above *a = *state;
    hold(a, 1, USEC_PER_SEC);
    struct hand *h = welcomed(a, "w1", 4);
    pass(a, USEC_PER_SEC);
    expect_soon(h, WIRE_ITEMS);
    nack(a, h, lease_of(h, 0), "");
    assert_int_equal(counts(a).delayed, 1); /* for another reason */
    assert_int_equal(counts(a).embargoed, 0);
    pass(a, 2 * USEC_PER_SEC);
    expect_soon(h, WIRE_ITEMS);
    assert_int_equal(h->said.lease[0].delivery, 2);
    hand_free(a, h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_item_goes_out_when_its_embargo_is_over_and_no_sooner),
        TEST(items_are_released_in_the_order_of_their_times),
        TEST(one_whose_time_has_passed_is_released_at_once),
        TEST(one_that_is_stale_by_then_goes_to_nobody),
        TEST(one_that_is_withdrawn_is_not_released),
        TEST(an_embargo_can_be_moved_both_ways),
        TEST(it_waits_for_nobody_and_its_age_begins_with_its_release),
        TEST(it_is_explained_by_its_time),
        TEST(a_failed_one_comes_again_like_any_other),
    };
    return cmocka_run_group_tests_name("embargo", tests, NULL, NULL);
}
