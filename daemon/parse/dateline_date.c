#include "dateline_read.h"

#include "clock.h"
#include "date.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A word and a number: what a month and a day look like. Most words end here, date_month() is dear. */
static bool word_and_digit(struct str s)
{
    size_t i = 0;
    while (i < s.len && i < 16 && ((s.at[i] | 0x20) >= 'a' || (unsigned char)s.at[i] >= 0x80) &&
           !strchr("{|}~", s.at[i]))
        i++;
    if (i < s.len && s.at[i] == '.')
        i++;
    s = str_from(s, i);
    s = i ? str_trim(str_upto(s, 4)) : STR_NONE;
    return s.len && is_digit(s.at[0]);
}

bool reading_starts_date(struct str s)
{
    size_t len = 0;
    return word_and_digit(s) && date_month(s, &len) != 0;
}

static size_t digits_at(struct str s, int *out)
{
    size_t n = 0;
    int value = 0;
    for (; n < s.len && n < 5 && is_digit(s.at[n]); n++)
        value = value * 10 + (s.at[n] - '0');
    *out = value;
    return n;
}

bool reading_is_day(int year, int month, int day)
{
    int y, m, d;
    if (month < 1 || month > 12 || day < 1)
        return false;
    clock_civil(clock_days(year ? year : 2000, month, day), &y, &m, &d);
    return m == month && d == day;
}

static size_t skip_ordinal(struct str s)
{
    static const char *const ENDS[] = {"st", "nd", "rd", "th"};
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++)
        if (str_startsi(s, str_of(ENDS[i])))
            return 2;
    return 0;
}

static void read_year(struct reading *r)
{
    size_t from = r->at;
    int year;
    if (reading_char(r, r->at) == ',')
        r->at++;
    reading_skip_blanks(r);
    size_t n = digits_at(reading_rest(r), &year);
    if (n == 4 && year >= 1970 && year < 2200) {
        r->at += n;
        r->year = year;
    } else {
        r->at = from;
    }
}

static bool take_day(struct reading *r, int month, int day)
{
    if (!reading_is_day(0, month, day))
        return false;
    r->month = month;
    r->day = day;
    read_year(r);
    if (!reading_is_day(r->year, month, day))
        r->year = 0;
    return true;
}

bool reading_date(struct reading *r)
{
    size_t from = r->at, len = 0, n;
    int day, month = word_and_digit(reading_rest(r)) ? date_month(reading_rest(r), &len) : 0;
    if (month) {
        r->at += len;
        if (reading_char(r, r->at) == '.')
            r->at++;
        reading_skip_blanks(r);
        n = digits_at(reading_rest(r), &day);
        r->at += n;
        r->at += skip_ordinal(reading_rest(r));
        if (n && n < 3 && take_day(r, month, day))
            return true;
    } else if ((n = digits_at(reading_rest(r), &day)) != 0 && n < 3) {
        r->at += n;
        r->at += skip_ordinal(reading_rest(r));
        reading_skip_blanks(r);
        month = date_month(reading_rest(r), &len);
        r->at += len;
        if (month && reading_char(r, r->at) == '.' && reading_char(r, r->at + 1) != ' ')
            r->at++;
        if (month && take_day(r, month, day))
            return true;
    }
    r->at = from;
    return false;
}

bool reading_iso_date(struct reading *r)
{
    struct str s = reading_rest(r);
    int year, month, day;
    if (s.len < 11 || digits_at(s, &year) != 4 || s.at[4] != '-' ||
        digits_at(str_from(s, 5), &month) != 2 || s.at[7] != '-' ||
        digits_at(str_from(s, 8), &day) != 2 || !reading_is_day(year, month, day))
        return false;
    r->year = year;
    r->month = month;
    r->day = day;
    r->iso = true;
    r->at += 10;
    return true;
}

bool reading_weekday(struct reading *r)
{
    static const char *const DAYS[] = {"Monday",   "Tuesday", "Wednesday", "Thursday", "Friday",
                                       "Saturday", "Sunday",  "Mon",       "Tue",      "Wed",
                                       "Thu",      "Fri",     "Sat",       "Sun"};
    struct str word = reading_word(reading_rest(r));
    if (word.len && word.at[word.len - 1] == '.')
        word.len--;
    for (size_t i = 0; i < ARRAY_LEN(DAYS); i++)
        if (str_isi(word, DAYS[i])) {
            r->at += word.len;
            if (reading_char(r, r->at) == '.')
                r->at++;
            r->weekday = true;
            return true;
        }
    return false;
}
