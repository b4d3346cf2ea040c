#include "parse_help.h"

static void check_wire(const char *name, const json_t *expect, const struct outcome *o)
{
    if (o->err != 0 || o->count != 1)
        fail_msg("%s: %d (%s), %zu items", name, o->err, o->report.reason, o->count);
    check_item(name, expect, o->items[0], true);
}

static void texts_in_the_shape_of_wires_give_headline_byline_date_and_body(void **state)
{
    (void)state;
    run_cases("tests/cases/wirecopy", "input.txt", PARSE_WIRECOPY, 10, check_wire);
}

static void a_text_of_white_space_is_refused(void **state)
{
    (void)state;
    struct outcome o;
    outcome_of(PARSE_WIRECOPY, STR(" \n\t\n \n"), STR_NONE, &o);
    assert_int_not_equal(o.err, 0);
    assert_int_equal(o.count, 0);
    outcome_done(&o);
}

static void nasty_texts_take_linear_time(void **state)
{
    (void)state;
    check_nasty(PARSE_WIRECOPY, "", "word ", 200000, "");
    check_nasty(PARSE_WIRECOPY, "", "a\n", 500000, "");
    check_nasty(PARSE_WIRECOPY, "", "OSLO, March 3 (", 60000, "");
    check_nasty(PARSE_WIRECOPY, "By ", "Ann ", 200000, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_in_the_shape_of_wires_give_headline_byline_date_and_body),
        cmocka_unit_test(a_text_of_white_space_is_refused),
        cmocka_unit_test(nasty_texts_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
