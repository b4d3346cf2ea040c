#include "headline.h"

#include "date.h"
#include "utf8.h"

#define HEADINGS_MAX 12   /* <h1>s looked at */
#define HEADING_MAX  1024 /* bytes of one */
#define HEADLINE_MAX 220  /* bytes: a heading above it is a paragraph in large letters */
#define LIKENESS_MIN 54   /* percent: below it a heading is not the one the metadata means */
#define KICKER_MAX   24   /* bytes of a word or two in front of the headline, in its <h1> */
#define CUT_MIN      50   /* bytes of a headline that was cut to fit somewhere */
#define STORY_MIN    200  /* bytes of a text that only a story has */

/* What the page says its headline is, each with its key: folded words. */
struct said {
    struct str text, key;
};

struct choice {
    struct html *html;
    struct metadata *m;
    struct said meta, title;    /* without the site's name */
    struct str whole_title_key; /* with it */
    struct str title_head_key;  /* what stands before its first separator */
    struct str site, site_key;  /* the publisher's name */
};

/* ---- names of sites */

static const char *const SEPARATORS[] = {" | ", " – ", " — ", " :: ", " · ", " • ", " » ", " - "};

static struct str before_separators(struct str title)
{
    for (size_t i = 0; i < ARRAY_LEN(SEPARATORS); i++)
        title = str_upto(title, str_find(title, str_of(SEPARATORS[i])));
    return title;
}

/* "Fire in the port | The Daily Example" without the site's name: what stands behind the last
 * separator goes when it names the site, or, in a title, when it is short and a bar separates it. */
static struct str without_site(const struct choice *c, struct str title, bool bar)
{
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
        if (c->site.len && str_eqi(head, c->site))
            return str_trim(str_from(title, first + separator.len));
        if (metadata_names_site(c->m, tail) || (bar && i < 1 && tail.len < 40 && last > 20))
            return str_trim(str_upto(title, last));
    }
    return title;
}

/* ---- likeness */

static struct str folded(struct html *html, struct str text)
{
    struct buf b = BUF_NONE;
    utf8_fold(utf8_upto(text, HEADING_MAX), &b);
    struct str kept = html_keep(html, buf_str(&b));
    buf_free(&b);
    return kept;
}

/* At the start of one of its words: plurals and cases count as the same. */
static bool has_word(struct str text, struct str word)
{
    for (size_t at; (at = str_find(text, word)) != SIZE_MAX; text = str_from(text, at + 1))
        if (at == 0 || text.at[at - 1] == ' ')
            return true;
    return false;
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
        hits += has_word(b, word);
    }
    return all ? hits * 100 / all : 0;
}

/* 0 to 101: the same, one inside the other, or words in common both ways. A word or two out of a
 * long headline is a section or a product. */
static unsigned likeness(struct str a, struct str b)
{
    size_t least = a.len < b.len ? a.len : b.len, most = a.len < b.len ? b.len : a.len;
    if (least == 0 || least * 4 < most)
        return 0;
    if (str_eq(a, b))
        return 101;
    if (least >= 6 && (str_find(a, b) != SIZE_MAX || str_find(b, a) != SIZE_MAX))
        return 100;
    return (words_in(a, b) + words_in(b, a)) / 2;
}

static unsigned likeness_to_said(const struct choice *c, struct str key)
{
    if (str_eq(key, c->title_head_key))
        return 100;
    unsigned a = likeness(key, c->meta.key), b = likeness(key, c->title.key);
    return a > b ? a : b;
}

/* ---- headings */

static struct str heading_text(struct html *html, size_t i)
{
    struct buf text = BUF_NONE;
    html_text(html, i, HEADING_MAX, &text);
    struct str kept = html_keep(html, buf_str(&text));
    buf_free(&text);
    return kept;
}

/* A logo: the publisher's name, the address, or that part of the title which the metadata leaves
 * out of the headline ("Port News: Fire in the harbour"). */
static bool is_site(const struct choice *c, struct str text, struct str key)
{
    if (str_eq(key, c->site_key) || (text.len < 40 && metadata_names_site(c->m, text)))
        return true;
    return c->meta.key.len && likeness(key, c->meta.key) < LIKENESS_MIN &&
           !str_starts(c->meta.key, key) && str_find(c->whole_title_key, key) != SIZE_MAX &&
           str_find(c->whole_title_key, c->meta.key) != SIZE_MAX;
}

/* A lone heading that the metadata does not know is still what the reader sees, unless it is a word
 * or two (a section's name, a logo) or stands inside the story. */
static bool can_stand_alone(struct str text, unsigned stories)
{
    return text.len > 24 && utf8_words(text, 3) >= 3 && stories < 3;
}

/* The heading that is the headline, and how like it is to what the metadata says, 0 when it is not;
 * empty when none is. */
static struct str choose_heading(const struct choice *c, unsigned *like_out)
{
    struct html *html = c->html;
    struct str lone = STR_NONE, lone_key = STR_NONE, best = STR_NONE;
    unsigned seen = 0, others = 0, stories = 0, best_likeness = LIKENESS_MIN;
    for (size_t i = 0; i < html->count && seen < HEADINGS_MAX; i++) {
        if (html->nodes[i].tag == HTML_TEXT && html->nodes[i].text.len >= STORY_MIN)
            stories++;
        if (html->nodes[i].tag != HTML_H1)
            continue;
        struct str text = heading_text(html, i), key = folded(html, text);
        seen++;
        if (key.len == 0 || is_site(c, text, key) || str_eq(key, lone_key))
            continue;
        unsigned like = likeness_to_said(c, key);
        if (like > best_likeness && (text.len <= HEADLINE_MAX || !c->meta.text.len)) {
            best = text;
            best_likeness = like;
        }
        if (others++ == 0 && can_stand_alone(text, stories)) {
            lone = text;
            lone_key = key;
        }
    }
    *like_out = best.len ? best_likeness : 0;
    return best.len ? best : others == 1 && lone.len <= HEADLINE_MAX ? lone : STR_NONE;
}

/* ---- what is more, or less, than the headline */

static bool is_day(struct str text)
{
    int64_t us;
    return text.len >= 8 && date_parse(text, &us) == 0;
}

static bool has_digit(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] >= '0' && s.at[i] <= '9')
            return true;
    return false;
}

/* A kicker, a label or the day in the same <h1>: "Opinion The harbour must grow". What the metadata
 * says is the headline is the end or the beginning of it then. "2025" in front is no kicker. */
static struct str without_extras(struct str heading, struct str key, const struct said *said)
{
    if (said->key.len < 12 || key.len <= said->key.len || heading.len <= said->text.len)
        return heading;
    size_t more = key.len - said->key.len;
    if (str_ends(key, said->key) && key.at[more - 1] == ' ') {
        struct str kicker = utf8_trim(str_upto(heading, heading.len - said->text.len));
        return (more <= KICKER_MAX && !has_digit(kicker)) || is_day(kicker) ? said->text : heading;
    }
    if (!str_starts(key, said->key) || key.at[said->key.len] != ' ')
        return heading;
    struct str rest = utf8_trim(str_from(heading, said->text.len));
    return is_day(rest) || heading.len > HEADLINE_MAX ? said->text : heading;
}

/* Cards and JSON-LD cut long headlines; <title> has them whole. What it goes on with must be the next
 * word, no separator and a slogan. */
static struct str uncut(const struct choice *c, struct str chosen)
{
    struct str whole = c->title.text, said = chosen;
    while (said.len && (said.at[said.len - 1] == '.' || str_ends(said, STR("…"))))
        said = str_upto(said, said.len - (said.at[said.len - 1] == '.' ? 1 : 3));
    if (said.len < CUT_MIN || whole.len <= said.len || !str_starts(whole, said))
        return chosen;
    size_t at = said.len;
    bool blank = whole.at[at] == ' ' && ++at < whole.len;
    if (!utf8_alnum(utf8_next(whole, &at)))
        return chosen;
    bool dots = chosen.len >= said.len + 3;
    return dots || (blank && said.len >= 2UL * CUT_MIN) ? whole : chosen;
}

static struct said said_of(const struct choice *c, struct str text)
{
    struct said said = {without_site(c, text, true), STR_NONE};
    said.key = folded(c->html, said.text);
    return said;
}

/* What the page's <h1> says counts most where the metadata says the same. */
static struct item_origin origin_of(const struct choice *c, struct str heading, unsigned like)
{
    if (heading.len)
        return (struct item_origin){SOURCE_HEADING, like >= 100 ? 95 : like ? 65 : 60};
    if (c->meta.text.len)
        return (struct item_origin){c->m->from[META_HEADLINE],
                                    likeness(c->meta.key, c->title.key) >= 100 ? 90 : 60};
    return (struct item_origin){SOURCE_HTML, c->title.text.len ? 45 : 0};
}

static void choose_any(struct html *html, struct headline *out)
{
    *out = (struct headline){.origin = {SOURCE_HEADING, 30}};
    for (size_t i = 0; i < html->count && out->text.len == 0; i++)
        if (html->nodes[i].tag == HTML_H1)
            out->text = heading_text(html, i);
    if (out->text.len == 0)
        out->origin = (struct item_origin){SOURCE_NONE, 0};
}

void headline_choose(struct metadata *m, struct headline *out)
{
    struct html *html = m->html;
    struct choice c = {.html = html, .m = m, .site = m->field[META_PUBLISHER]};
    unsigned like = 0;
    c.site_key = folded(html, c.site);
    c.whole_title_key = folded(html, m->field[META_TITLE]);
    c.title_head_key = folded(html, before_separators(m->field[META_TITLE]));
    c.meta = said_of(&c, m->field[META_HEADLINE]);
    c.title = said_of(&c, m->field[META_TITLE]);
    if (str_eq(c.meta.key, c.site_key)) /* every page of the site says so */
        c.meta = (struct said){STR_NONE, STR_NONE};
    struct str heading = choose_heading(&c, &like), chosen = without_site(&c, heading, false);
    out->origin = origin_of(&c, heading, like);
    if (chosen.len == 0)
        chosen = c.meta.text.len ? c.meta.text : c.title.text;
    if (chosen.len == 0) {
        choose_any(html, out);
        return;
    }
    chosen = without_extras(chosen, folded(html, chosen), &c.meta);
    if (c.meta.text.len == 0)
        chosen = without_extras(chosen, folded(html, chosen), &c.title);
    out->text = uncut(&c, chosen);
}
