#include "scars.h"

#include "utf8.h"

#define PIECE 256

/* What windows-1252 has from 0x80 on, 0 nothing. */
static const uint16_t LOW[32] = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                 0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What the byte at `at` is when it comes from a windows-1252 text, 0 when it does not look so: a letter has letters
 * beside it, a sign stands behind ASCII. Where a text was cut, the first byte of a character stands alone: those
 * that begin the letters and signs of western languages need a letter behind them. */
static uint32_t as_windows(struct str s, size_t at, bool behind_one)
{
    unsigned char c = (unsigned char)s.at[at],
                  last = at ? (unsigned char)s.at[at - 1] : (unsigned char)' ',
                  next = at + 1 < s.len ? (unsigned char)s.at[at + 1] : (unsigned char)' ';
    if (c < 0xa0)
        return last < 0x80 || behind_one ? LOW[c - 0x80] : 0;
    if (c < 0xc0)
        return last < 0x80 || behind_one ? c : 0;
    if (is_letter(next))
        return last < 0x80 || behind_one ? c : 0;
    bool begins_many = c == 0xc2 || c == 0xc3 || c == 0xe2;
    return !begins_many && (is_letter(last) || behind_one) ? c : 0;
}

static bool half(struct str s, unsigned char from, uint32_t *bits)
{
    const unsigned char *p = (const unsigned char *)s.at;
    if (s.len < 3 || p[0] != 0xed || (p[1] & 0xf0) != from || (p[2] & 0xc0) != 0x80)
        return false;
    *bits = (uint32_t)(p[1] & 0x0f) << 6 | (p[2] & 0x3f);
    return true;
}

bool scars_is_pair(struct str s, uint32_t *point)
{
    uint32_t high, low;
    if (!half(s, 0xa0, &high) || !half(str_from(s, 3), 0xb0, &low))
        return false;
    *point = 0x10000 + (high << 10) + low;
    return true;
}

/* Appends the character at *at, which is moved behind it. */
static void put_mended(struct str s, size_t *at, bool *behind_one, struct buf *out)
{
    uint32_t point = s.at[*at] ? as_windows(s, *at, *behind_one) : 0; /* not of a NUL */
    *behind_one = false;
    if (scars_is_pair(str_from(s, *at), &point)) {
        *at += 6;
        utf8_put(out, point);
    } else if (point) {
        *behind_one = true;
        ++*at;
        utf8_put(out, point);
    } else {
        size_t from = *at;
        while (*at < s.len && *at - from < 4 && (s.at[*at] & 0x80) &&
               (*at == from || ((unsigned char)s.at[*at] & 0xc0) == 0x80))
            ++*at;
        *at += *at == from; /* a NUL */
        utf8_put(out, 0xfffd);
    }
}

/* How much of it stands as it is. */
static size_t good_run(struct str s)
{
    size_t at = 0;
    while (at < s.len) {
        size_t from = at;
        if (s.at[at] == '\0')
            break;
        if (!(s.at[at] & 0x80)) {
            /* a piece at a time: a document of NULs would be looked through for each of them */
            struct str run = str_upto(str_from(s, at), PIECE);
            run = str_upto(run, utf8_ascii(run));
            size_t nul = str_chr(run, '\0');
            at += nul == SIZE_MAX ? run.len : nul;
            continue;
        }
        utf8_next(s, &at);
        if (at - from == 1)
            return from;
    }
    return at;
}

void scars_mend(struct str text, struct buf *out)
{
    bool behind_one = false;
    buf_reserve(out, text.len);
    for (size_t at = 0; at < text.len;) {
        size_t run = good_run(str_from(text, at));
        buf_puts(out, str_upto(str_from(text, at), run));
        behind_one = behind_one && run == 0;
        at += run;
        if (at < text.len)
            put_mended(text, &at, &behind_one, out);
    }
}
