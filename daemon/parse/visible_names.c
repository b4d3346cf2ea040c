/* The names that stand on a page for its readers. */
#include "visible_page.h"

#include "byline.h"
#include "utf8.h"

#define NAMES_REACH 24 /* nodes from "By" to the last name */

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
static void read_names(const struct visible_page *p, size_t i, enum meta_field field, unsigned rank)
{
    const struct html_node *nodes = p->html->nodes;
    struct buf names = BUF_NONE;
    bool joined = true, last = false;
    for (size_t end = i + NAMES_REACH; i < p->html->count && i < end; i++) {
        struct str text = nodes[i].tag == HTML_TEXT ? visible_line(&nodes[i]) : STR_NONE;
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
void visible_read_author_box(const struct visible_page *p, size_t i, bool says_name)
{
    unsigned rank = visible_name_rank(p, i, says_name ? 0 : VISIBLE_NAMED);
    if (!visible_wanted(p, META_BYLINE, rank))
        return;
    struct str names = byline_said(visible_text(p, i));
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

void visible_read_author_link(const struct visible_page *p, size_t i)
{
    unsigned rank = visible_name_rank(p, i, VISIBLE_NAMED);
    if (visible_wanted(p, META_BYLINE, rank) &&
        leads_to_author(html_attr(p->html, i, HTML_ATTR_HREF)))
        read_names(p, i + 1, META_BYLINE, rank);
}

/* "a <a>library</a> by <a>Jane Doe</a>": the "by" stands inside a sentence. */
static bool is_inside_prose(const struct visible_page *p, size_t i)
{
    const struct html_node *nodes = p->html->nodes;
    for (size_t k = i - 1, steps = 0; k > 0 && steps < 6; k--, steps++) {
        struct str text = nodes[k].tag == HTML_TEXT ? visible_line(&nodes[k]) : STR_NONE;
        if (text.len)
            return !visible_is_date(p, text) && text.len > 1;
        if (html_is_block(nodes[k].tag) && nodes[k].tag != HTML_TEXT)
            return false;
    }
    return false;
}

/* What "By" right below the headline says is kept apart: it may know better than the metadata, which
 * often names whoever put the story into the system. */
static void read_said(const struct visible_page *p, size_t i, struct str text)
{
    struct str language = p->m->field[META_LANGUAGE];
    if (!visible_is_shown(p, i) || !visible_wanted(p, META_SAID, RANK_PAGE) ||
        visible_says(text, "reviewed"))
        return;
    if (!byline_is_lead(text, language))
        metadata_offer(p->m, META_SAID, RANK_PAGE, byline_after_lead(text, language));
    else if (!is_inside_prose(p, i))
        read_names(p, i + 1, META_SAID, RANK_PAGE);
}

void visible_read_byline(const struct visible_page *p, size_t i, struct str text)
{
    read_said(p, i, text);
    unsigned rank = visible_name_rank(p, i, VISIBLE_BYLINE);
    if (!visible_wanted(p, META_BYLINE, rank))
        return;
    if (byline_is_lead(text, p->m->field[META_LANGUAGE]) && !is_inside_prose(p, i))
        read_names(p, i + 1, META_BYLINE, rank);
    else
        metadata_offer(p->m, META_BYLINE, rank,
                       byline_after_lead(text, p->m->field[META_LANGUAGE]));
}

/* "Jane Doe | Senior Writer | July 2, 2026" right below the headline: the first part, when it is as
 * short as a name and the line has a date. */
void visible_read_name_in_line(const struct visible_page *p, size_t i, struct str line)
{
    if (!visible_is_shown(p, i))
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
    if (visible_is_date(p, utf8_trim(last)) && words >= 2 && words <= 4 && byline_is_name(first))
        metadata_offer(p->m, META_BYLINE, RANK_PAGE + VISIBLE_DATE_LINE, first);
}

/* The first name of two or more. */
static struct str first_name(struct str names)
{
    names = str_upto(names, str_chr(names, ','));
    return utf8_trim(str_upto(names, str_find(names, STR(" and "))));
}

/* A byline that the page says and its metadata does not know at all. */
void visible_settle_byline(struct metadata *m)
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
