#include "date.h"

#include <errno.h>

#include "clock.h"
#include "utf8.h"

/*
 * Two readers. The first takes ISO 8601 and its profiles (RFC 3339, W3C-DTF) by position; the
 * second takes everything else as a row of tokens: numbers, words, separators, in whatever order
 * the world writes them. Both fill a `struct moment` and leave it to finish() to judge whether that
 * is a day.
 */
struct moment {
    int year, month, day; /* 0 not given */
    int hour, minute, second;
    int64_t micros;
    int offset_min; /* east of Greenwich */
    bool has_time, has_zone, pm, am;
};

#define YEAR_MIN 1970
#define YEAR_MAX 2199

static int finish(const struct moment *m, int64_t *out_us)
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
    int64_t us = clock_days(m->year, m->month, m->day) * USEC_PER_DAY + hour * USEC_PER_HOUR +
                 (m->minute - m->offset_min) * USEC_PER_MIN + m->second * USEC_PER_SEC + m->micros;
    if (us <= 0) /* 0 means "unknown" */
        return -EINVAL;
    *out_us = us;
    return 0;
}

/* --------------------------------------------------------------------------------------- pieces */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t digits(struct str s)
{
    size_t n = 0;
    while (n < s.len && is_digit(s.at[n]))
        n++;
    return n;
}

/* The number in the first n digits; n <= 9. */
static int number(struct str s, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (s.at[i] - '0');
    return value;
}

/* Exactly n digits off *s. */
static bool take(struct str *s, size_t n, int *out)
{
    if (digits(*s) < n)
        return false;
    *out = number(*s, n);
    *s = str_from(*s, n);
    return true;
}

static bool take_char(struct str *s, char c)
{
    if (s->len == 0 || s->at[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

static void take_fraction(struct str *s, struct moment *m)
{
    size_t n = digits(str_from(*s, 1));
    if (s->len < 2 || (s->at[0] != '.' && s->at[0] != ',') || n == 0)
        return;
    int64_t unit = 100000;
    for (size_t i = 1; i <= n && unit; i++, unit /= 10)
        m->micros += (s->at[i] - '0') * unit;
    *s = str_from(*s, n + 1);
}

/* "+01:00", "-0500", "+3", with U+2212 for the minus too. */
static bool take_offset(struct str *s, struct moment *m)
{
    struct str rest = *s;
    int sign = take_char(&rest, '+') ? 1 : take_char(&rest, '-') ? -1 : 0;
    if (sign == 0 && str_starts(rest, STR("\xe2\x88\x92"))) {
        sign = -1;
        rest = str_from(rest, 3);
    }
    size_t n = digits(rest);
    int hours = 0, minutes = 0;
    if (sign == 0 || n == 0 || n > 4)
        return false;
    if (n <= 2) {
        take(&rest, n, &hours);
        if (take_char(&rest, ':') && !take(&rest, 2, &minutes))
            return false;
    } else {
        take(&rest, n - 2, &hours);
        take(&rest, 2, &minutes);
    }
    if (minutes > 59)
        return false;
    m->offset_min = sign * (hours * 60 + minutes);
    m->has_zone = true;
    *s = rest;
    return true;
}

/* ------------------------------------------------------------------------------------- ISO 8601 */

/* "14:05", "14:05:07.5", "1405", "140507" and the zone behind it; all of s. */
static bool iso_time(struct str s, struct moment *m)
{
    m->has_time = true;
    if (!take(&s, 2, &m->hour))
        return false;
    bool colon = take_char(&s, ':');
    if (colon || digits(s) >= 2) {
        if (!take(&s, 2, &m->minute))
            return false;
        if (colon ? take_char(&s, ':') : digits(s) >= 2)
            if (!take(&s, 2, &m->second))
                return false;
        take_fraction(&s, m);
    }
    s = str_trim(s);
    if (s.len == 0 || str_isi(s, "Z"))
        return true;
    return take_offset(&s, m) && s.len == 0;
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
    if (!take(s, 2, &week) || week < 1 || week > 53)
        return false;
    take_char(s, '-');
    if (digits(*s) && !take(s, 1, &day))
        return false;
    int64_t fourth = clock_days(m->year, 1, 4);
    int64_t monday = fourth - ((fourth + 3) % 7 + 7) % 7;
    clock_civil(monday + 7L * (week - 1) + day - 1, &m->year, &m->month, &m->day);
    return day >= 1 && day <= 7;
}

/* What stands behind the year. */
static bool iso_day(struct str *s, struct moment *m)
{
    bool dash = take_char(s, '-') || take_char(s, '/');
    m->month = m->day = 1;
    if (take_char(s, 'W'))
        return iso_week(s, m);
    size_t n = digits(*s);
    if (n == 3) {
        int day = 0;
        take(s, 3, &day);
        ordinal_day(m, day);
        return day >= 1 && day <= 366;
    }
    if (n == 0)
        return !dash;
    if (!take(s, n == 1 && dash ? 1 : 2, &m->month))
        return false;
    if (dash && !take_char(s, '-') && !take_char(s, '/'))
        return true;
    n = digits(*s);
    return n > 0 && take(s, n == 1 && dash ? 1 : 2, &m->day);
}

static int iso_parse(struct str s, int64_t *out_us)
{
    struct moment m = {0};
    if (digits(s) < 4 || !take(&s, 4, &m.year) || m.year < YEAR_MIN || m.year > YEAR_MAX ||
        !iso_day(&s, &m))
        return -EINVAL;
    if (s.len && (s.at[0] == 'T' || s.at[0] == 't' || s.at[0] == ' ' || s.at[0] == '_')) {
        s = str_trim(str_from(s, 1));
        if (!iso_time(s, &m))
            return -EINVAL;
    } else if (s.len && !(str_isi(s, "Z") || (take_offset(&s, &m) && s.len == 0))) {
        return -EINVAL;
    }
    return finish(&m, out_us);
}

/* ---------------------------------------------------------------------------------------- zones */

/* Minutes east. Where two zones share a name, the one that news sources mean. */
static const struct {
    const char *name;
    int offset_min;
} ZONES[] = {
    {"UTC", 0},    {"GMT", 0},     {"UT", 0},      {"Z", 0},      {"WET", 0},    {"EST", -300},
    {"EDT", -240}, {"CST", -360},  {"CDT", -300},  {"MST", -420}, {"MDT", -360}, {"PST", -480},
    {"PDT", -420}, {"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"AST", -240}, {"ADT", -180},
    {"NST", -210}, {"NDT", -150},  {"ET", -300},   {"BRT", -180}, {"ART", -180}, {"CLT", -240},
    {"WEST", 60},  {"BST", 60},    {"CET", 60},    {"MEZ", 60},   {"WAT", 60},   {"CEST", 120},
    {"MESZ", 120}, {"EET", 120},   {"SAST", 120},  {"CAT", 120},  {"EEST", 180}, {"MSK", 180},
    {"MSD", 240},  {"TRT", 180},   {"EAT", 180},   {"AZT", 240},  {"GST", 240},  {"SAMT", 240},
    {"IRST", 210}, {"AFT", 270},   {"PKT", 300},   {"YEKT", 300}, {"UZT", 300},  {"IST", 330},
    {"NPT", 345},  {"BDT", 360},   {"OMST", 360},  {"MMT", 390},  {"ICT", 420},  {"WIB", 420},
    {"KRAT", 420}, {"HKT", 480},   {"SGT", 480},   {"MYT", 480},  {"PHT", 480},  {"AWST", 480},
    {"WITA", 480}, {"IRKT", 480},  {"JST", 540},   {"KST", 540},  {"WIT", 540},  {"YAKT", 540},
    {"ACST", 570}, {"ACDT", 630},  {"AEST", 600},  {"VLAT", 600}, {"AEDT", 660}, {"NZST", 720},
    {"NZDT", 780},
};

static bool set_zone(struct moment *m, struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(ZONES); i++)
        if (str_isi(word, ZONES[i].name)) {
            m->offset_min = ZONES[i].offset_min;
            m->has_zone = true;
            return true;
        }
    return false;
}

/* --------------------------------------------------------------------------------------- tokens */

struct scan {
    struct str rest;
    struct moment m;
    int numbers[3]; /* day, month and year in the order they stand */
    size_t lens[3];
    size_t count;
    size_t month_at; /* how many numbers stood before the month's name */
    char separator;  /* between the numbers: '.', '/', '-' or 0 */
    size_t unknown;  /* words without a meaning for us */
};

/* "14.05.07" is a time where the day is known already; before that it may be a date. */
static char time_separator(const struct scan *scan, struct str s)
{
    char c = s.len > 1 && is_digit(s.at[1]) ? s.at[0] : '\0';
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

/* "14:05", "14:05:07.5", "14:5:7", "14h05", "2 pm". False when the number at the start is no time. */
static bool scan_time(struct scan *scan)
{
    struct str s = scan->rest;
    struct moment *m = &scan->m;
    size_t n = digits(s);
    if (n == 0 || n > 2 || m->has_time)
        return false;
    int hour = number(s, n);
    s = str_from(s, n);
    char separator = time_separator(scan, s);
    if (separator) {
        s = str_from(s, 1);
        if (digits(s) > 2)
            return false;
        take(&s, digits(s), &m->minute);
        n = digits(str_from(s, 1));
        if (n >= 1 && n <= 2 && (s.at[0] == ':' || s.at[0] == separator)) {
            s = str_from(s, 1);
            take(&s, n, &m->second);
            take_fraction(&s, m);
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
    size_t n = digits(scan->rest);
    struct str unit = str_from(scan->rest, n);
    if (n > 2 || scan->m.month || !(str_starts(unit, STR("月")) || str_starts(unit, STR("월"))))
        return false;
    scan->m.month = number(scan->rest, n);
    scan->month_at = scan->count;
    scan->rest = str_from(unit, 3);
    return true;
}

static int scan_number(struct scan *scan)
{
    size_t n = digits(scan->rest);
    if (scan_time(scan) || scan_cjk_month(scan))
        return 0;
    if (n > 4 || scan->count == ARRAY_LEN(scan->numbers))
        return -EINVAL;
    scan->numbers[scan->count] = number(scan->rest, n);
    scan->lens[scan->count++] = n;
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
        if (!utf8_alnum(point) || (point < 0x80 && is_digit((char)point)))
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

static void scan_word(struct scan *scan)
{
    size_t len = word_len(scan->rest), month_len = 0;
    struct str word = str_upto(scan->rest, len);
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
    } else if (scan->m.has_time && set_zone(&scan->m, word)) {
        struct str offset = str_from(scan->rest, len); /* GMT+3 */
        if (take_offset(&offset, &scan->m)) {
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
        if (is_digit(c)) {
            if (scan_number(scan) < 0)
                return -EINVAL;
        } else if (c == '(' && scan->m.has_zone) { /* a comment on it, which may be long */
            scan->rest = str_from(scan->rest, str_chr(scan->rest, ')'));
            scan->rest = str_from(scan->rest, 1);
        } else if ((c == '+' || c == '-' || point == 0x2212) && scan->m.has_time &&
                   take_offset(&scan->rest, &scan->m)) {
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
 * of them is above twelve; what stays open is refused. */
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
    bool day_first = scan->separator == '.' || scan->separator == '-' || n[0] > 12;
    if (!day_first && n[1] <= 12 && n[0] != n[1])
        return -EINVAL;
    scan->m.year = full_year(n[2], scan->lens[2]);
    scan->m.day = day_first ? n[0] : n[1];
    scan->m.month = day_first ? n[1] : n[0];
    return 0;
}

/* Words that join the parts of a date, or stand before it: as many as honest dates have. */
#define UNKNOWN_WORDS 4

int date_parse(struct str text, int64_t *out_us)
{
    text = utf8_trim(text);
    if (text.len < 4 || text.len > 100)
        return -EINVAL;
    if (iso_parse(text, out_us) == 0)
        return 0;
    struct scan scan = {.rest = text};
    if (scan_all(&scan) < 0 || scan.unknown > UNKNOWN_WORDS)
        return -EINVAL;
    int rc = scan.m.month ? order_named(&scan) : order_numbers(&scan);
    return rc < 0 ? rc : finish(&scan.m, out_us);
}
