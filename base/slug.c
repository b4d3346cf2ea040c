#include "slug.h"

#include <xxhash.h>

#define MARK_LEN 9 /* "-", eight hex digits */

static struct str gist(struct str address)
{
    size_t scheme = str_find(address, STR("://"));
    if (scheme != SIZE_MAX) {
        address = str_from(address, scheme + 3);
        size_t at = str_chr(address, '@'), slash = str_chr(address, '/');
        if (at != SIZE_MAX && at < slash)
            address = str_from(address, at + 1);
    }
    return str_startsi(address, STR("www.")) ? str_from(address, 4) : address;
}

/* At most max + 2 bytes, so that a cut is seen behind a dash too; false when letters of another
 * script were lost. */
static bool put_plain(struct buf *out, struct str s, size_t max)
{
    bool whole = true;
    size_t begin = out->len;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (out->len - begin <= max + 1 &&
            (kept || (out->len > begin && out->at[out->len - 1] != '-')))
            buf_putc(out, kept ? c : '-');
        whole = whole && (unsigned char)c < 0x80;
    }
    return whole;
}

static void trim_dashes(struct buf *out, size_t begin)
{
    while (out->len > begin && out->at[out->len - 1] == '-')
        out->len--;
}

void slug_put(struct buf *out, struct str address, bool marked, size_t max)
{
    size_t begin = out->len;
    marked = !put_plain(out, gist(address), max) || marked;
    trim_dashes(out, begin);
    if (out->len == begin)
        buf_putz(out, "source");
    if (!marked && out->len - begin <= max)
        return;
    if (out->len - begin > max - MARK_LEN)
        out->len = begin + max - MARK_LEN;
    trim_dashes(out, begin);
    buf_printf(out, "-%08x", (uint32_t)XXH3_64bits(address.at, address.len));
}
