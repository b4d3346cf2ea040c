#include "utf8.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "block.h"
#include "utf8_words.h"

/* Length of the well-formed character at p (n > 0 bytes left), or 0. */
static size_t well_formed(const unsigned char *p, size_t n)
{
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    size_t need = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (n < need || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return need;
}

/* How many bytes one U+FFFD stands for: the longest prefix of a possible character (Unicode 3.9). */
static size_t ill_formed(const unsigned char *p, size_t n)
{
    unsigned char c = p[0];
    if (c < 0xc2 || c > 0xf4)
        return 1;
    size_t need = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (n < 2 || p[1] < low || p[1] > high)
        return 1;
    size_t i = 2;
    while (i < need && i < n && (p[i] & 0xc0) == 0x80)
        i++;
    return i;
}

static size_t ascii_run(const unsigned char *p, size_t n)
{
    size_t i = 0, run = BLOCK_BYTES;
    for (uint64_t words[4]; i + sizeof words <= n; i += sizeof words) {
        memcpy(words, p + i, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080ULL)
            break;
    }
    for (; run == BLOCK_BYTES && i + BLOCK_BYTES <= n; i += run)
        run = block_first((block_t)(block_at((const char *)p + i) & 0x80));
    while (run == BLOCK_BYTES && i < n && p[i] < 0x80)
        i++;
    return i;
}

size_t utf8_ascii(struct str s)
{
    return ascii_run((const unsigned char *)s.at, s.len);
}

bool utf8_valid(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.at;
    size_t i = 0;
    while (i < s.len) {
        i += ascii_run(p + i, s.len - i);
        if (i == s.len)
            break;
        size_t n = well_formed(p + i, s.len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

void utf8_repair(struct str s, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)s.at;
    size_t i = 0, from = 0;
    if (s.len == 0)
        return;
    buf_reserve(out, s.len);
    while (i < s.len) {
        size_t n = p[i] ? well_formed(p + i, s.len - i) : 0;
        if (n) {
            i += n;
            continue;
        }
        buf_put(out, p + from, i - from);
        buf_put(out, "\xef\xbf\xbd", 3);
        i += p[i] ? ill_formed(p + i, s.len - i) : 1;
        from = i;
    }
    buf_put(out, p + from, s.len - from);
}

uint32_t utf8_next(struct str s, size_t *at)
{
    const unsigned char *p = (const unsigned char *)s.at + *at;
    size_t n = well_formed(p, s.len - *at);
    *at += n ? n : 1;
    switch (n) {
    case 1:
        return p[0];
    case 2:
        return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    case 3:
        return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    case 4:
        return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
               (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
    default:
        return 0xfffd;
    }
}

void utf8_put(struct buf *out, uint32_t point)
{
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        point = 0xfffd;
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)point, bytes);
    buf_put(out, bytes, (size_t)n);
}

size_t utf8_points(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.at[i] & 0xc0) != 0x80;
    return count;
}

size_t utf8_offset(struct str s, size_t points)
{
    size_t i = 0;
    for (; i < s.len; i++)
        if (((unsigned char)s.at[i] & 0xc0) != 0x80 && points-- == 0)
            break;
    return i;
}

struct str utf8_upto(struct str s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max && ((unsigned char)s.at[max] & 0xc0) == 0x80)
        max--;
    return str_upto(s, max);
}

bool utf8_space(uint32_t c)
{
    return c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200b) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000 || c == 0xfeff;
}

bool utf8_alnum(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    utf8proc_category_t cat = utf8proc_category((utf8proc_int32_t)c);
    return cat >= UTF8PROC_CATEGORY_LU && cat <= UTF8PROC_CATEGORY_NO;
}

bool utf8_upper(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z';
    utf8proc_category_t cat = utf8proc_category((utf8proc_int32_t)c);
    return cat == UTF8PROC_CATEGORY_LU || cat == UTF8PROC_CATEGORY_LT;
}

/* Length of the white space character that s begins with, 0 when it is another. */
static size_t space_len(struct str s)
{
    unsigned char c = (unsigned char)s.at[0];
    size_t at = 0;
    if (c < 0x80)
        return utf8_space(c);
    return utf8_space(utf8_next(s, &at)) ? at : 0;
}

struct str utf8_trim(struct str s)
{
    for (size_t n; s.len && (n = space_len(s)) != 0;)
        s = str_from(s, n);
    while (s.len) {
        size_t back = 1;
        while (back < s.len && back < 4 && ((unsigned char)s.at[s.len - back] & 0xc0) == 0x80)
            back++;
        if (!space_len(str_from(s, s.len - back)))
            break;
        s.len -= back;
    }
    return s;
}

size_t utf8_words(struct str s, size_t enough)
{
    size_t words = 0;
    bool inside = false;
    for (size_t at = 0; at < s.len && words < enough;) {
        bool ascii = !(s.at[at] & 0x80);
        uint32_t c = ascii ? (unsigned char)s.at[at++] : utf8_next(s, &at);
        bool word = utf8_alnum(c);
        words += word && (!inside || c >= 0x2e80);
        inside = word;
    }
    return words;
}

static struct words_eight squash_eight(uint64_t word)
{
    uint64_t breaks = words_between(word, ' ', ' ') | words_between(word, '\t', '\r');
    uint64_t ones = (breaks >> 7) * 0xff;
    return (struct words_eight){(word & ~ones) | (WORDS_EACH(' ') & ones), breaks};
}

/* Bytes that no white space beyond ASCII begins with; those of its characters that follow are not
 * looked at alone. */
static size_t dark_run(struct str s)
{
    size_t n = 0;
    for (; n < s.len; n++) {
        unsigned char c = (unsigned char)s.at[n];
        if (c < 0x80 || c == 0xc2 || (c >= 0xe1 && c <= 0xe3) || c == 0xef)
            break;
    }
    return n;
}

void utf8_squash(struct str s, struct buf *out)
{
    struct words words = {.out = out};
    for (size_t at = 0; at < s.len;) {
        size_t from = at;
        if (!(s.at[at] & 0x80)) {
            at = words_ascii(&words, s, at, squash_eight);
            continue;
        }
        at += dark_run(str_from(s, at));
        if (at == from && utf8_space(utf8_next(s, &at)))
            words_break(&words);
        else
            words_put(&words, s.at + from, at - from);
    }
}
