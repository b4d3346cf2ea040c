#include "dispatch_help.h"

#include <errno.h>

/* ---- the way of an item */

static void an_item_goes_out_and_is_gone_when_its_result_is_durable(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    assert_int_equal(h->said.lease_ms, 30000);
    assert_true(str_is(h->said.epoch, "5f0c"));
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 1);
    assert_int_equal(h->said.lease[0].delivery, 1);
    assert_true(str_is(h->said.lease[0].payload, "{\"id\":7,\"x\":\"\"}"));
    result(a, h, lease_of(h, 0));
    assert_int_equal(a->results, 1);
    assert_string_equal(a->record, "{\"record\":1}");
    assert_int_equal(counts(a).leased, 1);
    dispatch_done(a->dispatch, 7);
    assert_int_equal(counts(a).leased, 0);
    assert_null(dispatch_explain(a->dispatch, 7));
    assert_int_equal(a->tries, 0); /* nothing went wrong: nothing to remember */
    hand_free(a, h);
}

static void results_may_be_durable_at_once(void **state)
{
    struct above *a = *state;
    a->done_at_once = true;
    add(a, 1, 200);
    struct hand *h = welcomed(a, "w1", 64);
    for (unsigned done = 0; done < 200;) {
        expect(h, WIRE_ITEMS);
        struct buf header = BUF_NONE;
        struct str records[LIMIT_BATCH_ITEMS];
        size_t n = h->said.count;
        for (size_t i = 0; i < n; i++)
            records[i] = STR("{}");
        wire_put_leases(&header, WIRE_RESULT, h->said.lease, n);
        wire_send_work(h->socket, STR_NONE, WIRE_RESULT, buf_str(&header), records, n);
        buf_free(&header);
        done += (unsigned)n;
        turn(a);
    }
    assert_int_equal(a->results, 200);
    assert_int_equal(HASH_COUNT(a->dispatch->works), 0);
    hand_free(a, h);
}

static void items_go_out_in_the_order_they_came(void **state)
{
    struct above *a = *state;
    add(a, 1, 3);
    struct hand *h = welcomed(a, "w1", 3);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 3);
    assert_true(str_starts(h->said.lease[0].payload, STR("{\"id\":1,")));
    assert_true(str_starts(h->said.lease[2].payload, STR("{\"id\":3,")));
    hand_free(a, h);
}

static void credit_is_never_exceeded(void **state)
{
    struct above *a = *state;
    add(a, 1, 500);
    struct hand *h = welcomed(a, "w1", 10);
    size_t held = 0;
    while (hear(h) == WIRE_ITEMS)
        held += h->said.count;
    assert_int_equal(held, 10);
    assert_int_equal(counts(a).leased, 10);
    say(a, h, "CREDIT", "{\"credit\":12}", NULL);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 2);
    uint64_t lease = lease_of(h, 0);
    say(a, h, "CREDIT", "{\"credit\":0}", NULL);
    result(a, h, lease);
    expect(h, WIRE_VERBS);
    assert_int_equal(counts(a).leased, 12); /* 11 with it, 1 settling */
    hand_free(a, h);
}

static void a_batch_is_bounded_by_items_and_by_bytes(void **state)
{
    struct above *a = *state;
    a->work_bytes = 300000;
    add(a, 1, 8);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 3);
    while (hear(h) == WIRE_ITEMS)
        assert_true(h->said.count <= 3);
    a->work_bytes = 0;
    say(a, h, "CREDIT", "{\"credit\":400}", NULL);
    add(a, 100, 400);
    turn(a);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, LIMIT_BATCH_ITEMS);
    hand_free(a, h);
}

static void an_item_larger_than_a_batch_goes_alone(void **state)
{
    struct above *a = *state;
    a->work_bytes = LIMIT_BATCH_BYTES + 100000;
    add(a, 1, 2);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 1);
    expect(h, WIRE_ITEMS);
    hand_free(a, h);
}

static void a_short_queue_is_shared_among_all_workers(void **state)
{
    struct above *a = *state;
    struct hand *one = welcomed(a, "w1", 64), *two = welcomed(a, "w2", 64);
    add(a, 1, 10);
    turn(a);
    expect(one, WIRE_ITEMS);
    assert_int_equal(one->said.count, 5);
    expect(two, WIRE_ITEMS);
    assert_int_equal(two->said.count, 5);
    hand_free(a, one);
    hand_free(a, two);
}

static void work_that_cannot_be_read_is_dead(void **state)
{
    struct above *a = *state;
    a->work_bytes = SIZE_MAX;
    add(a, 1, 1);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_VERBS);
    assert_int_equal(a->dead, 1);
    assert_non_null(strstr(a->reason, "cannot be read"));
    hand_free(a, h);
}

/* A damaged row holds up nobody and is not given up: a repair may bring it back. */
static void work_that_is_there_and_cannot_be_read_waits_while_others_go_on(void **state)
{
    struct above *a = *state;
    a->unreadable = 1;
    add(a, 1, 2);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 1);
    assert_int_equal(counts(a).delayed, 1);
    assert_int_equal(a->dead + a->tries, 0);
    a->unreadable = 0;
    pass_alive(a, h, 29 * USEC_PER_SEC);
    assert_int_equal(counts(a).delayed, 1);
    pass_alive(a, h, 4 * USEC_PER_SEC);
    assert_int_equal(counts(a).leased + counts(a).delayed, 2);
    assert_int_equal(counts(a).deliveries, 2);
    assert_int_equal(counts(a).redeliveries, 0);
    hand_free(a, h);
}

static void a_result_that_cannot_be_recorded_comes_again_and_counts_for_nothing(void **state)
{
    struct above *a = *state;
    add(a, 1, 1);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_ITEMS);
    result(a, h, lease_of(h, 0));
    dispatch_put_off(a->dispatch, 1);
    turn(a);
    assert_int_equal(counts(a).delayed, 1);
    assert_int_equal(a->dead + a->tries, 0);
    expect_nothing_but_pings(h);
    pass_alive(a, h, 33 * USEC_PER_SEC);
    expect_soon(h, WIRE_ITEMS);
    assert_int_equal(h->said.lease[0].delivery, 1);
    hand_free(a, h);
}

static void work_larger_than_a_message_is_dead(void **state)
{
    struct above *a = *state;
    a->work_bytes = LIMIT_MESSAGE + 10;
    add(a, 1, 1);
    struct hand *h = welcomed(a, "w1", 64);
    expect(h, WIRE_VERBS);
    assert_int_equal(a->dead, 1);
    hand_free(a, h);
}

/* ---- going back */

static void a_lease_that_lapses_gives_the_item_again_after_its_delay(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t first = lease_of(h, 0);
    pass_alive(a, h, LEASE_US - USEC_PER_SEC);
    assert_int_equal(counts(a).leased, 1);
    pass(a, USEC_PER_SEC);
    assert_int_equal(counts(a).delayed, 1);
    assert_int_equal(counts(a).lapsed, 1);
    assert_int_equal(a->last_deliveries, 1);
    assert_int_equal(a->last_deaths, 0);
    expect_nothing_but_pings(h);
    pass(a, USEC_PER_SEC);
    expect_soon(h, WIRE_ITEMS);
    assert_int_equal(h->said.lease[0].delivery, 2);
    assert_true(lease_of(h, 0) > first);
    assert_int_equal(counts(a).redeliveries, 1);
    hand_free(a, h);
}

static void a_late_result_is_refused_and_changes_nothing(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0);
    pass_alive(a, h, LEASE_US);
    expect_nothing_but_pings(h);
    result(a, h, lease);
    expect_refusal(h, "not-held");
    assert_int_equal(lease_of(h, 0), lease);
    assert_int_equal(a->results, 0);
    assert_int_equal(counts(a).delayed, 1);
    assert_int_equal(counts(a).refused, 1);
    hand_free(a, h);
}

static void a_touched_lease_begins_anew(void **state)
{
    struct above *a = *state;
    char header[64];
    add(a, 7, 8);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0), other = lease_of(h, 1);
    pass_alive(a, h, LEASE_US - USEC_PER_SEC);
    snprintf(header, sizeof header, "[{\"lease\":%llu}]", (unsigned long long)lease);
    say(a, h, "TOUCH", header, NULL);
    pass_alive(a, h, LEASE_US - USEC_PER_SEC);
    assert_int_equal(counts(a).lapsed, 1); /* the other one */
    expect_soon(h, WIRE_ITEMS);
    assert_true(lease_of(h, 0) > other);
    result(a, h, lease);
    assert_int_equal(a->results, 1);
    hand_free(a, h);
}

static void a_result_on_its_way_to_the_disk_does_not_lapse(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0);
    result(a, h, lease);
    result(a, h, lease); /* again */
    expect_refusal(h, "not-held");
    hand_free(a, h);
    pass(a, 2 * LEASE_US); /* the worker is gone too */
    assert_int_equal(counts(a).workers, 0);
    assert_int_equal(counts(a).leased, 1);
    dispatch_done(a->dispatch, 7);
    assert_int_equal(counts(a).leased, 0);
    assert_int_equal(a->results, 1);
}

static void a_nack_gives_the_item_again_later_and_later(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    for (unsigned i = 0; i < LIMIT_DELIVERIES - 1; i++) {
        expect_soon(h, WIRE_ITEMS);
        nack(a, h, lease_of(h, 0), ",\"reason\":\"sink is away\"");
        assert_int_equal(counts(a).delayed, 1);
        json_t *why = dispatch_explain(a->dispatch, 7);
        assert_int_equal(json_integer_value(json_object_get(why, "ready_in_ms")), 1000 << i);
        json_decref(why);
        pass_alive(a, h, (USEC_PER_SEC << i) - 1000);
        expect_nothing_but_pings(h);
        pass(a, 1000);
    }
    expect_soon(h, WIRE_ITEMS);
    nack(a, h, lease_of(h, 0), ",\"reason\":\"sink is away\"");
    assert_int_equal(a->dead, 1);
    assert_string_equal(a->reason, "5 deliveries failed, the last: sink is away");
    assert_int_equal(counts(a).nacks, LIMIT_DELIVERIES);
    hand_free(a, h);
}

static void a_nack_without_retry_is_dead(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    nack(a, h, lease_of(h, 0), ",\"retry\":false,\"reason\":\"no headline\"");
    assert_int_equal(a->dead, 1);
    assert_string_equal(a->reason, "no headline");
    add_tried(a, 7, 0, 0); /* by the operator */
    turn(a);
    expect(h, WIRE_ITEMS);
    hand_free(a, h);
}

static void a_record_that_cannot_be_taken_counts_as_a_nack(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    uint64_t lease = lease_of(h, 0);
    result(a, h, lease);
    dispatch_refuse(a->dispatch, 7, "another uri");
    turn(a);
    expect_refusal(h, "record");
    assert_int_equal(lease_of(h, 0), lease);
    assert_int_equal(counts(a).delayed, 1);
    assert_int_equal(a->last_deliveries, 1);
    hand_free(a, h);
}

/* ---- an operator's hand */

static void
a_waiting_item_that_is_withdrawn_goes_to_nobody_and_counts_until_it_is_done(void **state)
{
    struct above *a = *state;
    add(a, 1, 2);
    assert_int_equal(counts(a).bytes, 40);
    assert_int_equal(dispatch_withdraw(a->dispatch, 1), 0);
    assert_int_equal(dispatch_withdraw(a->dispatch, 1), -EBUSY);
    assert_int_equal(dispatch_withdraw(a->dispatch, 3), -ENOENT);
    turn(a);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    assert_int_equal(h->said.count, 1);
    assert_true(str_starts(h->said.lease[0].payload, STR("{\"id\":2,")));
    assert_int_equal(dispatch_withdraw(a->dispatch, 2), -EBUSY);
    assert_int_equal(counts(a).leased, 2);
    dispatch_done(a->dispatch, 1);
    assert_int_equal(counts(a).leased, 1);
    assert_int_equal(counts(a).bytes, 20);
    turn(a);
    hand_free(a, h);
}

static void a_delayed_item_can_be_withdrawn_and_does_not_come_back(void **state)
{
    struct above *a = *state;
    add(a, 1, 1);
    struct hand *h = welcomed(a, "w1", 4);
    expect(h, WIRE_ITEMS);
    nack(a, h, lease_of(h, 0), ",\"retry\":true,\"reason\":\"later\"");
    assert_int_equal(counts(a).delayed, 1);
    assert_int_equal(dispatch_withdraw(a->dispatch, 1), 0);
    assert_int_equal(counts(a).delayed, 0);
    pass_alive(a, h, 60 * USEC_PER_SEC);
    expect_nothing_but_pings(h);
    dispatch_done(a->dispatch, 1);
    turn(a);
    assert_null(dispatch_explain(a->dispatch, 1));
    assert_int_equal(counts(a).bytes, 0);
    hand_free(a, h);
}

static void the_first_of_each_lane_says_how_long_it_waits(void **state)
{
    struct above *a = *state;
    struct dispatch_item item = {.id = 1, .size = 20, .lane = LANE_BACKFILL, .language = "de"};
    dispatch_add(a->dispatch, &item);
    pass(a, 60 * USEC_PER_SEC);
    add(a, 2, 3);
    pass(a, 5 * USEC_PER_SEC);
    struct dispatch_counts c = counts(a);
    assert_int_equal(c.first_us[LANE_BACKFILL] / USEC_PER_SEC, 65);
    assert_int_equal(c.first_us[LANE_LIVE] / USEC_PER_SEC, 5);
    assert_int_equal(c.ready_of[LANE_BACKFILL], 1);
    assert_int_equal(c.ready_of[LANE_LIVE], 2);
    json_t *languages = dispatch_languages(a->dispatch);
    assert_int_equal(json_integer_value(json_object_get(languages, "de")), 1);
    assert_int_equal(json_integer_value(json_object_get(languages, "und")), 2);
    json_decref(languages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_item_goes_out_and_is_gone_when_its_result_is_durable),
        TEST(results_may_be_durable_at_once),
        TEST(items_go_out_in_the_order_they_came),
        TEST(credit_is_never_exceeded),
        TEST(a_batch_is_bounded_by_items_and_by_bytes),
        TEST(an_item_larger_than_a_batch_goes_alone),
        TEST(a_short_queue_is_shared_among_all_workers),
        TEST(work_that_cannot_be_read_is_dead),
        TEST(work_that_is_there_and_cannot_be_read_waits_while_others_go_on),
        TEST(a_result_that_cannot_be_recorded_comes_again_and_counts_for_nothing),
        TEST(work_larger_than_a_message_is_dead),
        TEST(a_lease_that_lapses_gives_the_item_again_after_its_delay),
        TEST(a_late_result_is_refused_and_changes_nothing),
        TEST(a_touched_lease_begins_anew),
        TEST(a_result_on_its_way_to_the_disk_does_not_lapse),
        TEST(a_nack_gives_the_item_again_later_and_later),
        TEST(a_nack_without_retry_is_dead),
        TEST(a_waiting_item_that_is_withdrawn_goes_to_nobody_and_counts_until_it_is_done),
        TEST(a_delayed_item_can_be_withdrawn_and_does_not_come_back),
        TEST(the_first_of_each_lane_says_how_long_it_waits),
        TEST(a_record_that_cannot_be_taken_counts_as_a_nack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
