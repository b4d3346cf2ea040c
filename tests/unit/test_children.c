/* The children of a sitemap's index: whose turn it is, and what is remembered of them. */
#include "sources_help.h"

#include "limits.h"

#define DAY (86400 * USEC_PER_SEC)

static struct source *map(int64_t since_us, struct str state)
{
    struct source *s = NULL;
    struct source_def def = {
        .id = "map", .kind = "sitemap", .url = "http://a/map.xml", .since_us = since_us};
    if (sources_add(sources, &def, state, &s, why) != 0)
        fail_msg("%s", why);
    return s;
}

/* "a5 b3 c-": children and the days of their dates. Gives those whose turn it is, in order. */
static const char *turn(struct source *s, const char *index, bool *again)
{
    static char out[80];
    static char urls[16][4];
    struct source_child listed[16] = {0};
    size_t count = 0;
    struct str word, rest = str_of(index);
    while (str_cut(&rest, ' ', &word)) {
        snprintf(urls[count], sizeof urls[count], "%c", word.at[0]);
        listed[count].url = urls[count];
        listed[count].updated_at = word.at[1] == '-' ? 0 : (word.at[1] - '0') * DAY;
        count++;
    }
    size_t due = source_children(s, listed, count, again);
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < due; i++)
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s%s", listed[i].url,
                                listed[i].first ? "!" : "", listed[i].old ? "o" : "");
    return out;
}

static void read_all(struct source *s, const char *children, int days)
{
    for (const char *c = children; *c; c++) {
        char url[2] = {*c, '\0'}, etag[4];
        snprintf(etag, sizeof etag, "e%c", *c);
        source_child_read(s, url, days * DAY, etag, NULL, false);
        clock_advance(USEC_PER_SEC);
    }
}

static void the_first_time_the_newest_are_asked_and_the_rest_is_the_archive(void **state)
{
    (void)state;
    struct source *s = map(DAY, STR_NONE);
    bool again;
    assert_string_equal(turn(s, "a1 b5 c2 d4 e3", &again), "b!d!e!");
    assert_false(again);
    read_all(s, "b", 5);
    read_all(s, "d", 4);
    read_all(s, "e", 3);
    assert_string_equal(turn(s, "a1 b5 c2 d4 e3", &again), "");
    /* One of the archive has news, one that was read has, and one was not there before. */
    assert_string_equal(turn(s, "a6 b7 c2 d4 e3 f1", &again), "bo"
                                                              "a!o"
                                                              "f!");
    assert_false(again);
}

static void children_without_a_date_take_turns(void **state)
{
    (void)state;
    struct source *s = map(DAY, STR_NONE);
    bool again;
    assert_string_equal(turn(s, "a- b- c- d-", &again), "a!b!c!");
    assert_true(again); /* the index may be the same and they are not */
    read_all(s, "cab", 0);
    assert_string_equal(turn(s, "a- b- c- d-", &again), "d!ocoaobo");
}

static void no_more_than_ten_are_asked_and_the_index_is_wanted_again(void **state)
{
    (void)state;
    struct source *s = map(0, STR_NONE); /* all of it is wanted */
    bool again;
    assert_string_equal(turn(s, "a1 b2 c3 d4 e5 f6 g1 h1 i1 j1 k1 l9", &again),
                        "l!f!e!d!c!b!a!g!h!i!");
    assert_true(again);
}

static void one_that_could_not_be_read_has_its_turn_again(void **state)
{
    (void)state;
    struct source *s = map(DAY, STR_NONE);
    bool again;
    turn(s, "a1 b2", &again);
    source_child_read(s, "a", DAY, "ea", NULL, true);
    read_all(s, "b", 2);
    assert_string_equal(turn(s, "a1 b2", &again), "a!o");
}

static void what_is_known_survives_as_state(void **state)
{
    (void)state;
    struct source *s = map(DAY, STR_NONE);
    struct buf kept = BUF_NONE;
    bool again;
    turn(s, "a1 b5 c2 d4", &again);
    read_all(s, "b", 5);
    source_child_read(s, "d", 4 * DAY, "\xff", "yesterday", false); /* cannot be JSON */
    read_all(s, "c", 2);
    source_state(s, &kept);
    assert_int_equal(sources_remove(sources, STR("map")), 0);
    s = map(DAY, buf_str(&kept));
    buf_free(&kept);
    assert_string_equal(turn(s, "a1 b5 c2 d4", &again), "d!");
    struct source_child b = {.url = (char[]){"b"}, .updated_at = 9 * DAY};
    assert_int_equal(source_children(s, &b, 1, &again), 1);
    assert_string_equal(b.etag, "eb");
    assert_false(b.first);
}

static void damaged_state_is_no_state(void **state)
{
    (void)state;
    bool again;
    struct source *s =
        map(DAY, STR("{\"v\":1,\"address\":\"http://a/map.xml\",\"children\":[1,[],[\"x\"],"
                     "[\"00000000000000000\",1],[\"000000000000000g\"],{},null]}"));
    assert_string_equal(turn(s, "a1 b2 c3 d4", &again), "d!c!b!");
}

static void an_index_of_any_length_is_remembered_up_to_a_limit(void **state)
{
    (void)state;
    struct source *s = map(DAY, STR_NONE);
    struct source_child *listed = xcalloc(50000, sizeof *listed);
    struct buf kept = BUF_NONE;
    bool again;
    for (int turn_no = 0; turn_no < 2; turn_no++) {
        for (size_t i = 0; i < 50000; i++)
            listed[i] = (struct source_child){.url = xasprintf("http://a/%d/%zu", turn_no, i),
                                              .updated_at = (int64_t)i + 1};
        assert_int_equal(source_children(s, listed, 50000, &again),
                         turn_no ? LIMIT_SITEMAP_CHILDREN_A_POLL : LIMIT_SITEMAP_FIRST_CHILDREN);
        for (size_t i = 0; i < 50000; i++)
            free(listed[i].url);
    }
    source_state(s, &kept);
    assert_true(kept.len < (128UL << 10));
    buf_free(&kept);
    free(listed);
}

#define FROZEN(test) cmocka_unit_test_setup_teardown(test, begin_frozen, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FROZEN(the_first_time_the_newest_are_asked_and_the_rest_is_the_archive),
        FROZEN(children_without_a_date_take_turns),
        FROZEN(no_more_than_ten_are_asked_and_the_index_is_wanted_again),
        FROZEN(one_that_could_not_be_read_has_its_turn_again),
        FROZEN(what_is_known_survives_as_state),
        FROZEN(damaged_state_is_no_state),
        FROZEN(an_index_of_any_length_is_remembered_up_to_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
