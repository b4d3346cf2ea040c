#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "topics.h"

static void every_topic_is_found_by_its_uri_code_and_slug(void **state)
{
    (void)state;
    for (size_t i = 0; i < topic_count; i++) {
        assert_ptr_equal(topic_by_uri(str_of(topics[i].uri)), &topics[i]);
        assert_ptr_equal(topic_by_code(str_of(topics[i].code)), &topics[i]);
        assert_ptr_equal(topic_by_slug(str_of(topics[i].slug)), &topics[i]);
    }
}

static void there_are_seventeen_in_order_of_their_codes(void **state)
{
    (void)state;
    assert_int_equal(topic_count, 17);
    for (size_t i = 1; i < topic_count; i++)
        assert_true(strcmp(topics[i - 1].code, topics[i].code) < 0);
}

static void uris_are_those_of_the_vocabulary(void **state)
{
    (void)state;
    assert_string_equal(topic_by_code(STR("11000000"))->uri,
                        "http://cv.iptc.org/newscodes/mediatopic/11000000");
    assert_string_equal(topic_by_code(STR("11000000"))->name, "politics");
}

static void a_qcode_names_a_topic_too(void **state)
{
    (void)state;
    assert_string_equal(topic_by_code(STR("medtop:15000000"))->slug, "sport");
}

static void slugs_can_stand_in_a_topic_of_the_live_feed(void **state)
{
    (void)state;
    for (size_t i = 0; i < topic_count; i++) {
        for (const char *c = topics[i].slug; *c; c++)
            assert_true((*c >= 'a' && *c <= 'z') || *c == '-');
    }
}

static void deeper_and_foreign_uris_are_no_topics(void **state)
{
    (void)state;
    assert_null(topic_by_uri(STR("http://cv.iptc.org/newscodes/mediatopic/20000002")));
    assert_null(topic_by_uri(STR("http://cv.iptc.org/newscodes/mediatopic/1100000")));
    assert_null(topic_by_uri(STR_NONE));
    assert_null(topic_by_slug(STR("none")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_topic_is_found_by_its_uri_code_and_slug),
        cmocka_unit_test(there_are_seventeen_in_order_of_their_codes),
        cmocka_unit_test(uris_are_those_of_the_vocabulary),
        cmocka_unit_test(a_qcode_names_a_topic_too),
        cmocka_unit_test(slugs_can_stand_in_a_topic_of_the_live_feed),
        cmocka_unit_test(deeper_and_foreign_uris_are_no_topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
