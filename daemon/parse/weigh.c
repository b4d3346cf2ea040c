#include "weigh.h"

#include <endian.h>

#include "utf8.h"

#define STORY_LEAST 200 /* score: a paragraph or two */

/* What each byte adds to a text's size: a letter counts one in any alphabet, a character of East
 * Asia, which is about half a word, three. By the first byte of the character. */
static uint32_t width(unsigned char c)
{
    if (c < 0x80)
        return 1;
    if (c < 0xc0)
        return 0;
    return c >= 0xe3 && c <= 0xed ? 3 : 1;
}

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

/* Eight bytes are looked at at once where they are ASCII. */
uint32_t weigh_size(struct str s)
{
    const uint64_t each = 0x0101010101010101ULL;
    uint32_t n = 0;
    uint64_t space = 0x80; /* was the byte before one? */
    for (size_t i = 0; i < s.len;) {
        uint64_t word = each * 0x80;
        if (i + sizeof word <= s.len) {
            memcpy(&word, s.at + i, sizeof word);
            word = le64toh(word);
        }
        if (word & each * 0x80) {
            bool blank = is_blank(s.at[i]);
            n += blank ? !space : width((unsigned char)s.at[i]);
            space = blank ? 0x80 : 0;
            i++;
            continue;
        }
        uint64_t blanks = zeros(word ^ each * ' ') | zeros(word ^ each * '\n') |
                          zeros(word ^ each * '\t') | zeros(word ^ each * '\r');
        uint64_t again = (blanks & (blanks << 8 | space)) >> 7;
        n += (uint32_t)(sizeof word - (again * each >> 56));
        space = blanks >> 56;
        i += sizeof word;
    }
    return space && n ? n - 1 : n;
}

/* A question or a heading that is clicked to unfold its answer is text, other buttons are not. */
static bool opens_section(const struct html *html, size_t button)
{
    size_t node = button, end = html->nodes[button].end;
    for (unsigned up = 0; node && up < 3; up++, node = html->nodes[node].parent)
        if (html_is_heading(html->nodes[node].tag))
            return true;
    struct str last = STR_NONE;
    for (size_t i = button + 1; i < end && i < button + 16; i++) {
        if (html_is_heading(html->nodes[i].tag))
            return true;
        if (html->nodes[i].tag == HTML_TEXT && utf8_trim(html->nodes[i].text).len)
            last = utf8_trim(html->nodes[i].text);
    }
    return last.len > 12 && str_ends(last, STR("?"));
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
    case HTML_DIALOG:
    case HTML_AMP_AD:
    case HTML_AMP_CONSENT:
    case HTML_AMP_EMBED:
    case HTML_AMP_SIDEBAR:
    case HTML_AMP_STICKY_AD:
    case HTML_AMP_USER_NOTIFICATION:
        return true;
    case HTML_BUTTON:
        return !opens_section(html, i);
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

/* Running text with hardly a link, long enough for a paragraph or two. */
static bool is_running(const struct weight *w, float least)
{
    return w->score >= least && w->links * 8 < w->text;
}

/* The headings of sections stand in a <header> of their own. */
static bool is_heading_alone(const struct html *html, const struct weight *w, size_t node)
{
    uint32_t headings = 0;
    for (size_t i = node + 1; i < html->nodes[node].end && i < node + 16; i++)
        if (html_is_heading(html->nodes[i].tag) && html->nodes[i].tag != HTML_H1)
            headings += w[i].text;
    return headings && headings * 10 >= w[node].text * 9;
}

/* Tags and attributes that mean chrome wherever they stand. */
static bool says_chrome(const struct html *html, const struct weight *w, size_t i)
{
    bool story = w[html->nodes[i].parent].marks & MARK_STORY;
    if (w[i].marks & MARK_CODE)
        return false;
    /* a link in a sentence is part of it, whatever it is named */
    if (html->nodes[i].tag == HTML_A && w[w[i].block].own >= w[i].text + 60)
        return false;
    switch (html->nodes[i].tag) {
    case HTML_NAV:
    case HTML_FOOTER:
    case HTML_FORM:
    case HTML_MENU:
        return true;
    case HTML_HEADER:
        return !is_heading_alone(html, w, i) || w[i].hints & HINT_CHROME;
    case HTML_ASIDE: /* boxes of facts belong to the story, boxes of links do not */
        return !(story && is_running(&w[i], 250) && !(w[i].hints & (HINT_CHROME | HINT_SHORT)));
    default:
        break;
    }
    if (w[i].hints & HINT_CHROME)
        return !(w[i].hints & HINT_SOFT && is_running(&w[i], 150));
    /* what is folded away, or waits for a click, is read all the same */
    return is_hidden(html, i) && !(story && is_running(&w[i], 200));
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
            (uint8_t)((w[n->parent].marks & (MARK_LINK | MARK_STORY | MARK_CODE)) |
                      (n->tag == HTML_A ? MARK_LINK : 0) | (n->tag == HTML_PRE ? MARK_CODE : 0));
        if (n->tag == HTML_TEXT) {
            uint32_t size = weigh_size(n->text);
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
        if (n->tag == HTML_ARTICLE || w[i].hints & HINT_BODY)
            w[i].marks |= MARK_STORY;
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

/* The running text of all siblings that are named like this one: the parts of one thing. */
static float score_alike(const struct html *html, const struct weight *w, size_t node)
{
    size_t up = html->nodes[node].parent;
    struct str name = html_attr(html, node, HTML_ATTR_CLASS);
    float score = 0;
    for (size_t i = up + 1; i < html->nodes[up].end; i = html->nodes[i].end)
        if (html->nodes[i].tag == html->nodes[node].tag &&
            str_eq(html_attr(html, i, HTML_ATTR_CLASS), name))
            score += w[i].score;
    return score;
}

/* May this chrome go? Not when the page would lose its story. */
static bool may_drop(const struct html *html, const struct weight *w, size_t i, float total)
{
    float most = 0.45f;
    if (w[i].hints & HINT_COMMENT || html->nodes[i].tag == HTML_FOOTER ||
        html->nodes[i].tag == HTML_NAV)
        most = 0.8f;
    if (w[i].score > most * total)
        return false;
    /* the look at the siblings is worth it for the few that hold much */
    return w[i].score < 0.05f * total || score_alike(html, w, i) <= most * total;
}

/* Drops what is chrome; the score of what went for its name alone. */
static float drop_chrome(const struct html *html, struct weight *w)
{
    float total = w[0].score, named = 0;
    for (size_t i = 1; i < html->count; i++) {
        const struct html_node *n = &html->nodes[i];
        bool drop = w[i].marks & MARK_DROPPED;
        if (!drop && n->tag != HTML_TEXT) {
            drop = says_chrome(html, w, i) && may_drop(html, w, i, total);
            drop = drop || (w[i].hints & HINT_SHORT && w[i].text < 160 && !html_is_heading(n->tag));
        }
        if (!drop)
            continue;
        bool by_name = !(w[i].marks & MARK_DROPPED) && w[i].hints & HINT_CHROME &&
                       !(w[i].hints & (HINT_COMMENT | HINT_NAV));
        named += by_name ? w[i].score : 0;
        for (size_t k = i; k < n->end; k++)
            w[k].marks |= MARK_DROPPED | (by_name && !(w[k].marks & MARK_DROPPED) ? MARK_NAMED : 0);
        i = n->end - 1;
    }
    return named;
}

/* Each box alone held less than the page could lose, all of them together were the story: the
 * entries of a ticker, a news box made of promos. Their names do not count on this page. */
static void take_back(const struct html *html, struct weight *w)
{
    for (size_t i = 1; i < html->count; i++) {
        if (w[i].marks & MARK_NAMED)
            w[i].marks &= (uint8_t) ~(MARK_DROPPED | MARK_NAMED);
        if (!(w[i].hints & (HINT_COMMENT | HINT_NAV)))
            w[i].hints &= (uint8_t)~HINT_CHROME;
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
    float named = drop_chrome(html, w);
    clear_sums(html, w);
    sum_up(html, w);
    if (w[0].score < STORY_LEAST && named > 3 * w[0].score && named >= STORY_LEAST) {
        take_back(html, w);
        clear_sums(html, w);
        sum_up(html, w);
        drop_chrome(html, w);
        clear_sums(html, w);
        sum_up(html, w);
    }
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
