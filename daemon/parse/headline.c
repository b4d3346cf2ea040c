#include "headline.h"

#include "utf8.h"

#define HEADINGS_MAX 12   /* <h1>s looked at */
#define HEADING_MAX  1024 /* bytes of one */
#define LIKENESS_MIN 54   /* percent: below it a heading is not the one the metadata means */

/* "Fire in the port | The Daily Example" without the site's name: the shorter part goes when it is
 * the publisher's name, or when it follows the last separator and is short itself. */
static struct str without_site(struct str title, struct str site)
{
    static const char *const SEPARATORS[] = {
        " | ", " – ", " — ", " :: ", " · ", " • ", " » ", " - "};
    for (size_t i = 0; i < ARRAY_LEN(SEPARATORS); i++) {
        struct str separator = str_of(SEPARATORS[i]);
        size_t first = str_find(title, separator), last = SIZE_MAX;
        if (first == SIZE_MAX)
            continue;
        for (size_t at = first, more = first; more != SIZE_MAX; at += more + separator.len) {
            last = at;
            more = str_find(str_from(title, at + separator.len), separator);
        }
        struct str tail = str_trim(str_from(title, last + separator.len));
        struct str head = str_trim(str_upto(title, first));
        if (site.len && str_eqi(head, site))
            return str_trim(str_from(title, first + separator.len));
        bool named =
            site.len && (str_findi(tail, site) != SIZE_MAX || str_findi(site, tail) != SIZE_MAX);
        if (named || (i < 1 && tail.len < 40 && last > 20))
            return str_trim(str_upto(title, last));
    }
    return title;
}

static struct str folded(struct html *html, struct str text)
{
    struct buf b = BUF_NONE;
    utf8_fold(utf8_upto(text, HEADING_MAX), &b);
    struct str kept = html_keep(html, buf_str(&b));
    buf_free(&b);
    return kept;
}

/* How many of the words of a stand in b, in percent. */
static unsigned words_in(struct str a, struct str b)
{
    struct str word;
    unsigned all = 0, hits = 0;
    while (str_cut(&a, ' ', &word)) {
        if (word.len < 3)
            continue;
        all++;
        hits += str_find(b, word) != SIZE_MAX;
    }
    return all ? hits * 100 / all : 0;
}

/* 0 to 101: the same, one inside the other, or words in common both ways. */
static unsigned likeness(struct str a, struct str b)
{
    if (a.len == 0 || b.len == 0)
        return 0;
    if (str_eq(a, b))
        return 101;
    if (a.len >= 6 && b.len >= 6 && (str_find(a, b) != SIZE_MAX || str_find(b, a) != SIZE_MAX))
        return 100;
    return (words_in(a, b) + words_in(b, a)) / 2;
}

static struct str heading_text(struct html *html, size_t i)
{
    struct buf text = BUF_NONE;
    html_text(html, i, HEADING_MAX, &text);
    struct str kept = html_keep(html, buf_str(&text));
    buf_free(&text);
    return kept;
}

struct str headline_choose(struct html *html, const struct metadata *m)
{
    struct str said = without_site(m->field[META_HEADLINE], m->field[META_PUBLISHER]);
    struct str title = without_site(m->field[META_TITLE], m->field[META_PUBLISHER]);
    struct str said_key = folded(html, said), title_key = folded(html, title);
    struct str only = STR_NONE, best = STR_NONE, site = folded(html, m->field[META_PUBLISHER]);
    unsigned seen = 0, best_likeness = LIKENESS_MIN;
    for (size_t i = 0; i < html->count && seen < HEADINGS_MAX; i++) {
        if (html->nodes[i].tag != HTML_H1)
            continue;
        struct str text = heading_text(html, i), key = folded(html, text);
        if (key.len == 0 || str_eq(key, site))
            continue;
        unsigned a = likeness(key, said_key), b = likeness(key, title_key), like = a > b ? a : b;
        if (like > best_likeness) {
            best = text;
            best_likeness = like;
        }
        if (++seen == 1)
            only = text;
    }
    if (best.len)
        return best;
    /* A lone heading that the metadata does not know is still what the reader sees, unless it is a
     * word or two: a section's name, a logo. */
    if (seen == 1 && only.len > 24)
        return only;
    return said.len ? said : title.len ? title : only;
}
