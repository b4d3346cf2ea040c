#include "jsonput.h"

#include <assert.h>

#include "jsonplain.h"

static void before_value(struct jsonput *j)
{
    if (j->comma)
        buf_putc(j->out, ',');
    j->comma = true;
}

static void open_level(struct jsonput *j, bool array)
{
    assert(j->depth < JSONPUT_DEPTH);
    before_value(j);
    buf_putc(j->out, array ? '[' : '{');
    j->comma = false;
    if (array)
        j->arrays |= 1U << j->depth;
    else
        j->arrays &= ~(1U << j->depth);
    j->depth++;
}

void jsonput_object(struct jsonput *j)
{
    open_level(j, false);
}

void jsonput_array(struct jsonput *j)
{
    open_level(j, true);
}

void jsonput_close(struct jsonput *j)
{
    assert(j->depth > 0);
    j->depth--;
    buf_putc(j->out, j->arrays & 1U << j->depth ? ']' : '}');
    j->comma = true;
}

void jsonput_key(struct jsonput *j, const char *key)
{
    before_value(j);
    buf_putc(j->out, '"');
    buf_putz(j->out, key);
    buf_put(j->out, "\":", 2);
    j->comma = false;
}

/* What stands behind the backslash; 'u' has four digits after it, 0 needs none. */
static char escape_of(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    default:
        return c < ' ' ? 'u' : '\0';
    }
}

static void put_escape(struct buf *out, unsigned char c)
{
    char escape = escape_of(c);
    buf_putc(out, '\\');
    buf_putc(out, escape);
    if (escape == 'u')
        buf_printf(out, "%04x", (unsigned)c);
}

void jsonput_str(struct jsonput *j, struct str text)
{
    struct buf *out = j->out;
    before_value(j);
    buf_putc(out, '"');
    while (text.len) {
        size_t run = jsonplain_run(text);
        buf_reserve(out, text.len + 1);
        buf_put(out, text.at, run);
        if (run < text.len)
            put_escape(out, (unsigned char)text.at[run++]);
        text = str_from(text, run);
    }
    buf_putc(out, '"');
}

void jsonput_int(struct jsonput *j, int64_t n)
{
    before_value(j);
    if (n < 0)
        buf_putc(j->out, '-');
    buf_put_u64(j->out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

void jsonput_bool(struct jsonput *j, bool yes)
{
    jsonput_raw(j, yes ? STR("true") : STR("false"));
}

void jsonput_null(struct jsonput *j)
{
    jsonput_raw(j, STR("null"));
}

void jsonput_raw(struct jsonput *j, struct str json)
{
    before_value(j);
    buf_puts(j->out, json);
}
