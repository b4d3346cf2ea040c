#include "htmltree.h"

#include "htmlname.h"
#include "limits.h"

/* What is within these does not end what is around them. */
#define INSIDE (HTML_FLAG_SCOPE | HTML_FLAG_SHELL)

/* Deep pages are rare; pages have a node for every 25 bytes on average and an
 * attribute for every 130, and half of them have more. */
enum { FIRST_DEPTH = 64, BYTES_A_NODE = 12, BYTES_AN_ATTRIBUTE = 64, FIRST_MOST = 1 << 14 };

struct open {
    uint32_t node;
    uint16_t tag;
    struct str name; /* of HTML_OTHER */
};

size_t htmltree_add(struct htmltree *t, enum html_tag tag)
{
    struct html *html = t->html;
    if (html->count == html->cap) {
        html->cap *= 2;
        html->nodes = xrealloc(html->nodes, html->cap * sizeof *html->nodes);
    }
    t->full = html->count + 1 >= LIMIT_HTML_NODES;
    html->nodes[html->count] = (struct html_node){
        .parent = t->stack[t->depth].node, .end = (uint32_t)html->count + 1, .tag = (uint16_t)tag};
    return html->count++;
}

void htmltree_text(struct htmltree *t, struct str text)
{
    if (text.len == 0)
        return;
    size_t node = htmltree_add(t, HTML_TEXT);
    t->html->nodes[node].text = html_decode(t->html, text);
}

static void pop_to(struct htmltree *t, size_t depth)
{
    while (t->depth > depth) {
        t->html->nodes[t->stack[t->depth].node].end = (uint32_t)t->html->count;
        t->open[t->stack[t->depth].tag]--;
        t->depth--;
    }
}

/* The depth of the nearest open `tag`, 0 when there is none within reach or a scope ends before it.
 */
static size_t find_open(const struct htmltree *t, enum html_tag tag, struct str name,
                        unsigned barrier)
{
    size_t low = t->depth > HTML_REACH ? t->depth - HTML_REACH : 0;
    if (t->open[tag] == 0)
        return 0;
    for (size_t d = t->depth; d > low; d--) {
        const struct open *open = &t->stack[d];
        if (open->tag == tag && (tag != HTML_OTHER || str_eqi(open->name, name)))
            return d;
        if (html_flags(open->tag) & barrier)
            return 0;
    }
    return 0;
}

static void close_open(struct htmltree *t, enum html_tag tag, unsigned barrier)
{
    size_t d = find_open(t, tag, STR_NONE, barrier);
    if (d)
        pop_to(t, d - 1);
}

/* Closes an open `a` or `b` up to a list or table that holds both. */
static void close_item(struct htmltree *t, enum html_tag a, enum html_tag b)
{
    size_t low = t->depth > HTML_REACH ? t->depth - HTML_REACH : 0;
    if (t->open[a] == 0 && t->open[b] == 0)
        return;
    for (size_t d = t->depth; d > low; d--) {
        uint16_t tag = t->stack[d].tag;
        if (tag == a || tag == b) {
            pop_to(t, d - 1);
            return;
        }
        if (tag == HTML_UL || tag == HTML_OL || tag == HTML_MENU || tag == HTML_DL ||
            tag == HTML_SELECT || html_flags(tag) & INSIDE)
            return;
    }
}

/* Rows end cells, and groups of rows end both, whatever is open in them. */
static void close_rows(struct htmltree *t, enum html_tag tag)
{
    if (tag == HTML_TD || tag == HTML_TH) {
        close_open(t, HTML_TD, HTML_FLAG_ROWS);
        close_open(t, HTML_TH, HTML_FLAG_ROWS);
        return;
    }
    close_open(t, HTML_TR, HTML_FLAG_ROWS);
    if (tag == HTML_TR)
        return;
    close_open(t, HTML_TBODY, HTML_FLAG_ROWS);
    close_open(t, HTML_THEAD, HTML_FLAG_ROWS);
    close_open(t, HTML_TFOOT, HTML_FLAG_ROWS);
}

/* The end tags that a start tag implies (13.2.6.4.7 "in body", 13.2.6.4.9 to .15 for tables). */
void htmltree_imply_ends(struct htmltree *t, enum html_tag tag)
{
    if (html_is_block(tag) && tag != HTML_SELECT && tag != HTML_OPTION && tag != HTML_IFRAME)
        close_open(t, HTML_P, INSIDE);
    if (html_is_heading(tag) && html_is_heading(t->stack[t->depth].tag))
        pop_to(t, t->depth - 1);
    if (tag == HTML_A)
        close_open(t, HTML_A, HTML_FLAG_BLOCK | INSIDE);
    else if (tag == HTML_BUTTON)
        close_open(t, HTML_BUTTON, HTML_FLAG_SCOPE);
    else if (tag == HTML_LI || tag == HTML_OPTION)
        close_item(t, tag, tag);
    else if (tag == HTML_DD || tag == HTML_DT)
        close_item(t, HTML_DD, HTML_DT);
    else if (html_flags(tag) & HTML_FLAG_PART)
        close_rows(t, tag);
}

/* How far an end tag reaches: an inline one's not out of its block, a block's not out of its table
 * cell, a cell's and a row's not out of their table. Custom elements wrap blocks. */
static unsigned barrier_of(enum html_tag tag)
{
    unsigned flags = html_flags(tag);
    if (tag == HTML_TABLE)
        return 0;
    if (flags & HTML_FLAG_PART)
        return HTML_FLAG_ROWS;
    if (flags & HTML_FLAG_INLINE && tag != HTML_OTHER)
        return HTML_FLAG_BLOCK | INSIDE;
    return HTML_FLAG_SCOPE;
}

/* A heading's end tag ends a heading of any rank. */
static void end_heading(struct htmltree *t)
{
    size_t nearest = 0;
    for (enum html_tag tag = HTML_H1; tag <= HTML_H6; tag++) {
        size_t d = find_open(t, tag, STR_NONE, HTML_FLAG_SCOPE);
        nearest = d > nearest ? d : nearest;
    }
    if (nearest)
        pop_to(t, nearest - 1);
}

void htmltree_end_tag(struct htmltree *t, enum html_tag tag, struct str name)
{
    if (tag == HTML_BR) {
        htmltree_add(t, HTML_BR);
        return;
    }
    if (tag == HTML_HTML || tag == HTML_BODY || tag == HTML_HEAD)
        return; /* content behind them belongs to the page as well */
    if (t->flat) {
        t->flat--;
        return;
    }
    if (html_is_heading(tag)) {
        end_heading(t);
        return;
    }
    size_t d = find_open(t, tag, name, barrier_of(tag));
    if (d)
        pop_to(t, d - 1);
}

void htmltree_open(struct htmltree *t, size_t node, enum html_tag tag, struct str name)
{
    if (t->depth >= LIMIT_HTML_DEPTH) {
        t->flat++;
        return;
    }
    if (++t->depth == t->stack_cap) {
        t->stack_cap *= 2;
        t->stack = xrealloc(t->stack, t->stack_cap * sizeof *t->stack);
    }
    t->stack[t->depth] = (struct open){(uint32_t)node, (uint16_t)tag, name};
    t->open[tag]++;
}

static size_t first_size(size_t bytes, size_t each)
{
    size_t count = bytes / each + 16;
    return count < FIRST_MOST ? count : FIRST_MOST;
}

void htmltree_init(struct htmltree *t, size_t page_len, struct html *html)
{
    *t = (struct htmltree){.html = html, .stack_cap = FIRST_DEPTH};
    html->cap = first_size(page_len, BYTES_A_NODE);
    html->nodes = xmalloc(html->cap * sizeof *html->nodes);
    html->attr_cap = first_size(page_len, BYTES_AN_ATTRIBUTE);
    html->attrs = xmalloc(html->attr_cap * sizeof *html->attrs);
    t->stack = xmalloc(t->stack_cap * sizeof *t->stack);
    t->stack[0] = (struct open){0, HTML_OTHER, STR_NONE};
    htmltree_add(t, HTML_OTHER);
}

void htmltree_done(struct htmltree *t)
{
    pop_to(t, 0);
    t->html->nodes[0].end = (uint32_t)t->html->count;
    free(t->stack);
}
