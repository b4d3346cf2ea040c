#include "str.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "block.h"

struct str str_of(const char *z)
{
    if (!z)
        return STR_NONE;
    return (struct str){z, strlen(z)};
}

bool str_eq(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    return a.len == 0 || (a.at && b.at && memcmp(a.at, b.at, a.len) == 0);
}

/* Nearly all that differ do so by their first letters. */
bool str_eqi(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    return a.len == 0 ||
           (((a.at[0] ^ b.at[0]) & ~0x20) == 0 && strncasecmp(a.at, b.at, a.len) == 0);
}

bool str_is(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}

bool str_isi(struct str a, const char *z)
{
    return str_eqi(a, str_of(z));
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_upto(s, prefix.len), prefix);
}

bool str_startsi(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eqi(str_upto(s, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_from(s, s.len - suffix.len), suffix);
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.len == 0)
        return 0;
    if (s.len < needle.len)
        return SIZE_MAX;
    const char *hit = memmem(s.at, s.len, needle.at, needle.len);
    return hit ? (size_t)(hit - s.at) : SIZE_MAX;
}

/* Where `s` has a letter of either case, from `at` on; s.len when it has none. */
static size_t find_letter(struct str s, size_t at, unsigned char lower)
{
    size_t run = BLOCK_BYTES;
    for (; run == BLOCK_BYTES && at + BLOCK_BYTES <= s.len; at += run)
        run = block_first((block_t)((block_at(s.at + at) | 0x20) == lower));
    while (run == BLOCK_BYTES && at < s.len && ((unsigned char)s.at[at] | 0x20) != lower)
        at++;
    return at;
}

size_t str_findi(struct str s, struct str needle)
{
    if (needle.len == 0)
        return 0;
    unsigned char first = (unsigned char)needle.at[0] | 0x20;
    for (size_t at = find_letter(s, 0, first); at + needle.len <= s.len;
         at = find_letter(s, at + 1, first))
        if (strncasecmp(s.at + at, needle.at, needle.len) == 0)
            return at;
    return SIZE_MAX;
}

size_t str_chr(struct str s, char c)
{
    const char *hit = s.len ? memchr(s.at, c, s.len) : NULL;
    return hit ? (size_t)(hit - s.at) : SIZE_MAX;
}

struct str str_from(struct str s, size_t n)
{
    if (n > s.len)
        n = s.len;
    return (struct str){s.at ? s.at + n : NULL, s.len - n};
}

struct str str_upto(struct str s, size_t n)
{
    return (struct str){s.at, n < s.len ? n : s.len};
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
    while (s.len && is_space(s.at[0]))
        s = str_from(s, 1);
    while (s.len && is_space(s.at[s.len - 1]))
        s.len--;
    return s;
}

bool str_cut(struct str *rest, char sep, struct str *out)
{
    if (!rest->at || rest->len == 0)
        return false;
    size_t at = str_chr(*rest, sep);
    *out = str_upto(*rest, at);
    *rest = at == SIZE_MAX ? (struct str){rest->at + rest->len, 0} : str_from(*rest, at + 1);
    return true;
}

int str_u64(struct str s, uint64_t *out)
{
    uint64_t n = 0;
    if (s.len == 0)
        return -EINVAL;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return -EINVAL;
        if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(s.at[i] - '0'), &n))
            return -ERANGE;
    }
    *out = n;
    return 0;
}

struct str str_digits(uint64_t n, char out[STR_DIGITS])
{
    char *end = out + STR_DIGITS, *at = end;
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    return (struct str){at, (size_t)(end - at)};
}

int str_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool str_take_le(struct str *rest, unsigned bytes, uint64_t *out)
{
    uint64_t n = 0;
    if (rest->len < bytes)
        return false;
    for (unsigned i = 0; i < bytes; i++)
        n |= (uint64_t)(unsigned char)rest->at[i] << (8 * i);
    *rest = str_from(*rest, bytes);
    *out = n;
    return true;
}

bool str_lower(struct str s, char *out, size_t size)
{
    if (s.len >= size)
        return false;
    for (size_t i = 0; i < s.len; i++)
        out[i] = (char)(s.at[i] >= 'A' && s.at[i] <= 'Z' ? s.at[i] | 0x20 : s.at[i]);
    out[s.len] = '\0';
    return true;
}

char *str_dup(struct str s)
{
    char *copy = xmalloc(s.len + 1);
    if (s.len)
        memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    return copy;
}

static void grow(struct buf *b, size_t more)
{
    size_t need;
    if (__builtin_add_overflow(b->len, more, &need) || __builtin_add_overflow(need, 1UL, &need))
        abort();
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    b->at = xrealloc(b->at, cap);
    b->cap = cap;
}

/* len + more + 1 <= cap, where a sum would overflow. */
void buf_reserve(struct buf *b, size_t more)
{
    if (more >= b->cap - b->len)
        grow(b, more);
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
    buf_reserve(b, len);
    if (len)
        memcpy(b->at + b->len, bytes, len);
    b->len += len;
}

void buf_puts(struct buf *b, struct str s)
{
    buf_put(b, s.at, s.len);
}

void buf_putz(struct buf *b, const char *z)
{
    buf_puts(b, str_of(z));
}

void buf_putc(struct buf *b, char c)
{
    buf_reserve(b, 1);
    b->at[b->len++] = c;
}

void buf_put_hex(struct buf *b, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = bytes;
    buf_reserve(b, 2 * len);
    for (size_t i = 0; i < len; i++) {
        b->at[b->len++] = digits[at[i] >> 4];
        b->at[b->len++] = digits[at[i] & 15];
    }
}

void buf_put_le(struct buf *b, uint64_t n, unsigned bytes)
{
    buf_reserve(b, bytes);
    for (unsigned i = 0; i < bytes; i++)
        b->at[b->len++] = (char)(n >> (8 * i));
}

void buf_put_u64(struct buf *b, uint64_t n)
{
    char digits[STR_DIGITS];
    buf_puts(b, str_digits(n, digits));
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    buf_reserve(b, 48); /* what most are, so that they are formatted once */
    va_copy(again, args);
    int len = vsnprintf(b->at + b->len, b->cap - b->len, format, args);
    if (len < 0)
        abort();
    if ((size_t)len >= b->cap - b->len) {
        buf_reserve(b, (size_t)len);
        vsnprintf(b->at + b->len, (size_t)len + 1, format, again);
    }
    va_end(again);
    b->len += (size_t)len;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
}

void buf_free(struct buf *b)
{
    free(b->at);
    *b = BUF_NONE;
}

struct str buf_str(const struct buf *b)
{
    return (struct str){b->at, b->len};
}

const char *buf_cstr(struct buf *b)
{
    buf_reserve(b, 0);
    assert(b->at);
    b->at[b->len] = '\0';
    return b->at;
}

_Noreturn void xnomem(void)
{
    fputs("<2>base: out of memory\n", stderr);
    abort();
}

static void *or_abort(void *p)
{
    if (!p)
        xnomem();
    return p;
}

void *xmalloc(size_t size)
{
    return or_abort(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return or_abort(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
    return or_abort(realloc(p, size ? size : 1));
}

char *xstrdup(const char *z)
{
    return str_dup(str_of(z));
}

char *xasprintf(const char *format, ...)
{
    struct buf b = BUF_NONE;
    va_list args;
    va_start(args, format);
    buf_vprintf(&b, format, args);
    va_end(args);
    buf_cstr(&b);
    return b.at;
}
