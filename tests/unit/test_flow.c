#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config.h"
#include "flow.h"
#include "limits.h"
#include "str.h"

static struct flow_levels roomy(void)
{
    return (struct flow_levels){
        .max_items = 1000, .max_bytes = 1 << 20, .disk_free = 10 << 20, .disk_wanted = 1 << 20};
}

static unsigned bit(enum flow_reason reason)
{
    return 1U << reason;
}

static void nothing_is_held_while_there_is_room(void **state)
{
    (void)state;
    struct flow_levels l = roomy();
    assert_int_equal(flow_judge(&l, 0), 0);
    l.items = 999;
    l.bytes = (1 << 20) - 1;
    l.unwritten = LIMIT_WRITE_BACKLOG - 1;
    l.unread = LIMIT_PARSE_BACKLOG - 1;
    l.disk_free = l.disk_wanted;
    assert_int_equal(flow_judge(&l, 0), 0);
}

static void each_limit_holds_for_its_own_reason(void **state)
{
    (void)state;
    struct flow_levels l = roomy();
    l.items = 1000;
    assert_int_equal(flow_judge(&l, 0), bit(FLOW_ITEMS));
    l.bytes = 1 << 20;
    l.disk_free = l.disk_wanted - 1;
    assert_int_equal(flow_judge(&l, 0), bit(FLOW_ITEMS) | bit(FLOW_BYTES) | bit(FLOW_DISK));
    l = roomy();
    l.unwritten = LIMIT_WRITE_BACKLOG;
    l.unread = LIMIT_PARSE_BACKLOG;
    assert_int_equal(flow_judge(&l, 0), bit(FLOW_UNWRITTEN) | bit(FLOW_UNREAD));
    l = roomy();
    l.full = l.draining = true;
    assert_int_equal(flow_judge(&l, 0), bit(FLOW_FULL) | bit(FLOW_DRAINING));
}

static void what_is_held_is_let_go_a_tenth_below(void **state)
{
    (void)state;
    struct flow_levels l = roomy();
    l.items = 900;
    assert_int_equal(flow_judge(&l, bit(FLOW_ITEMS)), bit(FLOW_ITEMS));
    l.items = 899;
    assert_int_equal(flow_judge(&l, bit(FLOW_ITEMS)), 0);
    l.disk_free = l.disk_wanted + l.disk_wanted / 10 - 1;
    assert_int_equal(flow_judge(&l, bit(FLOW_DISK)), bit(FLOW_DISK));
    l.disk_free++;
    assert_int_equal(flow_judge(&l, bit(FLOW_DISK)), 0);
}

static void one_reason_that_ends_leaves_the_others(void **state)
{
    (void)state;
    struct flow_levels l = roomy();
    l.items = 950;
    l.bytes = 10;
    assert_int_equal(flow_judge(&l, bit(FLOW_ITEMS) | bit(FLOW_BYTES)), bit(FLOW_ITEMS));
}

static void a_limit_of_one_item_lets_go_when_it_is_done(void **state)
{
    (void)state;
    struct flow_levels l = roomy();
    l.max_items = 1;
    l.items = 1;
    assert_int_equal(flow_judge(&l, 0), bit(FLOW_ITEMS));
    l.items = 0;
    assert_int_equal(flow_judge(&l, bit(FLOW_ITEMS)), 0);
}

static void every_reason_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FLOW_REASONS; i++) {
        assert_non_null(flow_name((enum flow_reason)i));
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(flow_name((enum flow_reason)i), flow_name((enum flow_reason)j));
    }
}

static void free_space_is_a_size_a_share_or_the_lesser_of_both(void **state)
{
    (void)state;
    const uint64_t gib = 1 << 30;
    uint64_t out = 7;
    assert_int_equal(config_free_space(STR("2G"), 100 * gib, &out), 0);
    assert_int_equal(out, 2 * gib);
    assert_int_equal(config_free_space(STR("5%"), 100 * gib, &out), 0);
    assert_int_equal(out, 5 * gib);
    assert_int_equal(config_free_space(STR("1G|5%"), 100 * gib, &out), 0);
    assert_int_equal(out, gib);
    assert_int_equal(config_free_space(STR("1G|5%"), 10 * gib, &out), 0);
    assert_int_equal(out, 10 * gib / 100 * 5);
    assert_int_equal(config_free_space(STR("0"), gib, &out), 0);
    assert_int_equal(out, 0);
    const char *const wrong[] = {"", "x", "5", "91%", "%", "-1%", "1G|", "|5%", "1G|x", "1G 5%"};
    for (size_t i = 1; i < ARRAY_LEN(wrong); i++)
        if (i != 2 && config_free_space(str_of(wrong[i]), gib, &out) != -22) /* "5" is five bytes */
            fail_msg("%s is taken", wrong[i]);
    assert_int_equal(config_free_space(STR_NONE, gib, &out), -22);
    assert_int_equal(out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_held_while_there_is_room),
        cmocka_unit_test(each_limit_holds_for_its_own_reason),
        cmocka_unit_test(what_is_held_is_let_go_a_tenth_below),
        cmocka_unit_test(one_reason_that_ends_leaves_the_others),
        cmocka_unit_test(a_limit_of_one_item_lets_go_when_it_is_done),
        cmocka_unit_test(every_reason_has_a_name),
        cmocka_unit_test(free_space_is_a_size_a_share_or_the_lesser_of_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
