#include "log.h"

#include "clock.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level least = LOG_INFO;

void log_set_level(enum log_level level)
{
    least = level;
}

bool log_wants(enum log_level level)
{
    return level <= least;
}

/* Debug lines tell a story and are never thinned out. */
static bool flooded(struct log_site *site, enum log_level level, unsigned *suppressed)
{
    int64_t now = clock_mono();
    *suppressed = 0;
    if (level == LOG_DEBUG)
        return false;
    if (now - site->second_us >= USEC_PER_SEC || site->second_us == 0) {
        *suppressed = site->suppressed;
        site->second_us = now;
        site->count = site->suppressed = 0;
    }
    if (++site->count <= LOG_BURST)
        return false;
    site->suppressed++;
    return true;
}

void log_write(struct log_site *site, enum log_level level, const char *format, ...)
{
    unsigned suppressed;
    if (flooded(site, level, &suppressed))
        return;
    struct buf line = BUF_NONE;
    if (!isatty(STDERR_FILENO))
        buf_printf(&line, "<%d>", (int)level);
    va_list args;
    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    if (suppressed)
        buf_printf(&line, " suppressed=%u", suppressed);
    buf_putc(&line, '\n');
    /* One write a line, so that lines of several processes do not mix. A log that cannot be written
     * must not stop the work. */
    ssize_t ignored = write(STDERR_FILENO, line.at, line.len);
    (void)ignored;
    buf_free(&line);
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f)
            return false;
    }
    return s.len > 0;
}

static size_t put_escaped(char *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    /* C1 controls reach terminals as 0xc2 0x80..0x9f; the lead byte alone is harmless. */
    if (c < ' ' || (c >= 0x7f && c < 0xa0)) {
        out[0] = '\\';
        out[1] = 'x';
        out[2] = hex[c >> 4];
        out[3] = hex[c & 15];
        return 4;
    }
    out[0] = (char)c;
    return 1;
}

const char *log_safe(struct str s)
{
    static _Thread_local char ring[8][LOG_SAFE_MAX * 4 + 8];
    static _Thread_local unsigned turn;
    char *out = ring[turn++ % ARRAY_LEN(ring)];
    size_t n = 0;
    bool cut = s.len > LOG_SAFE_MAX;
    s = str_upto(s, LOG_SAFE_MAX);
    bool plain = !cut && is_plain(s);
    if (!plain)
        out[n++] = '"';
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        /* Bytes 0x80..0x9f inside a multi-byte character are text, not controls. */
        if (c >= 0x80 && c < 0xa0 && i > 0 && (unsigned char)s.at[i - 1] >= 0x80 &&
            !((unsigned char)s.at[i - 1] == 0xc2))
            out[n++] = (char)c;
        else
            n += put_escaped(out + n, c);
    }
    if (!plain) {
        if (cut) {
            memcpy(out + n, "...", 3);
            n += 3;
        }
        out[n++] = '"';
    }
    out[n] = '\0';
    return out;
}

const char *log_safez(const char *z)
{
    return z ? log_safe(str_of(z)) : "-";
}
