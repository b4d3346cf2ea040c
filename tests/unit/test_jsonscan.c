#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "jsonscan.h"

static int scan(const char *text, struct jsonscan_want *want)
{
    return jsonscan(str_of(text), want, 1);
}

static void strings_are_found_by_path_in_objects_and_arrays(void **state)
{
    (void)state;
    struct jsonscan_want wants[] = {
        {.path = "item.uri"}, {.path = "a.topics.1.uri"}, {.path = "event"}, {.path = "seq"}};
    assert_int_equal(jsonscan(STR("{\"event\" : \"new\", \"item\":{\"x\":[1,{\"uri\":\"no\"}],"
                                  "\"uri\":\"urn:1\"},\n\"a\":{\"topics\":[{\"uri\":\"0\"},"
                                  "{\"uri\":\"1\"}]}}"),
                              wants, ARRAY_LEN(wants)),
                     0);
    assert_true(str_eq(wants[0].value, STR("urn:1")));
    assert_true(str_eq(wants[1].value, STR("1")));
    assert_true(str_eq(wants[2].value, STR("new")));
    assert_false(wants[3].present);
}

static void what_is_there_but_no_string_is_present_without_a_value(void **state)
{
    (void)state;
    struct jsonscan_want want = {.path = "seq"};
    assert_int_equal(scan("{\"seq\":-1.5e+3}", &want), 0);
    assert_true(want.present && !want.value.at);
    assert_int_equal(scan("{\"seq\":{\"seq\":\"x\"}}", &want), 0);
    assert_true(want.present && !want.value.at);
}

static void names_that_only_begin_alike_are_others(void **state)
{
    (void)state;
    struct jsonscan_want want = {.path = "item.uri"};
    assert_int_equal(
        scan("{\"it\":{\"uri\":\"a\"},\"item.uri\":\"b\",\"item\":{\"ur\":\"c\",\"uris\":\"d\"}}",
             &want),
        0);
    assert_false(want.present);
}

static void what_is_unusual_is_left_to_the_slow_reader(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"seq\":\"a\\u0041\"}",        /* escapes in a wanted string */
        "{\"s\\u0065q\":\"a\"}",         /* escapes in a name */
        "{\"seq\":\"a\",\"seq\":\"b\"}", /* twice */
        "{\"x\":\"\\ud800\"}",           "{\"x\":\"\\u0000\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct jsonscan_want want = {.path = "seq"};
        assert_int_equal(scan(texts[i], &want), -EAGAIN);
    }
}

static void faults_are_not_taken(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{} x",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":tru}",
        "{\"a\":\"\n\"}",
        "{a:1}",
        "{\"a\":[1,]}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":1e}",
        "{\"a\":\"x",
        "{\"a\":-}",
        "\"a\"",
        "{\"a\":[}",
        "{,}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct jsonscan_want want = {.path = "q"};
        assert_int_equal(scan(texts[i], &want), -EAGAIN);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct buf text = BUF_NONE;
    struct jsonscan_want want = {.path = "q"};
    buf_putz(&text, "{\"a\":");
    for (int i = 0; i < 100000; i++)
        buf_putc(&text, '[');
    assert_int_equal(jsonscan(buf_str(&text), &want, 1), -EAGAIN);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_found_by_path_in_objects_and_arrays),
        cmocka_unit_test(what_is_there_but_no_string_is_present_without_a_value),
        cmocka_unit_test(names_that_only_begin_alike_are_others),
        cmocka_unit_test(what_is_unusual_is_left_to_the_slow_reader),
        cmocka_unit_test(faults_are_not_taken),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
