#include "metadata.h"

#include <errno.h>

#include "byline.h"
#include "date.h"
#include "hints.h"
#include "limits.h"
#include "url.h"
#include "urldate.h"
#include "utf8.h"

#define VISIBLE_MAX 1024 /* bytes of a name, date or heading that stands on the page */
#define NAMES_MAX   1024 /* bytes of the names of several <meta>s */

#define STRING(literal)                                                                            \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct {
    struct str name; /* of a <meta>'s property, name or itemprop */
    enum meta_field field;
    unsigned rank;
} METAS[] = {
    {STRING("og:title"), META_HEADLINE, RANK_OPENGRAPH},
    {STRING("twitter:title"), META_HEADLINE, RANK_META},
    {STRING("dc.title"), META_HEADLINE, RANK_META + 1},
    {STRING("dcterms.title"), META_HEADLINE, RANK_META + 1},
    {STRING("headline"), META_HEADLINE, RANK_MICRODATA},
    {STRING("parsely-title"), META_HEADLINE, RANK_META},
    {STRING("sailthru.title"), META_HEADLINE, RANK_META},
    {STRING("citation_title"), META_HEADLINE, RANK_OPENGRAPH - 1},
    {STRING("author"), META_BYLINE, RANK_META},
    {STRING("article:author"), META_BYLINE, RANK_META + 3},
    {STRING("parsely-author"), META_BYLINE, RANK_META - 1},
    {STRING("sailthru.author"), META_BYLINE, RANK_META - 1},
    {STRING("dc.creator"), META_BYLINE, RANK_META + 1},
    {STRING("dcterms.creator"), META_BYLINE, RANK_META + 1},
    {STRING("byl"), META_BYLINE, RANK_META - 1},
    {STRING("article:published_time"), META_PUBLISHED, RANK_OPENGRAPH},
    {STRING("og:article:published_time"), META_PUBLISHED, RANK_OPENGRAPH},
    {STRING("article:published"), META_PUBLISHED, RANK_OPENGRAPH},
    {STRING("datepublished"), META_PUBLISHED, RANK_MICRODATA},
    {STRING("datecreated"), META_PUBLISHED, RANK_MICRODATA + 1},
    {STRING("parsely-pub-date"), META_PUBLISHED, RANK_META},
    {STRING("sailthru.date"), META_PUBLISHED, RANK_META},
    {STRING("publish-date"), META_PUBLISHED, RANK_META},
    {STRING("published-date"), META_PUBLISHED, RANK_META},
    {STRING("publish_date"), META_PUBLISHED, RANK_META},
    {STRING("pubdate"), META_PUBLISHED, RANK_META},
    {STRING("dc.date"), META_PUBLISHED, RANK_META + 1},
    {STRING("dc.date.issued"), META_PUBLISHED, RANK_META},
    {STRING("dcterms.created"), META_PUBLISHED, RANK_META},
    {STRING("dcterms.date"), META_PUBLISHED, RANK_META + 1},
    {STRING("citation_publication_date"), META_PUBLISHED, RANK_META},
    {STRING("date"), META_PUBLISHED, RANK_META + 2},
    {STRING("article:modified_time"), META_UPDATED, RANK_OPENGRAPH},
    {STRING("og:updated_time"), META_UPDATED, RANK_OPENGRAPH + 1},
    {STRING("datemodified"), META_UPDATED, RANK_MICRODATA},
    {STRING("dcterms.modified"), META_UPDATED, RANK_META},
    {STRING("last-modified"), META_UPDATED, RANK_META + 1},
    {STRING("og:description"), META_SUMMARY, RANK_OPENGRAPH},
    {STRING("description"), META_SUMMARY, RANK_META},
    {STRING("twitter:description"), META_SUMMARY, RANK_META + 1},
    {STRING("og:image"), META_IMAGE, RANK_OPENGRAPH},
    {STRING("og:image:url"), META_IMAGE, RANK_OPENGRAPH + 1},
    {STRING("og:image:secure_url"), META_IMAGE, RANK_OPENGRAPH + 2},
    {STRING("twitter:image"), META_IMAGE, RANK_META},
    {STRING("og:image:alt"), META_IMAGE_ALT, RANK_OPENGRAPH},
    {STRING("og:image:width"), META_IMAGE_WIDTH, RANK_OPENGRAPH},
    {STRING("og:image:height"), META_IMAGE_HEIGHT, RANK_OPENGRAPH},
    {STRING("og:site_name"), META_PUBLISHER, RANK_JSONLD - 1},
    {STRING("application-name"), META_PUBLISHER, RANK_META},
    {STRING("dc.publisher"), META_PUBLISHER, RANK_META},
    {STRING("og:url"), META_CANONICAL, RANK_OPENGRAPH},
    {STRING("copyright"), META_COPYRIGHT, RANK_META},
    {STRING("dc.rights"), META_COPYRIGHT, RANK_META + 1},
    {STRING("content-language"), META_LANGUAGE, RANK_META},
    {STRING("og:locale"), META_LANGUAGE, RANK_META + 20},
};

static bool is_time(enum meta_field field)
{
    return field == META_PUBLISHED || field == META_UPDATED || field == META_SHOWN;
}

static bool is_number(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return true;
}

/* Letters and digits alone: "The Daily Example" and "thedailyexample" are one. */
static struct str letters(struct html *html, struct str text)
{
    struct buf folded = BUF_NONE, b = BUF_NONE;
    utf8_fold(utf8_upto(text, VISIBLE_MAX), &folded);
    for (size_t i = 0; i < folded.len; i++)
        if (folded.at[i] != ' ')
            buf_putc(&b, folded.at[i]);
    struct str kept = html_keep(html, buf_str(&b));
    buf_free(&folded);
    buf_free(&b);
    return kept;
}

static bool names_host(struct metadata *m, struct str text)
{
    if (text.len < 4 || text.len > 60 || m->host.len == 0)
        return false;
    struct str name = letters(m->html, text);
    return name.len >= 4 && str_find(m->host, name) != SIZE_MAX;
}

bool metadata_names_site(struct metadata *m, struct str text)
{
    struct str site = m->field[META_PUBLISHER];
    bool holds = site.len && text.len && str_findi(text, site) != SIZE_MAX;
    bool held = site.len && text.len && str_findi(site, text) != SIZE_MAX;
    return holds || held || names_host(m, text);
}

/* The whole name, not "Example Staff": that is as good a byline as the site gives. */
static bool is_house(struct metadata *m, struct str byline)
{
    return str_eqi(byline, m->field[META_PUBLISHER]) || names_host(m, byline);
}

/* What is no name is not taken; the site's own name and an account's count after every person. */
static unsigned byline_rank(const struct metadata *m, unsigned rank, struct str value)
{
    if (value.len == 0 || is_number(value) || str_startsi(value, STR("http")) ||
        value.at[0] == '/' || (str_chr(value, '@') != SIZE_MAX && str_chr(value, ' ') == SIZE_MAX))
        return RANK_NONE;
    if (rank < RANK_HOUSE && (str_eqi(value, m->field[META_PUBLISHER]) || byline_is_house(value)))
        return RANK_HOUSE;
    return rank;
}

int metadata_date(struct metadata *m, struct str text, struct date *out)
{
    int rc = date_read(text, m->order, out);
    if (rc != -EDOM || m->order_sought)
        return rc;
    m->order_sought = true;
    m->order = date_order_in(m->page);
    if (m->order == DATE_ORDER_UNKNOWN)
        m->order = date_order_of(m->field[META_LANGUAGE]);
    return date_read(text, m->order, out);
}

void metadata_offer(struct metadata *m, enum meta_field field, unsigned rank, struct str value)
{
    struct date date;
    value = utf8_trim(value);
    if (value.len == 0 || rank >= m->rank[field])
        return;
    if (is_time(field) && metadata_date(m, value, &date) != 0)
        return;
    if (field == META_BYLINE || field == META_SAID) {
        value = byline_clean(value);
        rank = byline_rank(m, rank, value);
        if (rank >= m->rank[field])
            return;
    }
    if (field == META_BODY) {
        m->field[field] = html_keep(m->html, str_upto(value, LIMIT_TEXT));
    } else {
        struct buf clean = BUF_NONE;
        utf8_squash(html_decode(m->html, utf8_upto(value, LIMIT_FIELD)), &clean);
        m->field[field] = html_keep(m->html, buf_str(&clean));
        buf_free(&clean);
    }
    m->rank[field] = (unsigned char)rank;
    m->from[field] = (unsigned char)m->source;
}

void metadata_keyword(struct metadata *m, struct str word)
{
    word = utf8_trim(word);
    if (word.len == 0 || word.len > 128 || m->keyword_count >= LIMIT_KEYWORDS ||
        str_chr(word, '\n') != SIZE_MAX || str_startsi(word, STR("http")))
        return;
    struct str rest = buf_str(&m->keywords), line;
    while (str_cut(&rest, '\n', &line))
        if (str_eqi(line, word))
            return;
    if (m->keywords.len)
        buf_putc(&m->keywords, '\n');
    utf8_squash(html_decode(m->html, word), &m->keywords);
    if (m->keyword_count++ == 0)
        m->keywords_from = (unsigned char)m->source;
}

void metadata_keywords(struct metadata *m, struct str list)
{
    struct str word;
    list = str_upto(list, LIMIT_FIELD);
    for (unsigned i = 0; i < LIMIT_KEYWORDS && str_cut(&list, ',', &word); i++)
        metadata_keyword(m, word);
}

/* Names that are in no list: "w-published-date", "search:date". */
static bool says_published(struct str name)
{
    static const char *const OTHERS[] = {"modif", "update", "expir", "upload", "valid", "event"};
    if (str_findi(name, STR("publish")) == SIZE_MAX && str_findi(name, STR("date")) == SIZE_MAX)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(OTHERS); i++)
        if (str_findi(name, str_of(OTHERS[i])) != SIZE_MAX)
            return false;
    return true;
}

/* One <meta> an author is usual; other fields take the first. */
static void read_known(struct metadata *m, enum meta_field field, unsigned rank, struct str value)
{
    if (field != META_BYLINE || m->rank[field] != rank) {
        metadata_offer(m, field, rank, value);
        return;
    }
    struct str names = m->field[field];
    value = byline_clean(value);
    if (byline_rank(m, rank, value) != rank || names.len > NAMES_MAX ||
        str_find(names, value) != SIZE_MAX)
        return;
    struct buf both = BUF_NONE;
    buf_puts(&both, names);
    buf_putz(&both, ", ");
    buf_puts(&both, value);
    m->rank[field]++; /* so that it is taken */
    metadata_offer(m, field, rank, buf_str(&both));
    buf_free(&both);
}

/* "Roe, Jane" in the names that scholars' catalogues ask for is Jane Roe. */
static void read_catalogued(struct metadata *m, unsigned rank, struct str value)
{
    size_t comma = str_chr(value, ',');
    struct str last = str_upto(value, comma),
               first = utf8_trim(str_from(str_from(value, comma), 1));
    struct buf name = BUF_NONE;
    if (comma == SIZE_MAX || str_chr(first, ',') != SIZE_MAX) {
        read_known(m, META_BYLINE, rank, value);
        return;
    }
    buf_puts(&name, first);
    buf_putc(&name, ' ');
    buf_puts(&name, last);
    read_known(m, META_BYLINE, rank, buf_str(&name));
    buf_free(&name);
}

/* Cards for chats have rows of their own: "twitter:label1" is "Written by", "twitter:data1" the name. */
static void read_card_row(struct metadata *m, struct str name, struct str content)
{
    static const struct str label = {"twitter:label", 13}, data = {"twitter:data", 12};
    if (str_startsi(name, label) && name.len == label.len + 1)
        m->author_label = byline_is_lead(content, STR_NONE) ? name.at[label.len] : '\0';
    else if (m->author_label && str_startsi(name, data) && name.len == data.len + 1 &&
             name.at[data.len] == m->author_label)
        metadata_offer(m, META_BYLINE, RANK_META + 1, content);
}

static enum item_source meta_source(struct str name, bool itemprop)
{
    if (itemprop)
        return SOURCE_MICRODATA;
    return str_startsi(name, STR("og:")) || str_startsi(name, STR("article:")) ? SOURCE_OPENGRAPH
                                                                               : SOURCE_META;
}

static void read_meta(struct metadata *m, size_t i)
{
    struct str content = html_attr(m->html, i, HTML_ATTR_CONTENT);
    struct str names[] = {html_attr(m->html, i, HTML_ATTR_PROPERTY),
                          html_attr(m->html, i, HTML_ATTR_NAME),
                          html_attr(m->html, i, HTML_ATTR_ITEMPROP)};
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        struct str name = names[n];
        if (name.len == 0)
            continue;
        m->source = meta_source(name, n == 2);
        if (str_isi(name, "citation_author")) {
            read_catalogued(m, RANK_META - 2, utf8_trim(content));
            continue;
        }
        for (size_t k = 0; k < ARRAY_LEN(METAS); k++)
            if (str_eqi(name, METAS[k].name))
                read_known(m, METAS[k].field, METAS[k].rank, content);
        read_card_row(m, name, content);
        if (says_published(name))
            metadata_offer(m, META_PUBLISHED, RANK_META + 4, content);
        if (str_isi(name, "keywords") || str_isi(name, "news_keywords"))
            metadata_keywords(m, content);
        else if (str_isi(name, "article:tag") || str_isi(name, "article:section"))
            metadata_keyword(m, content);
    }
}

/* A list of names in an attribute that is a list of words: rel, itemprop. */
static bool has_word(struct str list, const char *word)
{
    struct str one;
    while (str_cut(&list, ' ', &one))
        if (str_isi(str_trim(one), word))
            return true;
    return false;
}

static struct str text_below(struct metadata *m, size_t node)
{
    struct buf text = BUF_NONE;
    html_text(m->html, node, VISIBLE_MAX, &text);
    struct str kept = html_keep(m->html, buf_str(&text));
    buf_free(&text);
    return kept;
}

static void read_time(struct metadata *m, size_t i, struct str prop)
{
    struct str when = html_attr(m->html, i, HTML_ATTR_DATETIME);
    if (when.len == 0)
        when = html_attr(m->html, i, HTML_ATTR_CONTENT);
    if (when.len == 0)
        when = text_below(m, i);
    if (has_word(prop, "dateModified"))
        metadata_offer(m, META_UPDATED, RANK_MICRODATA, when);
    if (has_word(prop, "datePublished"))
        metadata_offer(m, META_PUBLISHED, RANK_MICRODATA, when);
}

static void read_element(struct metadata *m, size_t i)
{
    struct str prop = html_attr(m->html, i, HTML_ATTR_ITEMPROP),
               rel = html_attr(m->html, i, HTML_ATTR_REL);
    uint16_t tag = m->html->nodes[i].tag;
    if (prop.len + rel.len == 0) /* as nearly all */
        return;
    m->source = prop.len ? SOURCE_MICRODATA : tag == HTML_LINK ? SOURCE_HTML : SOURCE_TEXT;
    if (tag == HTML_LINK && has_word(rel, "canonical"))
        metadata_offer(m, META_CANONICAL, RANK_JSONLD, html_attr(m->html, i, HTML_ATTR_HREF));
    else if (has_word(prop, "datePublished") || has_word(prop, "dateModified"))
        read_time(m, i, prop);
    else if (has_word(prop, "author") || (tag == HTML_A && has_word(rel, "author")))
        metadata_offer(m, META_BYLINE, prop.len ? RANK_MICRODATA : RANK_META + 2,
                       byline_said(text_below(m, i)));
    else if (has_word(prop, "headline"))
        metadata_offer(m, META_HEADLINE, RANK_MICRODATA, text_below(m, i));
}

static void read_address(struct metadata *m, struct str url)
{
    struct buf day = BUF_NONE;
    m->source = SOURCE_ADDRESS;
    urldate_read(url.len ? url : m->field[META_CANONICAL], &day);
    metadata_offer(m, META_PUBLISHED, RANK_ADDRESS, buf_str(&day));
    buf_free(&day);
}

void metadata_read(struct html *html, struct str page, struct str url, struct metadata *out)
{
    *out = (struct metadata){.html = html, .page = page};
    memset(out->rank, RANK_NONE, sizeof out->rank);
    for (size_t i = 0; i < html->count; i++) {
        const struct html_node *n = &html->nodes[i];
        if (n->tag == HTML_META)
            read_meta(out, i);
        else if (n->tag == HTML_SCRIPT &&
                 str_findi(html_attr(html, i, HTML_ATTR_TYPE), STR("ld+json")) != SIZE_MAX)
            out->source = SOURCE_JSONLD, jsonld_read(out, n->text);
        else if (n->tag == HTML_TITLE)
            out->source = SOURCE_HTML, metadata_offer(out, META_TITLE, RANK_PAGE, n->text);
        else if (n->tag != HTML_TEXT && n->attr_count)
            read_element(out, i);
        out->source = SOURCE_HTML;
        if (n->tag == HTML_HTML)
            metadata_offer(out, META_LANGUAGE, RANK_JSONLD, html_attr(html, i, HTML_ATTR_LANG));
    }
    out->host = letters(html, url_host(url.len ? url : out->field[META_CANONICAL]));
    if (out->rank[META_BYLINE] < RANK_HOUSE &&
        is_house(out, out->field[META_BYLINE])) /* which may be known only now */
        out->rank[META_BYLINE] = RANK_HOUSE;
    read_address(out, url);
}

void metadata_done(struct metadata *metadata)
{
    buf_free(&metadata->keywords);
}
