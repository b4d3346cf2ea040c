#include "urldate.h"

#define PARTS 3 /* year, month, day */

static size_t digits(struct str s)
{
    size_t n = 0;
    while (n < s.len && s.at[n] >= '0' && s.at[n] <= '9')
        n++;
    return n;
}

static bool is_year(struct str s)
{
    return s.len == 4 && digits(s) == 4 && (str_starts(s, STR("19")) || str_starts(s, STR("20")));
}

static bool is_short_number(struct str s)
{
    return s.len >= 1 && s.len <= 2 && digits(s) == s.len;
}

static bool is_month(struct str s)
{
    return is_short_number(s) || (s.len >= 3 && s.len <= 9 && digits(s) == 0);
}

/* "2026-03-05" at the start of a segment, and no digit behind it. */
static bool begins_with_day(struct str s)
{
    return s.len >= 10 && is_year(str_upto(s, 4)) && s.at[4] == '-' && s.at[7] == '-' &&
           digits(str_from(s, 5)) == 2 && digits(str_from(s, 8)) == 2;
}

void urldate_read(struct str url, struct buf *out)
{
    struct str part[PARTS] = {STR_NONE, STR_NONE, STR_NONE}, segment;
    url = str_upto(url, str_chr(url, '?'));
    url = str_upto(url, str_chr(url, '#'));
    while (str_cut(&url, '/', &segment)) {
        if (begins_with_day(segment)) {
            buf_puts(out, str_upto(segment, 10));
            return;
        }
        part[0] = part[1];
        part[1] = part[2];
        part[2] = segment;
        if (!is_year(part[0]) || !is_month(part[1]) || !is_short_number(part[2]))
            continue;
        for (size_t i = 0; i < PARTS; i++) {
            if (i)
                buf_putc(out, is_short_number(part[1]) ? '-' : ' ');
            buf_puts(out, part[i]);
        }
        return;
    }
}
