#include "xmlrepair.h"

#include "entities.h"
#include "limits.h"
#include "utf8.h"

struct repair {
    struct str s; /* what is left */
    struct buf *out;
    struct str open[LIMIT_XML_DEPTH]; /* names; the root is not among them */
    size_t depth;
    size_t item; /* 1 + index of the open item, 0: none */
    size_t flat; /* start tags dropped by (6) and not ended yet */
    bool no_cdata_end, no_comment_end, no_instruction_end; /* none in what is left */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool name_byte(char c)
{
    return name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
}

static bool is_name(struct str s)
{
    if (s.len == 0 || !name_start(s.at[0]) || s.at[s.len - 1] == ':')
        return false;
    for (size_t i = 1; i < s.len; i++)
        if (!name_byte(s.at[i]))
            return false;
    return true;
}

static struct str local_name(struct str name)
{
    size_t colon = str_chr(name, ':');
    return colon == SIZE_MAX ? name : str_from(name, colon + 1);
}

bool xmlrepair_is_item(struct str name)
{
    struct str local = local_name(name);
    return str_isi(local, "item") || str_isi(local, "entry") || str_isi(local, "deleted-entry");
}

/* ----------------------------------------------------------------------------------------- text */

static bool xml_allows(uint32_t point)
{
    return point == '\t' || point == '\n' || point == '\r' || (point >= 0x20 && point < 0xd800) ||
           (point >= 0xe000 && point < 0xfffe) || (point >= 0x10000 && point < 0x110000);
}

/* s begins with '&'. */
static size_t put_reference(struct buf *out, struct str s)
{
    uint32_t point = 0;
    size_t taken = entity_read(s, &point);
    if (taken == 0 || (s.at[1] != '#' && s.at[taken - 1] != ';')) {
        buf_putz(out, "&amp;");
        return 1;
    }
    if (!xml_allows(point))
        point = 0xfffd;
    bool xml_has_it = point < 0x80 && strchr("<>&\"'", (int)point) && s.at[1] >= 'a'; /* not &LT; */
    if (xml_has_it)
        buf_puts(out, str_upto(s, taken));
    else if (point < 0x80)
        buf_printf(out, "&#%u;", point);
    else
        utf8_put(out, point);
    return taken;
}

static void put_text(struct buf *out, struct str s)
{
    while (s.len) {
        size_t n = str_chr(s, '&');
        buf_puts(out, str_upto(s, n));
        s = str_from(s, n);
        if (s.len)
            s = str_from(s, put_reference(out, s));
    }
}

static void put_value(struct buf *out, struct str s)
{
    s = utf8_upto(s, LIMIT_FIELD);
    for (size_t i = 0; i < s.len;) {
        if (s.at[i] == '&') {
            i += put_reference(out, str_from(s, i));
            continue;
        }
        if (s.at[i] == '<')
            buf_putz(out, "&lt;");
        else if (s.at[i] == '"')
            buf_putz(out, "&quot;");
        else
            buf_putc(out, s.at[i]);
        i++;
    }
}

/* ----------------------------------------------------------------------------------------- tags */

static void put_end(struct repair *r)
{
    struct str name = r->open[--r->depth];
    buf_putz(r->out, "</");
    buf_puts(r->out, name);
    buf_putc(r->out, '>');
    if (r->item > r->depth)
        r->item = 0;
}

static void end_down_to(struct repair *r, size_t depth)
{
    while (r->depth > depth)
        put_end(r);
}

static struct str take_name(struct repair *r)
{
    size_t n = 0;
    while (n < r->s.len && !is_space(r->s.at[n]) && !strchr("/>=<\"'", r->s.at[n]))
        n++;
    struct str name = str_upto(r->s, n);
    r->s = str_from(r->s, n);
    return name;
}

static void skip_space(struct repair *r)
{
    while (r->s.len && is_space(r->s.at[0]))
        r->s = str_from(r->s, 1);
}

/* A quote that is closed only behind the next tag was never closed. */
static bool looks_unclosed(struct str value)
{
    size_t close = str_chr(value, '>');
    return close != SIZE_MAX && str_chr(str_from(value, close), '<') != SIZE_MAX;
}

static struct str take_value(struct repair *r)
{
    char quote = r->s.len ? r->s.at[0] : '\0';
    if (quote == '"' || quote == '\'') {
        struct str rest = str_from(r->s, 1);
        size_t end = str_chr(str_upto(rest, LIMIT_FIELD), quote);
        struct str value = str_upto(rest, end);
        if (end != SIZE_MAX && !looks_unclosed(value)) {
            r->s = str_from(rest, end + 1);
            return value;
        }
        r->s = rest;
    }
    size_t n = 0;
    while (n < r->s.len && !is_space(r->s.at[n]) && r->s.at[n] != '>' && r->s.at[n] != '<')
        n++;
    if (n && n < r->s.len && r->s.at[n] == '>' && r->s.at[n - 1] == '/') /* <a href=x/> */
        n--;
    struct str value = str_upto(r->s, n);
    r->s = str_from(r->s, n);
    return value;
}

/* Copies the attributes; what ends the tag is left. An attribute twice is an error to a strict
 * parser, which then forgets neither, so only names are looked at here. */
static void copy_attributes(struct repair *r)
{
    size_t count = 0;
    for (;;) {
        skip_space(r);
        if (r->s.len == 0 || r->s.at[0] == '>' || r->s.at[0] == '<')
            return;
        if (r->s.at[0] == '/' || r->s.at[0] == '=' || r->s.at[0] == '"' || r->s.at[0] == '\'') {
            if (r->s.len > 1 && r->s.at[0] == '/' && r->s.at[1] == '>')
                return;
            r->s = str_from(r->s, 1);
            continue;
        }
        struct str name = take_name(r), value = name;
        skip_space(r);
        if (r->s.len && r->s.at[0] == '=') {
            r->s = str_from(r->s, 1);
            skip_space(r);
            value = take_value(r);
        }
        if (!is_name(name) || ++count > LIMIT_ATTRIBUTES)
            continue;
        buf_putc(r->out, ' ');
        buf_puts(r->out, name);
        buf_putz(r->out, "=\"");
        put_value(r->out, value);
        buf_putc(r->out, '"');
    }
}

/* Elements of HTML that are written without an end, in descriptions that are not escaped. */
static bool is_void(struct str name)
{
    return str_isi(name, "br") || str_isi(name, "img") || str_isi(name, "hr");
}

/* Behind the name of a start tag. */
static void start_tag(struct repair *r, struct str name)
{
    bool item = xmlrepair_is_item(name);
    if (item && r->item && str_eq(r->open[r->item - 1], name)) { /* (5) */
        end_down_to(r, r->item - 1);
        r->flat = 0;
    }
    size_t from = r->out->len;
    buf_putc(r->out, '<');
    buf_puts(r->out, name);
    copy_attributes(r);
    bool empty = is_void(name);
    if (r->s.len && r->s.at[0] == '/') {
        empty = true;
        r->s = str_from(r->s, 1);
    }
    if (r->s.len && r->s.at[0] == '>')
        r->s = str_from(r->s, 1);
    if (r->depth == ARRAY_LEN(r->open)) { /* (6) */
        r->out->len = from;
        r->flat += !empty;
        return;
    }
    if (empty) {
        buf_putz(r->out, "/>");
        return;
    }
    buf_putc(r->out, '>');
    r->open[r->depth++] = name;
    if (item && !r->item)
        r->item = r->depth;
}

static void end_tag(struct repair *r, struct str name)
{
    size_t n = 0, at = r->depth;
    while (n < r->s.len && r->s.at[n] != '>' && r->s.at[n] != '<')
        n++;
    r->s = str_from(r->s, n < r->s.len && r->s.at[n] == '>' ? n + 1 : n);
    while (at > 0 && !str_eqi(r->open[at - 1], name))
        at--;
    if (r->flat && (at == 0 || !xmlrepair_is_item(name))) {
        r->flat--;
        return;
    }
    if (at > 0)
        end_down_to(r, at - 1);
}

/* --------------------------------------------------------------------------------------- markup */

/* Skips to behind `end`, or only the `start` bytes when there is none; *none remembers that. */
static void skip_to(struct repair *r, size_t start, struct str end, bool *none)
{
    size_t at = *none ? SIZE_MAX : str_find(str_from(r->s, start), end);
    *none = at == SIZE_MAX;
    r->s = str_from(r->s, *none ? start : start + at + end.len);
}

static void copy_cdata(struct repair *r)
{
    size_t at = r->no_cdata_end ? SIZE_MAX : str_find(r->s, STR("]]>"));
    if (at == SIZE_MAX) { /* its text is text then */
        r->no_cdata_end = true;
        r->s = str_from(r->s, 9);
        return;
    }
    buf_puts(r->out, str_upto(r->s, at + 3));
    r->s = str_from(r->s, at + 3);
}

/* The DOCTYPE with its internal subset, where quoted values may hold any of ']', '>' and '['. */
static void skip_doctype(struct repair *r)
{
    bool subset = false;
    char quote = '\0';
    size_t i = 0, first = str_chr(r->s, '>');
    for (; i < r->s.len; i++) {
        char c = r->s.at[i];
        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '[')
            subset = true;
        else if (c == ']')
            subset = false;
        else if (c == '>' && !subset)
            break;
    }
    if (i == r->s.len) /* never ends: then the first '>' was its end */
        i = first == SIZE_MAX ? r->s.len : first;
    r->s = str_from(r->s, i + 1);
}

static void read_markup(struct repair *r, bool *doctype_seen)
{
    struct str s = r->s;
    bool end = s.len > 1 && s.at[1] == '/';
    if (str_starts(s, STR("<!--"))) {
        skip_to(r, 4, STR("-->"), &r->no_comment_end);
    } else if (str_starts(s, STR("<![CDATA["))) {
        copy_cdata(r);
    } else if (str_starts(s, STR("<?"))) {
        skip_to(r, 2, STR("?>"), &r->no_instruction_end);
    } else if (str_startsi(s, STR("<!DOCTYPE")) && r->depth == 0 && !*doctype_seen) {
        *doctype_seen = true;
        skip_doctype(r);
    } else {
        r->s = str_from(s, end ? 2 : 1);
        struct str name = take_name(r);
        if (is_name(name)) {
            if (end)
                end_tag(r, name);
            else
                start_tag(r, name);
        } else { /* (3) */
            buf_putz(r->out, "&lt;");
            r->s = str_from(s, 1);
        }
    }
}

void xmlrepair(struct str text, struct buf *out)
{
    struct repair r = {.s = text, .out = out};
    bool doctype_seen = false;
    buf_reserve(out, text.len + text.len / 16 + 64);
    buf_putz(out, "<" XMLREPAIR_ROOT ">");
    while (r.s.len) {
        size_t n = str_chr(r.s, '<');
        put_text(out, str_upto(r.s, n));
        r.s = str_from(r.s, n);
        if (r.s.len)
            read_markup(&r, &doctype_seen);
    }
    end_down_to(&r, 0);
    buf_putz(out, "</" XMLREPAIR_ROOT ">");
}
