#include "hostname.h"

#include <arpa/inet.h>
#include <errno.h>
#include <utf8proc.h>

#include "punycode.h"
#include "utf8.h"

#define HOST_MAX 253

/* ---------------------------------------------------------------------------------------- IPv4 */

/* "0x7f", "0177", "127": 0, -ENOENT when it is no number, -EINVAL when it is one too large. */
static int read_number(struct str s, uint64_t *out)
{
    unsigned base = 10;
    uint64_t n = 0;
    if (s.len >= 2 && s.at[0] == '0' && (s.at[1] | 0x20) == 'x') {
        base = 16;
        s = str_from(s, 2);
    } else if (s.len >= 2 && s.at[0] == '0') {
        base = 8;
        s = str_from(s, 1);
    } else if (s.len == 0) {
        return -ENOENT;
    }
    for (size_t i = 0; i < s.len; i++) {
        char c = (char)(s.at[i] | 0x20);
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 99;
        if (digit >= base)
            return -ENOENT;
        if (n <= UINT32_MAX)
            n = n * base + digit;
    }
    *out = n;
    return n > UINT32_MAX ? -EINVAL : 0;
}

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return s.len > 0;
}

/* Section 3.5, "ends in a number". */
static bool ends_in_number(struct str host)
{
    uint64_t number;
    if (host.len && host.at[host.len - 1] == '.')
        host.len--;
    size_t from = host.len;
    while (from > 0 && host.at[from - 1] != '.')
        from--;
    struct str last = str_from(host, from);
    return all_digits(last) || read_number(last, &number) != -ENOENT;
}

/* Section 3.5, the IPv4 parser. */
static int put_ipv4(struct str host, struct buf *out)
{
    uint64_t part[4] = {0}, address = 0;
    size_t count = 0;
    struct str one;
    if (host.len && host.at[host.len - 1] == '.')
        host.len--;
    while (str_cut(&host, '.', &one)) {
        if (count == 4 || read_number(one, &part[count]) < 0)
            return -EINVAL;
        count++;
        if (host.at && host.len == 0 && host.at[-1] == '.')
            return -EINVAL;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        if (part[i] > 255)
            return -EINVAL;
        address |= part[i] << (8 * (3 - i));
    }
    if (count == 0 || part[count - 1] >= 1ULL << (8 * (5 - count)))
        return -EINVAL;
    address |= part[count - 1];
    buf_printf(out, "%u.%u.%u.%u", (unsigned)(address >> 24), (unsigned)(address >> 16 & 255),
               (unsigned)(address >> 8 & 255), (unsigned)(address & 255));
    return 0;
}

/* ---------------------------------------------------------------------------------------- IPv6 */

/* RFC 5952: the longest run of zero words, when of two and more, is "::". No dotted quad at the
 * end. */
static void write_ipv6(const unsigned char bytes[16], struct buf *out)
{
    unsigned word[8], best = 8, best_len = 1;
    for (size_t i = 0; i < 8; i++)
        word[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    for (unsigned i = 0; i < 8; i++) {
        unsigned run = 0;
        while (i + run < 8 && word[i + run] == 0)
            run++;
        if (run > best_len) {
            best = i;
            best_len = run;
        }
    }
    buf_putc(out, '[');
    for (unsigned i = 0; i < 8; i++) {
        if (i == best) {
            buf_putz(out, i == 0 ? "::" : ":");
            i += best_len - 1;
            continue;
        }
        buf_printf(out, i == 7 ? "%x" : "%x:", word[i]);
    }
    buf_putc(out, ']');
}

static int put_ipv6(struct str host, struct buf *out)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char bytes[16];
    if (host.len >= sizeof text)
        return -EINVAL;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    if (strlen(text) != host.len || inet_pton(AF_INET6, text, bytes) != 1)
        return -EINVAL;
    write_ipv6(bytes, out);
    return 0;
}

/* --------------------------------------------------------------------------------------- names */

static void percent_decode(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        int high = i + 2 < s.len && s.at[i] == '%' ? str_hex(s.at[i + 1]) : -1;
        int low = high >= 0 ? str_hex(s.at[i + 2]) : -1;
        if (low >= 0) {
            buf_putc(out, (char)(high * 16 + low));
            i += 2;
        } else {
            buf_putc(out, s.at[i]);
        }
    }
}

/* What UTS 46 does before Punycode, as far as NFKC with case folding does it. */
static int map_run(struct str s, struct buf *out)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_option_t options =
        (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                            UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    utf8proc_ssize_t len =
        utf8proc_map((const utf8proc_uint8_t *)s.at, (utf8proc_ssize_t)s.len, &mapped, options);
    if (len < 0)
        return -EINVAL;
    for (utf8proc_ssize_t i = 0; i < len; i++) {
        bool full_stop = i + 2 < len && memcmp(mapped + i, "\xe3\x80\x82", 3) == 0; /* U+3002 */
        buf_putc(out, full_stop ? '.' : (char)mapped[i]);
        i += full_stop ? 2 : 0;
    }
    free(mapped);
    return 0;
}

/* Sharp s and final sigma, which case folding would make other letters of, are names' own letters (UTS 46,
 * section 4, nontransitional). Neither composes with what follows, so runs between them map by themselves. */
static size_t next_deviation(struct str s)
{
    size_t sharp = str_find(s, STR("\xc3\x9f")), sigma = str_find(s, STR("\xcf\x82"));
    return sharp < sigma ? sharp : sigma;
}

static int map(struct str s, struct buf *out)
{
    while (s.len) {
        size_t run = next_deviation(s);
        struct str letter = str_upto(str_from(s, run), run == SIZE_MAX ? 0 : 2);
        int rc = run ? map_run(str_upto(s, run), out) : 0;
        if (rc < 0)
            return rc;
        buf_puts(out, letter);
        s = run == SIZE_MAX ? STR_NONE : str_from(s, run + 2);
    }
    return 0;
}

/* Unicode 15, section 23.7. */
static bool is_noncharacter(uint32_t point)
{
    return (point & 0xfffe) == 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
}

/* UTS 46, section 4.1: what it stands for is no ASCII, and mapping would change nothing of it. */
static bool is_name_in_punycode(struct str code)
{
    uint32_t points[LABEL_MAX], count = 0;
    struct buf text = BUF_NONE, mapped = BUF_NONE;
    bool ascii = true;
    if (punycode_read(code, points, &count) < 0)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        utf8_put(&text, points[i]);
        ascii = ascii && points[i] < 0x80;
    }
    bool same =
        !ascii && map(buf_str(&text), &mapped) == 0 && str_eq(buf_str(&text), buf_str(&mapped));
    buf_free(&text);
    buf_free(&mapped);
    return same;
}

static int put_label(struct str label, struct buf *out)
{
    uint32_t points[LABEL_MAX];
    uint32_t count = 0;
    bool ascii = true;
    for (size_t at = 0; at < label.len;) {
        uint32_t point = utf8_next(label, &at);
        if (count == LABEL_MAX || point == 0xfffd || is_noncharacter(point))
            return -EINVAL;
        ascii = ascii && point < 0x80;
        points[count++] = point;
    }
    size_t from = out->len;
    if (ascii && str_starts(label, STR("xn--")) && !is_name_in_punycode(str_from(label, 4)))
        return -EINVAL;
    if (ascii)
        buf_puts(out, label);
    else
        punycode_put(points, count, out);
    return out->len - from > LABEL_MAX ? -EINVAL : 0;
}

/* Section 3.2: the forbidden domain code points. */
static bool is_forbidden(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f || strchr("#%/:<>?@[\\]^|", c);
}

static int put_name(struct str name, struct buf *out)
{
    struct str label, rest = name;
    size_t from = out->len;
    while (str_cut(&rest, '.', &label)) {
        int rc = put_label(label, out);
        if (rc < 0)
            return rc;
        if (rest.at && (rest.len || rest.at[-1] == '.'))
            buf_putc(out, '.');
    }
    struct str ascii = str_from(buf_str(out), from);
    for (size_t i = 0; i < ascii.len; i++)
        if (is_forbidden(ascii.at[i]))
            return -EINVAL;
    return ascii.len == 0 || ascii.len > HOST_MAX + 1 ? -EINVAL : 0;
}

int hostname_ascii(struct str host, struct buf *out)
{
    struct buf decoded = BUF_NONE, mapped = BUF_NONE;
    if (host.len >= 2 && host.at[0] == '[')
        return host.at[host.len - 1] == ']' ? put_ipv6((struct str){host.at + 1, host.len - 2}, out)
                                            : -EINVAL;
    percent_decode(host, &decoded);
    /* No name of HOST_MAX letters is longer, and mapping takes time by the square of what are marks. */
    int rc = decoded.len > 4UL * (HOST_MAX + 1) ? -EINVAL : map(buf_str(&decoded), &mapped);
    if (rc == 0)
        rc = ends_in_number(buf_str(&mapped)) ? put_ipv4(buf_str(&mapped), out)
                                              : put_name(buf_str(&mapped), out);
    buf_free(&decoded);
    buf_free(&mapped);
    return rc;
}
