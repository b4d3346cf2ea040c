#include "weigh.h"

#include <endian.h>

#include "utf8.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The top bit of each byte that is zero. */
static uint64_t zeros(uint64_t bytes)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7fULL;
    return ~(((bytes & low) + low) | bytes | low);
}

/* Bytes that are not white space, about: runs of white space count once. Eight bytes are looked at
 * at once. */
static uint32_t text_size(struct str s)
{
    const uint64_t each = 0x0101010101010101ULL;
    uint32_t n = 0;
    uint64_t space = 0x80; /* was the byte before one? */
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= s.len; i += sizeof word) {
        memcpy(&word, s.at + i, sizeof word);
        word = le64toh(word);
        uint64_t blanks = zeros(word ^ each * ' ') | zeros(word ^ each * '\n') |
                          zeros(word ^ each * '\t') | zeros(word ^ each * '\r');
        uint64_t again = (blanks & (blanks << 8 | space)) >> 7;
        n += (uint32_t)(sizeof word - (again * each >> 56));
        space = blanks >> 56;
    }
    for (; i < s.len; i++) {
        n += !(is_blank(s.at[i]) && space);
        space = is_blank(s.at[i]);
    }
    return space && n ? n - 1 : n;
}

static bool is_silent(const struct html *html, size_t i)
{
    switch (html->nodes[i].tag) {
    case HTML_SCRIPT:
    case HTML_STYLE:
    case HTML_NOSCRIPT:
    case HTML_TEMPLATE:
    case HTML_IFRAME:
    case HTML_SVG:
    case HTML_MATH:
    case HTML_TEXTAREA:
    case HTML_SELECT:
    case HTML_TITLE:
    case HTML_CANVAS:
    case HTML_OBJECT:
    case HTML_VIDEO:
    case HTML_AUDIO:
    case HTML_INPUT:
    case HTML_BUTTON:
    case HTML_DIALOG:
        return true;
    default:
        return false;
    }
}

static bool is_hidden(const struct html *html, size_t i)
{
    const struct html_node *n = &html->nodes[i];
    for (size_t k = 0; k < n->attr_count; k++) {
        const struct html_value *a = &html->attrs[n->attrs + k];
        if (a->name == HTML_ATTR_HIDDEN && !str_isi(a->value, "false"))
            return true;
        if (a->name == HTML_ATTR_ARIA_HIDDEN && str_isi(str_trim(a->value), "true"))
            return true;
        if (a->name == HTML_ATTR_STYLE &&
            (str_findi(str_upto(a->value, 256), STR("display:none")) != SIZE_MAX ||
             str_findi(str_upto(a->value, 256), STR("display: none")) != SIZE_MAX ||
             str_findi(str_upto(a->value, 256), STR("visibility:hidden")) != SIZE_MAX))
            return true;
    }
    return false;
}

/* What a block's own text is worth: running text has length, punctuation and few links. */
static float block_score(const struct html *html, const struct weight *w, size_t i)
{
    if (w->own < 20 || html_is_heading(html->nodes[i].tag))
        return 0;
    float plain = (float)(w->own - w->own_links);
    float share = plain / (float)w->own;
    if (share < 0.5f)
        return 0;
    return plain * share * (w->own < 80 ? 0.3f : 1.0f);
}

/* Tags and attributes that mean chrome wherever they stand. */
static bool says_chrome(const struct html *html, const struct weight *w, size_t i)
{
    switch (html->nodes[i].tag) {
    case HTML_NAV:
    case HTML_FOOTER:
    case HTML_ASIDE:
    case HTML_FORM:
    case HTML_HEADER:
    case HTML_MENU:
        return true;
    default:
        return (w[i].hints & HINT_CHROME) != 0 || is_hidden(html, i);
    }
}

static void sum_up(const struct html *html, struct weight *w)
{
    for (size_t i = html->count - 1; i > 0; i--) {
        size_t up = html->nodes[i].parent;
        if (w[i].marks & MARK_DROPPED)
            continue;
        if (html_is_block(html->nodes[i].tag) || html->nodes[i].tag == HTML_OTHER)
            w[i].score += block_score(html, &w[i], i);
        w[up].text += w[i].text;
        w[up].links += w[i].links;
        w[up].score += w[i].score;
    }
}

static void first_look(const struct html *html, struct weight *w)
{
    struct hints_memo *memo = xcalloc(1, sizeof *memo);
    for (size_t i = 1; i < html->count; i++) {
        const struct html_node *n = &html->nodes[i];
        w[i].block = html_is_block(n->tag) ? (uint32_t)i : w[n->parent].block;
        w[i].marks =
            (uint8_t)((w[n->parent].marks & MARK_LINK) | (n->tag == HTML_A ? MARK_LINK : 0));
        if (n->tag == HTML_TEXT) {
            uint32_t size = text_size(n->text);
            struct weight *block = &w[w[i].block];
            w[i].text = size;
            block->own += size;
            if (w[i].marks & MARK_LINK) {
                w[i].links = size;
                block->own_links += size;
            }
            continue;
        }
        if (n->attr_count || n->tag == HTML_ARTICLE || n->tag == HTML_MAIN)
            w[i].hints = (uint8_t)hints_recall(memo, html, i);
        if (is_silent(html, i)) {
            for (size_t k = i; k < n->end; k++) {
                w[k].marks = MARK_DROPPED;
                w[k].block = (uint32_t)i;
            }
            i = n->end - 1;
        }
    }
    free(memo);
}

/* May this chrome go? Not when the page would lose its story. */
static bool may_drop(const struct html *html, const struct weight *w, size_t i, float total)
{
    (void)html;
    float most = w[i].hints & HINT_COMMENT ? 0.8f : 0.45f;
    return w[i].score <= most * total;
}

static void drop_chrome(const struct html *html, struct weight *w)
{
    float total = w[0].score;
    for (size_t i = 1; i < html->count; i++) {
        const struct html_node *n = &html->nodes[i];
        bool drop = w[i].marks & MARK_DROPPED;
        if (!drop && n->tag != HTML_TEXT) {
            drop = says_chrome(html, w, i) && may_drop(html, w, i, total);
            drop = drop || (w[i].hints & HINT_SHORT && w[i].text < 160 && !html_is_heading(n->tag));
        }
        if (!drop)
            continue;
        for (size_t k = i; k < n->end; k++)
            w[k].marks |= MARK_DROPPED;
        i = n->end - 1;
    }
}

static void clear_sums(const struct html *html, struct weight *w)
{
    for (size_t i = 0; i < html->count; i++) {
        w[i].score = 0;
        if (html->nodes[i].tag != HTML_TEXT)
            w[i].text = w[i].links = 0;
    }
}

struct weight *weigh(const struct html *html)
{
    struct weight *w = xcalloc(html->count, sizeof *w);
    first_look(html, w);
    sum_up(html, w);
    drop_chrome(html, w);
    clear_sums(html, w);
    sum_up(html, w);
    return w;
}

static size_t best_child(const struct html *html, const struct weight *w, size_t node)
{
    size_t best = 0;
    for (size_t i = node + 1; i < html->nodes[node].end; i = html->nodes[i].end)
        if (!(w[i].marks & MARK_DROPPED) && (best == 0 || w[i].score > w[best].score))
            best = i;
    return best;
}

/* The best element that calls itself the story: a body hint counts at a third of the page's running
 * text, a mere container (article, main) at half. */
static size_t said_story(const struct html *html, const struct weight *w)
{
    size_t best = 0;
    float best_score = 0;
    for (size_t i = 1; i < html->count; i++) {
        if (w[i].marks & MARK_DROPPED || !(w[i].hints & (HINT_BODY | HINT_CONTENT)))
            continue;
        bool body = w[i].hints & HINT_BODY;
        if (w[i].score < (body ? 0.35f : 0.5f) * w[0].score)
            continue;
        float score = w[i].score * (body ? 1.5f : 1.0f);
        if (score > best_score) {
            best = i;
            best_score = score;
        }
    }
    return best;
}

size_t weigh_choose(const struct html *html, const struct weight *w)
{
    size_t node = said_story(html, w);
    for (;;) {
        size_t child = best_child(html, w, node);
        if (!child || !html_is_block(html->nodes[child].tag) || html->nodes[child].tag == HTML_P)
            return node;
        if (w[child].score < (node ? 0.92f : 0.8f) * w[node].score)
            return node;
        node = child;
    }
}
