#include "cards.h"

#define CARDS_MIN   3
#define CARD_MAX    420 /* letters: more is a piece of the story */
#define CARD_NODES  120 /* looked at in one card */
#define HEADING_MIN 12  /* letters of its headline */
#define SHARE_MAX   35  /* percent of the text that a row of cards may hold, and still be chrome */
#define BEHIND      55  /* percent of the text that must stand before it */

/* A headline that is a link, whichever is inside the other; or links all over, with a picture. */
static bool is_card(const struct html *html, const struct weight *w, size_t node)
{
    const struct html_node *n = &html->nodes[node];
    if (w[node].text > CARD_MAX || w[node].links < HEADING_MIN)
        return false;
    bool picture = false;
    for (size_t i = node; i < n->end && i < node + CARD_NODES; i++) {
        picture = picture || html->nodes[i].tag == HTML_IMG;
        if (html_is_heading(html->nodes[i].tag) && w[i].links >= HEADING_MIN &&
            w[i].links * 5 >= w[i].text * 4)
            return true;
    }
    return picture && w[node].links * 2 >= w[node].text;
}

static bool is_alike(const struct html *html, size_t a, size_t b)
{
    return html->nodes[a].tag == html->nodes[b].tag &&
           str_eq(html_attr(html, a, HTML_ATTR_CLASS), html_attr(html, b, HTML_ATTR_CLASS));
}

static void drop(const struct html *html, struct weight *w, size_t from, size_t end)
{
    for (size_t i = from; i < end; i++)
        w[i].marks |= MARK_DROPPED;
    (void)html;
}

/* Looks at the children of one element; `before` is the text that stands before it. */
static void look_at(const struct html *html, struct weight *w, size_t up, uint32_t before,
                    uint32_t all)
{
    size_t first = 0, count = 0;
    uint32_t text = 0, start = before;
    for (size_t i = up + 1;; i = html->nodes[i].end) {
        bool end = i >= html->nodes[up].end;
        if (!end &&
            (html->nodes[i].tag == HTML_TEXT || w[i].marks & MARK_DROPPED || w[i].text == 0)) {
            before += w[i].marks & MARK_DROPPED ? 0 : w[i].text;
            continue;
        }
        bool goes_on = !end && count && is_alike(html, first, i) && is_card(html, w, i);
        if (!goes_on && count >= CARDS_MIN && text * 100ull <= all * (uint64_t)SHARE_MAX &&
            start * 100ull >= all * (uint64_t)BEHIND)
            drop(html, w, first, end ? html->nodes[up].end : i);
        if (end)
            return;
        if (!goes_on) {
            count = text = 0;
            first = i;
            start = before;
            if (!html_is_block(html->nodes[i].tag) || html->nodes[i].tag == HTML_TR ||
                html->nodes[i].tag == HTML_P || !is_card(html, w, i)) {
                before += w[i].text;
                continue;
            }
        }
        count++;
        text += w[i].text;
        before += w[i].text;
    }
}

void cards_drop(const struct html *html, struct weight *w, size_t root)
{
    uint32_t before = 0, all = w[root].text;
    for (size_t i = root; i < html->nodes[root].end; i++) {
        if (w[i].marks & MARK_DROPPED)
            continue;
        if (html->nodes[i].tag == HTML_TEXT)
            before += w[i].text;
        else if (w[i].links >= CARDS_MIN * HEADING_MIN)
            look_at(html, w, i, before, all);
    }
}
