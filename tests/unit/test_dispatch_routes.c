/* Which item goes to whom: languages, lanes; what nobody takes; whether it moves at all. */
#include "dispatch_help.h"

static void put(struct above *a, uint64_t id, const char *language, enum dispatch_lane lane)
{
    struct dispatch_item item = {.id = id, .size = 20, .lane = lane};
    memcpy(item.language, language, strlen(language));
    dispatch_add(a->dispatch, &item);
}

/* One that takes `languages`, a JSON list. */
static struct hand *welcomed_for(struct above *a, const char *languages, unsigned credit)
{
    char header[256];
    struct hand *h = hand_new(a);
    snprintf(header, sizeof header,
             "{\"version\":1,\"worker\":\"w\",\"credit\":%u,\"languages\":%s}", credit, languages);
    say(a, h, "HELLO", header, NULL);
    expect(h, WIRE_WELCOME);
    return h;
}

static uint64_t id_of(struct hand *h, size_t i)
{
    struct str number = str_from(h->said.lease[i].payload, strlen("{\"id\":"));
    uint64_t id = 0;
    str_u64(str_upto(number, str_find(number, STR(","))), &id);
    return id;
}

/* The next message is these items, the list ends with 0. */
static void expect_ids(struct hand *h, const uint64_t *ids)
{
    size_t i = 0;
    expect_soon(h, WIRE_ITEMS);
    for (; ids[i]; i++) {
        assert_true(i < h->said.count);
        assert_int_equal(id_of(h, i), ids[i]);
    }
    assert_int_equal(h->said.count, i);
}
#define IDS(...) ((const uint64_t[]){__VA_ARGS__, 0})

static uint64_t unroutable(struct above *a, const char *language)
{
    json_t *counts = dispatch_unroutable(a->dispatch);
    uint64_t n = (uint64_t)json_integer_value(json_object_get(counts, language));
    json_decref(counts);
    return n;
}

/* ---- languages */

static void a_worker_gets_the_languages_that_it_names_and_no_others(void **state)
{
    struct above *a = *state;
    put(a, 1, "ru", LANE_LIVE);
    put(a, 2, "en", LANE_LIVE);
    put(a, 3, "de", LANE_LIVE);
    put(a, 4, "en", LANE_LIVE);
    put(a, 5, "gsw", LANE_LIVE);
    struct hand *h = welcomed_for(a, "[\"gsw\",\"en\",\"de\"]", 64);
    expect_ids(h, IDS(2, 3, 4, 5)); /* in the order they came, whatever their language */
    expect(h, WIRE_VERBS);
    assert_int_equal(counts(a).ready, 1);
    hand_free(a, h);
}

static void a_worker_that_names_no_languages_takes_all(void **state)
{
    struct above *a = *state;
    put(a, 1, "ru", LANE_LIVE);
    put(a, 2, "", LANE_LIVE);
    put(a, 3, "en", LANE_LIVE);
    struct hand *h = welcomed_for(a, "[]", 64);
    expect_ids(h, IDS(1, 2, 3));
    hand_free(a, h);
}

static void und_stands_for_items_of_no_known_language(void **state)
{
    struct above *a = *state;
    put(a, 1, "en", LANE_LIVE);
    put(a, 2, "", LANE_LIVE);
    put(a, 3, "und", LANE_LIVE);
    put(a, 4, "E?", LANE_LIVE); /* no code at all */
    struct hand *h = welcomed_for(a, "[\"und\"]", 64);
    expect_ids(h, IDS(2, 3, 4));
    expect(h, WIRE_VERBS);
    hand_free(a, h);
}

static void each_code_is_a_language_of_its_own(void **state)
{
    struct above *a = *state;
    char code[4], back[4];
    for (unsigned n = 0; n < 26 * 26; n++) {
        snprintf(code, sizeof code, "%c%c", 'a' + n / 26, 'a' + n % 26);
        assert_string_equal(language_code(language_of(a->dispatch, code), back), code);
        snprintf(code, sizeof code, "z%c%c", 'a' + n / 26, 'a' + n % 26);
        assert_string_equal(language_code(language_of(a->dispatch, code), back), code);
    }
    put(a, 1, "zzz", LANE_LIVE);
    put(a, 2, "zz", LANE_LIVE);
    struct hand *h = welcomed_for(a, "[\"zz\"]", 64);
    expect_ids(h, IDS(2));
    hand_free(a, h);
}

static void hello_again_may_name_other_languages(void **state)
{
    struct above *a = *state;
    struct hand *h = welcomed_for(a, "[\"en\"]", 64);
    put(a, 1, "ru", LANE_LIVE);
    turn(a);
    assert_int_equal(unroutable(a, "ru"), 1);
    say(a, h, "HELLO", "{\"version\":1,\"worker\":\"w\",\"credit\":4,\"languages\":[\"ru\"]}",
        NULL);
    expect(h, WIRE_WELCOME);
    expect_ids(h, IDS(1));
    assert_int_equal(unroutable(a, "ru"), 0);
    hand_free(a, h);
}

static void languages_that_are_none_are_refused(void **state)
{
    struct above *a = *state;
    static const char *const bad[] = {"[\"EN\"]", "[\"e\"]", "[\"engl\"]", "[\"en-GB\"]",
                                      "[7]",      "\"en\"",  "{}",         "[\"\"]"};
    struct hand *h = hand_new(a);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char header[128];
        snprintf(header, sizeof header,
                 "{\"version\":1,\"worker\":\"w\",\"credit\":4,\"languages\":%s}", bad[i]);
        say(a, h, "HELLO", header, NULL);
        expect_refusal(h, "languages");
    }
    assert_int_equal(counts(a).workers, 0);
    assert_int_equal(counts(a).refused, ARRAY_LEN(bad));
    hand_free(a, h);
}

static void what_nobody_takes_is_told_by_language_and_holds_up_nobody(void **state)
{
    struct above *a = *state;
    a->done_at_once = true;
    for (uint64_t id = 1; id <= 20000; id++)
        put(a, id, "ru", id % 2 ? LANE_LIVE : LANE_BACKFILL);
    assert_int_equal(counts(a).unroutable, 0); /* nobody is here at all */
    struct hand *h = welcomed_for(a, "[\"en\",\"fi\"]", 8);
    put(a, 30001, "en", LANE_LIVE);
    put(a, 30002, "fi", LANE_BACKFILL);
    turn(a);
    expect_ids(h, IDS(30001, 30002));
    assert_int_equal(counts(a).unroutable, 20000);
    assert_int_equal(unroutable(a, "ru"), 20000);
    assert_int_equal(unroutable(a, "en"), 0);
    json_t *why = dispatch_explain(a->dispatch, 4);
    assert_string_equal(json_string_value(json_object_get(why, "language")), "ru");
    assert_string_equal(json_string_value(json_object_get(why, "lane")), "backfill");
    json_decref(why);
    struct hand *all = welcomed(a, "all", 0);
    assert_int_equal(counts(a).unroutable, 0);
    say(a, all, "BYE", "{}", NULL);
    assert_int_equal(counts(a).unroutable, 20000);
    hand_free(a, h);
    hand_free(a, all);
}

static void suspects_go_to_a_worker_that_takes_their_language(void **state)
{
    struct above *a = *state;
    struct hand *en = welcomed_for(a, "[\"en\"]", 8), *ru = welcomed_for(a, "[\"ru\"]", 8);
    dispatch_add(a->dispatch,
                 &(struct dispatch_item){
                     .id = 1, .size = 20, .deliveries = 1, .deaths = 1, .language = "ru"});
    put(a, 2, "en", LANE_LIVE);
    turn(a);
    expect_ids(ru, IDS(1));
    expect_ids(en, IDS(2));
    put(a, 3, "ru", LANE_LIVE);
    turn(a);
    expect(ru, WIRE_VERBS); /* it is at work on a suspect, alone */
    hand_free(a, en);
    hand_free(a, ru);
}

static void a_worker_is_not_kept_for_suspects_that_went_elsewhere(void **state)
{
    struct above *a = *state;
    struct hand *one = welcomed_for(a, "[\"en\"]", 8);
    put(a, 1, "en", LANE_LIVE);
    turn(a);
    expect_ids(one, IDS(1));
    dispatch_add(a->dispatch,
                 &(struct dispatch_item){
                     .id = 2, .size = 20, .deliveries = 1, .deaths = 1, .language = "en"});
    put(a, 3, "en", LANE_LIVE);
    turn(a);
    expect(one, WIRE_VERBS); /* it shall hold nothing, for number 2 */
    assert_int_equal(dispatch_withdraw(a->dispatch, 2), 0);
    turn(a);
    expect_ids(one, IDS(3));
    dispatch_done(a->dispatch, 2);
    hand_free(a, one);
}

/* ---- lanes */

static void live_goes_before_backfill(void **state)
{
    struct above *a = *state;
    put(a, 1, "en", LANE_BACKFILL);
    put(a, 2, "ru", LANE_BACKFILL);
    put(a, 3, "ru", LANE_LIVE);
    put(a, 4, "en", LANE_LIVE);
    struct hand *h = welcomed(a, "w1", 3);
    expect_ids(h, IDS(3, 4, 1));
    hand_free(a, h);
}

static void a_worker_whose_live_items_are_done_goes_on_with_its_backfill(void **state)
{
    struct above *a = *state;
    put(a, 1, "en", LANE_BACKFILL);
    put(a, 2, "ru", LANE_LIVE);
    struct hand *h = welcomed_for(a, "[\"en\"]", 4);
    expect_ids(h, IDS(1));
    hand_free(a, h);
}

static void what_comes_back_unbegun_is_in_front_of_its_lane_and_language(void **state)
{
    struct above *a = *state;
    for (uint64_t id = 1; id <= 4; id++)
        put(a, id, id % 2 ? "en" : "ru", LANE_LIVE);
    struct hand *h = welcomed(a, "w1", 2);
    expect_ids(h, IDS(1, 2));
    uint64_t two = lease_of(h, 1), one = lease_of(h, 0);
    say(a, h, "BYE", "{}", NULL);
    expect(h, WIRE_BYE);
    nack(a, h, two, ",\"unbegun\":true");
    nack(a, h, one, ",\"unbegun\":true");
    struct hand *ru = welcomed_for(a, "[\"ru\"]", 4), *en = welcomed_for(a, "[\"en\"]", 4);
    expect_ids(ru, IDS(2, 4));
    expect_ids(en, IDS(1, 3));
    hand_free(a, h);
    hand_free(a, ru);
    hand_free(a, en);
}

/* ---- ACK */

static void an_ack_ends_an_item_without_a_record(void **state)
{
    struct above *a = *state;
    char header[64];
    add(a, 7, 8);
    struct hand *h = welcomed(a, "w1", 4), *other = welcomed(a, "w2", 0);
    expect_ids(h, IDS(7, 8));
    uint64_t lease = lease_of(h, 0);
    snprintf(header, sizeof header, "[{\"lease\":%llu}]", (unsigned long long)lease);
    say(a, other, "ACK", header, NULL);
    expect_refusal(other, "not-held");
    say(a, h, "ACK", header, NULL);
    assert_int_equal(a->acks, 1);
    assert_int_equal(a->results, 0);
    assert_int_equal(counts(a).leased, 2); /* one of them settling */
    say(a, h, "ACK", header, NULL);
    expect_refusal(h, "not-held");
    result(a, h, lease);
    expect_refusal(h, "not-held");
    dispatch_done(a->dispatch, 7);
    assert_int_equal(counts(a).leased, 1);
    assert_int_equal(counts(a).acks, 1);
    hand_free(a, h);
    hand_free(a, other);
}

static void an_ack_with_a_payload_is_refused(void **state)
{
    struct above *a = *state;
    add(a, 7, 7);
    struct hand *h = welcomed(a, "w1", 4);
    expect_ids(h, IDS(7));
    say(a, h, "ACK", "[{\"lease\":1}]", "{}");
    expect_refusal(h, "malformed");
    assert_int_equal(counts(a).leased, 1);
    hand_free(a, h);
}

/* ---- whether it moves */

/* Twenty results wait for the disk, and with them all sending. */
static struct hand *disk_is_away(struct above *a)
{
    struct hand *h = welcomed(a, "w1", 64);
    for (uint64_t id = 1; id <= 20; id++)
        dispatch_add(a->dispatch, &(struct dispatch_item){.id = id, .size = LIMIT_MESSAGE});
    turn(a);
    while (hear(h) == WIRE_ITEMS)
        for (size_t i = 0, n = h->said.count; i < n; i++)
            result(a, h, lease_of(h, i));
    return h;
}

static void work_that_could_go_and_does_not_is_told(void **state)
{
    struct above *a = *state;
    struct hand *h = disk_is_away(a);
    assert_int_equal(a->results, 20);
    assert_int_equal(counts(a).still_us, 0); /* all is out */
    add(a, 21, 21);
    turn(a);
    pass_alive(a, h, LIMIT_STALL_MS * USEC_PER_MSEC - USEC_PER_SEC);
    assert_int_equal(counts(a).still_us, LIMIT_STALL_MS * USEC_PER_MSEC - USEC_PER_SEC);
    assert_false(counts(a).stalled);
    pass_alive(a, h, USEC_PER_SEC);
    assert_true(counts(a).stalled);
    dispatch_done(a->dispatch, 1); /* the disk is back */
    assert_false(counts(a).stalled);
    for (uint64_t id = 2; id <= 20; id++)
        dispatch_done(a->dispatch, id);
    turn(a);
    expect_soon(h, WIRE_ITEMS);
    assert_int_equal(counts(a).still_us, 0);
    hand_free(a, h);
}

static void new_work_does_not_hide_that_nothing_moves(void **state)
{
    struct above *a = *state;
    struct hand *h = disk_is_away(a);
    for (int64_t us = 0; us <= LIMIT_STALL_MS * USEC_PER_MSEC; us += USEC_PER_SEC) {
        add(a, 100 + (uint64_t)us, 100 + (uint64_t)us);
        pass_alive(a, h, USEC_PER_SEC);
    }
    assert_true(counts(a).stalled);
    hand_free(a, h);
}

static void workers_that_have_no_credit_or_want_nothing_of_it_are_no_stall(void **state)
{
    struct above *a = *state;
    put(a, 1, "ru", LANE_LIVE);
    struct hand *en = welcomed_for(a, "[\"en\"]", 4), *idle = welcomed(a, "idle", 0);
    for (int i = 0; i < 20; i++) {
        pass_alive(a, en, 5 * USEC_PER_SEC);
        say(a, idle, "PONG", "{}", NULL);
    }
    assert_int_equal(counts(a).ready, 1);
    assert_int_equal(counts(a).still_us, 0);
    hand_free(a, en);
    hand_free(a, idle);
}

static void a_draining_daemon_is_no_stall(void **state)
{
    struct above *a = *state;
    struct hand *h = disk_is_away(a);
    add(a, 21, 21);
    turn(a);
    dispatch_drain(a->dispatch);
    turn(a);
    pass(a, USEC_PER_MSEC * 2 * LIMIT_STALL_MS);
    assert_int_equal(counts(a).still_us, 0);
    hand_free(a, h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_worker_gets_the_languages_that_it_names_and_no_others),
        TEST(a_worker_that_names_no_languages_takes_all),
        TEST(und_stands_for_items_of_no_known_language),
        TEST(each_code_is_a_language_of_its_own),
        TEST(hello_again_may_name_other_languages),
        TEST(languages_that_are_none_are_refused),
        TEST(what_nobody_takes_is_told_by_language_and_holds_up_nobody),
        TEST(suspects_go_to_a_worker_that_takes_their_language),
        TEST(a_worker_is_not_kept_for_suspects_that_went_elsewhere),
        TEST(live_goes_before_backfill),
        TEST(a_worker_whose_live_items_are_done_goes_on_with_its_backfill),
        TEST(what_comes_back_unbegun_is_in_front_of_its_lane_and_language),
        TEST(an_ack_ends_an_item_without_a_record),
        TEST(an_ack_with_a_payload_is_refused),
        TEST(work_that_could_go_and_does_not_is_told),
        TEST(new_work_does_not_hide_that_nothing_moves),
        TEST(workers_that_have_no_credit_or_want_nothing_of_it_are_no_stall),
        TEST(a_draining_daemon_is_no_stall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
