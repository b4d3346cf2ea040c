#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "hash.h"
#include "link.h"

#define LONG_TEXT                                                                                  \
    "The harbour of Westhaven reopened on Monday after the storm that had closed it for three "    \
    "days, the port authority said."

/* A store of the simplest kind: what was written is there at once. */
struct row {
    uint8_t key[16];
    struct buf bytes;
    UT_hash_handle hh;
};

struct world {
    struct row *seen, *texts;
    struct link_room *room;
    uint64_t generation;
    bool durable; /* false: writes are lost, only what the room itself remembers answers */
};

static int get(struct row *rows, const uint8_t key[16], struct buf *out)
{
    struct row *row = NULL;
    HASH_FIND(hh, rows, key, 16, row);
    if (!row)
        return -ENOENT;
    buf_puts(out, buf_str(&row->bytes));
    return 0;
}

static void put(struct row **rows, const uint8_t key[16], struct str entry)
{
    struct row *row = NULL;
    HASH_FIND(hh, *rows, key, 16, row);
    if (!row) {
        row = xcalloc(1, sizeof *row);
        memcpy(row->key, key, 16);
        HASH_ADD(hh, *rows, key, 16, row);
    }
    buf_reset(&row->bytes);
    buf_puts(&row->bytes, entry);
}

static int get_seen(void *ctx, const uint8_t id[16], struct buf *out)
{
    return get(((struct world *)ctx)->seen, id, out);
}

static int get_text(void *ctx, const uint8_t hash[16], struct buf *out)
{
    return get(((struct world *)ctx)->texts, hash, out);
}

static void put_seen(void *ctx, const uint8_t id[16], struct str entry)
{
    struct world *w = ctx;
    if (w->durable)
        put(&w->seen, id, entry);
}

static void put_text(void *ctx, const uint8_t hash[16], struct str entry)
{
    struct world *w = ctx;
    if (w->durable)
        put(&w->texts, hash, entry);
}

static int setup(void **state)
{
    struct world *w = xcalloc(1, sizeof *w);
    w->room = link_new(&(struct link_options){get_seen, get_text, w});
    w->durable = true;
    *state = w;
    return 0;
}

static void clear(struct row **rows)
{
    struct row *row, *next;
    HASH_ITER (hh, *rows, row, next) {
        HASH_DEL(*rows, row);
        buf_free(&row->bytes);
        free(row);
    }
}

static int teardown(void **state)
{
    struct world *w = *state;
    link_free(w->room);
    clear(&w->seen);
    clear(&w->texts);
    free(w);
    return 0;
}

/* One item arrives: judged, remembered, durable. */
static struct link_answer arrive(struct world *w, const char *source, const struct item *item)
{
    struct link_identity identity;
    struct link_answer answer;
    link_identify(str_of(source), item, &identity);
    link_judge(w->room, str_of(source), &identity, item, 1000, &answer);
    struct link_writer writer = {put_seen, put_text, w};
    link_remember(w->room, &identity, &answer, 7, ++w->generation, &writer);
    if (w->durable)
        link_settled(w->room, w->generation);
    return answer;
}

static struct item item_of(const char *guid, const char *headline, const char *body)
{
    struct item item = {0};
    item.field[ITEM_GUID] = str_of(guid);
    item.field[ITEM_HEADLINE] = str_of(headline);
    item.field[ITEM_BODY] = str_of(body);
    return item;
}

static void an_item_is_new_once(void **state)
{
    struct item item = item_of("1", "Harbour reopens", LONG_TEXT);
    struct link_answer first = arrive(*state, "courier", &item);
    assert_int_equal(first.verdict, LINK_NEW);
    assert_int_equal(first.version, 1);
    assert_true(first.story_first);
    assert_int_equal(first.story_size, 1);
    assert_int_equal(arrive(*state, "courier", &item).verdict, LINK_KNOWN);
}

static void an_item_that_comes_again_before_the_disk_answered_is_known(void **state)
{
    struct world *w = *state;
    struct item item = item_of("1", "Harbour reopens", LONG_TEXT);
    w->durable = false;
    assert_int_equal(arrive(w, "courier", &item).verdict, LINK_NEW);
    assert_int_equal(arrive(w, "courier", &item).verdict, LINK_KNOWN);
    struct link_answer copy = arrive(w, "herald", &item);
    assert_int_equal(copy.verdict, LINK_NEW);
    assert_true(copy.duplicate_of[0]);
}

static void a_changed_text_is_an_update_with_the_next_version(void **state)
{
    struct item item = item_of("1", "Harbour reopens", LONG_TEXT);
    arrive(*state, "courier", &item);
    item.field[ITEM_HEADLINE] = STR("Harbour reopens at last");
    struct link_answer answer = arrive(*state, "courier", &item);
    assert_int_equal(answer.verdict, LINK_UPDATE);
    assert_int_equal(answer.version, 2);
    assert_int_equal(answer.story_size, 1);
    assert_int_equal(arrive(*state, "courier", &item).verdict, LINK_KNOWN);
}

static void white_space_case_and_dates_make_no_update(void **state)
{
    struct item item = item_of("1", "Harbour reopens", LONG_TEXT);
    arrive(*state, "courier", &item);
    item.field[ITEM_HEADLINE] = STR(" HARBOUR  reopens.");
    item.updated_at = 99;
    assert_int_equal(arrive(*state, "courier", &item).verdict, LINK_KNOWN);
}

static void the_same_text_under_a_new_guid_of_the_source_is_known_and_listed(void **state)
{
    struct world *w = *state;
    struct item item = item_of("1", "Harbour reopens", LONG_TEXT);
    arrive(w, "courier", &item);
    item.field[ITEM_GUID] = STR("1#changed");
    struct link_identity identity;
    link_identify(STR("courier"), &item, &identity);
    assert_false(link_is_listed(w->room, &identity));
    assert_int_equal(arrive(w, "courier", &item).verdict, LINK_KNOWN);
    assert_true(link_is_listed(w->room, &identity));
    /* Its text changes later: it is handed on for the first time. */
    item.field[ITEM_BODY] = STR("Something else altogether happened in the harbour of Westhaven "
                                "on Tuesday, three witnesses said.");
    struct link_answer answer = arrive(w, "courier", &item);
    assert_int_equal(answer.verdict, LINK_NEW);
    assert_int_equal(answer.version, 1);
}

static void the_same_text_from_another_source_is_new_and_a_duplicate(void **state)
{
    struct item item = item_of("1", "Harbour reopens", LONG_TEXT);
    struct link_answer first = arrive(*state, "courier", &item);
    item.field[ITEM_HEADLINE] = STR("Port open again");
    struct link_answer copy = arrive(*state, "herald", &item);
    assert_int_equal(copy.verdict, LINK_NEW);
    assert_true(str_starts(str_of(copy.duplicate_of), STR("urn:dateline:courier:")));
    assert_string_equal(copy.story, first.story);
    assert_int_equal(copy.story_size, 2);
    assert_false(copy.story_first);
}

static void short_texts_under_other_headlines_are_not_duplicates(void **state)
{
    struct item item = item_of("1", "Weather for Monday", "Details follow.");
    arrive(*state, "courier", &item);
    item = item_of("2", "Storm closes the port", "Details follow.");
    assert_int_equal(arrive(*state, "courier", &item).verdict, LINK_NEW);
    assert_false(arrive(*state, "herald", &item).duplicate_of[0] == '\0');
}

static void two_entries_of_one_guid_do_not_make_versions_without_end(void **state)
{
    struct item a = item_of("1", "Harbour reopens", LONG_TEXT);
    struct item b = item_of("1", "Harbour reopens, ferries sail", LONG_TEXT);
    assert_int_equal(arrive(*state, "courier", &a).verdict, LINK_NEW);
    assert_int_equal(arrive(*state, "courier", &b).verdict, LINK_UPDATE);
    assert_int_equal(arrive(*state, "courier", &a).verdict, LINK_KNOWN);
    assert_int_equal(arrive(*state, "courier", &b).verdict, LINK_KNOWN);
}

static void an_ignored_item_is_listed_until_its_listing_changes(void **state)
{
    struct world *w = *state;
    struct item item = item_of("1", "", "");
    struct link_identity identity;
    struct link_writer writer = {put_seen, put_text, w};
    link_identify(STR("courier"), &item, &identity);
    link_ignore(w->room, &identity, 1000, ++w->generation, &writer);
    assert_true(link_is_listed(w->room, &identity));
    item.field[ITEM_HEADLINE] = STR("Now there is one");
    link_identify(STR("courier"), &item, &identity);
    assert_false(link_is_listed(w->room, &identity));
    assert_int_equal(arrive(w, "courier", &item).verdict, LINK_NEW);
}

static void a_daily_headline_without_text_is_new_under_each_link(void **state)
{
    struct item item = item_of("1", "Weather", "");
    item.field[ITEM_LINK] = STR("http://example.org/mon");
    arrive(*state, "courier", &item);
    item.field[ITEM_GUID] = STR("2");
    item.field[ITEM_LINK] = STR("http://example.org/tue");
    assert_int_equal(arrive(*state, "courier", &item).verdict, LINK_NEW);
}

static void a_withdrawn_item_is_retracted_once_and_only_when_it_was_known(void **state)
{
    struct item item = item_of("1", "Harbour reopens", LONG_TEXT);
    struct item withdrawn = item_of("1", "", "");
    withdrawn.flags = ITEM_RETRACTED;
    struct item unknown = item_of("2", "", "");
    unknown.flags = ITEM_RETRACTED;
    arrive(*state, "courier", &item);
    struct link_answer answer = arrive(*state, "courier", &withdrawn);
    assert_int_equal(answer.verdict, LINK_RETRACTION);
    assert_int_equal(answer.version, 2);
    assert_int_equal(arrive(*state, "courier", &withdrawn).verdict, LINK_KNOWN);
    assert_int_equal(arrive(*state, "courier", &unknown).verdict, LINK_KNOWN);
}

static void a_uri_leads_back_to_what_is_known_of_it(void **state)
{
    struct world *w = *state;
    struct item item = item_of("1", "Harbour reopens", LONG_TEXT);
    arrive(w, "courier", &item);
    struct link_identity identity;
    struct link_known known;
    uint8_t id[16];
    link_identify(STR("courier"), &item, &identity);
    assert_int_equal(link_id_of(str_of(identity.uri), id), 0);
    assert_int_equal(link_lookup(w->room, id, &known), 0);
    assert_int_equal(known.queue_id, 7);
    assert_int_equal(link_id_of(STR("urn:dateline:courier:zz"), id), -EINVAL);
    id[0] ^= 1;
    assert_int_equal(link_lookup(w->room, id, &known), -ENOENT);
}

static void a_version_that_was_superseded_does_not_come_back(void **state)
{
    struct item versions[] = {item_of("1", "Harbour reopens", LONG_TEXT),
                              item_of("1", "Harbour reopens, ferries sail", LONG_TEXT),
                              item_of("1", "Harbour reopens after three days", LONG_TEXT)};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        assert_int_equal(arrive(*state, "courier", &versions[i]).version, i + 1);
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        assert_int_equal(arrive(*state, "courier", &versions[i]).verdict, LINK_KNOWN);
    struct item withdrawn = item_of("1", "", "");
    withdrawn.flags = ITEM_RETRACTED;
    assert_int_equal(arrive(*state, "courier", &withdrawn).verdict, LINK_RETRACTION);
    assert_int_equal(arrive(*state, "courier", &versions[2]).verdict, LINK_KNOWN);
}

static void a_copy_that_its_source_sends_again_under_a_new_guid_is_known(void **state)
{
    struct item first = item_of("1", "Harbour reopens", LONG_TEXT);
    struct item again = item_of("2", "Harbour reopens", LONG_TEXT);
    arrive(*state, "courier", &first);
    assert_int_equal(arrive(*state, "herald", &first).verdict, LINK_NEW);
    assert_int_equal(arrive(*state, "herald", &again).verdict, LINK_KNOWN);
}

/* Random keys are what a store of a hundred million of them pays for. */
static void a_new_item_costs_one_entry_of_each_kind(void **state)
{
    struct world *w = *state;
    struct item item = item_of("1", "Harbour reopens", LONG_TEXT);
    arrive(w, "courier", &item);
    assert_int_equal(HASH_COUNT(w->seen), 1);
    assert_int_equal(HASH_COUNT(w->texts), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(an_item_is_new_once),
        TEST(an_item_that_comes_again_before_the_disk_answered_is_known),
        TEST(a_changed_text_is_an_update_with_the_next_version),
        TEST(white_space_case_and_dates_make_no_update),
        TEST(the_same_text_under_a_new_guid_of_the_source_is_known_and_listed),
        TEST(the_same_text_from_another_source_is_new_and_a_duplicate),
        TEST(short_texts_under_other_headlines_are_not_duplicates),
        TEST(two_entries_of_one_guid_do_not_make_versions_without_end),
        TEST(a_version_that_was_superseded_does_not_come_back),
        TEST(a_copy_that_its_source_sends_again_under_a_new_guid_is_known),
        TEST(a_new_item_costs_one_entry_of_each_kind),
        TEST(an_ignored_item_is_listed_until_its_listing_changes),
        TEST(a_daily_headline_without_text_is_new_under_each_link),
        TEST(a_withdrawn_item_is_retracted_once_and_only_when_it_was_known),
        TEST(a_uri_leads_back_to_what_is_known_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
