/* The dates that stand on a page for its readers. */
#include "visible_page.h"

#include "date.h"
#include "utf8.h"

bool visible_is_date(const struct visible_page *p, struct str text)
{
    struct date date;
    return metadata_date(p->m, text, &date) == 0;
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

void visible_offer_date(const struct visible_page *p, size_t i, enum meta_field field,
                        unsigned rank, struct str when)
{
    if (!has_year(when))
        return;
    if (field == META_PUBLISHED && visible_is_shown(p, i))
        metadata_offer(p->m, META_SHOWN, RANK_PAGE, when);
    metadata_offer(p->m, field, visible_rank(p, i, rank), when);
}

bool visible_wants_date(const struct visible_page *p, size_t i)
{
    return visible_wanted(p, META_PUBLISHED, visible_rank(p, i, 0)) ||
           visible_wanted(p, META_UPDATED, visible_rank(p, i, 0)) ||
           (visible_is_shown(p, i) && visible_wanted(p, META_SHOWN, RANK_PAGE));
}

static bool says_updated(struct str text)
{
    return visible_says(text, "updated") || visible_says(text, "modified");
}

/* "Updated <time>": the word is the text before it, in an element of its own or not. */
static bool follows_updated(const struct visible_page *p, size_t i)
{
    for (size_t k = i - 1, steps = 0; k > 0 && steps < 3; k--, steps++) {
        struct str text =
            p->html->nodes[k].tag == HTML_TEXT ? utf8_trim(p->html->nodes[k].text) : STR_NONE;
        if (text.len)
            return text.len < VISIBLE_LINE_MAX && says_updated(text);
    }
    return false;
}

void visible_read_time(const struct visible_page *p, size_t i)
{
    struct str when = html_attr(p->html, i, HTML_ATTR_DATETIME), text = visible_text(p, i);
    struct str name = html_attr(p->html, i, HTML_ATTR_CLASS);
    if (!visible_is_date(p, when))
        when = text;
    bool updated = (says_updated(name) && !visible_says(name, "published")) || says_updated(text) ||
                   follows_updated(p, i);
    visible_offer_date(p, i, updated ? META_UPDATED : META_PUBLISHED, 0, when);
}

/* The longest start of s, up to six words, that is a date with its year. */
static struct str leading_date(const struct visible_page *p, struct str s)
{
    struct str best = STR_NONE;
    for (size_t at = 0, words = 0; words < 6 && at < s.len; words++) {
        size_t blank = str_chr(str_from(s, at), ' ');
        at = blank == SIZE_MAX ? s.len : at + blank + 1;
        struct str candidate = utf8_trim(str_upto(s, at));
        if (has_year(candidate) && visible_is_date(p, candidate))
            best = candidate;
    }
    return best;
}

/* Most texts say nothing of the kind, and every text of a page comes here. */
bool visible_speaks_of_publishing(struct str text)
{
    for (size_t at = 0, next; (next = str_chr(str_from(text, at), 'b')) != SIZE_MAX; at += next + 1)
        if (at + next >= 2 && str_starts(str_from(text, at + next - 2), STR("published")))
            return true;
    return false;
}

/* "This article was originally published on 26 Sep 2019 but is kept up to date." */
void visible_read_original(const struct visible_page *p, struct str text)
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
static struct str dated_part(const struct visible_page *p, struct str line)
{
    static const char *const SEPARATORS[] = {" · ", " | ", " • ", " — ", " – ", " by "};
    for (size_t i = 0; i < ARRAY_LEN(SEPARATORS); i++) {
        struct str separator = str_of(SEPARATORS[i]);
        size_t at = str_find(line, separator);
        if (at == SIZE_MAX)
            continue;
        if (visible_is_date(p, str_upto(line, at)))
            return str_upto(line, at);
        return str_from(line, at + separator.len);
    }
    return line;
}

/* A line that is nothing but a date, or a date with a word in front. */
void visible_read_date_line(const struct visible_page *p, size_t i, struct str text)
{
    unsigned digits = 0;
    for (size_t k = 0; k < text.len; k++)
        digits += text.at[k] >= '0' && text.at[k] <= '9';
    if (digits < 5 || !has_year(text))
        return; /* a year and a day */
    visible_read_name_in_line(p, i, text);
    bool updated = take_updated(&text) || follows_updated(p, i);
    enum meta_field field = updated ? META_UPDATED : META_PUBLISHED;
    visible_offer_date(p, i, field, updated ? VISIBLE_UPDATED_LINE : VISIBLE_DATE_LINE,
                       dated_part(p, text));
}
