/*
 * Plain text as agencies send it and people copy it: one item.
 *
 *     BC-HARBOUR, 1st Ld                  slug lines
 *     World                               the section, a clock, a share bar: chrome
 *     Fire in the port put out            headline
 *     Nobody was hurt, the mayor says     standfirst
 *     By Ann Lee                          byline
 *     4 March 2026 14:05                  date
 *     OSLO, March 4 (Agency) - Text …     the body, from the dateline on
 *     (Reporting by …)  © Agency 2026     credits, legal line
 *
 * Everything above the body may be missing. Without a dateline the head ends with the first
 * paragraph of running text.
 */
#include "format.h"

#include "agencies.h"
#include "chrome.h"
#include "date.h"
#include "dateline.h"
#include "limits.h"
#include "utf8.h"

#define HEAD_MAX     12    /* paragraphs looked at for headline, byline, date */
#define PARAGRAPHS   20000 /* of one text; what follows is not read */
#define HEADLINE_MAX 250UL /* bytes */

struct paragraphs {
    struct str *at;
    bool *spaced; /* a blank line follows */
    size_t count, cap;
    struct buf joined; /* texts of wrapped paragraphs: never grows once it is used */
};

struct wire {
    struct document *document;
    struct paragraphs p;
    struct item item;
    struct dateline dateline;
    struct buf body, captions;
    unsigned sections; /* names of sections seen in the head */
    bool has_dateline;
};

/* ---- lines to paragraphs */

static bool next_line(struct str *rest, struct str *line)
{
    if (!str_cut(rest, '\n', line))
        return false;
    *line = utf8_trim(*line);
    return true;
}

/* Are lines broken at a column? Then most lines that are followed by another are of like, middling
 * length. */
static bool is_wrapped(struct str text)
{
    struct str line;
    size_t inner = 0, middling = 0, before = 0;
    while (next_line(&text, &line)) {
        if (before && line.len) {
            inner++;
            middling += before >= 45 && before <= 100;
        }
        before = line.len;
    }
    return inner >= 3 && middling * 10 >= inner * 7;
}

static void add_paragraph(struct paragraphs *p, struct str text)
{
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 64;
        p->at = xrealloc(p->at, p->cap * sizeof *p->at);
        p->spaced = xrealloc(p->spaced, p->cap * sizeof *p->spaced);
    }
    p->at[p->count] = text;
    p->spaced[p->count++] = false;
}

/* Ends a wrapped paragraph that begins at `from` in p->joined. */
static void end_joined(struct paragraphs *p, size_t from)
{
    if (p->joined.len > from)
        add_paragraph(p, (struct str){p->joined.at + from, p->joined.len - from});
}

static void split(struct str text, struct paragraphs *p)
{
    bool wrapped = is_wrapped(text);
    struct str line;
    buf_reserve(&p->joined,
                text.len + 1); /* joining never makes it longer: pointers into it stay */
    size_t from = 0, before = 0;
    while (next_line(&text, &line) && p->count < PARAGRAPHS) {
        bool ends = line.len == 0 || !wrapped || before < 45 || chrome_is_line(line);
        if (ends) {
            end_joined(p, from);
            from = p->joined.len;
        }
        if (line.len == 0 && p->count)
            p->spaced[p->count - 1] = true;
        if (line.len) {
            if (p->joined.len > from)
                buf_putc(&p->joined, ' ');
            buf_puts(&p->joined, line);
        }
        before = line.len;
    }
    end_joined(p, from);
}

/* ---- what a line is */

/* "BC-EU-SUMMIT", "AP-NA-Harbour Fire, 2nd Ld": words joined by hyphens in front, or a label. */
static bool is_slug(struct str s, struct str *slug)
{
    if (str_startsi(s, STR("slug:"))) {
        *slug = str_trim(str_from(s, 5));
        return slug->len > 0;
    }
    size_t first = str_chr(s, ' '), hyphens = 0, lower = 0;
    struct str word = str_upto(s, first);
    for (size_t i = 0; i < word.len; i++) {
        hyphens += word.at[i] == '-' || word.at[i] == '/';
        lower += word.at[i] >= 'a' && word.at[i] <= 'z';
    }
    bool joined = hyphens >= 1 && word.len > hyphens + 2 && s.len <= 80;
    bool capitals = lower == 0 && hyphens >= 1 && first == SIZE_MAX;
    bool coded = str_starts(word, STR("BC-")) || str_starts(word, STR("AP-")) ||
                 str_starts(word, STR("bc-"));
    if (!joined || !(capitals || coded || (first == SIZE_MAX && hyphens >= 2)))
        return false;
    *slug = s;
    return true;
}

static bool is_byline(struct str s, struct str *name)
{
    static const char *const LEADS[] = {"By ",      "BY ",         "by ",
                                        "Author: ", "Written by ", "Reporting by "};
    for (size_t i = 0; i < ARRAY_LEN(LEADS); i++) {
        struct str lead = str_of(LEADS[i]);
        if (!str_starts(s, lead) || s.len > 100 || s.len < lead.len + 3 || s.at[s.len - 1] == '.')
            continue;
        *name = str_trim(str_from(s, lead.len));
        size_t comma = str_chr(*name, ',');
        if (comma != SIZE_MAX && agency_find(str_from(*name, comma + 1)))
            *name = str_upto(*name, comma);
        return true;
    }
    return false;
}

static bool is_date(struct str s, int64_t *us)
{
    static const char *const LEADS[] = {"published:", "published", "updated:", "date:", "posted:"};
    if (s.len > 80)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(LEADS); i++)
        if (str_startsi(s, str_of(LEADS[i]))) {
            s = str_trim(str_from(s, strlen(LEADS[i])));
            break;
        }
    return date_parse(s, us) == 0;
}

static bool starts_with_dateline(struct str paragraph)
{
    struct dateline d;
    struct str head = utf8_upto(paragraph, 300);
    return dateline_find(head, 0, &d) && d.at == 0;
}

static unsigned word_count(struct str s, unsigned most)
{
    struct str word;
    unsigned n = 0;
    while (n < most && str_cut(&s, ' ', &word))
        n += word.len > 0;
    return n;
}

static bool ends_like_text(struct str s)
{
    return str_ends(s, STR(".")) || str_ends(s, STR(".\"")) || str_ends(s, STR(".\xe2\x80\x9d")) ||
           str_ends(s, STR(":")) || str_ends(s, STR(";"));
}

/* ---- the head */

/* The paragraph the body begins with: the one with the dateline, else the first running text. */
static size_t find_body(const struct wire *w)
{
    const struct paragraphs *p = &w->p;
    for (size_t i = 0; i < p->count && i < HEAD_MAX; i++)
        if (starts_with_dateline(p->at[i]))
            return i;
    for (size_t i = 0; i < p->count && i < HEAD_MAX; i++) {
        struct str name;
        int64_t us;
        if (chrome_is_line(p->at[i]) || is_byline(p->at[i], &name) || is_date(p->at[i], &us) ||
            is_slug(p->at[i], &name))
            continue;
        if (word_count(p->at[i], 25) >= 25 ||
            (ends_like_text(p->at[i]) && word_count(p->at[i], 8) >= 8))
            return i;
    }
    /* Short lines only: the first is the headline when a blank line sets it off. */
    return p->count > 1 && p->spaced[0] && p->at[0].len <= HEADLINE_MAX ? 1 : 0;
}

static void add_caption(struct wire *w, struct str caption)
{
    if (w->captions.len + caption.len > LIMIT_FIELD)
        return;
    if (w->captions.len)
        buf_putc(&w->captions, '\n');
    buf_puts(&w->captions, caption);
}

/* A line of the head that says something: what a headline looks like. */
static bool is_telling(struct str line)
{
    struct str name;
    int64_t us;
    return word_count(line, 3) > 2 && !is_byline(line, &name) && !is_date(line, &us) &&
           !chrome_is_line(line);
}

/* A word or two above a line that says something is the name of a section; several of them are a menu. */
static bool is_section(const struct wire *w, size_t i, size_t body)
{
    if (word_count(w->p.at[i], 3) > 2)
        return false;
    for (size_t j = i + 1; j < body; j++)
        if (is_telling(w->p.at[j]))
            return true;
    return false;
}

static void add_section(struct wire *w, struct str name)
{
    w->item.field[ITEM_KEYWORDS] = w->sections++ ? STR_NONE : name;
}

/* Line i of the head, which ends before `body`. A date above the headline is the page's clock. */
static void read_head_line(struct wire *w, size_t i, size_t body)
{
    struct str line = w->p.at[i], found;
    struct str *field = w->item.field;
    int64_t us;
    if (chrome_is_legal(line)) {
        field[ITEM_COPYRIGHT] = line;
    } else if (chrome_is_credit(line)) {
        add_caption(w, line);
    } else if (chrome_is_line(line)) {
        return;
    } else if (is_byline(line, &found)) {
        field[ITEM_BYLINE] = found;
    } else if (is_date(line, &us)) {
        if (field[ITEM_HEADLINE].len && !w->item.published_at)
            w->item.published_at = us;
    } else if (field[ITEM_HEADLINE].len == 0 && is_slug(line, &found)) {
        field[ITEM_SLUGLINE] = found;
    } else if (field[ITEM_HEADLINE].len == 0) {
        if (is_section(w, i, body))
            add_section(w, line);
        else if (line.len <= HEADLINE_MAX * 2)
            field[ITEM_HEADLINE] = line;
    } else if (field[ITEM_SUMMARY].len == 0) {
        field[ITEM_SUMMARY] = line;
    }
}

/* ---- the body */

/* "(Reporting by Ann Lee; Editing by Bo Ek)" */
static bool is_reporters(struct str s, struct str *names)
{
    static const char *const LEADS[] = {"(Reporting by ", "(Reporting and writing by ",
                                        "(Additional reporting by ", "(Writing by ",
                                        "Reporting by "};
    for (size_t i = 0; i < ARRAY_LEN(LEADS); i++)
        if (str_starts(s, str_of(LEADS[i])) && s.len < 500) {
            struct str rest = str_from(s, strlen(LEADS[i]));
            size_t end = 0;
            while (end < rest.len && rest.at[end] != ';' && rest.at[end] != ')')
                end++;
            *names = str_trim(str_upto(rest, end));
            return true;
        }
    return false;
}

/* A legal line "© AFP 2026" names the agency too. */
static void read_legal(struct wire *w, struct str line)
{
    w->item.field[ITEM_COPYRIGHT] = line;
    if (w->item.field[ITEM_AGENCY].len)
        return;
    struct str word;
    while (str_cut(&line, ' ', &word)) {
        const char *agency = agency_find(word);
        if (agency && word.len > 1)
            w->item.field[ITEM_AGENCY] = str_of(agency);
    }
}

static void read_body(struct wire *w, size_t from)
{
    struct str names;
    for (size_t i = from; i < w->p.count; i++) {
        struct str text = w->p.at[i];
        if (chrome_is_legal(text)) {
            read_legal(w, text);
            continue;
        }
        if (chrome_is_credit(text)) {
            add_caption(w, text);
            continue;
        }
        if (chrome_is_line(text))
            continue;
        if (i + 3 >= w->p.count && is_reporters(text, &names)) {
            if (w->item.field[ITEM_BYLINE].len == 0)
                w->item.field[ITEM_BYLINE] = names;
            continue;
        }
        if (str_eq(text, w->item.field[ITEM_SUMMARY]))
            continue; /* a standfirst that is repeated */
        if (w->body.len + text.len + 2 > LIMIT_TEXT)
            return;
        if (w->body.len)
            buf_putz(&w->body, "\n\n");
        buf_puts(&w->body, text);
    }
}

/* Without a headline the first sentence stands for it, marked as such. */
static void derive_headline(struct wire *w)
{
    struct item *item = &w->item;
    struct str text =
        str_from(buf_str(&w->body), w->has_dateline ? w->dateline.at + w->dateline.len : 0);
    text = str_upto(text, str_find(text, STR("\n\n")));
    for (size_t i = 20; i + 1 < text.len && i < HEADLINE_MAX; i++)
        if (strchr(".!?", text.at[i]) && text.at[i + 1] == ' ') {
            text = str_upto(text, i + 1);
            break;
        }
    text = utf8_trim(utf8_upto(text, HEADLINE_MAX));
    if (str_ends(text, STR(".")))
        text.len--;
    item->field[ITEM_HEADLINE] = text;
    item->flags |= ITEM_HEADLINE_DERIVED;
}

static void add_dateline(struct wire *w)
{
    struct item *item = &w->item;
    w->has_dateline = dateline_find(buf_str(&w->body), w->document->fetched_at, &w->dateline);
    if (!w->has_dateline)
        return;
    item->field[ITEM_LOCATED] = str_of(w->dateline.place);
    if (w->dateline.agency[0])
        item->field[ITEM_AGENCY] = str_of(w->dateline.agency);
    if (item->field[ITEM_BYLINE].len == 0)
        item->field[ITEM_BYLINE] = str_of(w->dateline.byline);
    if (!item->published_at && w->dateline.date[0])
        (void)date_parse(str_of(w->dateline.date), &item->published_at);
}

static int emit(struct wire *w)
{
    struct item *item = &w->item;
    add_dateline(w);
    item->field[ITEM_BODY] = buf_str(&w->body);
    item->field[ITEM_CAPTIONS] = buf_str(&w->captions);
    item->field[ITEM_LINK] = w->document->url;
    if (item->field[ITEM_HEADLINE].len == 0 && w->body.len)
        derive_headline(w);
    if (item->field[ITEM_HEADLINE].len == 0)
        return parse_refuse(w->document, "no text in it");
    struct about about = {0};
    about.field[ABOUT_TYPE] = str_of(parse_type_name(PARSE_WIRECOPY));
    about.field[ABOUT_CHARSET] = w->document->charset;
    parse_about(w->document, &about);
    return parse_emit(w->document, item);
}

int wirecopy_read(struct document *document)
{
    struct wire w = {.document = document};
    split(document->text, &w.p);
    size_t body = find_body(&w);
    for (size_t i = 0; i < body; i++)
        read_head_line(&w, i, body);
    read_body(&w, body);
    int err = emit(&w);
    free(w.p.at);
    free(w.p.spaced);
    buf_free(&w.p.joined);
    buf_free(&w.body);
    buf_free(&w.captions);
    return err;
}
