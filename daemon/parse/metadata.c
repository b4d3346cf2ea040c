#include "metadata.h"

#include "date.h"
#include "hints.h"
#include "limits.h"
#include "utf8.h"

#define VISIBLE_MAX 1024 /* bytes of a name, date or heading that stands on the page */

static const struct {
    const char *name; /* of a <meta>'s property, name or itemprop */
    enum meta_field field;
    unsigned rank;
} METAS[] = {
    {"og:title", META_HEADLINE, RANK_OPENGRAPH},
    {"twitter:title", META_HEADLINE, RANK_META},
    {"dc.title", META_HEADLINE, RANK_META + 1},
    {"dcterms.title", META_HEADLINE, RANK_META + 1},
    {"headline", META_HEADLINE, RANK_MICRODATA},
    {"parsely-title", META_HEADLINE, RANK_META},
    {"sailthru.title", META_HEADLINE, RANK_META},
    {"citation_title", META_HEADLINE, RANK_OPENGRAPH - 1},
    {"author", META_BYLINE, RANK_META},
    {"article:author", META_BYLINE, RANK_META + 3},
    {"parsely-author", META_BYLINE, RANK_META - 1},
    {"sailthru.author", META_BYLINE, RANK_META - 1},
    {"dc.creator", META_BYLINE, RANK_META + 1},
    {"dcterms.creator", META_BYLINE, RANK_META + 1},
    {"byl", META_BYLINE, RANK_META - 1},
    {"article:published_time", META_PUBLISHED, RANK_OPENGRAPH},
    {"og:article:published_time", META_PUBLISHED, RANK_OPENGRAPH},
    {"article:published", META_PUBLISHED, RANK_OPENGRAPH},
    {"datepublished", META_PUBLISHED, RANK_MICRODATA},
    {"datecreated", META_PUBLISHED, RANK_MICRODATA + 1},
    {"parsely-pub-date", META_PUBLISHED, RANK_META},
    {"sailthru.date", META_PUBLISHED, RANK_META},
    {"publish-date", META_PUBLISHED, RANK_META},
    {"publish_date", META_PUBLISHED, RANK_META},
    {"pubdate", META_PUBLISHED, RANK_META},
    {"dc.date", META_PUBLISHED, RANK_META + 1},
    {"dc.date.issued", META_PUBLISHED, RANK_META},
    {"dcterms.created", META_PUBLISHED, RANK_META},
    {"dcterms.date", META_PUBLISHED, RANK_META + 1},
    {"citation_publication_date", META_PUBLISHED, RANK_META},
    {"date", META_PUBLISHED, RANK_META + 2},
    {"article:modified_time", META_UPDATED, RANK_OPENGRAPH},
    {"og:updated_time", META_UPDATED, RANK_OPENGRAPH + 1},
    {"datemodified", META_UPDATED, RANK_MICRODATA},
    {"dcterms.modified", META_UPDATED, RANK_META},
    {"last-modified", META_UPDATED, RANK_META + 1},
    {"og:description", META_SUMMARY, RANK_OPENGRAPH},
    {"description", META_SUMMARY, RANK_META},
    {"twitter:description", META_SUMMARY, RANK_META + 1},
    {"og:image", META_IMAGE, RANK_OPENGRAPH},
    {"og:image:url", META_IMAGE, RANK_OPENGRAPH + 1},
    {"og:image:secure_url", META_IMAGE, RANK_OPENGRAPH + 2},
    {"twitter:image", META_IMAGE, RANK_META},
    {"og:image:alt", META_IMAGE_ALT, RANK_OPENGRAPH},
    {"og:image:width", META_IMAGE_WIDTH, RANK_OPENGRAPH},
    {"og:image:height", META_IMAGE_HEIGHT, RANK_OPENGRAPH},
    {"og:site_name", META_PUBLISHER, RANK_JSONLD - 1},
    {"application-name", META_PUBLISHER, RANK_META},
    {"dc.publisher", META_PUBLISHER, RANK_META},
    {"og:url", META_CANONICAL, RANK_OPENGRAPH},
    {"copyright", META_COPYRIGHT, RANK_META},
    {"dc.rights", META_COPYRIGHT, RANK_META + 1},
    {"content-language", META_LANGUAGE, RANK_META},
    {"og:locale", META_LANGUAGE, RANK_META + 20},
};

static bool is_time(enum meta_field field)
{
    return field == META_PUBLISHED || field == META_UPDATED;
}

void metadata_offer(struct metadata *m, enum meta_field field, unsigned rank, struct str value)
{
    int64_t us;
    value = utf8_trim(value);
    if (value.len == 0 || rank >= m->rank[field])
        return;
    if (is_time(field) && date_parse(value, &us) != 0)
        return;
    /* An address or a bare handle is no name. */
    if (field == META_BYLINE &&
        (str_startsi(value, STR("http")) || value.at[0] == '@' || value.at[0] == '/'))
        return;
    if (field == META_BODY) {
        m->field[field] = html_keep(m->html, str_upto(value, LIMIT_TEXT));
    } else {
        struct buf clean = BUF_NONE;
        utf8_squash(html_decode(m->html, utf8_upto(value, LIMIT_FIELD)), &clean);
        m->field[field] = html_keep(m->html, buf_str(&clean));
        buf_free(&clean);
    }
    m->rank[field] = (unsigned char)rank;
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
    m->keyword_count++;
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
    return (str_findi(name, STR("publish")) != SIZE_MAX ||
            str_findi(name, STR("date")) != SIZE_MAX) &&
           str_findi(name, STR("modif")) == SIZE_MAX &&
           str_findi(name, STR("update")) == SIZE_MAX && str_findi(name, STR("expir")) == SIZE_MAX;
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
        for (size_t k = 0; k < ARRAY_LEN(METAS); k++)
            if (str_isi(name, METAS[k].name))
                metadata_offer(m, METAS[k].field, METAS[k].rank, content);
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

/* "By Jane Doe | 5 min read", "Written by: Jane Doe, Staff writer" to the names. */
static struct str clean_byline(struct str s)
{
    static const char *const LEADS[] = {
        "written by", "posted by", "reviewed by", "story by", "authored by",
        "author:",    "author",    "by:",         "by",       ":"};
    static const char *const ENDS[] = {" | ",     " • ",  " · ",        " – ",
                                       " — ",     " - ",  " Published", " Updated",
                                       " Posted", " on ", ", Updated",  " Last updated"};
    for (size_t i = 0; i < ARRAY_LEN(LEADS); i++) {
        struct str lead = str_of(LEADS[i]);
        if (str_startsi(s, lead) && s.len > lead.len &&
            (s.at[lead.len] == ' ' || s.at[lead.len - 1] == ':'))
            s = str_trim(str_from(s, lead.len));
    }
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++)
        s = str_upto(s, str_find(s, str_of(ENDS[i])));
    s = str_trim(s);
    while (s.len && (s.at[s.len - 1] == ',' || s.at[s.len - 1] == '|'))
        s = str_trim(str_upto(s, s.len - 1));
    bool digits = false;
    for (size_t i = 0; i < s.len; i++)
        digits = digits || (s.at[i] >= '0' && s.at[i] <= '9');
    return s.len >= 3 && s.len <= 90 && !digits ? s : STR_NONE;
}

static void read_time(struct metadata *m, size_t i, struct str prop)
{
    struct str when = html_attr(m->html, i, HTML_ATTR_DATETIME);
    if (when.len == 0)
        when = html_attr(m->html, i, HTML_ATTR_CONTENT);
    if (when.len == 0)
        when = text_below(m, i);
    if (has_word(prop, "dateModified")) {
        metadata_offer(m, META_UPDATED, RANK_MICRODATA, when);
        return;
    }
    bool said = has_word(prop, "datePublished");
    struct str name = html_attr(m->html, i, HTML_ATTR_CLASS);
    if (!said &&
        (str_findi(name, STR("updated")) != SIZE_MAX ||
         str_findi(name, STR("modified")) != SIZE_MAX) &&
        str_findi(name, STR("published")) == SIZE_MAX)
        metadata_offer(m, META_UPDATED, RANK_PAGE, when);
    else
        metadata_offer(m, META_PUBLISHED, said ? RANK_MICRODATA : RANK_PAGE, when);
}

/* Dates that stand on the page without markup, in an element that is named for them. */
static void read_named(struct metadata *m, size_t i)
{
    struct str names[] = {html_attr(m->html, i, HTML_ATTR_CLASS),
                          html_attr(m->html, i, HTML_ATTR_ID)};
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        struct str name = names[k];
        if (name.len == 0 || name.len > 200 || m->html->nodes[i].end - i > 40)
            continue;
        if (m->rank[META_BYLINE] > RANK_PAGE + 1 && (str_findi(name, STR("byline")) != SIZE_MAX ||
                                                     str_findi(name, STR("author")) != SIZE_MAX))
            metadata_offer(m, META_BYLINE,
                           str_findi(name, STR("name")) != SIZE_MAX ? RANK_PAGE : RANK_PAGE + 1,
                           clean_byline(text_below(m, i)));
        if (m->rank[META_PUBLISHED] > RANK_PAGE + 1 && m->html->nodes[i].end - i < 12 &&
            (str_findi(name, STR("date")) != SIZE_MAX ||
             str_findi(name, STR("publish")) != SIZE_MAX ||
             str_findi(name, STR("posted")) != SIZE_MAX) &&
            str_findi(name, STR("update")) == SIZE_MAX)
            metadata_offer(m, META_PUBLISHED, RANK_PAGE + 1, text_below(m, i));
    }
}

/* A line that is nothing but a date, or a date with a word in front: the last resort. */
static void read_line(struct metadata *m, struct str text)
{
    static const char *const LEADS[] = {
        "published on", "published:", "published",       "posted on",
        "posted:",      "posted",     "last updated on", "last updated:",
        "last updated", "updated on", "updated:",        "updated",
        "date:",        "on"};
    text = utf8_trim(text);
    if (m->rank[META_PUBLISHED] <= RANK_PAGE + 4 || text.len < 8 || text.len > 60)
        return;
    unsigned digits = 0, rank = RANK_PAGE + 3;
    for (size_t i = 0; i < text.len; i++)
        digits += text.at[i] >= '0' && text.at[i] <= '9';
    if (digits < 5)
        return; /* a year and a day */
    for (size_t i = 0; i < ARRAY_LEN(LEADS); i++)
        if (str_startsi(text, str_of(LEADS[i]))) {
            rank += str_findi(text, STR("update")) != SIZE_MAX;
            text = str_from(text, strlen(LEADS[i]));
            break;
        }
    metadata_offer(m, META_PUBLISHED, rank, text);
}

static void read_element(struct metadata *m, size_t i)
{
    struct str prop = html_attr(m->html, i, HTML_ATTR_ITEMPROP),
               rel = html_attr(m->html, i, HTML_ATTR_REL);
    uint16_t tag = m->html->nodes[i].tag;
    if (tag == HTML_LINK && has_word(rel, "canonical"))
        metadata_offer(m, META_CANONICAL, RANK_JSONLD, html_attr(m->html, i, HTML_ATTR_HREF));
    else if (tag == HTML_TIME || has_word(prop, "datePublished") || has_word(prop, "dateModified"))
        read_time(m, i, prop);
    else if (has_word(prop, "author") || (tag == HTML_A && has_word(rel, "author")))
        metadata_offer(m, META_BYLINE, prop.len ? RANK_MICRODATA : RANK_META + 2,
                       clean_byline(text_below(m, i)));
    else if (has_word(prop, "headline"))
        metadata_offer(m, META_HEADLINE, RANK_MICRODATA, text_below(m, i));
    else if (tag != HTML_LINK && tag != HTML_IMG)
        read_named(m, i);
}

void metadata_read(struct html *html, struct metadata *out)
{
    *out = (struct metadata){.html = html};
    memset(out->rank, RANK_NONE, sizeof out->rank);
    for (size_t i = 0; i < html->count; i++) {
        const struct html_node *n = &html->nodes[i];
        if (n->tag == HTML_META)
            read_meta(out, i);
        else if (n->tag == HTML_SCRIPT &&
                 str_findi(html_attr(html, i, HTML_ATTR_TYPE), STR("ld+json")) != SIZE_MAX)
            jsonld_read(out, n->text);
        else if (n->tag == HTML_TITLE)
            metadata_offer(out, META_TITLE, RANK_PAGE, n->text);
        else if (n->tag == HTML_TEXT)
            read_line(out, n->text);
        else if (n->tag != HTML_TEXT && n->attr_count)
            read_element(out, i);
        if (n->tag == HTML_HTML)
            metadata_offer(out, META_LANGUAGE, RANK_JSONLD, html_attr(html, i, HTML_ATTR_LANG));
    }
}

void metadata_done(struct metadata *metadata)
{
    buf_free(&metadata->keywords);
}
