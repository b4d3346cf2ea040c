#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "clock.h"
#include "date.h"

struct pair {
    const char *text, *instant; /* NULL: refused */
};

static void check(const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t got = -1;
        char text[CLOCK_TEXT] = "refused";
        if (date_parse(str_of(pairs[i].text), &got) == 0)
            clock_format(got, text);
        else
            assert_int_equal(got, -1);
        if (strcmp(text, pairs[i].instant ? pairs[i].instant : "refused") != 0)
            fail_msg("%s: want %s, got %s", pairs[i].text,
                     pairs[i].instant ? pairs[i].instant : "refused", text);
    }
}
#define CHECK(pairs) check(pairs, ARRAY_LEN(pairs))

static void mail_dates_are_read_with_their_zones(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"},
        {"Thu, 1 Jan 04 19:48:21 EST", "2004-01-02T00:48:21Z"},
        {"01 Jan 2004 19:48 +0530", "2004-01-01T14:18:00Z"},
        {"Mon, 5 Jan 2026 08:00:00 GMT+3", "2026-01-05T05:00:00Z"},
        {"Mon, 5 Jan 2026 08:00:00 -0000", "2026-01-05T08:00:00Z"},
        {"Mon, 5 Jan 2026 08:00:00 MSK", "2026-01-05T05:00:00Z"},
        {"Mon, 5 Jan 2026 08:00:00 (CET)", "2026-01-05T07:00:00Z"},
        {"5 Jan 99 08:00:00 Z", "1999-01-05T08:00:00Z"},
        {"Thu Jan  1 19:48:21 2004", "2004-01-01T19:48:21Z"},
        {"Mon, 5 Jan 2026 24:00:00 GMT", "2026-01-06T00:00:00Z"},
        {"Mon Jan 05 2026 08:00:00 GMT+0100 (Central European Standard Time)",
         "2026-01-05T07:00:00Z"},
        {"Mon, 05 Jan 2026 8:5:9 GMT", "2026-01-05T08:05:09Z"},
        {"Mon, 05 Jan 2026 08.05.09 +0100", "2026-01-05T07:05:09Z"},
    };
    CHECK(pairs);
}

static void iso_dates_are_read_in_all_their_profiles(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"2003-12-31T10:14:55Z", "2003-12-31T10:14:55Z"},
        {"2003-12-31T10:14:55.25+02:00", "2003-12-31T08:14:55.250000Z"},
        {"2003-12-31T10:14:55,5-0800", "2003-12-31T18:14:55.500000Z"},
        {"2003-12-31 10:14:55", "2003-12-31T10:14:55Z"},
        {"2003-12-31t10:14z", "2003-12-31T10:14:00Z"},
        {"2003-12-31", "2003-12-31T00:00:00Z"},
        {"2003-12", "2003-12-01T00:00:00Z"},
        {"2003", "2003-01-01T00:00:00Z"},
        {"20031231T101455Z", "2003-12-31T10:14:55Z"},
        {"2003-335", "2003-12-01T00:00:00Z"},
        {"2026-W01-1", "2025-12-29T00:00:00Z"},
        {"2003-12-31T24:00:00Z", "2004-01-01T00:00:00Z"},
        {"2003-12-31 10:14:55 GMT", "2003-12-31T10:14:55Z"},
    };
    CHECK(pairs);
}

static void dates_of_pages_and_wires_are_read_in_many_languages(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"2 January 2026", "2026-01-02T00:00:00Z"},
        {"Jan. 5, 2026 14:05 GMT", "2026-01-05T14:05:00Z"},
        {"January 5th, 2026 at 2:05 p.m. EST", "2026-01-05T19:05:00Z"},
        {"Monday, January 5, 2026 2 pm", "2026-01-05T14:00:00Z"},
        {"05.01.2026 14:05", "2026-01-05T14:05:00Z"},
        {"25/12/2025", "2025-12-25T00:00:00Z"},
        {"12/25/2025 8:00 AM", "2025-12-25T08:00:00Z"},
        {"Montag, 5. Januar 2026, 14:05 Uhr", "2026-01-05T14:05:00Z"},
        {"lundi 5 janvier 2026 à 14h05", "2026-01-05T14:05:00Z"},
        {"mar, 5 gen 2026 09:30:00 +0100", "2026-01-05T08:30:00Z"},
        {"5 de enero de 2026", "2026-01-05T00:00:00Z"},
        {"5 января 2026 г., 14:05", "2026-01-05T14:05:00Z"},
        {"5 СІЧНЯ 2026", "2026-01-05T00:00:00Z"},
        {"5 stycznia 2026", "2026-01-05T00:00:00Z"},
        {"5. ledna 2026", "2026-01-05T00:00:00Z"},
        {"5 Ιανουαρίου 2026", "2026-01-05T00:00:00Z"},
        {"5 Ocak 2026", "2026-01-05T00:00:00Z"},
        {"2026年1月5日 14:05", "2026-01-05T14:05:00Z"},
        {"2026. 1. 5.", "2026-01-05T00:00:00Z"},
        {"월, 05 1월 2026 08:00:00 +0900", "2026-01-04T23:00:00Z"},
        {"月, 05 1月 2026 08:00:00 +0900", "2026-01-04T23:00:00Z"},
        {"الاثنين, 05 يناير 2026 08:00:00 +0300", "2026-01-05T05:00:00Z"},
        {"יום שני, 5 בינואר 2026 08:00", "2026-01-05T08:00:00Z"},
        {"5 जनवरी 2026", "2026-01-05T00:00:00Z"},
        {"Senin, 5 Agustus 2024 10.30", "2024-08-05T10:30:00Z"},
        {"e hënë, 5 janar 2026", "2026-01-05T00:00:00Z"},
        {"5 yanvar 2026", "2026-01-05T00:00:00Z"},
        {"5 იანვარი 2026", "2026-01-05T00:00:00Z"},
    };
    CHECK(pairs);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"", NULL},
        {"soon", NULL},
        {"0000-00-00T00:00:00Z", NULL},
        {"0001-01-01T00:00:00Z", NULL},
        {"9999-12-31T23:59:59Z", NULL},
        {"2026-02-30", NULL},
        {"2025-02-29", NULL},
        {"2026-13-01", NULL},
        {"30 Feb 2026", NULL},
        {"1 Jan 2026 25:00", NULL},
        {"1 Jan 2026 12:60", NULL},
        {"1 Jan 2026 12:000", NULL},
        {"1 Jan 2026 2月 3", NULL},
        {"01/02/2026", NULL},
        {"1767225600", NULL},
        {"2026-01-05T14:05:00+99:00", NULL},
        {"5 January", NULL},
        {"the quick brown fox jumps over 5 January 2026", NULL},
        {"1970-01-01T00:00:00Z", NULL},
    };
    CHECK(pairs);
}

static void a_months_name_is_found_with_its_length(void **state)
{
    (void)state;
    size_t len = 0;
    assert_int_equal(date_month(STR("Sept. 5"), &len), 9);
    assert_int_equal(len, 4);
    assert_int_equal(date_month(STR("März"), &len), 3);
    assert_int_equal(len, 5);
    assert_int_equal(date_month(STR("МАЯ 2026"), &len), 5);
    assert_int_equal(len, 6);
    assert_int_equal(date_month(STR("Marching"), &len), 0);
    assert_int_equal(date_month(STR(""), &len), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_dates_are_read_with_their_zones),
        cmocka_unit_test(iso_dates_are_read_in_all_their_profiles),
        cmocka_unit_test(dates_of_pages_and_wires_are_read_in_many_languages),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_months_name_is_found_with_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
