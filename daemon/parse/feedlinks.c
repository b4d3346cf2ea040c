#include "feedlinks.h"

#include "limits.h"
#include "url.h"

#define TEXT_MAX 64 /* bytes of a link's text: a longer one is no name of a feed */

enum { RANK_COMMENTS, RANK_CALLED, RANK_DECLARED, RANKS };

struct found {
    struct str base;
    struct buf urls[RANKS]; /* one a line */
    size_t count;
};

static bool has(struct str s, const char *word)
{
    return str_findi(s, str_of(word)) != SIZE_MAX;
}

/* A word of a list, or of an address between signs: "rss" in "/rss/", "rss.xml", "?format=rss". */
static bool has_word(struct str s, const char *word)
{
    size_t len = strlen(word);
    for (size_t at = 0; at + len <= s.len; at++) {
        if (!str_isi(str_upto(str_from(s, at), len), word))
            continue;
        char before = at ? s.at[at - 1] : '/', after = at + len < s.len ? s.at[at + len] : '/';
        if (!((before | 0x20) >= 'a' && (before | 0x20) <= 'z') &&
            !((after | 0x20) >= 'a' && (after | 0x20) <= 'z'))
            return true;
    }
    return false;
}

static bool is_about_comments(struct str s)
{
    static const char *const words[] = {"comment", "kommentar", "comentario", "commentaire",
                                        "reply"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (has(s, words[i]))
            return true;
    return false;
}

static bool is_feed_type(struct str type)
{
    static const char *const types[] = {"application/rss+xml", "application/atom+xml",
                                        "application/feed+json", "application/rdf+xml"};
    type = str_trim(str_upto(type, str_chr(type, ';')));
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_isi(type, types[i]))
            return true;
    return false;
}

static bool is_called_feed(struct str s)
{
    return has_word(s, "rss") || has_word(s, "atom") || has_word(s, "feed") || has_word(s, "feeds");
}

/* The path of an address that is no article's: of few words. */
static bool is_feed_address(struct str href)
{
    struct str last = href, part, path = str_upto(href, str_chr(href, '#'));
    path = str_upto(path, str_chr(path, '?'));
    while (str_cut(&path, '/', &part))
        if (part.len)
            last = part;
    return last.len <= 24 && is_called_feed(last) &&
           (!has(last, ".") || str_ends(last, STR(".xml")) || str_ends(last, STR(".rss")) ||
            str_ends(last, STR(".atom")) || str_ends(last, STR(".rdf")) ||
            str_ends(last, STR(".json")));
}

static bool stands_in(const struct buf *lines, struct str url)
{
    struct str line, rest = buf_str(lines);
    while (str_cut(&rest, '\n', &line))
        if (str_eq(line, url))
            return true;
    return false;
}

static void add(struct found *found, unsigned rank, struct str href)
{
    struct buf url = BUF_NONE;
    bool good = found->count < LIMIT_FEED_LINKS && href.len && href.at[0] != '#' &&
                url_resolve(found->base, href, &url) == 0;
    for (unsigned i = 0; good && i < RANKS; i++)
        good = !stands_in(&found->urls[i], buf_str(&url));
    if (good) {
        if (found->urls[rank].len)
            buf_putc(&found->urls[rank], '\n');
        buf_puts(&found->urls[rank], buf_str(&url));
        found->count++;
    }
    buf_free(&url);
}

static void look_at_link(struct found *found, const struct html *html, size_t i)
{
    struct str rel = html_attr(html, i, HTML_ATTR_REL), type = html_attr(html, i, HTML_ATTR_TYPE),
               href = html_attr(html, i, HTML_ATTR_HREF),
               title = html_attr(html, i, HTML_ATTR_TITLE);
    bool xml = str_isi(type, "text/xml") || str_isi(type, "application/xml") ||
               str_isi(type, "application/json");
    bool feed = has_word(rel, "feed") ||
                (has_word(rel, "alternate") &&
                 (is_feed_type(type) || (xml && (is_called_feed(title) || is_feed_address(href)))));
    if (feed)
        add(found,
            is_about_comments(title) || is_about_comments(href) ? RANK_COMMENTS : RANK_DECLARED,
            href);
}

/* What is declared comes first, so there is no need to look at each link of a page that declares one. */
static void look_at_anchor(struct found *found, const struct html *html, size_t i)
{
    struct str href = html_attr(html, i, HTML_ATTR_HREF),
               title = html_attr(html, i, HTML_ATTR_TITLE);
    struct buf text = BUF_NONE;
    if (is_feed_type(html_attr(html, i, HTML_ATTR_TYPE)) ||
        has_word(html_attr(html, i, HTML_ATTR_REL), "feed")) {
        add(found, RANK_CALLED, href);
        return;
    }
    html_text(html, i, TEXT_MAX + 1, &text);
    bool called =
        text.len <= TEXT_MAX && (has_word(buf_str(&text), "rss") || has_word(title, "rss") ||
                                 has_word(buf_str(&text), "atom"));
    if (is_feed_address(href) || (called && str_ends(href, STR(".xml"))))
        add(found, is_about_comments(href) ? RANK_COMMENTS : RANK_CALLED, href);
    buf_free(&text);
}

void feedlinks_find(const struct html *html, struct str base, struct buf *out)
{
    struct found found = {.base = base};
    for (size_t i = 1; i < html->count; i++)
        if (html->nodes[i].tag == HTML_LINK)
            look_at_link(&found, html, i);
    for (size_t i = 1; i < html->count && found.urls[RANK_DECLARED].len == 0; i++)
        if (html->nodes[i].tag == HTML_A)
            look_at_anchor(&found, html, i);
    for (unsigned rank = RANKS; rank-- > 0;) {
        if (out->len && found.urls[rank].len)
            buf_putc(out, '\n');
        buf_puts(out, buf_str(&found.urls[rank]));
        buf_free(&found.urls[rank]);
    }
}

struct str feedlinks_base(struct html *html, struct str url)
{
    for (size_t i = 1; i < html->count; i++) {
        struct buf base = BUF_NONE;
        if (html->nodes[i].tag != HTML_BASE || html_attr(html, i, HTML_ATTR_HREF).len == 0)
            continue;
        if (url_resolve(url, html_attr(html, i, HTML_ATTR_HREF), &base) == 0)
            url = html_keep(html, buf_str(&base));
        buf_free(&base);
        break;
    }
    return url;
}
