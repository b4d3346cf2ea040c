#include "punycode.h"

#include <errno.h>

/* RFC 3492, section 6.1. */
static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / 700 : delta / 2;
    delta += delta / points;
    for (; delta > ((36 - 1) * 26) / 2; k += 36)
        delta /= 36 - 1;
    return k + (36 - 1 + 1) * delta / (delta + 38);
}

static void put_delta(uint32_t delta, uint32_t bias, struct buf *out)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (uint32_t k = 36;; k += 36) {
        uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (delta < t)
            break;
        buf_putc(out, digits[t + (delta - t) % (36 - t)]);
        delta = (delta - t) / (36 - t);
    }
    buf_putc(out, digits[delta]);
}

/* RFC 3492, section 6.3, for at most LABEL_MAX code points, so that nothing overflows. */
void punycode_put(const uint32_t *points, uint32_t count, struct buf *out)
{
    uint32_t done = 0, next = 0x80, delta = 0, bias = 72;
    buf_putz(out, "xn--");
    for (uint32_t i = 0; i < count; i++)
        if (points[i] < 0x80) {
            buf_putc(out, (char)points[i]);
            done++;
        }
    uint32_t basic = done;
    if (basic)
        buf_putc(out, '-');
    while (done < count) {
        uint32_t least = UINT32_MAX;
        for (uint32_t i = 0; i < count; i++)
            if (points[i] >= next && points[i] < least)
                least = points[i];
        delta += (least - next) * (done + 1);
        next = least;
        for (uint32_t i = 0; i < count; i++) {
            if (points[i] < next)
                delta++;
            if (points[i] == next) {
                put_delta(delta, bias, out);
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done++;
            }
        }
        delta++;
        next++;
    }
}

static int digit_of(char c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    return c >= '0' && c <= '9' ? c - '0' + 26 : -1;
}

/* One delta off the front of *s (section 3.3); false when it is cut short, no digit, or too large. */
static bool take_delta(struct str *s, uint32_t bias, uint64_t *i)
{
    uint64_t weight = 1;
    for (uint32_t k = 36; s->len; k += 36) {
        int digit = digit_of(s->at[0]);
        uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (digit < 0)
            return false;
        *s = str_from(*s, 1);
        *i += (uint64_t)digit * weight;
        if (*i > UINT32_MAX)
            return false;
        if ((uint32_t)digit < t)
            return true;
        weight *= 36 - t;
        if (weight > UINT32_MAX)
            return false;
    }
    return false;
}

static uint32_t take_basic(struct str *s, uint32_t points[LABEL_MAX])
{
    size_t end = s->len;
    while (end > 0 && s->at[end - 1] != '-')
        end--;
    uint32_t count = end ? (uint32_t)end - 1 : 0;
    for (uint32_t i = 0; i < count; i++)
        points[i] = (unsigned char)s->at[i];
    *s = str_from(*s, end);
    return count;
}

/* Section 6.2. */
int punycode_read(struct str s, uint32_t points[LABEL_MAX], uint32_t *count_out)
{
    uint32_t bias = 72;
    uint64_t point = 0x80, i = 0;
    if (s.len == 0 || s.len > LABEL_MAX)
        return -EINVAL;
    uint32_t count = take_basic(&s, points);
    for (bool first = true; s.len; first = false) {
        uint64_t before = i;
        if (count == LABEL_MAX || !take_delta(&s, bias, &i))
            return -EINVAL;
        count++;
        bias = adapt((uint32_t)(i - before), count, first);
        point += i / count;
        i %= count;
        if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return -EINVAL;
        memmove(points + i + 1, points + i, (count - 1 - i) * sizeof *points);
        points[i++] = (uint32_t)point;
    }
    *count_out = count;
    return 0;
}
