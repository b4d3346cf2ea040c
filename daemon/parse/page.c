/*
 * An HTML page that lists articles: one item a link, without text.
 *
 * Which links lead to articles is told by structure: they are on the site, outside navigation and
 * footers, their text is a headline (in a heading, or of several words), and they come in rows of
 * the same make. A link that appears more than once (picture, headline, "read more") is one item,
 * under its best text.
 *
 * An operator who knows the page names its links himself, by selectors: then structure has no say.
 */
#include "format.h"

#include "chrome.h"
#include "feedlinks.h"
#include "hash.h"
#include "hints.h"
#include "limits.h"
#include "metadata.h"
#include "pick.h"
#include "url.h"
#include "utf8.h"

#define TEXT_MAX     1024 /* bytes of a link's text that are looked at */
#define HEADLINE_MAX 300  /* bytes: longer anchors wrap a whole card */
#define TEASER_WORDS 24   /* a longer text is no headline when there is a shorter one */
#define PATH_UP      5    /* ancestors that make the signature of a row */

struct link {
    UT_hash_handle hh;
    struct link *next; /* in the page's order */
    struct str key, url, text;
    uint64_t make; /* signature of the elements around it */
    unsigned words;
    bool heading;
};

struct make { /* links of one signature */
    UT_hash_handle hh;
    struct make *next;
    uint64_t make;
    unsigned links, words;
};

enum mark { MARK_WANTED = 1, MARK_UNWANTED = 2 };

struct page {
    struct document *document;
    struct html html;
    struct metadata meta;
    struct link *links, *first, **end;
    struct make *makes, *first_make;
    size_t count;
    bool *outside;  /* a node: navigation and the like, or below it */
    uint8_t *marks; /* a node: bits of enum mark; NULL: structure tells which links count */
    struct selector links_wanted, links_unwanted;
    struct str base;
    struct buf own_key;
};

/* ---- which part of the page */

static bool is_navigation(const struct html *html, size_t i)
{
    switch (html->nodes[i].tag) {
    case HTML_NAV:
    case HTML_FOOTER:
    case HTML_FORM:
    case HTML_MENU:
    case HTML_NOSCRIPT:
    case HTML_BUTTON:
        return true;
    default:
        return html->nodes[i].attr_count && hints_of(html, i) & HINT_NAV;
    }
}

/* A header belongs to the page unless it stands in an article's card. */
static bool is_site_header(const struct html *html, size_t i)
{
    if (html->nodes[i].tag != HTML_HEADER)
        return false;
    for (size_t up = html->nodes[i].parent, n = 0; up && n < 16; up = html->nodes[up].parent, n++)
        if (html->nodes[up].tag == HTML_ARTICLE || html->nodes[up].tag == HTML_MAIN ||
            html->nodes[up].tag == HTML_SECTION || html->nodes[up].tag == HTML_LI)
            return false;
    return true;
}

static void mark_outside(struct page *p)
{
    p->outside = xcalloc(p->html.count, sizeof *p->outside);
    for (size_t i = 1; i < p->html.count; i++)
        p->outside[i] = p->outside[p->html.nodes[i].parent] ||
                        (p->html.nodes[i].tag != HTML_TEXT &&
                         (is_navigation(&p->html, i) || is_site_header(&p->html, i)));
}

/* ---- one link */

static unsigned word_count(struct str s)
{
    struct str word;
    unsigned n = 0;
    while (str_cut(&s, ' ', &word))
        n += word.len > 0;
    return n;
}

static size_t heading_around(const struct html *html, size_t i)
{
    for (unsigned up = 0; i && up < 4; up++, i = html->nodes[i].parent)
        if (html_is_heading(html->nodes[i].tag))
            return i;
    return 0;
}

static size_t heading_inside(const struct html *html, size_t i)
{
    size_t end = html->nodes[i].end;
    for (size_t k = i + 1; k < end && k < i + 200; k++)
        if (html_is_heading(html->nodes[k].tag))
            return k;
    return 0;
}

/* Letters from U+3000 to U+9FFF: Chinese and Japanese. */
static unsigned han_points(struct str text)
{
    unsigned n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += (unsigned char)text.at[i] >= 0xe3 && (unsigned char)text.at[i] <= 0xe9;
    return n;
}

/* Scripts without blanks between words count a word for every four characters, Chinese and Japanese two for
 * five; languages that join what others write apart one for every eight. */
static unsigned words_of(struct str text)
{
    unsigned words = word_count(text), points = (unsigned)utf8_points(text);
    unsigned least = text.len > 2 * (size_t)points ? points / 4 : points / 8;
    unsigned han = han_points(text) * 2 / 5;
    least = han > least ? han : least;
    return least > words ? least : words;
}

/* The first of the names a class attribute has, without its digits: builders number their cards and mark the
 * first and the odd ones behind it. */
static struct str class_stem(struct str class, char out[32])
{
    size_t n = 0;
    for (size_t i = 0; i < class.len && n < 32 && class.at[i] != ' '; i++)
        if (class.at[i] < '0' || class.at[i] > '9')
            out[n++] = class.at[i];
    return (struct str){out, n};
}

static uint64_t make_of(const struct html *html, size_t i)
{
    uint64_t make = 0;
    for (unsigned up = 0; i && up < PATH_UP; up++, i = html->nodes[i].parent) {
        char stem[32];
        struct str class = class_stem(html_attr(html, i, HTML_ATTR_CLASS), stem);
        make = XXH64(class.at, class.len, make ^ html->nodes[i].tag);
    }
    return make;
}

/* Addresses of lists, services and files, by words that sites of every kind put in them. */
static bool is_service_path(struct str url)
{
    static const char *const PARTS[] = {
        "/tag/",    "/tags/",     "/category/", "/categories/", "/author/",    "/authors/",
        "/page/",   "/search",    "/login",     "/register",    "/privacy",    "/terms",
        "/contact", "/subscribe", "/topics/",   "/rss",         "/feed/",      "/signin",
        "/user/",   "/profile/",  "/wp-login",  "/share",       "/advertise",  "/cookie",
        "/seite/",  "/autor/",    "/auteur/",   "/etiqueta/",   "/kategorie/", "/categoria/"};
    static const char *const ENDS[] = {".jpg", ".png", ".pdf",  ".zip", ".mp3",
                                       ".mp4", ".xml", ".jpeg", ".gif", ".webp"};
    for (size_t i = 0; i < ARRAY_LEN(PARTS); i++)
        if (str_findi(url, str_of(PARTS[i])) != SIZE_MAX)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++)
        if (str_ends(url, str_of(ENDS[i])))
            return true;
    return false;
}

/* Does the address name one document: a path of some length that is not a service's? */
static bool names_document(struct str key)
{
    size_t slash = str_chr(key, '/');
    struct str path = slash == SIZE_MAX ? STR_NONE : str_from(key, slash + 1);
    if (path.len < 4 || is_service_path(key))
        return false;
    size_t hyphens = 0, digits = 0, slashes = 0;
    for (size_t i = 0; i < path.len; i++) {
        hyphens += path.at[i] == '-' || path.at[i] == '_';
        digits += path.at[i] >= '0' && path.at[i] <= '9';
        slashes += path.at[i] == '/';
    }
    return hyphens >= 2 || digits >= 3 || slashes >= 1 || path.len >= 12;
}

/* The text of a link without the times, pictures' captions and scripts that its card holds. */
static void put_headline(const struct html *html, size_t node, struct buf *out)
{
    struct buf raw = BUF_NONE;
    size_t end = html->nodes[node].end;
    end = end - node > TEXT_MAX ? node + TEXT_MAX : end;
    for (size_t i = node; i < end && raw.len < TEXT_MAX; i++) {
        const struct html_node *n = &html->nodes[i];
        if (n->tag == HTML_TEXT)
            buf_puts(&raw, utf8_upto(n->text, TEXT_MAX - raw.len));
        else if (n->tag == HTML_TIME || n->tag == HTML_FIGURE || n->tag == HTML_NOSCRIPT)
            i = n->end - 1;
        else if (n->tag == HTML_BR || html_is_block((enum html_tag)n->tag))
            buf_putc(&raw, ' ');
    }
    utf8_squash(buf_str(&raw), out);
    buf_free(&raw);
}

static struct str link_text(struct page *p, size_t i, bool *heading)
{
    size_t inside = heading_inside(&p->html, i), around = heading_around(&p->html, i);
    struct buf text = BUF_NONE;
    put_headline(&p->html, inside ? inside : i, &text);
    struct str kept = html_keep(&p->html, buf_str(&text));
    buf_free(&text);
    *heading = inside || around;
    return kept;
}

/* Fills what identifies the link; false when it does not lead to a document, or not to one of the site
 * and nobody asked for that. */
static bool read_address(struct page *p, size_t i, struct link *link)
{
    struct str href = html_attr(&p->html, i, HTML_ATTR_HREF), from = p->document->url;
    struct buf url = BUF_NONE, key = BUF_NONE;
    bool good = href.len && href.at[0] != '#' && url_resolve(p->base, href, &url) == 0 &&
                url_identity(buf_str(&url), &key) == 0 &&
                (p->marks || ((from.len == 0 || url_same_site(from, buf_str(&url))) &&
                              names_document(buf_str(&key)))) &&
                !str_eq(buf_str(&key), buf_str(&p->own_key));
    if (good) {
        link->url = html_keep(&p->html, buf_str(&url));
        link->key = html_keep(&p->html, buf_str(&key));
    }
    buf_free(&url);
    buf_free(&key);
    return good;
}

/* A heading first, then a text as long as headlines are, then the longer one. */
static bool is_better(const struct link *a, const struct link *b)
{
    bool a_fits = a->words >= 4 && a->words <= TEASER_WORDS;
    bool b_fits = b->words >= 4 && b->words <= TEASER_WORDS;
    if (a->heading != b->heading)
        return a->heading;
    if (a_fits != b_fits)
        return a_fits;
    return !a_fits && a->words > b->words;
}

static void add_link(struct page *p, size_t i)
{
    struct link link = {0}, *known;
    if (!read_address(p, i, &link))
        return;
    link.text = link_text(p, i, &link.heading);
    if (chrome_is_line(link.text))
        link.text = STR_NONE;
    link.words = words_of(link.text);
    link.make = make_of(&p->html, i);
    bool headline =
        link.text.len <= HEADLINE_MAX && (link.words >= 5 || (link.heading && link.words >= 2));
    if (!headline && !p->marks)
        return;
    HASH_FIND(hh, p->links, link.key.at, link.key.len, known);
    if (known) {
        if (is_better(&link, known)) {
            known->text = link.text;
            known->heading = link.heading;
            known->words = link.words;
            known->make = link.make;
        }
        return;
    }
    if (p->count >= LIMIT_FEED_ITEMS)
        return;
    known = xmalloc(sizeof *known);
    *known = link;
    HASH_ADD_KEYPTR(hh, p->links, known->key.at, known->key.len, known);
    *p->end = known;
    p->end = &known->next;
    p->count++;
}

/* ---- rows */

static void count_makes(struct page *p)
{
    for (const struct link *link = p->first; link; link = link->next) {
        struct make *make;
        HASH_FIND(hh, p->makes, &link->make, sizeof link->make, make);
        if (!make) {
            make = xcalloc(1, sizeof *make);
            make->make = link->make;
            make->next = p->first_make;
            p->first_make = make;
            HASH_ADD(hh, p->makes, make, sizeof make->make, make);
        }
        make->links++;
        make->words += link->words;
    }
}

/* Headings stand for themselves; other links must come in rows, with headlines on average. */
static bool is_article_link(const struct page *p, const struct link *link)
{
    struct make *make;
    HASH_FIND(hh, p->makes, &link->make, sizeof link->make, make);
    if (!make)
        return false;
    if (link->heading)
        return link->words >= 3 || make->links >= 3;
    return make->links >= 2 ? make->words / make->links >= 5 : link->words >= 7;
}

/* ---- the page */

static void describe(struct page *p)
{
    struct about about = {0};
    const struct str *said = p->meta.field;
    about.field[ABOUT_TYPE] = str_of(parse_type_name(PARSE_PAGE));
    about.field[ABOUT_TITLE] = said[META_TITLE].len ? said[META_TITLE] : said[META_HEADLINE];
    about.field[ABOUT_SUBTITLE] = said[META_SUMMARY];
    about.field[ABOUT_URL] = p->document->url;
    about.field[ABOUT_LANGUAGE] = said[META_LANGUAGE];
    about.field[ABOUT_CHARSET] = p->document->charset;
    about.field[ABOUT_COPYRIGHT] = said[META_COPYRIGHT];
    struct buf feeds = BUF_NONE;
    feedlinks_find(&p->html, p->base, &feeds);
    about.field[ABOUT_FEEDS] = buf_str(&feeds);
    parse_about(p->document, &about);
    buf_free(&feeds);
}

/* What is picked counts with all that stands in it. */
static int mark_picked(struct page *p)
{
    struct str links = p->document->links, skip = p->document->skip;
    char why[SELECTOR_WHY], reason[SELECTOR_WHY + 16];
    if (links.len == 0 && skip.len == 0)
        return 0;
    bool bad_links = links.len && selector_read(links, &p->links_wanted, why) != 0;
    if (bad_links || (skip.len && selector_read(skip, &p->links_unwanted, why) != 0)) {
        snprintf(reason, sizeof reason, "%s: %s", bad_links ? "links" : "skip", why);
        return parse_refuse(p->document, reason);
    }
    uint8_t *marks = xcalloc(p->html.count, sizeof *marks);
    pick_mark(&p->links_wanted, &p->html, MARK_WANTED, marks);
    pick_mark(&p->links_unwanted, &p->html, MARK_UNWANTED, marks);
    for (size_t i = 1; i < p->html.count; i++) {
        marks[i] |= marks[p->html.nodes[i].parent];
        p->outside[i] =
            (marks[i] & MARK_UNWANTED) || (links.len ? !(marks[i] & MARK_WANTED) : p->outside[i]);
    }
    p->marks = links.len ? marks : NULL;
    if (!links.len)
        free(marks);
    return 0;
}

static void read_links(struct page *p)
{
    for (size_t i = 1; i < p->html.count; i++)
        if (p->html.nodes[i].tag == HTML_A && !p->outside[i])
            add_link(p, i);
}

static int emit_links(struct page *p)
{
    int err = 0;
    for (const struct link *link = p->first; link && err == 0; link = link->next) {
        if (!p->marks && !is_article_link(p, link))
            continue;
        struct item item = {0};
        item.field[ITEM_LINK] = link->url;
        item.field[ITEM_HEADLINE] = link->text;
        err = parse_emit(p->document, &item);
    }
    return err;
}

static void page_done(struct page *p)
{
    HASH_CLEAR(hh, p->makes);
    HASH_CLEAR(hh, p->links);
    for (struct make *make = p->first_make, *next; make; make = next) {
        next = make->next;
        free(make);
    }
    for (struct link *link = p->first, *next; link; link = next) {
        next = link->next;
        free(link);
    }
    free(p->outside);
    free(p->marks);
    buf_free(&p->own_key);
    metadata_done(&p->meta);
    html_done(&p->html);
}

int page_read(struct document *document)
{
    struct page p = {.document = document};
    p.end = &p.first;
    html_read(document->text, &p.html);
    metadata_read(&p.html, document->text, STR_NONE, &p.meta);
    if (document->url.len)
        (void)url_identity(document->url, &p.own_key);
    p.base = feedlinks_base(&p.html, document->url);
    mark_outside(&p);
    int err = mark_picked(&p);
    if (err == 0) {
        read_links(&p);
        count_makes(&p);
        describe(&p);
        err = emit_links(&p);
    }
    page_done(&p);
    return err;
}
