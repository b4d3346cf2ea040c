#include "clock.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

static int64_t frozen_wall, frozen_mono;

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

int64_t clock_now(void)
{
    return frozen_wall ? frozen_wall : read_clock(CLOCK_REALTIME);
}

int64_t clock_mono(void)
{
    return frozen_wall ? frozen_mono : read_clock(CLOCK_MONOTONIC);
}

void clock_set(int64_t wall_us)
{
    frozen_wall = wall_us;
    frozen_mono = USEC_PER_DAY;
}

void clock_advance(int64_t us)
{
    if (!frozen_wall)
        return;
    frozen_wall += us;
    frozen_mono += us;
}

/* Both after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
int64_t clock_days(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void clock_civil(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

/* `last`: what stands behind them. */
static char *put_digits(char *to, unsigned count, unsigned n, char last)
{
    for (unsigned i = count; i-- > 0; n /= 10)
        to[i] = (char)('0' + n % 10);
    to[count] = last;
    return to + count + 1;
}

/* Every item has a few of them, so it is written by hand. */
const char *clock_format(int64_t us, char out[CLOCK_TEXT])
{
    int64_t seconds = us / USEC_PER_SEC, fraction = us % USEC_PER_SEC;
    if (fraction < 0) {
        fraction += USEC_PER_SEC;
        seconds--;
    }
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int y, m, d;
    clock_civil(days, &y, &m, &d);
    unsigned year = y < 0 ? 0 : y > 9999 ? 9999 : (unsigned)y;
    char *to = put_digits(out, 4, year, '-');
    to = put_digits(to, 2, (unsigned)m, '-');
    to = put_digits(to, 2, (unsigned)d, 'T');
    to = put_digits(to, 2, (unsigned)(rest / 3600), ':');
    to = put_digits(to, 2, (unsigned)(rest / 60 % 60), ':');
    to = put_digits(to, 2, (unsigned)(rest % 60), fraction ? '.' : 'Z');
    if (fraction)
        to = put_digits(to, 6, (unsigned)fraction, 'Z');
    *to = '\0';
    return out;
}

const char *clock_format_at(int64_t us, int offset_min, char out[CLOCK_TEXT])
{
    unsigned minutes = (unsigned)(offset_min < 0 ? -offset_min : offset_min);
    int64_t there;
    if (offset_min == 0 || __builtin_add_overflow(us, offset_min * USEC_PER_MIN, &there))
        return clock_format(us, out);
    clock_format(there, out);
    char *to = out + strlen(out) - 1; /* the Z */
    *to++ = offset_min < 0 ? '-' : '+';
    to = put_digits(to, 2, minutes / 60 % 100, ':');
    to = put_digits(to, 2, minutes % 60, '\0');
    return out;
}

static bool digits(const char **p, int count, int *out)
{
    int n = 0;
    for (int i = 0; i < count; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        n = n * 10 + (**p - '0');
    }
    *out = n;
    return true;
}

static bool expect(const char **p, char c)
{
    if ((**p | 0x20) != (c | 0x20))
        return false;
    (*p)++;
    return true;
}

static bool read_zone(const char **p, int *minutes)
{
    int h, m, sign = **p == '-' ? -1 : 1;
    *minutes = 0;
    if (expect(p, 'z'))
        return true;
    if (**p != '+' && **p != '-')
        return false;
    (*p)++;
    if (!digits(p, 2, &h) || **p != ':')
        return false;
    (*p)++;
    if (!digits(p, 2, &m) || h > 23 || m > 59)
        return false;
    *minutes = sign * (h * 60 + m);
    return true;
}

int clock_parse(const char *text, int64_t *out_us)
{
    const char *p = text;
    int y, mo, d, h, mi, s, zone;
    int64_t fraction = 0;
    if (!digits(&p, 4, &y) || *p++ != '-' || !digits(&p, 2, &mo) || *p++ != '-' ||
        !digits(&p, 2, &d) || !expect(&p, 't') || !digits(&p, 2, &h) || *p++ != ':' ||
        !digits(&p, 2, &mi) || *p++ != ':' || !digits(&p, 2, &s))
        return -EINVAL;
    if (*p == '.') {
        p++;
        int64_t unit = 100000;
        for (; *p >= '0' && *p <= '9'; p++, unit /= 10)
            fraction += unit * (*p - '0');
    }
    if (!read_zone(&p, &zone) || *p || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 ||
        s > 60)
        return -EINVAL;
    *out_us = ((clock_days(y, mo, d) * 24 + h) * 60 + mi - zone) * USEC_PER_MIN + s * USEC_PER_SEC +
              fraction;
    return 0;
}
