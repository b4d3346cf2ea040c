#include "human.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"

bool human_colours(FILE *to)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fileno(to)) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

size_t human_width(FILE *to)
{
    struct winsize size;
    if (!isatty(fileno(to)))
        return 0;
    if (ioctl(fileno(to), TIOCGWINSZ, &size) < 0 || size.ws_col < 20)
        return 80;
    return size.ws_col;
}

const char *human_tone(enum human_tone tone)
{
    switch (tone) {
    case HUMAN_GOOD:
        return "\x1b[32m";
    case HUMAN_WARN:
        return "\x1b[33m";
    case HUMAN_BAD:
        return "\x1b[31m";
    case HUMAN_DIM:
        return "\x1b[2m";
    case HUMAN_BOLD:
        return "\x1b[1m";
    case HUMAN_PLAIN:
        return "\x1b[0m";
    }
    return "";
}

void human_count(struct buf *out, uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            buf_putc(out, ',');
        buf_putc(out, digits[i]);
    }
}

void human_bytes(struct buf *out, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double n = (double)bytes;
    size_t i = 0;
    for (; n >= 1024 && i + 1 < ARRAY_LEN(units); i++)
        n /= 1024;
    buf_printf(out, i && n < 100 ? "%.1f %s" : "%.0f %s", n, units[i]);
}

/* The largest unit, and the next one when it says something. */
void human_span(struct buf *out, int64_t us)
{
    static const struct {
        int64_t us;
        const char *name;
    } units[] = {
        {USEC_PER_DAY, "d"}, {USEC_PER_HOUR, "h"}, {USEC_PER_MIN, "min"}, {USEC_PER_SEC, "s"}};
    size_t i = 0;
    if (us < 0)
        us = 0;
    while (i + 1 < ARRAY_LEN(units) && us < units[i].us)
        i++;
    buf_printf(out, "%lld %s", (long long)(us / units[i].us), units[i].name);
    us %= units[i].us;
    if (i < 2 && us >= units[i + 1].us)
        buf_printf(out, " %lld %s", (long long)(us / units[i + 1].us), units[i + 1].name);
}

void human_when(struct buf *out, int64_t at_us, int64_t now_us)
{
    if (at_us - now_us > -USEC_PER_SEC && at_us - now_us < USEC_PER_SEC) {
        buf_putz(out, "now");
    } else if (at_us > now_us) {
        buf_putz(out, "in ");
        human_span(out, at_us - now_us);
    } else {
        human_span(out, now_us - at_us);
        buf_putz(out, " ago");
    }
}

uint64_t json_count(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));
    return n > 0 ? (uint64_t)n : 0;
}

int64_t json_seconds_us(const json_t *object, const char *key)
{
    double s = json_number_value(json_object_get(object, key));
    return s > 0 && s < 1e12 ? (int64_t)(s * (double)USEC_PER_SEC) : 0;
}

struct str json_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

void json_when(struct buf *out, const json_t *object, const char *key, int64_t now_us)
{
    const char *text = json_string_value(json_object_get(object, key));
    int64_t at_us;
    if (text && clock_parse(text, &at_us) == 0)
        human_when(out, at_us, now_us);
    else
        buf_putc(out, '-');
}
