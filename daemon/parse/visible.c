#include "visible.h"

#include "byline.h"
#include "date.h"
#include "utf8.h"

#define VISIBLE_MAX  256 /* bytes kept of a name or date: every element may ask for its text */
#define LINE_MIN     8
#define LINE_MAX     90 /* bytes of a text that may be a date or a byline */
#define ORIGINAL_MIN 24
#define ORIGINAL_MAX 300 /* bytes of a text that may say when it was first published */
#define NAMES_REACH  24  /* nodes from "By" to the last name */
#define BOX_MAX      40  /* nodes of an element that is named for an author or a date */
#define CLOSE        40  /* nodes around the headline: its own date and byline */
#define BEFORE       80  /* nodes that may still belong to it */
#define BEHIND       200

/* Ranks behind RANK_PAGE: what it is, and where. */
enum { NAMED = 1, BYLINE = 2, DATE_LINE = 3, UPDATED_LINE = 4 };
enum { NEAR = RANK_LATER - RANK_PAGE, FAR = NEAR + 8 };

struct page {
    struct metadata *m;
    const struct html *html;
    size_t headline; /* its <h1>, 0 when there is none */
};

/* ---- where */

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
static size_t find_headline(const struct html *html, struct str headline)
{
    size_t first = 0, likely = 0, block = 0;
    for (size_t i = 1, seen = 0; i < html->count && seen < 12; i++) {
        const struct html_node *node = &html->nodes[i];
        if (node->tag == HTML_TEXT && !block && node->text.len >= headline.len && headline.len &&
            str_eq(utf8_trim(str_upto(node->text, 4UL * LINE_MAX)), headline) &&
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

static unsigned rank_at(const struct page *p, size_t i, unsigned rank)
{
    size_t distance = i < p->headline ? p->headline - i : i - p->headline;
    if (!p->headline || distance < CLOSE)
        return RANK_PAGE + rank;
    bool near = distance < (i < p->headline ? BEFORE : BEHIND);
    return RANK_PAGE + rank + (near ? NEAR : FAR);
}

/* Names stand below the headline: above it are those of other articles. */
static unsigned name_rank(const struct page *p, size_t i, unsigned rank)
{
    return i < p->headline ? RANK_PAGE + rank + FAR : rank_at(p, i, rank);
}

/* A text's line, and one byte more than that of a text that is too long for one. */
static struct str line_of(const struct html_node *text)
{
    return str_upto(utf8_trim(str_upto(text->text, 4UL * LINE_MAX)), LINE_MAX + 1);
}

static bool wanted(const struct page *p, enum meta_field field, unsigned rank)
{
    return rank < p->m->rank[field];
}

static struct str text_below(const struct page *p, size_t node)
{
    struct buf text = BUF_NONE;
    html_text(p->html, node, VISIBLE_MAX, &text);
    struct str kept = html_keep(p->m->html, buf_str(&text));
    buf_free(&text);
    return kept;
}

static bool says(struct str name, const char *word)
{
    return str_findi(name, str_of(word)) != SIZE_MAX;
}

/* ---- dates */

static bool is_date(const struct page *p, struct str text)
{
    struct date date;
    return metadata_date(p->m, text, &date) == 0;
}

/* Right below the headline, before the story has begun. */
static bool is_shown(const struct page *p, size_t i)
{
    return p->headline && i > p->headline && i < p->headline + CLOSE;
}

/* "December 8" twice in a row is not 8 December 2008: lines for readers write the year in full. */
static bool has_year(struct str s)
{
    for (size_t i = 0, run = 0; i <= s.len; i++) {
        if (i < s.len && s.at[i] >= '0' && s.at[i] <= '9') {
            run++;
            continue;
        }
        if (run == 4)
            return true;
        run = 0;
    }
    return false;
}

static void offer_date(const struct page *p, size_t i, enum meta_field field, unsigned rank,
                       struct str when)
{
    if (!has_year(when))
        return;
    if (field == META_PUBLISHED && is_shown(p, i))
        metadata_offer(p->m, META_SHOWN, RANK_PAGE, when);
    metadata_offer(p->m, field, rank_at(p, i, rank), when);
}

static bool wants_date(const struct page *p, size_t i)
{
    return wanted(p, META_PUBLISHED, rank_at(p, i, 0)) ||
           wanted(p, META_UPDATED, rank_at(p, i, 0)) ||
           (is_shown(p, i) && wanted(p, META_SHOWN, RANK_PAGE));
}

static bool says_updated(struct str text)
{
    return says(text, "updated") || says(text, "modified");
}

/* "Updated <time>": the word is the text before it, in an element of its own or not. */
static bool follows_updated(const struct page *p, size_t i)
{
    for (size_t k = i - 1, steps = 0; k > 0 && steps < 3; k--, steps++) {
        struct str text =
            p->html->nodes[k].tag == HTML_TEXT ? utf8_trim(p->html->nodes[k].text) : STR_NONE;
        if (text.len)
            return text.len < LINE_MAX && says_updated(text);
    }
    return false;
}

static void read_time(const struct page *p, size_t i)
{
    struct str when = html_attr(p->html, i, HTML_ATTR_DATETIME), text = text_below(p, i);
    struct str name = html_attr(p->html, i, HTML_ATTR_CLASS);
    if (!is_date(p, when))
        when = text;
    bool updated = (says_updated(name) && !says(name, "published")) || says_updated(text) ||
                   follows_updated(p, i);
    offer_date(p, i, updated ? META_UPDATED : META_PUBLISHED, 0, when);
}

/* The longest start of s, up to six words, that is a date with its year. */
static struct str leading_date(const struct page *p, struct str s)
{
    struct str best = STR_NONE;
    for (size_t at = 0, words = 0; words < 6 && at < s.len; words++) {
        size_t blank = str_chr(str_from(s, at), ' ');
        at = blank == SIZE_MAX ? s.len : at + blank + 1;
        struct str candidate = utf8_trim(str_upto(s, at));
        if (has_year(candidate) && is_date(p, candidate))
            best = candidate;
    }
    return best;
}

/* Most texts say nothing of the kind, and every text of a page comes here. */
static bool speaks_of_publishing(struct str text)
{
    for (size_t at = 0, next; (next = str_chr(str_from(text, at), 'b')) != SIZE_MAX; at += next + 1)
        if (at + next >= 2 && str_starts(str_from(text, at + next - 2), STR("published")))
            return true;
    return false;
}

/* "This article was originally published on 26 Sep 2019 but is kept up to date." */
static void read_original(const struct page *p, struct str text)
{
    static const struct str WORDS[] = {{"riginally published", 19}, {"irst published", 14}};
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        size_t at = str_find(text, WORDS[i]);
        if (at == SIZE_MAX)
            continue;
        struct str rest = utf8_trim(str_from(text, at + WORDS[i].len));
        while (rest.len && (rest.at[0] == ':' || str_startsi(rest, STR("on "))))
            rest = utf8_trim(str_from(rest, rest.at[0] == ':' ? 1 : 3));
        metadata_offer(p->m, META_SHOWN, RANK_PAGE - 1, leading_date(p, rest));
    }
}

/* Takes the words before a date off *text; what they say of it. */
static bool take_updated(struct str *text)
{
    static const char *const LEADS[] = {
        "published on", "published:", "published",       "posted on",
        "posted:",      "posted",     "last updated on", "last updated:",
        "last updated", "updated on", "updated:",        "updated",
        "date:",        "on"};
    for (size_t i = 0; i < ARRAY_LEN(LEADS); i++)
        if (str_startsi(*text, str_of(LEADS[i]))) {
            bool updated = says_updated(*text);
            *text = utf8_trim(str_from(*text, strlen(LEADS[i])));
            return updated;
        }
    return false;
}

/* "Dec. 19, 2025 · Jane Doe" has its date in one of the parts. */
static struct str dated_part(const struct page *p, struct str line)
{
    static const char *const SEPARATORS[] = {" · ", " | ", " • ", " — ", " – ", " by "};
    for (size_t i = 0; i < ARRAY_LEN(SEPARATORS); i++) {
        struct str separator = str_of(SEPARATORS[i]);
        size_t at = str_find(line, separator);
        if (at == SIZE_MAX)
            continue;
        if (is_date(p, str_upto(line, at)))
            return str_upto(line, at);
        return str_from(line, at + separator.len);
    }
    return line;
}

/* "Jane Doe | Senior Writer | July 2, 2026" right below the headline: the first part, when it is as
 * short as a name and the line has a date. */
static void read_name_in_line(const struct page *p, size_t i, struct str line)
{
    if (!is_shown(p, i))
        return;
    size_t at = str_find(line, STR(" | "));
    if (at == SIZE_MAX)
        at = str_find(line, STR(" · "));
    struct str first = utf8_trim(str_upto(line, at)), last = line;
    if (at == SIZE_MAX)
        return;
    for (size_t next; (next = str_find(last, STR(" | "))) != SIZE_MAX ||
                      (next = str_find(last, STR(" · "))) != SIZE_MAX;)
        last = str_from(last, next + 3);
    size_t words = utf8_words(first, 5);
    if (is_date(p, utf8_trim(last)) && words >= 2 && words <= 4 && byline_is_name(first))
        metadata_offer(p->m, META_BYLINE, RANK_PAGE + DATE_LINE, first);
}

/* A line that is nothing but a date, or a date with a word in front. */
static void read_date_line(const struct page *p, size_t i, struct str text)
{
    unsigned digits = 0;
    for (size_t k = 0; k < text.len; k++)
        digits += text.at[k] >= '0' && text.at[k] <= '9';
    if (digits < 5 || !has_year(text))
        return; /* a year and a day */
    read_name_in_line(p, i, text);
    bool updated = take_updated(&text) || follows_updated(p, i);
    enum meta_field field = updated ? META_UPDATED : META_PUBLISHED;
    offer_date(p, i, field, updated ? UPDATED_LINE : DATE_LINE, dated_part(p, text));
}

/* ---- names */

static bool joins_names(struct str text)
{
    static const char *const JOINTS[] = {",",  "and", "&",  ", and", "with", "y", "und", "et", "e",
                                         "og", "och", "en", "ve",    "oraz", "и", "та",  "і",  "و"};
    for (size_t i = 0; i < ARRAY_LEN(JOINTS); i++)
        if (str_isi(text, JOINTS[i]))
            return true;
    return false;
}

/* The names from text `i` on: "<a>Jane Doe</a>, <a>John Roe</a> and <a>Max Noe</a>". */
static void read_names(const struct page *p, size_t i, enum meta_field field, unsigned rank)
{
    const struct html_node *nodes = p->html->nodes;
    struct buf names = BUF_NONE;
    bool joined = true, last = false;
    for (size_t end = i + NAMES_REACH; i < p->html->count && i < end; i++) {
        struct str text = nodes[i].tag == HTML_TEXT ? line_of(&nodes[i]) : STR_NONE;
        if (text.len == 0)
            continue;
        if (joins_names(text)) {
            joined = true;
            last = str_chr(text, ',') == SIZE_MAX;
            continue;
        }
        struct str name = byline_clean(text);
        if (!joined || !byline_is_name(name) || names.len > 256)
            break;
        if (names.len)
            buf_putz(&names, last ? " and " : ", ");
        buf_puts(&names, name);
        joined = text.at[text.len - 1] == ',';
    }
    metadata_offer(p->m, field, rank, buf_str(&names));
    buf_free(&names);
}

/* The names that an element called after the author holds: all of its text, or its first line. */
static void read_author_box(const struct page *p, size_t i, bool says_name)
{
    unsigned rank = name_rank(p, i, says_name ? 0 : NAMED);
    if (!wanted(p, META_BYLINE, rank))
        return;
    struct str names = byline_said(text_below(p, i));
    if (!byline_is_name(names))
        read_names(p, i + 1, META_BYLINE, rank);
    metadata_offer(p->m, META_BYLINE, rank, names);
}

/* One walk along the slashes: every link of a page comes here. */
static bool leads_to_author(struct str address)
{
    static const char *const PATHS[] = {"/author/",       "/authors/",    "/contributor/",
                                        "/contributors/", "/staff/",      "/byline/",
                                        "/reporter/",     "/reporters/",  "/writers/",
                                        "/columnist/",    "/journalist/", "/profiles/"};
    address = str_upto(address, 512);
    for (size_t at; (at = str_chr(address, '/')) != SIZE_MAX; address = str_from(address, at + 1))
        for (size_t i = 0; i < ARRAY_LEN(PATHS); i++)
            if (address.len > at + 1 && PATHS[i][1] == address.at[at + 1] &&
                str_starts(str_from(address, at), str_of(PATHS[i])))
                return true;
    return false;
}

static void read_author_link(const struct page *p, size_t i)
{
    unsigned rank = name_rank(p, i, NAMED);
    if (wanted(p, META_BYLINE, rank) && leads_to_author(html_attr(p->html, i, HTML_ATTR_HREF)))
        read_names(p, i + 1, META_BYLINE, rank);
}

/* "a <a>library</a> by <a>Jane Doe</a>": the "by" stands inside a sentence. */
static bool is_inside_prose(const struct page *p, size_t i)
{
    const struct html_node *nodes = p->html->nodes;
    for (size_t k = i - 1, steps = 0; k > 0 && steps < 6; k--, steps++) {
        struct str text = nodes[k].tag == HTML_TEXT ? line_of(&nodes[k]) : STR_NONE;
        if (text.len)
            return !is_date(p, text) && text.len > 1;
        if (html_is_block(nodes[k].tag) && nodes[k].tag != HTML_TEXT)
            return false;
    }
    return false;
}

/* What "By" right below the headline says is kept apart: it may know better than the metadata, which
 * often names whoever put the story into the system. */
static void read_said(const struct page *p, size_t i, struct str text)
{
    struct str language = p->m->field[META_LANGUAGE];
    if (!is_shown(p, i) || !wanted(p, META_SAID, RANK_PAGE) || says(text, "reviewed"))
        return;
    if (!byline_is_lead(text, language))
        metadata_offer(p->m, META_SAID, RANK_PAGE, byline_after_lead(text, language));
    else if (!is_inside_prose(p, i))
        read_names(p, i + 1, META_SAID, RANK_PAGE);
}

static void read_byline(const struct page *p, size_t i, struct str text)
{
    read_said(p, i, text);
    unsigned rank = name_rank(p, i, BYLINE);
    if (!wanted(p, META_BYLINE, rank))
        return;
    if (byline_is_lead(text, p->m->field[META_LANGUAGE]) && !is_inside_prose(p, i))
        read_names(p, i + 1, META_BYLINE, rank);
    else
        metadata_offer(p->m, META_BYLINE, rank,
                       byline_after_lead(text, p->m->field[META_LANGUAGE]));
}

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

static void read_named(const struct page *p, size_t i, unsigned subject)
{
    if (subject & SAYS_AUTHOR)
        read_author_box(p, i, subject & SAYS_NAME);
    if (subject & SAYS_DATE && !(subject & SAYS_UPDATE) && p->html->nodes[i].end - i < 12 &&
        wants_date(p, i))
        offer_date(p, i, META_PUBLISHED, NAMED, text_below(p, i));
}

/* The node behind which reading goes on: the page's own clock is skipped. */
static size_t read_element(const struct page *p, size_t i)
{
    const struct html_node *node = &p->html->nodes[i];
    struct str names[] = {html_attr(p->html, i, HTML_ATTR_CLASS),
                          html_attr(p->html, i, HTML_ATTR_ID)};
    if (node->tag == HTML_A)
        read_author_link(p, i);
    if (node->end - i > BOX_MAX)
        return i;
    if (node->tag == HTML_TIME && wants_date(p, i))
        read_time(p, i);
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
static bool is_wanted(const struct page *p, size_t i)
{
    return wants_date(p, i) || wanted(p, META_BYLINE, name_rank(p, i, 0)) ||
           (is_shown(p, i) && wanted(p, META_SAID, RANK_PAGE));
}

/* The first name of two or more. */
static struct str first_name(struct str names)
{
    names = str_upto(names, str_chr(names, ','));
    return utf8_trim(str_upto(names, str_find(names, STR(" and "))));
}

/* A byline that the page says and its metadata does not know at all. */
static void settle_byline(struct metadata *m)
{
    struct str said = m->field[META_SAID], known = m->field[META_BYLINE];
    bool same = str_findi(known, first_name(said)) != SIZE_MAX ||
                str_findi(said, first_name(known)) != SIZE_MAX;
    if (said.len && known.len && !same && m->rank[META_BYLINE] < RANK_PAGE) {
        m->field[META_BYLINE] = said;
        m->rank[META_BYLINE] = RANK_PAGE;
        m->from[META_BYLINE] = SOURCE_TEXT;
    }
}

void visible_read(struct metadata *m, struct str headline)
{
    struct page p = {.m = m, .html = m->html, .headline = find_headline(m->html, headline)};
    m->source = SOURCE_TEXT;
    for (size_t i = 1; i < p.html->count; i++) {
        const struct html_node *node = &p.html->nodes[i];
        if (node->tag == HTML_TEXT && node->text.len >= ORIGINAL_MIN &&
            node->text.len < ORIGINAL_MAX && i > p.headline && p.headline &&
            speaks_of_publishing(node->text))
            read_original(&p, node->text);
        if (!is_wanted(&p, i))
            continue;
        if (node->tag == HTML_TEXT) {
            struct str text = line_of(node);
            if (text.len < 2 || text.len > LINE_MAX)
                continue;
            read_byline(&p, i, text);
            if (text.len >= LINE_MIN && wants_date(&p, i))
                read_date_line(&p, i, text);
        } else if (node->attr_count || node->tag == HTML_TIME) {
            i = read_element(&p, i);
        }
    }
    settle_byline(m);
}
