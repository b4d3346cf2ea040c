#include "visible.h"

#include "utf8.h"
#include "visible_page.h"

#define LINE_MIN     8
#define ORIGINAL_MIN 24
#define ORIGINAL_MAX 300 /* bytes of a text that may say when it was first published */
#define BOX_MAX      40  /* nodes of an element that is named for an author or a date */

/* ---- elements that are named for what they hold */

enum { SAYS_AUTHOR = 1, SAYS_NAME = 2, SAYS_DATE = 4, SAYS_UPDATE = 8, SAYS_TODAY = 16 };

/* What a class or id speaks of: one walk, since every element of a page comes here. */
static unsigned subjects(struct str name)
{
    static const struct {
        struct str word;
        unsigned subject;
    } WORDS[] = {
        {{"author", 6}, SAYS_AUTHOR}, {{"byline", 6}, SAYS_AUTHOR},
        {{"name", 4}, SAYS_NAME},     {{"date", 4}, SAYS_DATE},
        {{"publish", 7}, SAYS_DATE},  {{"posted", 6}, SAYS_DATE},
        {{"update", 6}, SAYS_UPDATE}, {{"current-date", 12}, SAYS_TODAY},
        {{"today", 5}, SAYS_TODAY},   {{"currentdate", 11}, SAYS_TODAY},
    };
    /* By their first letter: the second ones that occur. Other characters fall where letters are, and are
     * told from them by the comparison. */
#define LETTER(c) ((c)&31)
#define BIT(c)    (1U << LETTER(c))
    static const uint32_t BEGIN[32] = {
        [LETTER('a')] = BIT('u'), [LETTER('b')] = BIT('y'), [LETTER('c')] = BIT('u'),
        [LETTER('d')] = BIT('a'), [LETTER('n')] = BIT('a'), [LETTER('p')] = BIT('o') | BIT('u'),
        [LETTER('t')] = BIT('o'), [LETTER('u')] = BIT('p')};
    unsigned found = 0;
    for (size_t i = 0; i + 1 < name.len; i++) {
        if (!(BEGIN[LETTER(name.at[i])] & BIT(name.at[i + 1])))
            continue;
        for (size_t k = 0; k < ARRAY_LEN(WORDS); k++)
            if (str_startsi(str_from(name, i), WORDS[k].word))
                found |= WORDS[k].subject;
    }
#undef LETTER
#undef BIT
    return found;
}

static void read_named(const struct visible_page *p, size_t i, unsigned subject)
{
    if (subject & SAYS_AUTHOR)
        visible_read_author_box(p, i, subject & SAYS_NAME);
    if (subject & SAYS_DATE && !(subject & SAYS_UPDATE) && p->html->nodes[i].end - i < 12 &&
        visible_wants_date(p, i))
        visible_offer_date(p, i, META_PUBLISHED, VISIBLE_NAMED, visible_text(p, i));
}

/* The node behind which reading goes on: the page's own clock is skipped. */
static size_t read_element(const struct visible_page *p, size_t i)
{
    const struct html_node *node = &p->html->nodes[i];
    struct str names[] = {html_attr(p->html, i, HTML_ATTR_CLASS),
                          html_attr(p->html, i, HTML_ATTR_ID)};
    if (node->tag == HTML_A)
        visible_read_author_link(p, i);
    if (node->end - i > BOX_MAX)
        return i;
    if (node->tag == HTML_TIME && visible_wants_date(p, i))
        visible_read_time(p, i);
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        if (names[k].len == 0 || names[k].len > 200)
            continue;
        unsigned subject = subjects(names[k]);
        if (subject & SAYS_TODAY)
            return node->end - 1;
        read_named(p, i, subject);
    }
    return i;
}

/* Is there anything left to be learned from node i? */
static bool is_wanted(const struct visible_page *p, size_t i)
{
    return visible_wants_date(p, i) || visible_wanted(p, META_BYLINE, visible_name_rank(p, i, 0)) ||
           (visible_is_shown(p, i) && visible_wanted(p, META_SAID, RANK_PAGE));
}

void visible_read(struct metadata *m, struct str headline)
{
    struct visible_page p = {
        .m = m, .html = m->html, .headline = visible_find_headline(m->html, headline)};
    m->source = SOURCE_TEXT;
    for (size_t i = 1; i < p.html->count; i++) {
        const struct html_node *node = &p.html->nodes[i];
        if (node->tag == HTML_TEXT && node->text.len >= ORIGINAL_MIN &&
            node->text.len < ORIGINAL_MAX && i > p.headline && p.headline &&
            visible_speaks_of_publishing(node->text))
            visible_read_original(&p, node->text);
        if (!is_wanted(&p, i))
            continue;
        if (node->tag == HTML_TEXT) {
            struct str text = visible_line(node);
            if (text.len < 2 || text.len > VISIBLE_LINE_MAX)
                continue;
            visible_read_byline(&p, i, text);
            if (text.len >= LINE_MIN && visible_wants_date(&p, i))
                visible_read_date_line(&p, i, text);
        } else if (node->attr_count || node->tag == HTML_TIME) {
            i = read_element(&p, i);
        }
    }
    visible_settle_byline(m);
}
