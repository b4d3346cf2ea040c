#include "html.h"

#include "entities.h"
#include "htmlname.h"
#include "htmltree.h"
#include "limits.h"
#include "rawtext.h"
#include "utf8.h"

struct reader {
    struct htmltree tree;
    struct str page;
    size_t at;
    struct rawtext rawtext;
};

bool html_is_block(enum html_tag tag)
{
    return (html_flags(tag) & HTML_FLAG_BLOCK) != 0;
}

bool html_is_heading(enum html_tag tag)
{
    return (html_flags(tag) & HTML_FLAG_HEADING) != 0;
}

/* ---- memory of the tree */

struct str html_keep(struct html *html, struct str text)
{
    return text.len ? arena_keep(&html->arena, text) : STR_NONE;
}

void html_done(struct html *html)
{
    arena_done(&html->arena);
    free(html->nodes);
    free(html->attrs);
    *html = (struct html){0};
}

/* ---- character references */

struct str html_decode(struct html *html, struct str s)
{
    if (str_chr(s, '&') == SIZE_MAX)
        return s;
    struct buf text = BUF_NONE;
    buf_reserve(&text, s.len);
    while (s.len) {
        size_t plain = str_chr(s, '&');
        buf_puts(&text, str_upto(s, plain));
        s = str_from(s, plain);
        if (s.len == 0)
            break;
        uint32_t point = 0;
        size_t len = entity_read(s, &point);
        if (len)
            utf8_put(&text, point);
        else
            buf_putc(&text, '&');
        s = str_from(s, len ? len : 1);
    }
    struct str kept = html_keep(html, buf_str(&text));
    buf_free(&text);
    return kept;
}

/* ---- the tokenizer */

enum { SPACE = 1, ENDS_TAG_NAME = 2, ENDS_NAME = 4, ENDS_VALUE = 8 };

static const uint8_t CLASS[256] = {
    [' '] = SPACE | ENDS_TAG_NAME | ENDS_NAME | ENDS_VALUE,
    ['\t'] = SPACE | ENDS_TAG_NAME | ENDS_NAME | ENDS_VALUE,
    ['\n'] = SPACE | ENDS_TAG_NAME | ENDS_NAME | ENDS_VALUE,
    ['\f'] = SPACE | ENDS_TAG_NAME | ENDS_NAME | ENDS_VALUE,
    ['\r'] = SPACE | ENDS_TAG_NAME | ENDS_NAME | ENDS_VALUE,
    ['>'] = ENDS_TAG_NAME | ENDS_NAME | ENDS_VALUE,
    ['/'] = ENDS_TAG_NAME | ENDS_NAME,
    ['='] = ENDS_NAME,
};

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Behind the characters from `at` on that are, or are not, of `class`. */
static const char *skip(const char *at, const char *end, uint8_t class)
{
    while (at < end && CLASS[(unsigned char)*at] & class)
        at++;
    return at;
}

static const char *skip_to(const char *at, const char *end, uint8_t class)
{
    while (at < end && !(CLASS[(unsigned char)*at] & class))
        at++;
    return at;
}

static void add_attr(struct reader *r, struct html_node *node, struct str name, struct str value)
{
    struct html *html = r->tree.html;
    enum html_attr id = html_attr_of(name);
    if (id == HTML_ATTR_COUNT)
        return;
    if (html->attr_count == html->attr_cap) {
        html->attr_cap *= 2;
        html->attrs = xrealloc(html->attrs, html->attr_cap * sizeof *html->attrs);
    }
    html->attrs[html->attr_count++] = (struct html_value){id, html_decode(html, value)};
    node->attr_count++;
}

/* Behind the value that begins at `at`. */
static const char *read_value(const char *at, const char *end, struct str *out)
{
    if (at < end && (*at == '"' || *at == '\'')) {
        const char *close = memchr(at + 1, *at, (size_t)(end - at - 1));
        *out = (struct str){at + 1, (size_t)((close ? close : end) - at - 1)};
        return close ? close + 1 : end;
    }
    const char *from = at;
    at = skip_to(at, end, ENDS_VALUE);
    *out = (struct str){from, (size_t)(at - from)};
    return at;
}

/* Reads attributes up to and with '>'. `node` NULL: an end tag's, which mean nothing. True when the tag
 * closes itself: "<svg/>". */
static bool read_attrs(struct reader *r, struct html_node *node)
{
    const char *at = r->page.at + r->at, *end = r->page.at + r->page.len;
    bool slash = false;
    for (unsigned count = 0;; count++) {
        const char *from = at;
        while (at < end && (CLASS[(unsigned char)*at] & SPACE || *at == '/'))
            at++;
        slash = at > from && at[-1] == '/';
        if (at == end || *at == '>')
            break;
        struct str name = {at, 0}, value = STR_NONE;
        at = skip_to(at + 1, end, ENDS_NAME); /* whatever it is, it begins a name */
        name.len = (size_t)(at - name.at);
        at = skip(at, end, SPACE);
        if (at < end && *at == '=')
            at = read_value(skip(at + 1, end, SPACE), end, &value);
        if (node && count < LIMIT_ATTRIBUTES)
            add_attr(r, node, name, value);
    }
    r->at = (size_t)(at - r->page.at) + (at < end);
    return slash;
}

/* The text up to the end tag of a raw-text element. Without one, scripts and styles take the rest
 * of the page as in browsers; for the others the start tag alone is dropped. */
static struct str read_raw(struct reader *r, enum html_tag tag)
{
    struct str rest = str_from(r->page, r->at);
    size_t end = rawtext_end(&r->rawtext, rest, tag);
    if (end == SIZE_MAX && tag != HTML_SCRIPT && tag != HTML_STYLE)
        return STR_NONE;
    struct str raw = str_upto(rest, end);
    r->at += raw.len;
    return raw;
}

/* Their content belongs to the document: they are kept as leaves, for their attributes (lang, class). */
static void add_frame(struct reader *r, enum html_tag tag)
{
    if (tag == HTML_HTML && r->tree.depth) {
        read_attrs(r, NULL);
        return;
    }
    size_t node = htmltree_add(&r->tree, tag);
    r->tree.html->nodes[node].attrs = (uint32_t)r->tree.html->attr_count;
    read_attrs(r, &r->tree.html->nodes[node]);
}

static void start_tag(struct reader *r, enum html_tag tag, struct str name)
{
    unsigned flags = html_flags(tag);
    if (tag == HTML_BODY || tag == HTML_HEAD || tag == HTML_HTML) {
        add_frame(r, tag);
        return;
    }
    htmltree_imply_ends(&r->tree, tag);
    size_t node = htmltree_add(&r->tree, tag);
    r->tree.html->nodes[node].attrs = (uint32_t)r->tree.html->attr_count;
    bool closed = read_attrs(r, &r->tree.html->nodes[node]) && flags & HTML_FLAG_FOREIGN;
    if (flags & HTML_FLAG_VOID || closed)
        return;
    if (flags & HTML_FLAG_RAW) {
        struct str raw = read_raw(r, tag);
        r->tree.html->nodes[node].text =
            flags & HTML_FLAG_DECODED ? html_decode(r->tree.html, raw) : raw;
        return;
    }
    htmltree_open(&r->tree, node, tag, name);
}

/* At '<' + letter, or "</" + letter. */
static void read_tag(struct reader *r, bool end)
{
    const char *from = r->page.at + r->at + (end ? 2 : 1), *page_end = r->page.at + r->page.len;
    struct str name = {from, (size_t)(skip_to(from, page_end, ENDS_TAG_NAME) - from)};
    enum html_tag tag = html_tag_of(name);
    r->at = (size_t)(from - r->page.at) + name.len;
    if (!end) {
        start_tag(r, tag, name);
        return;
    }
    read_attrs(r, NULL);
    htmltree_end_tag(&r->tree, tag, name);
}

/* Behind the comment whose "<!--" stands before `inside`. */
static size_t comment_len(struct str inside)
{
    if (str_starts(inside, STR(">")))
        return 1;
    if (str_starts(inside, STR("->")))
        return 2;
    for (size_t at = 0; at < inside.len;) {
        size_t dashes = str_find(str_from(inside, at), STR("--"));
        if (dashes == SIZE_MAX)
            break;
        at += dashes;
        struct str end = str_from(inside, at + 2);
        if (str_starts(end, STR(">")))
            return at + 3;
        if (str_starts(end, STR("!>")))
            return at + 4;
        at++;
    }
    return inside.len;
}

/* At "<!", "<?" or "</" without a letter. */
static void skip_declaration(struct reader *r)
{
    struct str rest = str_from(r->page, r->at);
    if (str_starts(rest, STR("<!--"))) {
        r->at += 4 + comment_len(str_from(rest, 4));
        return;
    }
    size_t end = str_chr(rest, '>');
    r->at = end == SIZE_MAX ? r->page.len : r->at + end + 1;
}

static void read_markup(struct reader *r)
{
    struct str rest = str_from(r->page, r->at);
    char next = rest.len > 1 ? rest.at[1] : ' ';
    if (is_letter(next))
        read_tag(r, false);
    else if (next == '/' && rest.len > 2 && is_letter(rest.at[2]))
        read_tag(r, true);
    else if (next == '!' || next == '?' || (next == '/' && rest.len > 2))
        skip_declaration(r);
    else {
        htmltree_text(&r->tree, str_upto(rest, 1)); /* a bare '<' */
        r->at++;
    }
}

void html_read(struct str page, struct html *out)
{
    struct reader r = {.page = page};
    *out = (struct html){0};
    htmltree_init(&r.tree, page.len, out);
    while (r.at < page.len && !r.tree.full) {
        struct str text = str_from(page, r.at);
        text = str_upto(text, str_chr(text, '<'));
        htmltree_text(&r.tree, text);
        r.at += text.len;
        if (r.at < page.len && !r.tree.full)
            read_markup(&r);
    }
    htmltree_done(&r.tree);
}

/* ---- looking at it */

struct str html_attr(const struct html *html, size_t node, enum html_attr name)
{
    const struct html_node *n = &html->nodes[node];
    for (size_t i = 0; i < n->attr_count; i++)
        if (html->attrs[n->attrs + i].name == name)
            return str_trim(html->attrs[n->attrs + i].value);
    return STR_NONE;
}

void html_text(const struct html *html, size_t node, size_t max, struct buf *out)
{
    struct buf raw = BUF_NONE;
    size_t end = html->nodes[node].end;
    end = end - node > max ? node + max : end;
    for (size_t i = node; i < end && raw.len < max; i++) {
        const struct html_node *n = &html->nodes[i];
        if (n->tag == HTML_TEXT)
            buf_puts(&raw, utf8_upto(n->text, max - raw.len));
        else if (n->tag == HTML_BR || html_is_block(n->tag))
            buf_putc(&raw, ' ');
        else if (n->tag == HTML_NOSCRIPT)
            i = n->end - 1;
    }
    utf8_squash(buf_str(&raw), out);
    buf_free(&raw);
}
