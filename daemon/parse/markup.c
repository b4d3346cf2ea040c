#include "markup.h"

#include "block.h"
#include "entities.h"
#include "nametable.h"
#include "utf8.h"

/* How much white space an element's edges are. */
enum gap { NOTHING, BLANK, LINE, PARAGRAPH };

enum kind {
    INLINE,
    BREAK,  /* a line end */
    ROW,    /* on a line of its own */
    CELL,   /* a blank between it and its neighbour */
    BLOCK,  /* a paragraph of its own */
    HIDDEN, /* its text is not for readers: up to its end tag */
    KEEP    /* pre: lines stay */
};

#define E(name, kind)                                                                              \
    {                                                                                              \
        {name, sizeof(name) - 1}, kind                                                             \
    }

/* Sorted by name. */
static const struct element {
    struct str name;
    enum kind kind;
} ELEMENTS[] = {
    E("a", INLINE),       E("abbr", INLINE),      E("acronym", INLINE),  E("address", BLOCK),
    E("area", INLINE),    E("article", BLOCK),    E("aside", BLOCK),     E("audio", INLINE),
    E("b", INLINE),       E("bdi", INLINE),       E("bdo", INLINE),      E("big", INLINE),
    E("blink", INLINE),   E("blockquote", BLOCK), E("body", BLOCK),      E("br", BREAK),
    E("button", INLINE),  E("canvas", INLINE),    E("caption", ROW),     E("center", BLOCK),
    E("cite", INLINE),    E("code", INLINE),      E("dd", ROW),          E("del", INLINE),
    E("details", BLOCK),  E("dfn", INLINE),       E("dir", BLOCK),       E("div", BLOCK),
    E("dl", BLOCK),       E("dt", ROW),           E("em", INLINE),       E("embed", INLINE),
    E("fieldset", BLOCK), E("figcaption", BLOCK), E("figure", BLOCK),    E("font", INLINE),
    E("footer", BLOCK),   E("form", BLOCK),       E("h1", BLOCK),        E("h2", BLOCK),
    E("h3", BLOCK),       E("h4", BLOCK),         E("h5", BLOCK),        E("h6", BLOCK),
    E("head", HIDDEN),    E("header", BLOCK),     E("hr", BLOCK),        E("html", BLOCK),
    E("i", INLINE),       E("iframe", HIDDEN),    E("img", INLINE),      E("input", INLINE),
    E("ins", INLINE),     E("kbd", INLINE),       E("label", INLINE),    E("legend", BLOCK),
    E("li", ROW),         E("link", INLINE),      E("main", BLOCK),      E("map", INLINE),
    E("mark", INLINE),    E("menu", BLOCK),       E("meta", INLINE),     E("nav", BLOCK),
    E("nobr", INLINE),    E("noembed", HIDDEN),   E("noframes", HIDDEN), E("noscript", HIDDEN),
    E("object", INLINE),  E("ol", BLOCK),         E("option", ROW),      E("p", BLOCK),
    E("param", INLINE),   E("picture", INLINE),   E("pre", KEEP),        E("q", INLINE),
    E("rp", INLINE),      E("rt", INLINE),        E("ruby", INLINE),     E("s", INLINE),
    E("samp", INLINE),    E("script", HIDDEN),    E("section", BLOCK),   E("select", HIDDEN),
    E("small", INLINE),   E("source", INLINE),    E("span", INLINE),     E("strike", INLINE),
    E("strong", INLINE),  E("style", HIDDEN),     E("sub", INLINE),      E("summary", BLOCK),
    E("sup", INLINE),     E("svg", INLINE),       E("table", BLOCK),     E("tbody", BLOCK),
    E("td", CELL),        E("template", HIDDEN),  E("textarea", HIDDEN), E("tfoot", BLOCK),
    E("th", CELL),        E("thead", BLOCK),      E("time", INLINE),     E("title", INLINE),
    E("tr", ROW),         E("track", INLINE),     E("tt", INLINE),       E("u", INLINE),
    E("ul", BLOCK),       E("var", INLINE),       E("video", INLINE),    E("wbr", INLINE),
    E("xmp", KEEP),
};

struct writer {
    struct buf *out;
    size_t from;   /* where this text begins in out */
    enum gap gap;  /* owed before the next character */
    unsigned keep; /* open pre elements */
    bool one_line;
    bool
        endless[ARRAY_LEN(ELEMENTS)]; /* hidden elements known to have no end tag in what is left */
    bool no_comment_end, no_tag_end;
};

static const struct element *element_of(struct str name)
{
    static struct nametable table = {
        .rows = ELEMENTS, .size = sizeof ELEMENTS[0], .count = ARRAY_LEN(ELEMENTS)};
    int row = nametable_find(&table, name);
    return row < 0 ? NULL : &ELEMENTS[row];
}

static void owe(struct writer *w, enum gap gap)
{
    if (gap > w->gap)
        w->gap = gap;
}

static void pay(struct writer *w)
{
    static const char *const gaps[] = {"", " ", "\n", "\n\n"};
    if (w->gap != NOTHING && w->out->len > w->from)
        buf_putz(w->out, gaps[w->one_line && w->gap > BLANK ? BLANK : w->gap]);
    w->gap = NOTHING;
}

/* False for white space, markup, and the bytes that characters with a meaning for us begin with:
 * no-break and other spaces, C1 controls, soft hyphen, byte order mark. */
static bool is_plain(unsigned char c)
{
    return c > ' ' && c != '&' && c != '<' && c != 0x7f && c != 0xc2 && (c < 0xe1 || c > 0xe3) &&
           c != 0xef;
}

/* The same of sixteen bytes, and of those that stand one before them: where the run ends. */
static size_t plain_block(const char *at)
{
    block_t here = block_at(at), before = block_at(at - 1);
    return block_first((block_t)((here < ' ') | (here == '&') | (here == '<') | (here == 0x7f) |
                                 (here == 0xc2) | ((here >= 0xe1) & (here <= 0xe3)) |
                                 (here == 0xef) | ((here == ' ') & (before == ' '))));
}

/* Length of the run at the start of s that comes out as it stands: words with one blank between
 * them. */
static size_t plain_run(struct str s)
{
    size_t n = 1, run = BLOCK_BYTES;
    if (s.len == 0 || !is_plain((unsigned char)s.at[0]))
        return 0;
    for (; run == BLOCK_BYTES && n + BLOCK_BYTES <= s.len; n += run)
        run = plain_block(s.at + n);
    while (run == BLOCK_BYTES && n < s.len &&
           (is_plain((unsigned char)s.at[n]) || (s.at[n] == ' ' && s.at[n - 1] != ' ')))
        n++;
    return s.at[n - 1] == ' ' ? n - 1 : n;
}

static void put_point(struct writer *w, uint32_t point, const char *bytes, size_t len)
{
    if (point >= 0x80 && point < 0xa0) { /* windows-1252 that somebody took for iso-8859-1 */
        point = entity_repair(point);
        bytes = NULL;
    }
    if (point == '\n' && w->keep) {
        owe(w, LINE);
    } else if (utf8_space(point)) {
        owe(w, BLANK);
    } else if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad) {
        return; /* controls, soft hyphen */
    } else {
        pay(w);
        if (bytes)
            buf_put(w->out, bytes, len);
        else
            utf8_put(w->out, point);
    }
}

/* One character or reference off the start of s. */
static size_t put_character(struct writer *w, struct str s)
{
    uint32_t point = 0;
    size_t taken = s.at[0] == '&' ? entity_read(s, &point) : 0;
    if (taken) {
        put_point(w, point, NULL, 0);
        return taken;
    }
    point = utf8_next(s, &taken);
    put_point(w, point, s.at, taken);
    return taken;
}

/* Behind the '>' of the tag that s begins with; quoted values may hold a '>'. A quote that is never
 * closed was none: then the first '>' counts. */
static size_t tag_end(struct str s)
{
    size_t first = str_chr(s, '>');
    char quote = '\0';
    if (first == SIZE_MAX)
        return s.len;
    for (size_t i = 1; i < s.len && i < first + 8192; i++) {
        char c = s.at[i];
        if (quote) {
            if (c == quote)
                quote = '\0';
        } else if (c == '>') {
            return i + 1;
        } else if ((c == '"' || c == '\'') && s.at[i - 1] == '=') {
            quote = c;
        }
    }
    return first + 1;
}

static bool ends_name(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v') || c == '/' || c == '>' || c == '<' ||
           c == '\0';
}

static size_t name_len(struct str s)
{
    size_t n = 0;
    while (n < s.len && !ends_name(s.at[n]))
        n++;
    return n;
}

/* s begins behind the start tag of a hidden element; where its end tag begins, or SIZE_MAX. */
static size_t find_end_tag(struct str s, struct str want)
{
    for (size_t at = 0; at < s.len;) {
        const char *hit = memchr(s.at + at, '<', s.len - at);
        if (!hit)
            return SIZE_MAX;
        at = (size_t)(hit - s.at);
        struct str rest = str_from(s, at + 2);
        if (at + 1 < s.len && s.at[at + 1] == '/' && str_startsi(rest, want) &&
            (rest.len == want.len ||
             !((rest.at[want.len] | 0x20) >= 'a' && (rest.at[want.len] | 0x20) <= 'z')))
            return at;
        at++;
    }
    return SIZE_MAX;
}

static size_t skip_hidden(struct writer *w, const struct element *element, struct str s,
                          size_t after)
{
    bool *endless = &w->endless[element - ELEMENTS];
    size_t end = *endless ? SIZE_MAX : find_end_tag(str_from(s, after), element->name);
    if (end == SIZE_MAX) {
        *endless = true;
        return after;
    }
    after += end;
    return after + tag_end(str_from(s, after));
}

static void put_element(struct writer *w, const struct element *element, bool end)
{
    switch (element->kind) {
    case BREAK: /* two of them are a paragraph */
        if (!w->out->len || w->gap < LINE)
            owe(w, LINE);
        else
            owe(w, PARAGRAPH);
        break;
    case ROW:
        owe(w, LINE);
        break;
    case CELL:
        owe(w, BLANK);
        break;
    case BLOCK:
        owe(w, PARAGRAPH);
        break;
    case KEEP:
        owe(w, PARAGRAPH);
        if (!end)
            w->keep++;
        else if (w->keep)
            w->keep--;
        break;
    case INLINE:
    case HIDDEN:
        break;
    }
}

/* s begins with "<!" or "<?". */
static size_t skip_declaration(struct writer *w, struct str s)
{
    if (str_starts(s, STR("<![CDATA["))) /* its text is text */
        return 9;
    if (str_starts(s, STR("<!--"))) {
        size_t end = w->no_comment_end ? SIZE_MAX : str_find(str_from(s, 2), STR("-->"));
        if (end != SIZE_MAX)
            return end + 5;
        w->no_comment_end = true;
    }
    size_t end = w->no_tag_end ? SIZE_MAX : str_chr(s, '>');
    w->no_tag_end = end == SIZE_MAX;
    return w->no_tag_end ? 0 : end + 1;
}

/* s begins with '<'. What it takes; 0 when it is no tag. */
static size_t read_tag(struct writer *w, struct str s)
{
    if (s.len < 2)
        return 0;
    if (s.at[1] == '!' || s.at[1] == '?')
        return w->one_line && !str_starts(s, STR("<!--")) && !str_starts(s, STR("<![CDATA["))
                   ? 0
                   : skip_declaration(w, s);
    bool end = s.at[1] == '/';
    struct str rest = str_from(s, end ? 2 : 1);
    if (rest.len == 0 || !((rest.at[0] | 0x20) >= 'a' && (rest.at[0] | 0x20) <= 'z'))
        return 0;
    struct str name = str_upto(rest, name_len(rest));
    const struct element *element = element_of(name);
    if (!element && w->one_line)
        return 0;
    size_t after = tag_end(s);
    if (!element)
        return after;
    put_element(w, element, end);
    if (element->kind == HIDDEN && !end && s.at[after - 1] == '>' && s.at[after - 2] != '/')
        return skip_hidden(w, element, s, after);
    return after;
}

static void write_text(struct writer *w, struct str s)
{
    while (s.len) {
        size_t run = plain_run(s);
        if (run) {
            pay(w);
            buf_put(w->out, s.at, run);
            s = str_from(s, run);
            continue;
        }
        size_t taken = s.at[0] == '<' ? read_tag(w, s) : 0;
        s = str_from(s, taken ? taken : put_character(w, s));
    }
}

void markup_text(struct str html, struct buf *out)
{
    struct writer w = {.out = out, .from = out->len};
    write_text(&w, html);
}

void markup_line(struct str html, struct buf *out)
{
    struct writer w = {.out = out, .from = out->len, .one_line = true};
    write_text(&w, html);
}

void markup_unescape(struct str s, struct buf *out)
{
    while (s.len) {
        size_t n = str_chr(s, '&'), taken = 0;
        uint32_t point = 0;
        buf_puts(out, str_upto(s, n));
        s = str_from(s, n);
        if (s.len == 0)
            return;
        taken = entity_read(s, &point);
        if (taken)
            utf8_put(out, point);
        else
            buf_putc(out, '&');
        s = str_from(s, taken ? taken : 1);
    }
}

/* Up to the next character that is written as a reference. */
static size_t unescaped_run(struct str s)
{
    size_t n = 0, run = BLOCK_BYTES;
    for (; run == BLOCK_BYTES && n + BLOCK_BYTES <= s.len; n += run) {
        block_t block = block_at(s.at + n);
        run = block_first((block_t)((block == '&') | (block == '<')));
    }
    while (run == BLOCK_BYTES && n < s.len && s.at[n] != '&' && s.at[n] != '<')
        n++;
    return n;
}

void markup_escape(struct str s, struct buf *out)
{
    while (s.len) {
        size_t n = unescaped_run(s);
        buf_puts(out, str_upto(s, n));
        if (n < s.len)
            buf_putz(out, s.at[n] == '&' ? "&amp;" : "&lt;");
        s = str_from(s, n + 1);
    }
}
