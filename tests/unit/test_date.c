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

static void other_digits_eras_and_calendars_are_no_other_years(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"٥ يناير ٢٠٢٦", "2026-01-05T00:00:00Z"},
        {"۲۰۲۶-۰۱-۰۵ ۱۴:۰۵", "2026-01-05T14:05:00Z"},
        {"५ जनवरी २०२६", "2026-01-05T00:00:00Z"},
        {"５ January ２０２６", "2026-01-05T00:00:00Z"},
        {"2026年1月5日 下午3:05", "2026-01-05T15:05:00Z"},
        {"2026年1月5日14时05分", "2026-01-05T14:05:00Z"},
        {"2026年1月5日(月) 10時30分", "2026-01-05T10:30:00Z"},
        {"2026년 1월 5일 오후 2시 30분", "2026-01-05T14:30:00Z"},
        {"令和8年1月5日", "2026-01-05T00:00:00Z"},
        {"民國115年1月5日", "2026-01-05T00:00:00Z"},
        {"5 มกราคม 2569", "2026-01-05T00:00:00Z"},
        {"5 มกราคม 2569 เวลา 10:30", "2026-01-05T10:30:00Z"},
        {"۱۵ دی ۱۴۰۴", "2026-01-05T00:00:00Z"},
        {"۱ فروردین ۱۴۰۳", "2024-03-20T00:00:00Z"},
        {"۳۰ اسفند ۱۴۰۳", "2025-03-20T00:00:00Z"},
        {"ngày 5 tháng 1 năm 2026", "2026-01-05T00:00:00Z"},
        {"1404/10/15", NULL},
        {"1447-07-15", NULL},
        {"15 رجب 1447", NULL},
        {"2569-01-05", NULL},
        {"昭和8年1月5日", NULL},
        {"令和八年", NULL},
    };
    CHECK(pairs);
}

static void zones_are_known_by_abbreviation_and_by_place(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"Mon, 5 Jan 2026 08:00:00 PST8PDT", "2026-01-05T16:00:00Z"},
        {"Sun, 5 Jul 2026 08:00:00 PST8PDT", "2026-07-05T15:00:00Z"},
        {"5 Jan 2026 08:00 Europe/Berlin", "2026-01-05T07:00:00Z"},
        {"5 Jul 2026 08:00 Europe/Berlin", "2026-07-05T06:00:00Z"},
        {"29 Mar 2026 01:59 Europe/Berlin", "2026-03-29T00:59:00Z"},
        {"29 Mar 2026 03:00 Europe/Berlin", "2026-03-29T01:00:00Z"},
        {"25 Oct 2026 03:00 Europe/Berlin", "2026-10-25T02:00:00Z"},
        {"8 Mar 2026 01:59 America/New_York", "2026-03-08T06:59:00Z"},
        {"8 Mar 2026 03:00 America/New_York", "2026-03-08T07:00:00Z"},
        {"1 Nov 2026 02:00 America/New_York", "2026-11-01T07:00:00Z"},
        {"5 Jan 2026 08:00 Australia/Sydney", "2026-01-04T21:00:00Z"},
        {"5 Jul 2026 08:00 Australia/Sydney", "2026-07-04T22:00:00Z"},
        {"5 Jan 2026 08:00 Pacific/Auckland", "2026-01-04T19:00:00Z"},
        {"5 Jan 2026 08:00 Asia/Kolkata", "2026-01-05T02:30:00Z"},
        {"5 Jan 2026 08:00 IST", "2026-01-05T02:30:00Z"},
        {"January 5, 2026 8:00 am ET", "2026-01-05T13:00:00Z"},
        {"July 5, 2026 8:00 am ET", "2026-07-05T12:00:00Z"},
        {"2026-01-05T08:00+01:00[Europe/Berlin]", "2026-01-05T07:00:00Z"},
        {"2026-07-05T08:00[Europe/Berlin]", "2026-07-05T06:00:00Z"},
        {"2026-07-05T08:00[Europe/Nowhere]", "2026-07-05T08:00:00Z"},
    };
    CHECK(pairs);
}

static void a_slashed_day_is_read_in_the_order_of_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *language, *text, *instant;
    } ROWS[] = {
        {"en-US", "05/01/2026", "2026-05-01T00:00:00Z"},
        {"en-GB", "05/01/2026", "2026-01-05T00:00:00Z"},
        {"de", "05/01/2026", "2026-01-05T00:00:00Z"},
        {"en", "05/01/2026", NULL},
        {"", "05/01/2026", NULL},
        {"en-GB", "12/25/2025", "2025-12-25T00:00:00Z"},
        {"en-US", "25/12/2025", "2025-12-25T00:00:00Z"},
        {"en-US", "31/31/2025", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct date date;
        char text[CLOCK_TEXT] = "refused";
        if (date_read(str_of(ROWS[i].text), date_order_of(str_of(ROWS[i].language)), &date) == 0)
            clock_format(date.us, text);
        if (strcmp(text, ROWS[i].instant ? ROWS[i].instant : "refused") != 0)
            fail_msg("%s in %s: %s", ROWS[i].text, ROWS[i].language, text);
    }
    assert_int_equal(date_order_in(STR("on 05/01/2026 and 25/12/2025")), DATE_DAY_FIRST);
    assert_int_equal(date_order_in(STR("on 05/01/2026 and 12/25/2025")), DATE_MONTH_FIRST);
    assert_int_equal(date_order_in(STR("25/12/2025 12/25/2025")), DATE_ORDER_UNKNOWN);
    assert_int_equal(date_order_in(STR("/125/12/2025 /a/25/12/2025")), DATE_ORDER_UNKNOWN);
}

static void the_zone_of_a_text_is_kept_beside_the_instant(void **state)
{
    (void)state;
    struct date date;
    char text[CLOCK_TEXT];
    assert_int_equal(date_read(STR("2026-01-05T20:30:00-05:00"), DATE_ORDER_UNKNOWN, &date), 0);
    assert_int_equal(date.offset_min, -300);
    assert_true(date.has_time);
    assert_string_equal(clock_format_at(date.us, date.offset_min, text),
                        "2026-01-05T20:30:00-05:00");
    assert_int_equal(date_read(STR("5 Jul 2026"), DATE_ORDER_UNKNOWN, &date), 0);
    assert_false(date.has_time);
    assert_string_equal(clock_format_at(date.us, date.offset_min, text), "2026-07-05T00:00:00Z");
    /* the longest there is, and times that no offset can move */
    assert_string_equal(clock_format_at(1767225600123456, -330, text),
                        "2025-12-31T18:30:00.123456-05:30");
    assert_true(strlen(text) < CLOCK_TEXT);
    assert_string_equal(clock_format_at(INT64_MAX, 60, text), "9999-01-10T04:00:54.775807Z");
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
        cmocka_unit_test(other_digits_eras_and_calendars_are_no_other_years),
        cmocka_unit_test(zones_are_known_by_abbreviation_and_by_place),
        cmocka_unit_test(a_slashed_day_is_read_in_the_order_of_the_place),
        cmocka_unit_test(the_zone_of_a_text_is_kept_beside_the_instant),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(a_months_name_is_found_with_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
