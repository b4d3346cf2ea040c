#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "clock.h"
#include "log.h"
#include "str.h"
#include "utf8.h"

static void numbers_are_read_whole_or_refused(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_int_equal(str_u64(STR("18446744073709551615"), &n), 0);
    assert_true(n == UINT64_MAX);
    n = 7;
    assert_int_equal(str_u64(STR("18446744073709551616"), &n), -ERANGE);
    assert_int_equal(str_u64(STR("12x"), &n), -EINVAL);
    assert_int_equal(str_u64(STR(""), &n), -EINVAL);
    assert_int_equal(n, 7);
}

static void cutting_gives_every_part_once(void **state)
{
    (void)state;
    struct str rest = STR("a,,b"), part;
    assert_true(str_cut(&rest, ',', &part) && str_eq(part, STR("a")));
    assert_true(str_cut(&rest, ',', &part) && part.len == 0);
    assert_true(str_cut(&rest, ',', &part) && str_eq(part, STR("b")));
    assert_false(str_cut(&rest, ',', &part));
}

static void a_buffer_grows_and_stays_terminated(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i % 10);
    assert_int_equal(b.len, 2000);
    assert_int_equal(strlen(buf_cstr(&b)), 2000);
    buf_free(&b);
}

static void times_go_there_and_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"1970-01-01T00:00:00Z", "2026-02-28T23:59:59.000001Z",
                                        "2024-02-29T12:00:00Z", "1969-12-31T23:59:59.500000Z"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        int64_t at;
        char text[CLOCK_TEXT];
        assert_int_equal(clock_parse(texts[i], &at), 0);
        assert_string_equal(clock_format(at, text), texts[i]);
    }
    int64_t at;
    assert_int_equal(clock_parse("2026-01-01T02:00:00+02:00", &at), 0);
    assert_int_equal(at, 1767225600000000);
    assert_int_equal(clock_parse("2026-13-01T00:00:00Z", &at), -EINVAL);
    assert_int_equal(clock_parse("2026-01-01", &at), -EINVAL);
}

static void a_frozen_clock_moves_only_by_hand(void **state)
{
    (void)state;
    clock_set(1000000000);
    int64_t mono = clock_mono();
    assert_int_equal(clock_now(), 1000000000);
    clock_advance(5 * USEC_PER_SEC);
    assert_int_equal(clock_now(), 1005000000);
    assert_int_equal(clock_mono() - mono, 5 * USEC_PER_SEC);
    clock_set(0);
    assert_true(clock_now() > 1700000000 * USEC_PER_SEC);
}

static void ill_formed_utf8_is_found(void **state)
{
    (void)state;
    assert_true(utf8_valid(STR("caf\xc3\xa9 \xf0\x9f\x8c\x8d")));
    assert_false(utf8_valid(STR("\xc0\xaf")));
    assert_false(utf8_valid(STR("\xed\xa0\x80")));
    assert_false(utf8_valid(STR("\xf4\x90\x80\x80")));
    assert_false(utf8_valid(STR("12345678\xc3")));
}

static void repair_replaces_each_ill_formed_part_once(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    utf8_repair(STR("a\xe2\x82z\xff\0y"), &b);
    assert_true(str_eq(buf_str(&b), STR("a\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbdy")));
    assert_true(utf8_valid(buf_str(&b)));
    buf_free(&b);
}

static void folding_leaves_what_the_same_text_shares(void **state)
{
    (void)state;
    struct buf a = BUF_NONE, b = BUF_NONE;
    utf8_fold(STR("  Caf\xc3\x89 \xe2\x80\x9cOpen\xe2\x80\x9d -- 9 a.m."), &a);
    utf8_fold(STR("cafe\xcc\x81 open 9 a m"), &b);
    assert_string_equal(buf_cstr(&a), buf_cstr(&b));
    assert_string_equal(buf_cstr(&a), "caf\xc3\xa9 open 9 a m");
    buf_free(&a);
    buf_free(&b);
}

static void points_and_cuts_respect_characters(void **state)
{
    (void)state;
    struct str s = STR("a\xc3\xa9\xe2\x82\xac");
    assert_int_equal(utf8_points(s), 3);
    assert_int_equal(utf8_offset(s, 2), 3);
    assert_int_equal(utf8_offset(s, 9), s.len);
    assert_int_equal(utf8_upto(s, 5).len, 3);
    assert_true(str_eq(utf8_trim(STR("\xc2\xa0 a \xe3\x80\x80")), STR("a")));
}

static void squashing_keeps_one_blank_between_words(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    utf8_squash(STR("\n one \t\xc2\xa0 two\n"), &b);
    assert_string_equal(buf_cstr(&b), "one two");
    buf_free(&b);
}

static void text_from_outside_cannot_forge_a_log_line(void **state)
{
    (void)state;
    assert_string_equal(log_safe(STR("plain-1.2/x")), "plain-1.2/x");
    assert_string_equal(log_safe(STR("a\nroom: b=\"c\"")), "\"a\\x0aroom: b=\\\"c\\\"\"");
    assert_string_equal(log_safe(STR("\x1b[31m\xc2\x9b")), "\"\\x1b[31m\xc2\\x9b\"");
    assert_string_equal(log_safe(STR("")), "\"\"");
    struct buf b = BUF_NONE;
    for (int i = 0; i < 1000; i++)
        buf_putc(&b, 'a');
    assert_true(strlen(log_safe(buf_str(&b))) < LOG_SAFE_MAX + 10);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_whole_or_refused),
        cmocka_unit_test(cutting_gives_every_part_once),
        cmocka_unit_test(a_buffer_grows_and_stays_terminated),
        cmocka_unit_test(times_go_there_and_back),
        cmocka_unit_test(a_frozen_clock_moves_only_by_hand),
        cmocka_unit_test(ill_formed_utf8_is_found),
        cmocka_unit_test(repair_replaces_each_ill_formed_part_once),
        cmocka_unit_test(folding_leaves_what_the_same_text_shares),
        cmocka_unit_test(points_and_cuts_respect_characters),
        cmocka_unit_test(squashing_keeps_one_blank_between_words),
        cmocka_unit_test(text_from_outside_cannot_forge_a_log_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
