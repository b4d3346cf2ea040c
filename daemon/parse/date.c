#include "date.h"

#include <errno.h>

#include "clock.h"
#include "moment.h"
#include "utf8.h"

/*
 * Two readers. The first, here, takes ISO 8601 and its profiles (RFC 3339, W3C-DTF) by position; the
 * second (datescan.c) takes everything else as a row of tokens: numbers, words, separators, in
 * whatever order the world writes them. Both fill a `struct moment` and leave it to finish() to judge
 * whether that is a day.
 */
#define YEAR_MIN 1970
#define YEAR_MAX 2199

static int finish(const struct moment *m, struct date *out)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int hour = m->hour;
    bool leap = (m->year % 4 == 0 && m->year % 100 != 0) || m->year % 400 == 0;
    if (m->year < YEAR_MIN || m->year > YEAR_MAX || m->month < 1 || m->month > 12 || m->day < 1 ||
        m->day > days[m->month - 1] || (m->month == 2 && m->day == 29 && !leap))
        return -EINVAL;
    if (m->am || m->pm) {
        if (hour < 1 || hour > 12)
            return -EINVAL;
        hour = hour % 12 + (m->pm ? 12 : 0);
    }
    bool midnight = hour == 24 && m->minute == 0 && m->second == 0;
    if ((hour > 23 && !midnight) || m->minute > 59 || m->second > 60)
        return -EINVAL;
    if (m->offset_min > 15 * 60 || m->offset_min < -15 * 60)
        return -EINVAL;
    int offset_min = zone_offset(m);
    int64_t us = clock_days(m->year, m->month, m->day) * USEC_PER_DAY + hour * USEC_PER_HOUR +
                 (m->minute - offset_min) * USEC_PER_MIN + m->second * USEC_PER_SEC + m->micros;
    if (us <= 0) /* 0 means "unknown" */
        return -EINVAL;
    *out = (struct date){.us = us, .offset_min = offset_min, .has_time = m->has_time};
    return 0;
}

/* --------------------------------------------------------------------------------------- pieces */

bool moment_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

size_t moment_digits(struct str s)
{
    size_t n = 0;
    while (n < s.len && moment_is_digit(s.at[n]))
        n++;
    return n;
}

/* The number in the first n digits; n <= 9. */
int moment_number(struct str s, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (s.at[i] - '0');
    return value;
}

/* Exactly n digits off *s. */
bool moment_take(struct str *s, size_t n, int *out)
{
    if (moment_digits(*s) < n)
        return false;
    *out = moment_number(*s, n);
    *s = str_from(*s, n);
    return true;
}

bool moment_take_char(struct str *s, char c)
{
    if (s->len == 0 || s->at[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

void moment_take_fraction(struct str *s, struct moment *m)
{
    size_t n = moment_digits(str_from(*s, 1));
    if (s->len < 2 || (s->at[0] != '.' && s->at[0] != ',') || n == 0)
        return;
    int64_t unit = 100000;
    for (size_t i = 1; i <= n && unit; i++, unit /= 10)
        m->micros += (s->at[i] - '0') * unit;
    *s = str_from(*s, n + 1);
}

/* "+01:00", "-0500", "+3", with U+2212 for the minus too. */
bool moment_take_offset(struct str *s, struct moment *m)
{
    struct str rest = *s;
    int sign = moment_take_char(&rest, '+') ? 1 : moment_take_char(&rest, '-') ? -1 : 0;
    if (sign == 0 && str_starts(rest, STR("\xe2\x88\x92"))) {
        sign = -1;
        rest = str_from(rest, 3);
    }
    size_t n = moment_digits(rest);
    int hours = 0, minutes = 0;
    if (sign == 0 || n == 0 || n > 4)
        return false;
    if (n <= 2) {
        moment_take(&rest, n, &hours);
        if (moment_take_char(&rest, ':') && !moment_take(&rest, 2, &minutes))
            return false;
    } else {
        moment_take(&rest, n - 2, &hours);
        moment_take(&rest, 2, &minutes);
    }
    if (minutes > 59)
        return false;
    m->offset_min = sign * (hours * 60 + minutes);
    m->has_zone = true;
    *s = rest;
    return true;
}

/* ------------------------------------------------------------------------------------- ISO 8601 */

/* "[Europe/Berlin]" at the end, as Java writes it, off *s. */
static struct str take_place(struct str *s)
{
    size_t open = str_chr(*s, '[');
    if (open == SIZE_MAX || s->at[s->len - 1] != ']')
        return STR_NONE;
    struct str place = str_upto(str_from(*s, open + 1), s->len - open - 2);
    *s = str_upto(*s, open);
    return place;
}

/* "14:05", "14:05:07.5", "1405", "140507" and the zone behind it; all of s. */
static bool iso_time(struct str s, struct moment *m)
{
    m->has_time = true;
    if (!moment_take(&s, 2, &m->hour))
        return false;
    bool colon = moment_take_char(&s, ':');
    if (colon || moment_digits(s) >= 2) {
        if (!moment_take(&s, 2, &m->minute))
            return false;
        if (colon ? moment_take_char(&s, ':') : moment_digits(s) >= 2)
            if (!moment_take(&s, 2, &m->second))
                return false;
        moment_take_fraction(&s, m);
    }
    s = str_trim(s);
    if (s.len == 0 || str_isi(s, "Z"))
        return true;
    struct str place = take_place(&s);
    return (s.len == 0 && zone_set(m, place)) || (moment_take_offset(&s, m) && s.len == 0);
}

/* Day n of a year, from 1. */
static void ordinal_day(struct moment *m, int n)
{
    clock_civil(clock_days(m->year, 1, 1) + n - 1, &m->year, &m->month, &m->day);
}

/* "2026-W05-2": the week that holds 4 January is the first. */
static bool iso_week(struct str *s, struct moment *m)
{
    int week = 0, day = 1;
    if (!moment_take(s, 2, &week) || week < 1 || week > 53)
        return false;
    moment_take_char(s, '-');
    if (moment_digits(*s) && !moment_take(s, 1, &day))
        return false;
    int64_t fourth = clock_days(m->year, 1, 4);
    int64_t monday = fourth - ((fourth + 3) % 7 + 7) % 7;
    clock_civil(monday + 7L * (week - 1) + day - 1, &m->year, &m->month, &m->day);
    return day >= 1 && day <= 7;
}

/* What stands behind the year. */
static bool iso_day(struct str *s, struct moment *m)
{
    bool dash = moment_take_char(s, '-') || moment_take_char(s, '/');
    m->month = m->day = 1;
    if (moment_take_char(s, 'W'))
        return iso_week(s, m);
    size_t n = moment_digits(*s);
    if (n == 3) {
        int day = 0;
        moment_take(s, 3, &day);
        ordinal_day(m, day);
        return day >= 1 && day <= 366;
    }
    if (n == 0)
        return !dash;
    if (!moment_take(s, n == 1 && dash ? 1 : 2, &m->month))
        return false;
    if (dash && !moment_take_char(s, '-') && !moment_take_char(s, '/'))
        return true;
    n = moment_digits(*s);
    return n > 0 && moment_take(s, n == 1 && dash ? 1 : 2, &m->day);
}

static int iso_parse(struct str s, struct date *out)
{
    struct moment m = {0};
    if (moment_digits(s) < 4 || !moment_take(&s, 4, &m.year) || m.year < YEAR_MIN ||
        m.year > YEAR_MAX || !iso_day(&s, &m))
        return -EINVAL;
    if (s.len && (s.at[0] == 'T' || s.at[0] == 't' || s.at[0] == ' ' || s.at[0] == '_')) {
        s = str_trim(str_from(s, 1));
        if (!iso_time(s, &m))
            return -EINVAL;
    } else if (s.len && !(str_isi(s, "Z") || (moment_take_offset(&s, &m) && s.len == 0))) {
        return -EINVAL;
    }
    return finish(&m, out);
}

/* ------------------------------------------------------------------------------ other digits */

#define TEXT_MAX 100 /* bytes of a date; those in other scripts take three times as many */

/* Decimal digits of other scripts, and the wide forms of ours. */
static uint32_t plain(uint32_t point)
{
    static const uint32_t ZEROS[] = {0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10};
    for (size_t i = 0; i < ARRAY_LEN(ZEROS); i++)
        if (point >= ZEROS[i] && point < ZEROS[i] + 10)
            return '0' + point - ZEROS[i];
    if (point > 0xff00 && point < 0xff5f)
        return point - 0xfee0;
    return point == 0x3000 ? ' ' : point;
}

static struct str with_plain_digits(struct str text, struct buf *out)
{
    if (utf8_ascii(text) == text.len)
        return text;
    for (size_t at = 0; at < text.len;)
        utf8_put(out, plain(utf8_next(text, &at)));
    return buf_str(out);
}

/* ---------------------------------------------------------------------------------- orders */

enum date_order date_order_of(struct str language)
{
    static const char *const MONTH_FIRST[] = {"en-us", "en_us", "en-ph", "es-us"};
    for (size_t i = 0; i < ARRAY_LEN(MONTH_FIRST); i++)
        if (str_startsi(language, str_of(MONTH_FIRST[i])))
            return DATE_MONTH_FIRST;
    /* Canada writes both; where the year stands first there is no custom for what stands behind. */
    static const char *const OPEN[] = {"en-ca", "en_ca", "fr-ca", "zh", "ja",
                                       "ko",    "hu",    "lt",    "mn"};
    for (size_t i = 0; i < ARRAY_LEN(OPEN); i++)
        if (str_startsi(language, str_of(OPEN[i])))
            return DATE_ORDER_UNKNOWN;
    return language.len == 0 || str_isi(language, "en") ? DATE_ORDER_UNKNOWN : DATE_DAY_FIRST;
}

/* "25/12/2025" at the start of s: the two numbers in front. */
static bool starts_slashed(struct str s, int *first, int *second)
{
    size_t n = moment_digits(s), k;
    if (n < 1 || n > 2 || n >= s.len || s.at[n] != '/')
        return false;
    *first = moment_number(s, n);
    s = str_from(s, n + 1);
    k = moment_digits(s);
    if (k < 1 || k > 2 || k >= s.len || s.at[k] != '/' || moment_digits(str_from(s, k + 1)) != 4)
        return false;
    *second = moment_number(s, k);
    return true;
}

enum date_order date_order_in(struct str text)
{
    bool day_first = false, month_first = false;
    for (size_t at = 0, next; (next = str_chr(str_from(text, at), '/')) != SIZE_MAX; at++) {
        at += next;
        size_t from = at;
        int first, second;
        while (from && at - from < 2 && moment_is_digit(text.at[from - 1]))
            from--;
        if (from == at ||
            (from && (moment_is_digit(text.at[from - 1]) || text.at[from - 1] == '/')) ||
            !starts_slashed(str_from(text, from), &first, &second))
            continue;
        day_first = day_first || (first > 12 && first <= 31 && second <= 12);
        month_first = month_first || (second > 12 && second <= 31 && first <= 12);
    }
    return day_first == month_first ? DATE_ORDER_UNKNOWN
           : day_first              ? DATE_DAY_FIRST
                                    : DATE_MONTH_FIRST;
}

/* --------------------------------------------------------------------------------------- whole */

int date_read(struct str text, enum date_order order, struct date *out)
{
    struct buf plain_text = BUF_NONE;
    struct moment m = {0};
    text = utf8_trim(text);
    if (text.len < 4 || text.len > 3UL * TEXT_MAX || utf8_points(text) > TEXT_MAX)
        return -EINVAL;
    text = with_plain_digits(text, &plain_text);
    int rc = iso_parse(text, out);
    if (rc < 0)
        rc = moment_scan(text, order, &m);
    if (rc == 0 && m.year)
        rc = finish(&m, out);
    buf_free(&plain_text);
    return rc;
}

int date_parse(struct str text, int64_t *out_us)
{
    struct date date;
    if (date_read(text, DATE_ORDER_UNKNOWN, &date) < 0)
        return -EINVAL;
    *out_us = date.us;
    return 0;
}
