#include "units.h"

#include "clock.h"

#include <ctype.h>
#include <errno.h>

struct unit {
    const char *name;
    int64_t value;
};

/* Largest first: units_put_…() takes the first that fits. */
static const struct unit durations[] = {
    {"w", 7 * USEC_PER_DAY}, {"d", USEC_PER_DAY}, {"h", USEC_PER_HOUR},
    {"m", USEC_PER_MIN},     {"s", USEC_PER_SEC}, {"ms", USEC_PER_MSEC},
};
static const struct unit sizes[] = {
    {"T", 1LL << 40}, {"G", 1LL << 30}, {"M", 1LL << 20}, {"K", 1LL << 10}};

/* Takes leading digits off *rest. */
static int take_number(struct str *rest, int64_t *out)
{
    size_t digits = 0;
    uint64_t n;
    while (digits < rest->len && isdigit((unsigned char)rest->at[digits]))
        digits++;
    int r = str_u64(str_upto(*rest, digits), &n);
    if (r < 0)
        return r;
    if (n > INT64_MAX)
        return -ERANGE;
    *rest = str_from(*rest, digits);
    *out = (int64_t)n;
    return 0;
}

/* Takes a leading unit off *rest; 0 when it is none of them. */
static int64_t take_duration_unit(struct str *rest)
{
    size_t letters = 0;
    while (letters < rest->len && isalpha((unsigned char)rest->at[letters]))
        letters++;
    for (size_t i = 0; i < ARRAY_LEN(durations); i++)
        if (str_is(str_upto(*rest, letters), durations[i].name)) {
            *rest = str_from(*rest, letters);
            return durations[i].value;
        }
    return 0;
}

int units_duration(struct str text, int64_t *out_us)
{
    int64_t sum = 0;
    if (str_is(text, "0")) {
        *out_us = 0;
        return 0;
    }
    do {
        int64_t n;
        int r = take_number(&text, &n);
        if (r < 0)
            return r;
        int64_t unit = take_duration_unit(&text);
        if (unit == 0)
            return -EINVAL;
        if (__builtin_mul_overflow(n, unit, &n) || __builtin_add_overflow(sum, n, &sum))
            return -ERANGE;
    } while (text.len);
    *out_us = sum;
    return 0;
}

static int64_t size_unit(struct str name)
{
    if (name.len == 0)
        return 1;
    if (name.len != 1 && !(name.len == 3 && str_is(str_from(name, 1), "iB")))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        if (name.at[0] == sizes[i].name[0])
            return sizes[i].value;
    return 0;
}

int units_size(struct str text, uint64_t *out_bytes)
{
    int64_t n;
    int r = take_number(&text, &n);
    if (r < 0)
        return r;
    int64_t unit = size_unit(text);
    if (unit == 0)
        return -EINVAL;
    if (__builtin_mul_overflow(n, unit, &n))
        return -ERANGE;
    *out_bytes = (uint64_t)n;
    return 0;
}

int units_bool(struct str text, bool *out)
{
    bool yes = str_isi(text, "true") || str_isi(text, "yes") || str_isi(text, "on");
    if (!yes && !str_isi(text, "false") && !str_isi(text, "no") && !str_isi(text, "off"))
        return -EINVAL;
    *out = yes;
    return 0;
}

void units_put_size(struct buf *out, uint64_t bytes)
{
    for (size_t i = 0; bytes && i < ARRAY_LEN(sizes); i++)
        if (bytes % (uint64_t)sizes[i].value == 0) {
            buf_printf(out, "%llu%s", (unsigned long long)(bytes / (uint64_t)sizes[i].value),
                       sizes[i].name);
            return;
        }
    buf_printf(out, "%llu", (unsigned long long)bytes);
}

void units_put_duration(struct buf *out, int64_t us)
{
    if (us < USEC_PER_MSEC) {
        buf_putz(out, "0s");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
        /* 30d, not 4w2d: weeks only when nothing is left over. */
        if (us < durations[i].value || (i == 0 && us % durations[i].value))
            continue;
        buf_printf(out, "%lld%s", (long long)(us / durations[i].value), durations[i].name);
        us %= durations[i].value;
    }
}

#define WORD_MAX 40 /* bytes: longer words are no slip of a setting's name */

/* Edits to get from a to b: insert, drop, change, swap neighbours (optimal string alignment). */
static unsigned distance(struct str a, struct str b)
{
    unsigned row[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *upper = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            unsigned best = up[j - 1] + (tolower((unsigned char)a.at[i - 1]) !=
                                         tolower((unsigned char)b.at[j - 1]));
            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1] &&
                upper[j - 2] + 1 < best)
                best = upper[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[a.len % 3][b.len];
}

const char *units_nearest(struct str text, const char *const *words)
{
    const char *nearest = NULL;
    unsigned least = UINT32_MAX;
    if (text.len == 0 || text.len > WORD_MAX)
        return NULL;
    for (; *words; words++) {
        struct str word = str_of(*words);
        if (word.len > WORD_MAX)
            continue;
        unsigned d = distance(text, word);
        /* A third of the word may be wrong; of a short one, one letter. */
        if (d < least && d <= (word.len > 3 ? word.len / 3 : 1) && d < word.len) {
            nearest = *words;
            least = d;
        }
    }
    return nearest;
}
