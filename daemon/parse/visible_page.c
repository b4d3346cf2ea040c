#include "visible_page.h"

#include "utf8.h"

#define TEXT_MAX 256 /* bytes kept of a name or date: every element may ask for its text */
#define BEFORE   80  /* nodes that may still belong to the headline */
#define BEHIND   200

enum { NEAR = RANK_LATER - RANK_PAGE, FAR = NEAR + 8 };

static bool is_said_in(const struct html *html, size_t i, struct str headline)
{
    struct buf text = BUF_NONE;
    html_text(html, i, headline.len + 1, &text);
    bool same = str_eq(buf_str(&text), headline);
    buf_free(&text);
    return same;
}

/* The headline's <h1>; when no <h1> says it the first heading or block that does; else the first
 * <h1> that can be one: logos and sections are a word or two. */
size_t visible_find_headline(const struct html *html, struct str headline)
{
    size_t first = 0, likely = 0, block = 0;
    for (size_t i = 1, seen = 0; i < html->count && seen < 12; i++) {
        const struct html_node *node = &html->nodes[i];
        if (node->tag == HTML_TEXT && !block && node->text.len >= headline.len && headline.len &&
            str_eq(utf8_trim(str_upto(node->text, 4UL * VISIBLE_LINE_MAX)), headline) &&
            html->nodes[i - 1].tag != HTML_A)
            block = i;
        if (node->tag != HTML_H1)
            continue;
        if (headline.len && is_said_in(html, i, headline))
            return i;
        struct buf text = BUF_NONE;
        html_text(html, i, 64, &text);
        if (text.len > 24 && !likely)
            likely = i;
        buf_free(&text);
        first = first ? first : i;
        seen++;
    }
    return block ? block : likely ? likely : first;
}

unsigned visible_rank(const struct visible_page *p, size_t i, unsigned rank)
{
    size_t distance = i < p->headline ? p->headline - i : i - p->headline;
    if (!p->headline || distance < VISIBLE_CLOSE)
        return RANK_PAGE + rank;
    bool near = distance < (i < p->headline ? BEFORE : BEHIND);
    return RANK_PAGE + rank + (near ? NEAR : FAR);
}

/* Names stand below the headline: above it are those of other articles. */
unsigned visible_name_rank(const struct visible_page *p, size_t i, unsigned rank)
{
    return i < p->headline ? RANK_PAGE + rank + FAR : visible_rank(p, i, rank);
}

/* A text's line, and one byte more than that of a text that is too long for one. */
struct str visible_line(const struct html_node *text)
{
    return str_upto(utf8_trim(str_upto(text->text, 4UL * VISIBLE_LINE_MAX)), VISIBLE_LINE_MAX + 1);
}

bool visible_wanted(const struct visible_page *p, enum meta_field field, unsigned rank)
{
    return rank < p->m->rank[field];
}

struct str visible_text(const struct visible_page *p, size_t node)
{
    struct buf text = BUF_NONE;
    html_text(p->html, node, TEXT_MAX, &text);
    struct str kept = html_keep(p->m->html, buf_str(&text));
    buf_free(&text);
    return kept;
}

bool visible_says(struct str name, const char *word)
{
    return str_findi(name, str_of(word)) != SIZE_MAX;
}

/* Right below the headline, before the story has begun. */
bool visible_is_shown(const struct visible_page *p, size_t i)
{
    return p->headline && i > p->headline && i < p->headline + VISIBLE_CLOSE;
}
