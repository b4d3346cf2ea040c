#include "mime.h"

#include "base64.h"
#include "charset.h"
#include "limits.h"

static struct str without_cr(struct str line)
{
    return str_ends(line, STR("\r")) ? str_upto(line, line.len - 1) : line;
}

/* --------------------------------------------------------------------------------------- header */

void mime_split(struct str entity, struct str *header, struct str *body)
{
    struct str rest = entity, line;
    while (str_cut(&rest, '\n', &line))
        if (without_cr(line).len == 0) {
            *header = str_upto(entity, (size_t)(line.at - entity.at));
            *body = rest;
            return;
        }
    *header = entity;
    *body = STR_NONE;
}

/* The value that the line begins, or nothing. */
static bool begins_field(struct str line, struct str name, struct str *value)
{
    struct str rest = str_from(line, name.len);
    if (!str_startsi(line, name) || rest.len == 0)
        return false;
    rest = str_trim(rest);
    if (rest.len == 0 || rest.at[0] != ':')
        return false;
    *value = str_trim(str_from(rest, 1));
    return true;
}

bool mime_field(struct str header, const char *name, struct buf *out)
{
    struct str line, value = STR_NONE;
    bool inside = false;
    for (int n = 0; n < LIMIT_MAIL_HEADER && str_cut(&header, '\n', &line); n++) {
        line = without_cr(line);
        bool folded = line.len && (line.at[0] == ' ' || line.at[0] == '\t');
        if (inside && !folded)
            break;
        if (inside) {
            buf_putc(out, ' ');
            buf_puts(out, str_trim(line));
        } else if (!folded && begins_field(line, str_of(name), &value)) {
            inside = true;
            buf_puts(out, value);
        }
    }
    return inside;
}

/* ---------------------------------------------------------------------------------------- words */

/* Words of one charset that follow each other are decoded together: some are cut within a character. */
struct words {
    struct buf raw;
    struct str charset;
    struct buf *out;
};

static void put_decoded(struct str raw, struct str charset, struct buf *out)
{
    struct charset_result decoded;
    charset_decode(raw, charset, &decoded);
    buf_puts(out, decoded.text);
    buf_free(&decoded.memory);
}

static void flush(struct words *w)
{
    if (w->raw.len)
        put_decoded(buf_str(&w->raw), w->charset, w->out);
    buf_reset(&w->raw);
}

static bool put_hex(struct str s, struct buf *out)
{
    int high = s.len >= 3 ? str_hex(s.at[1]) : -1, low = high >= 0 ? str_hex(s.at[2]) : -1;
    if (low < 0)
        return false;
    buf_putc(out, (char)(high * 16 + low));
    return true;
}

/* RFC 2047, section 4.2. */
static void put_q(struct str s, struct buf *out)
{
    while (s.len) {
        bool hex = s.at[0] == '=' && put_hex(s, out);
        if (!hex)
            buf_putc(out, s.at[0] == '_' ? ' ' : s.at[0]);
        s = str_from(s, hex ? 3 : 1);
    }
}

#define WORD_CHARSET 40 /* bytes of its name; what is longer is no encoded word */

/* "=?charset?encoding?text?=" at the start of s: its length, 0 when it is none. */
static size_t word_at(struct str s, struct str *charset, struct str *encoding, struct str *text)
{
    struct str rest = str_from(s, 2);
    if (!str_starts(s, STR("=?")) || !str_cut(&rest, '?', charset) || charset->len > WORD_CHARSET ||
        !str_cut(&rest, '?', encoding) || (!str_isi(*encoding, "q") && !str_isi(*encoding, "b")) ||
        !str_cut(&rest, '?', text) || !str_starts(rest, STR("=")))
        return 0;
    *charset = str_upto(*charset, str_chr(*charset, '*')); /* RFC 2231, section 5: a language */
    return (size_t)(rest.at - s.at) + 1;
}

static void put_word(struct words *w, struct str charset, struct str encoding, struct str text)
{
    if (!str_eqi(charset, w->charset))
        flush(w);
    w->charset = charset;
    if (str_isi(encoding, "q"))
        put_q(text, &w->raw);
    else
        base64_decode(text, &w->raw);
}

/* Not encoded: ASCII, or bytes of a charset that nobody names. */
static void put_plain(struct words *w, struct str text)
{
    flush(w);
    put_decoded(text, STR_NONE, w->out);
}

static bool is_blank(struct str s)
{
    return str_trim(s).len == 0;
}

void mime_text(struct str value, struct buf *out)
{
    struct words w = {.out = out};
    value = str_upto(value, LIMIT_FIELD);
    size_t plain = 0, at = 0; /* from plain to at nothing is encoded */
    while (at < value.len) {
        struct str charset, encoding, text;
        size_t len = word_at(str_from(value, at), &charset, &encoding, &text);
        if (len == 0) {
            at++;
            continue;
        }
        struct str gap = str_from(str_upto(value, at), plain);
        if (plain == 0 || !is_blank(gap)) /* section 6.2: blanks between words are not shown */
            put_plain(&w, gap);
        put_word(&w, charset, encoding, text);
        at += len;
        plain = at;
    }
    put_plain(&w, str_from(value, plain));
    buf_free(&w.raw);
}

/* ----------------------------------------------------------------------------------- parameters */

static void put_unquoted(struct str s, struct buf *out)
{
    for (s = str_from(s, 1); s.len && s.at[0] != '"'; s = str_from(s, 1)) {
        if (s.at[0] == '\\' && s.len > 1)
            s = str_from(s, 1);
        buf_putc(out, s.at[0]);
    }
}

void mime_parameter(struct str value, const char *name, struct buf *out)
{
    struct str one, key;
    while (str_cut(&value, ';', &one)) {
        struct str text = one;
        if (!str_cut(&text, '=', &key) || !str_isi(str_trim(key), name))
            continue;
        text = str_trim(text);
        if (text.len && text.at[0] == '"')
            /* A quoted one may hold a semicolon: read on in what was cut. */
            put_unquoted((struct str){text.at, (size_t)((value.at ? value.at + value.len
                                                                  : one.at + one.len) -
                                                        text.at)},
                         out);
        else
            buf_puts(out, text);
        return;
    }
}

/* ----------------------------------------------------------------------------------------- body */

/* "--boundary", or with "--" behind it the last one. */
static bool is_boundary(struct str line, struct str boundary, bool *last)
{
    struct str rest = str_from(line, 2 + boundary.len);
    if (!str_starts(line, STR("--")) || !str_starts(str_from(line, 2), boundary))
        return false;
    *last = str_starts(rest, STR("--"));
    return *last || str_trim(rest).len == 0;
}

/* A part without an end, cut short on its way, ends where the body does. */
bool mime_part(struct str *rest, struct str boundary, struct str *out)
{
    struct str line, from = STR_NONE;
    bool inside = false, last = false;
    if (boundary.len == 0)
        return false;
    while (rest->len) {
        struct str before = *rest;
        str_cut(rest, '\n', &line);
        if (!is_boundary(without_cr(line), boundary, &last))
            continue;
        if (inside) {
            *out = str_upto(from, (size_t)(before.at - from.at));
            *rest = before;
            return true;
        }
        if (last)
            break;
        inside = true;
        from = *rest;
    }
    *rest = STR_NONE;
    *out = from;
    return inside;
}

/* RFC 2045, section 6.7: "=" at a line's end joins it to the next, blanks there are not the text's. */
static void put_quoted_printable(struct str body, struct buf *out)
{
    struct str line;
    while (str_cut(&body, '\n', &line)) {
        line = without_cr(line);
        while (line.len && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
            line.len--;
        bool joined = str_ends(line, STR("="));
        line = joined ? str_upto(line, line.len - 1) : line;
        while (line.len) {
            bool hex = line.at[0] == '=' && put_hex(line, out);
            if (!hex)
                buf_putc(out, line.at[0]);
            line = str_from(line, hex ? 3 : 1);
        }
        if (!joined)
            buf_putc(out, '\n');
    }
}

void mime_decode(struct str encoding, struct str body, struct buf *out)
{
    encoding = str_trim(encoding);
    if (str_isi(encoding, "quoted-printable"))
        put_quoted_printable(body, out);
    else if (str_isi(encoding, "base64"))
        base64_decode(body, out);
    else
        buf_puts(out, body);
}
