/* Selectors: what is read, what is refused and where, and what an attribute's value passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "selector.h"

static void lists_of_elements_with_conditions_are_read(void **state)
{
    (void)state;
    struct selector s;
    char why[SELECTOR_WHY];
    assert_int_equal(selector_read(STR(" ul#news.top>li  a[href^=\"/n w\"] ,\t*[rel] "), &s, why),
                     0);
    assert_int_equal(s.count, 4);
    assert_true(str_is(s.part[0].name, "ul"));
    assert_true(s.part[0].first && !s.part[0].last);
    assert_int_equal(s.part[0].test_count, 2);
    assert_true(str_is(s.part[0].test[0].attribute, "id"));
    assert_true(str_is(s.part[0].test[1].value, "top"));
    assert_int_equal(s.part[0].test[1].op, SELECTOR_WORD);
    assert_true(s.part[1].child && !s.part[1].first && !s.part[1].last);
    assert_true(!s.part[2].child && s.part[2].last);
    assert_int_equal(s.part[2].test[0].op, SELECTOR_BEGINS);
    assert_true(str_is(s.part[2].test[0].value, "/n w"));
    assert_true(s.part[3].first && s.part[3].last && s.part[3].name.len == 0);
    assert_int_equal(s.part[3].test[0].op, SELECTOR_HAS);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "at 1: an element is missing (a name, '*', '.', '#' or '[')"},
        {"a >", "at 4: an element is missing (a name, '*', '.', '#' or '[')"},
        {"> a", "at 1: an element is missing (a name, '*', '.', '#' or '[')"},
        {"a,,b", "at 3: an element is missing (a name, '*', '.', '#' or '[')"},
        {"a > > b", "at 5: an element is missing (a name, '*', '.', '#' or '[')"},
        {"a.", "at 3: a name is missing"},
        {"li:first-child", "at 3: this is not understood here"},
        {"a + b", "at 3: an element is missing (a name, '*', '.', '#' or '[')"},
        {"a[", "at 3: the name of an attribute is missing"},
        {"a[href", "at 7: ']' is missing, or an operator that is none of = ^= $= *= ~="},
        {"a[href|=x]", "at 7: ']' is missing, or an operator that is none of = ^= $= *= ~="},
        {"a[href=]", "at 8: a value is missing (one with other signs stands in quotes)"},
        {"a[href=/x]", "at 8: a value is missing (one with other signs stands in quotes)"},
        {"a[href='x]", "at 8: the quote is not closed"},
        {"a.b.c.d.e.f.g.h.i.j", "at 20: too many conditions for one element"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct selector s;
        char why[SELECTOR_WHY] = "";
        assert_int_equal(selector_read(str_of(cases[i].text), &s, why), -EINVAL);
        assert_string_equal(why, cases[i].why);
    }
}

static void a_list_has_a_limit(void **state)
{
    (void)state;
    struct selector s;
    struct buf text = BUF_NONE;
    char why[SELECTOR_WHY];
    for (int i = 0; i < SELECTOR_PARTS; i++)
        buf_putz(&text, i ? " b" : "b");
    assert_int_equal(selector_read(buf_str(&text), &s, why), 0);
    buf_putz(&text, ",b");
    assert_int_equal(selector_read(buf_str(&text), &s, why), -EINVAL);
    assert_string_equal(why, "at 129: too many elements");
    buf_free(&text);
}

static void values_pass_by_their_operator(void **state)
{
    (void)state;
    static const struct {
        enum selector_op op;
        const char *wanted, *value;
        bool passes;
    } cases[] = {
        {SELECTOR_HAS, "", "x", true},         {SELECTOR_HAS, "", "", false},
        {SELECTOR_IS, "a b", "a b", true},     {SELECTOR_IS, "a", "A", false},
        {SELECTOR_BEGINS, "ab", "abc", true},  {SELECTOR_BEGINS, "", "abc", false},
        {SELECTOR_ENDS, "bc", "abc", true},    {SELECTOR_ENDS, "abcd", "abc", false},
        {SELECTOR_HOLDS, "b", "abc", true},    {SELECTOR_HOLDS, "x", "abc", false},
        {SELECTOR_WORD, "b", "a  b\tc", true}, {SELECTOR_WORD, "b", "ab bc", false},
        {SELECTOR_WORD, "", "a b", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct selector_test test = {STR("x"), str_of(cases[i].wanted), cases[i].op};
        assert_int_equal(selector_passes(&test, str_of(cases[i].value)), cases[i].passes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_elements_with_conditions_are_read),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(a_list_has_a_limit),
        cmocka_unit_test(values_pass_by_their_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
