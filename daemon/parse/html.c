#include "html.h"

#include "entities.h"
#include "limits.h"
#include "utf8.h"

enum { INLINE = 1, BLOCK = 2, VOID = 4, RAW = 8, DECODED = 16, SCOPE = 32, HEADING = 64 };

static const struct {
    const char *name;
    size_t len;
    unsigned flags;
} TAGS[HTML_TAG_COUNT] = {{"", 0, 0},
                          {"", 0, INLINE},
#define HTML_TAG_ROW(id, name, flags) {name, sizeof(name) - 1, flags},
                          HTML_TAGS(HTML_TAG_ROW)
#undef HTML_TAG_ROW
};

static const struct str ATTRS[HTML_ATTR_COUNT] = {
#define HTML_ATTR_ROW(id, name) {name, sizeof(name) - 1},
    HTML_ATTRS(HTML_ATTR_ROW)
#undef HTML_ATTR_ROW
};

enum { LETTERS = 26 };
_Static_assert(HTML_TAG_COUNT <= UINT8_MAX, "first_tag holds every tag");

struct open {
    uint32_t node;
    uint16_t tag;
    struct str name; /* of HTML_OTHER */
};

struct reader {
    struct html *html;
    struct str page;
    size_t at;
    struct open *stack;            /* stack[0] is the document */
    size_t depth, flat;            /* flat: open elements that were not nested, see (1) */
    bool full;                     /* see (4) */
    uint32_t open[HTML_TAG_COUNT]; /* how many of each stand on the stack: most searches end here */
    /* The raw-text elements that are known to have no end tag behind `at`. */
    bool endless[HTML_TAG_COUNT];
    uint8_t first_tag[LETTERS + 1]; /* in TAGS, by first letter */
};

bool html_is_block(enum html_tag tag)
{
    return (TAGS[tag].flags & BLOCK) != 0;
}

bool html_is_heading(enum html_tag tag)
{
    return (TAGS[tag].flags & HEADING) != 0;
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

/* ---- the tree */

static size_t add_node(struct reader *r, enum html_tag tag)
{
    struct html *html = r->html;
    if (html->count == html->cap) {
        html->cap = html->cap ? html->cap * 2 : 1024;
        html->nodes = xrealloc(html->nodes, html->cap * sizeof *html->nodes);
    }
    r->full = html->count + 1 >= LIMIT_HTML_NODES;
    html->nodes[html->count] = (struct html_node){
        .parent = r->stack[r->depth].node, .end = (uint32_t)html->count + 1, .tag = (uint16_t)tag};
    return html->count++;
}

static void add_text(struct reader *r, struct str text)
{
    if (text.len == 0)
        return;
    size_t node = add_node(r, HTML_TEXT);
    r->html->nodes[node].text = html_decode(r->html, text);
}

static void pop_to(struct reader *r, size_t depth)
{
    while (r->depth > depth) {
        r->html->nodes[r->stack[r->depth].node].end = (uint32_t)r->html->count;
        r->open[r->stack[r->depth].tag]--;
        r->depth--;
    }
}

/* The depth of the nearest open `tag`, 0 when there is none within reach or a scope ends before it.
 */
static size_t find_open(const struct reader *r, enum html_tag tag, struct str name,
                        unsigned barrier)
{
    size_t low = r->depth > HTML_REACH ? r->depth - HTML_REACH : 0;
    if (r->open[tag] == 0)
        return 0;
    for (size_t d = r->depth; d > low; d--) {
        const struct open *open = &r->stack[d];
        if (open->tag == tag && (tag != HTML_OTHER || str_eqi(open->name, name)))
            return d;
        if (TAGS[open->tag].flags & barrier)
            return 0;
    }
    return 0;
}

static void close_open(struct reader *r, enum html_tag tag, unsigned barrier)
{
    size_t d = find_open(r, tag, STR_NONE, barrier);
    if (d)
        pop_to(r, d - 1);
}

/* Closes an open `a` or `b` up to a list or table that holds both. */
static void close_item(struct reader *r, enum html_tag a, enum html_tag b)
{
    size_t low = r->depth > HTML_REACH ? r->depth - HTML_REACH : 0;
    if (r->open[a] == 0 && r->open[b] == 0)
        return;
    for (size_t d = r->depth; d > low; d--) {
        uint16_t tag = r->stack[d].tag;
        if (tag == a || tag == b) {
            pop_to(r, d - 1);
            return;
        }
        if (tag == HTML_UL || tag == HTML_OL || tag == HTML_MENU || tag == HTML_DL ||
            tag == HTML_TABLE || ((TAGS[tag].flags & SCOPE) && a != HTML_TD) || tag == HTML_SELECT)
            return;
    }
}

/* The end tags that a start tag implies (13.2.6.4.7 "in body", 13.2.6.4.9 to .15 for tables). */
static void imply_ends(struct reader *r, enum html_tag tag)
{
    if (TAGS[tag].flags & BLOCK && tag != HTML_SELECT && tag != HTML_OPTION && tag != HTML_IFRAME)
        close_open(r, HTML_P, SCOPE);
    if (html_is_heading(tag) && html_is_heading(r->stack[r->depth].tag))
        pop_to(r, r->depth - 1);
    if (tag == HTML_A)
        close_open(r, HTML_A, BLOCK | SCOPE);
    else if (tag == HTML_LI)
        close_item(r, HTML_LI, HTML_LI);
    else if (tag == HTML_DD || tag == HTML_DT)
        close_item(r, HTML_DD, HTML_DT);
    else if (tag == HTML_OPTION)
        close_item(r, HTML_OPTION, HTML_OPTION);
    else if (tag == HTML_TD || tag == HTML_TH)
        close_item(r, HTML_TD, HTML_TH);
    else if (tag == HTML_TR)
        close_item(r, HTML_TR, HTML_TR);
    else if (tag == HTML_TBODY || tag == HTML_THEAD || tag == HTML_TFOOT) {
        close_item(r, HTML_TBODY, HTML_THEAD);
        close_item(r, HTML_TFOOT, HTML_TFOOT);
    }
}

static void end_tag(struct reader *r, enum html_tag tag, struct str name)
{
    if (tag == HTML_BR) {
        add_node(r, HTML_BR);
        return;
    }
    if (tag == HTML_HTML || tag == HTML_BODY || tag == HTML_HEAD)
        return; /* content behind them belongs to the page as well */
    if (r->flat) {
        r->flat--;
        return;
    }
    /* An inline end tag does not reach out of its block, a block's not out of its table cell. */
    unsigned flags = TAGS[tag].flags;
    unsigned barrier = flags & INLINE ? BLOCK | SCOPE : flags & SCOPE || tag == HTML_TR ? 0 : SCOPE;
    if (tag == HTML_OTHER)
        barrier = SCOPE; /* custom elements wrap blocks */
    size_t d = find_open(r, tag, name, barrier);
    if (d)
        pop_to(r, d - 1);
}

/* ---- the tokenizer */

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Does `name` say the same as `known`, which is in lower case? Nearly all answers come from the
 * length or the first letter. */
static bool is_named(struct str name, const char *known, size_t len)
{
    return name.len == len && (name.at[0] | 0x20) == known[0] &&
           strncasecmp(name.at, known, len) == 0;
}

/* Where each letter's tags begin in TAGS. */
static void index_tags(struct reader *r)
{
    size_t tag = HTML_OTHER + 1;
    for (size_t letter = 0; letter <= LETTERS; letter++) {
        while (tag < HTML_TAG_COUNT && TAGS[tag].name[0] < (char)('a' + letter))
            tag++;
        r->first_tag[letter] = (uint8_t)tag;
    }
}

static enum html_tag tag_of(const struct reader *r, struct str name)
{
    size_t letter = (size_t)((name.at[0] | 0x20) - 'a'); /* names begin with one */
    for (size_t tag = r->first_tag[letter]; tag < r->first_tag[letter + 1]; tag++)
        if (is_named(name, TAGS[tag].name, TAGS[tag].len))
            return (enum html_tag)tag;
    return HTML_OTHER;
}

static void add_attr(struct reader *r, struct html_node *node, struct str name, struct str value)
{
    size_t id = 0;
    while (id < HTML_ATTR_COUNT && !is_named(name, ATTRS[id].at, ATTRS[id].len))
        id++;
    if (id == HTML_ATTR_COUNT)
        return;
    struct html *html = r->html;
    if (html->attr_count == html->attr_cap) {
        html->attr_cap = html->attr_cap ? html->attr_cap * 2 : 1024;
        html->attrs = xrealloc(html->attrs, html->attr_cap * sizeof *html->attrs);
    }
    html->attrs[html->attr_count++] =
        (struct html_value){(enum html_attr)id, html_decode(html, value)};
    node->attr_count++;
}

static struct str read_value(struct reader *r)
{
    const char *p = r->page.at;
    size_t n = r->page.len, from;
    if (r->at < n && (p[r->at] == '"' || p[r->at] == '\'')) {
        struct str rest = str_from(r->page, r->at + 1);
        struct str value = str_upto(rest, str_chr(rest, p[r->at]));
        r->at += value.len + (value.len < rest.len ? 2 : 1);
        return value;
    }
    for (from = r->at; r->at < n && !is_space(p[r->at]) && p[r->at] != '>'; r->at++)
        ;
    return (struct str){p + from, r->at - from};
}

/* Reads attributes up to and with '>'. `node` NULL: an end tag's, which mean nothing. */
static void read_attrs(struct reader *r, struct html_node *node)
{
    const char *p = r->page.at;
    size_t n = r->page.len;
    for (unsigned count = 0;; count++) {
        while (r->at < n && (is_space(p[r->at]) || p[r->at] == '/'))
            r->at++;
        if (r->at >= n || p[r->at] == '>')
            break;
        size_t from = r->at++;
        while (r->at < n && !is_space(p[r->at]) && p[r->at] != '=' && p[r->at] != '>' &&
               p[r->at] != '/')
            r->at++;
        struct str name = {p + from, r->at - from}, value = STR_NONE;
        while (r->at < n && is_space(p[r->at]))
            r->at++;
        if (r->at < n && p[r->at] == '=') {
            r->at++;
            while (r->at < n && is_space(p[r->at]))
                r->at++;
            value = read_value(r);
        }
        if (node && count < LIMIT_ATTRIBUTES)
            add_attr(r, node, name, value);
    }
    if (r->at < n)
        r->at++;
}

static bool ends_raw(struct str rest, struct str name)
{
    return rest.len > name.len + 2 && rest.at[1] == '/' &&
           str_eqi(str_upto(str_from(rest, 2), name.len), name) &&
           !is_letter(rest.at[2 + name.len]);
}

/* The text up to the end tag of a raw-text element. Without one, scripts and styles take the rest
 * of the page as in browsers; for the others the start tag alone is dropped. */
static struct str read_raw(struct reader *r, enum html_tag tag, struct str name)
{
    struct str rest = str_from(r->page, r->at);
    size_t i = 0;
    while (!r->endless[tag] && i < rest.len) {
        size_t hit = str_chr(str_from(rest, i), '<');
        if (hit == SIZE_MAX)
            break;
        i += hit;
        if (ends_raw(str_from(rest, i), name)) {
            r->at += i;
            return str_upto(rest, i);
        }
        i++;
    }
    r->endless[tag] = true;
    if (tag != HTML_SCRIPT && tag != HTML_STYLE)
        return STR_NONE;
    r->at = r->page.len;
    return rest;
}

static void start_tag(struct reader *r, enum html_tag tag, struct str name)
{
    if (tag == HTML_BODY || tag == HTML_HEAD || tag == HTML_HTML) {
        if (r->depth == 0 || tag != HTML_HTML) {
            /* Kept as a leaf for its attributes (lang, class). */
            size_t node = add_node(r, tag);
            r->html->nodes[node].attrs = (uint32_t)r->html->attr_count;
            read_attrs(r, &r->html->nodes[node]);
            return;
        }
        read_attrs(r, NULL);
        return;
    }
    imply_ends(r, tag);
    size_t node = add_node(r, tag);
    r->html->nodes[node].attrs = (uint32_t)r->html->attr_count;
    read_attrs(r, &r->html->nodes[node]);
    unsigned flags = TAGS[tag].flags;
    if (flags & VOID)
        return;
    if (flags & RAW) {
        struct str raw = read_raw(r, tag, name);
        r->html->nodes[node].text = flags & DECODED ? html_decode(r->html, raw) : raw;
        return;
    }
    if (r->depth >= LIMIT_HTML_DEPTH) {
        r->flat++;
        return;
    }
    r->stack[++r->depth] = (struct open){(uint32_t)node, (uint16_t)tag, name};
    r->open[tag]++;
}

/* At '<' + letter, or "</" + letter. */
static void read_tag(struct reader *r, bool end)
{
    size_t from = r->at += end ? 2 : 1;
    const char *p = r->page.at;
    while (r->at < r->page.len && !is_space(p[r->at]) && p[r->at] != '>' && p[r->at] != '/')
        r->at++;
    struct str name = {p + from, r->at - from};
    enum html_tag tag = tag_of(r, name);
    if (!end) {
        start_tag(r, tag, name);
        return;
    }
    read_attrs(r, NULL);
    end_tag(r, tag, name);
}

/* At "<!", "<?" or "</" without a letter. */
static void skip_declaration(struct reader *r)
{
    struct str rest = str_from(r->page, r->at);
    if (str_starts(rest, STR("<!--"))) {
        struct str inside = str_from(rest, 4);
        if (str_starts(inside, STR(">")) || str_starts(inside, STR("->"))) {
            r->at += 4 + str_chr(inside, '>') + 1;
            return;
        }
        size_t end = str_find(inside, STR("-->"));
        r->at = end == SIZE_MAX ? r->page.len : r->at + 4 + end + 3;
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
        add_text(r, str_upto(rest, 1)); /* a bare '<' */
        r->at++;
    }
}

void html_read(struct str page, struct html *out)
{
    struct reader r = {.html = out, .page = page};
    *out = (struct html){0};
    r.stack = xcalloc(LIMIT_HTML_DEPTH + 1, sizeof *r.stack);
    r.stack[0] = (struct open){0, HTML_OTHER, STR_NONE};
    index_tags(&r);
    add_node(&r, HTML_OTHER);
    while (r.at < page.len && !r.full) {
        struct str text = str_from(page, r.at);
        text = str_upto(text, str_chr(text, '<'));
        add_text(&r, text);
        r.at += text.len;
        if (r.at < page.len && !r.full)
            read_markup(&r);
    }
    pop_to(&r, 0);
    out->nodes[0].end = (uint32_t)out->count;
    free(r.stack);
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
