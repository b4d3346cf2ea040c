#include "moment.h"

#include <errno.h>

#include "clock.h"
#include "utf8.h"

struct scan {
    struct str rest;
    struct moment m;
    int numbers[3]; /* day, month and year in the order they stand */
    size_t lens[3];
    size_t count;
    size_t month_at; /* how many numbers stood before the month's name */
    char separator;  /* between the numbers: '.', '/', '-' or 0 */
    size_t unknown;  /* words without a meaning for us */
    enum date_order order;
    int era;          /* the next number is a year since then */
    bool month_next;  /* the next number is a month: "tháng 1" */
    bool thai, solar; /* years of the Buddhist era, of the Iranian calendar */
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "14.05.07" is a time where the day is known already; before that it may be a date. */
static char time_separator(const struct scan *scan, struct str s)
{
    char c = s.len > 1 && moment_is_digit(s.at[1]) ? s.at[0] : '\0';
    if (c == ':' || c == 'h' || c == 'H')
        return c;
    return c == '.' && scan->m.month && scan->count == 2 ? c : '\0';
}

static bool is_half_day(struct str s)
{
    static const struct str halves[] = {{"am", 2}, {"pm", 2}, {"a.m", 3}, {"p.m", 3}};
    for (size_t i = 0; i < ARRAY_LEN(halves); i++)
        if (str_startsi(s, halves[i]))
            return true;
    return false;
}

static size_t take_unit(struct str *s, const char *const units[3])
{
    for (size_t i = 0; i < 3; i++)
        if (str_starts(*s, str_of(units[i]))) {
            *s = str_from(*s, strlen(units[i]));
            return strlen(units[i]);
        }
    return 0;
}

/* "14時05分", "14点05分07秒", "14시 5분" */
static bool scan_cjk_time(struct scan *scan)
{
    static const char *const HOURS[3] = {"時", "时", "시"}, *const POINT[3] = {"点", "點", "點"},
                             *const MINUTES[3] = {"分", "분", "分"},
                             *const SECONDS[3] = {"秒", "초", "秒"};
    struct moment *m = &scan->m;
    size_t n = moment_digits(scan->rest);
    struct str s = str_from(scan->rest, n);
    if (n == 0 || n > 2 || m->has_time || (!take_unit(&s, HOURS) && !take_unit(&s, POINT)))
        return false;
    m->hour = moment_number(scan->rest, n);
    m->has_time = true;
    for (unsigned part = 0; part < 2; part++) {
        struct str next = utf8_trim(s);
        n = moment_digits(next);
        struct str unit = str_from(next, n);
        if (n == 0 || n > 2 || !take_unit(&unit, part ? SECONDS : MINUTES))
            break;
        *(part ? &m->second : &m->minute) = moment_number(next, n);
        s = unit;
    }
    scan->rest = s;
    return true;
}

/* "14:05", "14:05:07.5", "14:5:7", "14h05", "2 pm". False when the number at the start is no time. */
static bool scan_time(struct scan *scan)
{
    struct str s = scan->rest;
    struct moment *m = &scan->m;
    size_t n = moment_digits(s);
    if (n == 0 || n > 2 || m->has_time)
        return false;
    int hour = moment_number(s, n);
    s = str_from(s, n);
    char separator = time_separator(scan, s);
    if (separator) {
        s = str_from(s, 1);
        if (moment_digits(s) > 2)
            return false;
        moment_take(&s, moment_digits(s), &m->minute);
        n = moment_digits(str_from(s, 1));
        if (n >= 1 && n <= 2 && (s.at[0] == ':' || s.at[0] == separator)) {
            s = str_from(s, 1);
            moment_take(&s, n, &m->second);
            moment_take_fraction(&s, m);
        }
    } else if (!is_half_day(str_trim(s))) {
        return false;
    }
    m->hour = hour;
    m->has_time = true;
    scan->rest = s;
    return true;
}

/* "1月", "1월": the month says so itself, wherever it stands. */
static bool scan_cjk_month(struct scan *scan)
{
    size_t n = moment_digits(scan->rest);
    struct str unit = str_from(scan->rest, n);
    if (n > 2 || scan->m.month || !(str_starts(unit, STR("月")) || str_starts(unit, STR("월"))))
        return false;
    scan->m.month = moment_number(scan->rest, n);
    scan->month_at = scan->count;
    scan->rest = str_from(unit, 3);
    return true;
}

static int scan_number(struct scan *scan)
{
    size_t n = moment_digits(scan->rest);
    if (scan->month_next && n <= 2 && !scan->m.month) {
        scan->m.month = moment_number(scan->rest, n);
        scan->month_at = scan->count;
        scan->month_next = false;
        scan->rest = str_from(scan->rest, n);
        return 0;
    }
    if (scan_time(scan) || scan_cjk_time(scan) || scan_cjk_month(scan))
        return 0;
    if (n > 4 || scan->count == ARRAY_LEN(scan->numbers))
        return -EINVAL;
    scan->numbers[scan->count] = moment_number(scan->rest, n) + scan->era;
    scan->lens[scan->count++] = scan->era ? 4 : n;
    scan->era = 0;
    scan->rest = str_from(scan->rest, n);
    /* "1st", "2nd", "3rd", "4th", "1er", "1º" */
    static const struct str ordinals[] = {{"st", 2}, {"nd", 2}, {"rd", 2},
                                          {"th", 2}, {"er", 2}, {"\xc2\xba", 2}};
    for (size_t i = 0; i < ARRAY_LEN(ordinals); i++)
        if (str_startsi(scan->rest, ordinals[i]) &&
            (scan->rest.len == 2 || !is_letter(scan->rest.at[2]))) {
            scan->rest = str_from(scan->rest, 2);
            break;
        }
    char next = scan->rest.len ? scan->rest.at[0] : '\0';
    if (scan->count == 1 && (next == '.' || next == '/' || next == '-'))
        scan->separator = next;
    return 0;
}

static size_t word_len(struct str s)
{
    size_t at = 0;
    while (at < s.len) {
        size_t next = at;
        uint32_t point = utf8_next(s, &next);
        if (point == '.' && at == 1 && s.len > 3 && s.at[3] == '.') { /* a.m. */
            at = next;
            continue;
        }
        if (!utf8_alnum(point) || (point < 0x80 && moment_is_digit((char)point)))
            break;
        at = next;
    }
    return at;
}

static bool is_half(struct str word, char half)
{
    return word.len >= 2 && (word.at[0] | 0x20) == half &&
           (str_isi(str_from(word, 1), "m") || str_isi(str_from(word, 1), ".m"));
}

/* 年月日 and their Korean kin only separate: the order year, month, day is theirs too. */
static bool is_cjk_unit(struct str word)
{
    static const char *const units[] = {"年", "月", "日", "년", "월", "일"};
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_is(word, units[i]))
            return true;
    return false;
}

/* Years that are counted from another day: Japan's, Taiwan's. */
static int era_of(struct str word)
{
    static const struct {
        const char *name;
        int before;
    } ERAS[] = {{"令和", 2018}, {"平成", 1988}, {"昭和", 1925}, {"民國", 1911}, {"民国", 1911}};
    for (size_t i = 0; i < ARRAY_LEN(ERAS); i++)
        if (str_ends(word, str_of(ERAS[i].name)))
            return ERAS[i].before;
    return 0;
}

/* Halves of the day in front of the hour. */
static int half_of(struct str word)
{
    static const char *const AM[] = {"上午", "午前", "오전", "凌晨", "早上"}, *const PM[] = {
                                                                                  "下午", "午後",
                                                                                  "오후", "晚上"};
    for (size_t i = 0; i < ARRAY_LEN(AM); i++)
        if (str_is(word, AM[i]))
            return 1;
    for (size_t i = 0; i < ARRAY_LEN(PM); i++)
        if (str_is(word, PM[i]))
            return 2;
    return 0;
}

/* The Iranian calendar's months; its years begin in March, and eight of 33 are leap years (true to the
 * calendar as it is kept from 1925 to 2088). */
static int solar_month(struct str word)
{
    static const char *const MONTHS[] = {"فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور",
                                         "مهر",     "آبان",     "آذر",   "دی",  "بهمن",  "اسفند"};
    for (int i = 0; i < 12; i++)
        if (str_is(word, MONTHS[i]))
            return i + 1;
    return 0;
}

static void solar_hijri(struct moment *m)
{
    static const int LEAPS[] = {1, 5, 9, 13, 17, 22, 26, 30}; /* of a cycle of 33 years */
    int64_t days = clock_days(1979, 3, 21);                   /* the first day of 1358 */
    bool sane = m->year >= 1358 && m->year < 1500 && m->day <= (m->month <= 6 ? 31 : 30);
    for (int year = 1358; sane && year < m->year; year++) {
        days += 365;
        for (size_t i = 0; i < ARRAY_LEN(LEAPS); i++)
            days += year % 33 == LEAPS[i];
    }
    days += (m->month - 1) * 30 + (m->month <= 7 ? m->month - 1 : 6) + m->day - 1;
    if (sane)
        clock_civil(days, &m->year, &m->month, &m->day);
    else
        m->year = 0;
}

static bool is_place_byte(char c)
{
    return is_letter(c) || moment_is_digit(c) || c == '/' || c == '_';
}

/* "Europe/Berlin", "PST8PDT": longer than the word they begin with. */
static bool scan_place(struct scan *scan)
{
    size_t len = 0;
    while (len < scan->rest.len && is_place_byte(scan->rest.at[len]))
        len++;
    if (!scan->m.has_time || len < 7 || !zone_set(&scan->m, str_upto(scan->rest, len)))
        return false;
    scan->rest = str_from(scan->rest, len);
    return true;
}

/* What other calendars and other orders say with words. */
static bool scan_foreign(struct scan *scan, struct str word)
{
    int half = half_of(word), era = era_of(word), month = solar_month(word);
    if (half) {
        scan->m.am = half == 1;
        scan->m.pm = half == 2;
    } else if (era) {
        scan->era = era;
    } else if (month && !scan->m.month) {
        scan->m.month = month;
        scan->month_at = scan->count;
        scan->solar = true;
    } else if (str_isi(word, "tháng") || str_isi(word, "Tháng")) {
        scan->month_next = true;
    } else {
        return false;
    }
    return true;
}

static void scan_word(struct scan *scan)
{
    size_t len = word_len(scan->rest), month_len = 0;
    struct str word = str_upto(scan->rest, len);
    scan->thai = scan->thai || (word.len >= 3 && word.at[0] == '\xe0' &&
                                ((unsigned char)word.at[1] & 0xfe) == 0xb8);
    if (scan_place(scan))
        return;
    if (utf8_ascii(word) < word.len && scan_foreign(scan, word)) {
        scan->rest = str_from(scan->rest, len);
        return;
    }
    int month = date_month(scan->rest, &month_len);
    /* A second name behind a number: the first was a weekday ("mar, 5 gen 2026"). */
    bool first = !scan->m.month || (scan->month_at == 0 && scan->count > 0);
    if (month && first) {
        scan->m.month = month;
        scan->month_at = scan->count;
    } else if (is_half(word, 'a')) {
        scan->m.am = true;
    } else if (is_half(word, 'p')) {
        scan->m.pm = true;
    } else if (scan->m.has_time && zone_set(&scan->m, word)) {
        struct str offset = str_from(scan->rest, len); /* GMT+3 */
        if (moment_take_offset(&offset, &scan->m)) {
            scan->rest = offset;
            return;
        }
    } else if (!is_cjk_unit(word)) {
        scan->unknown++;
    }
    scan->rest = str_from(scan->rest, len);
}

static int scan_all(struct scan *scan)
{
    while (scan->rest.len) {
        size_t next = 0;
        char c = scan->rest.at[0];
        uint32_t point = utf8_next(scan->rest, &next);
        if (moment_is_digit(c)) {
            if (scan_number(scan) < 0)
                return -EINVAL;
        } else if (c == '(' && scan->m.has_zone) { /* a comment on it, which may be long */
            scan->rest = str_from(scan->rest, str_chr(scan->rest, ')'));
            scan->rest = str_from(scan->rest, 1);
        } else if ((c == '+' || c == '-' || point == 0x2212) && scan->m.has_time &&
                   moment_take_offset(&scan->rest, &scan->m)) {
            continue;
        } else if (utf8_alnum(point)) {
            scan_word(scan);
        } else {
            scan->rest = str_from(scan->rest, next);
        }
    }
    return 0;
}

/* RFC 2822, section 4.3, as far as it goes; three digits are a year since 1900 there. */
static int full_year(int year, size_t len)
{
    if (len == 4)
        return year;
    if (len == 3)
        return year + 1900;
    return year < 50 ? year + 2000 : year + 1900;
}

static bool is_year(const struct scan *scan, size_t i)
{
    return scan->lens[i] >= 3 || scan->numbers[i] > 31;
}

/* "2 January 2026", "January 2, 2026", "2026 January 2", "Jan 2 14:05:07 2026" */
static int order_named(struct scan *scan)
{
    if (scan->count != 2)
        return -EINVAL;
    size_t year = is_year(scan, 0) ? 0 : 1;
    scan->m.year = full_year(scan->numbers[year], scan->lens[year]);
    scan->m.day = scan->numbers[1 - year];
    return scan->lens[1 - year] <= 2 ? 0 : -EINVAL;
}

/* "05.01.2026", "1/25/2026", "2026.1.5". Day or month first is known only by the dots, or when one
 * of them is above twelve; what stays open is settled by the
 * order that is the custom there, or refused. */
static int order_numbers(struct scan *scan)
{
    int *n = scan->numbers;
    if (scan->count != 3)
        return -EINVAL;
    if (scan->lens[0] == 4) {
        scan->m.year = n[0];
        scan->m.month = n[1];
        scan->m.day = n[2];
        return 0;
    }
    if (scan->lens[2] != 4 && (scan->lens[2] != 2 || scan->separator != '.'))
        return -EINVAL;
    bool day_first = scan->separator == '.' || scan->separator == '-' || n[0] > 12 ||
                     (scan->order == DATE_DAY_FIRST && n[1] <= 12);
    if (!day_first && n[1] <= 12 && n[0] != n[1] && scan->order == DATE_ORDER_UNKNOWN)
        return -EDOM;
    scan->m.year = full_year(n[2], scan->lens[2]);
    scan->m.day = day_first ? n[0] : n[1];
    scan->m.month = day_first ? n[1] : n[0];
    return 0;
}

/* Words that join the parts of a date, or stand before it: as many as honest dates have. */
#define UNKNOWN_WORDS 4

int moment_scan(struct str text, enum date_order order, struct moment *out)
{
    struct scan scan = {.rest = text, .order = order};
    if (scan_all(&scan) < 0 || scan.unknown > UNKNOWN_WORDS)
        return -EINVAL;
    int rc = scan.m.month ? order_named(&scan) : order_numbers(&scan);
    if (rc < 0)
        return rc;
    if (scan.thai && scan.m.year > 2400)
        scan.m.year -= 543;
    if (scan.solar)
        solar_hijri(&scan.m);
    *out = scan.m;
    return scan.m.year ? 0 : -EINVAL;
}
