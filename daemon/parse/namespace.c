#include "namespace.h"

/* Addresses without scheme, "www.", and the '/' or '#' behind; compared without case: all of these
 * vary. */
static const struct {
    struct str address;
    enum xml_space space;
} ADDRESSES[] = {
#define AT(address, space)                                                                         \
    {                                                                                              \
        {address, sizeof(address) - 1}, space                                                      \
    }
    AT("w3.org/2005/atom", XML_ATOM),
    AT("purl.org/atom/ns", XML_ATOM),
    AT("w3.org/1999/02/22-rdf-syntax-ns", XML_RDF),
    AT("w3.org/1999/xhtml", XML_XHTML),
    AT("purl.org/rss/1.0", XML_PLAIN),
    AT("my.netscape.com/rdf/simple/0.9", XML_PLAIN),
    AT("channel.netscape.com/rdf/simple/0.9", XML_PLAIN),
    AT("my.netscape.com/publish/formats/rss-0.91.dtd", XML_PLAIN),
    AT("backend.userland.com/rss", XML_PLAIN),
    AT("backend.userland.com/rss2", XML_PLAIN),
    AT("backend.userland.com/rss091", XML_PLAIN),
    AT("blogs.law.harvard.edu/tech/rss", XML_PLAIN),
    AT("cyber.law.harvard.edu/rss", XML_PLAIN),
    AT("purl.org/net/rss1.1", XML_PLAIN),
    AT("example.com/newformat", XML_PLAIN),
    AT("purl.org/rss/1.0/modules/content", XML_CONTENT),
    AT("purl.org/rss/1.0/modules/syndication", XML_SY),
    AT("purl.org/dc/elements/1.1", XML_DC),
    AT("purl.org/dc/elements/1.0", XML_DC),
    AT("purl.org/dc", XML_DC),
    AT("purl.org/dc/terms", XML_DCTERMS),
    AT("search.yahoo.com/mrss", XML_MEDIA),
    AT("video.search.yahoo.com/mrss", XML_MEDIA),
    AT("itunes.com/dtds/podcast-1.0.dtd", XML_ITUNES),
    AT("itunes.com/dtds/podcast-1.0", XML_ITUNES),
    AT("example.com/dtds/podcast-1.0.dtd", XML_ITUNES),
    AT("purl.org/atompub/tombstones/1.0", XML_TOMBSTONE),
    AT("purl.org/rss/1.0/modules/slash", XML_SLASH),
    AT("sitemaps.org/schemas/sitemap/0.9", XML_SITEMAP),
    AT("google.com/schemas/sitemap/0.84", XML_SITEMAP),
    AT("google.com/schemas/sitemap-news/0.9", XML_NEWS),
    AT("google.com/schemas/sitemap-image/1.1", XML_PICTURE),
    AT("rssnamespace.org/feedburner/ext/1.0", XML_FEEDBURNER),
    AT("purl.org/syndication/history/1.0", XML_HISTORY),
    AT("webns.net/mvcb", XML_ADMIN),
    AT("georss.org/georss", XML_GEO),
    AT("prismstandard.org/namespaces/basic/2.0", XML_PRISM),
    AT("prismstandard.org/namespaces/basic/2.1", XML_PRISM),
    AT("prismstandard.org/namespaces/basic/3.0", XML_PRISM),
    AT("prismstandard.org/namespaces/1.2/basic", XML_PRISM),
    AT("purl.org/rss/1.0/modules/prism", XML_PRISM),
    AT("news.yandex.ru", XML_RUSSIAN),
    AT("turbo.yandex.ru", XML_RUSSIAN),
    AT("news.rambler.ru", XML_RUSSIAN),
    AT("news.mail.ru", XML_RUSSIAN),
#undef AT
};

static const struct {
    const char *prefix;
    enum xml_space space;
} PREFIXES[] = {
    {"atom", XML_ATOM},
    {"atom10", XML_ATOM},
    {"a10", XML_ATOM},
    {"dc", XML_DC},
    {"dcterms", XML_DCTERMS},
    {"content", XML_CONTENT},
    {"media", XML_MEDIA},
    {"itunes", XML_ITUNES},
    {"sy", XML_SY},
    {"rdf", XML_RDF},
    {"at", XML_TOMBSTONE},
    {"xhtml", XML_XHTML},
    {"feedburner", XML_FEEDBURNER},
    {"slash", XML_SLASH},
    {"news", XML_NEWS},
    {"rss", XML_PLAIN},
    {"fh", XML_HISTORY},
    {"admin", XML_ADMIN},
    {"georss", XML_GEO},
    {"prism", XML_PRISM},
    {"yandex", XML_RUSSIAN},
    {"turbo", XML_RUSSIAN},
    {"rambler", XML_RUSSIAN},
    {"mailru", XML_RUSSIAN},
};

static enum xml_space namespace_of(struct str address, struct str prefix)
{
    struct str s = str_trim(address);
    if (str_startsi(s, STR("http://")))
        s = str_from(s, 7);
    else if (str_startsi(s, STR("https://")))
        s = str_from(s, 8);
    if (str_startsi(s, STR("www.")))
        s = str_from(s, 4);
    while (s.len && (s.at[s.len - 1] == '/' || s.at[s.len - 1] == '#'))
        s.len--;
    for (size_t i = 0; s.len && i < ARRAY_LEN(ADDRESSES); i++)
        if (str_eqi(s, ADDRESSES[i].address))
            return ADDRESSES[i].space;
    for (size_t i = 0; prefix.len && i < ARRAY_LEN(PREFIXES); i++)
        if (str_isi(prefix, PREFIXES[i].prefix))
            return PREFIXES[i].space;
    return prefix.len ? XML_OTHER : XML_PLAIN;
}

void namespaces_declare(struct namespaces *names, struct xml_attributes attributes, size_t depth)
{
    for (size_t i = 0; i < attributes.count && names->count < ARRAY_LEN(names->known); i++) {
        struct xml_name name = attributes.at[i].name;
        bool all = name.prefix.len == 0 && str_is(name.local, "xmlns");
        if (!all && !str_is(name.prefix, "xmlns"))
            continue;
        struct str prefix = all ? STR_NONE : name.local;
        names->known[names->count].prefix = prefix;
        names->known[names->count].depth = depth;
        names->known[names->count++].space = namespace_of(attributes.at[i].value, prefix);
    }
}

void namespaces_end(struct namespaces *names, size_t depth)
{
    while (names->count && names->known[names->count - 1].depth >= depth)
        names->count--;
}

enum xml_space namespaces_find(const struct namespaces *names, struct str prefix)
{
    for (size_t i = names->count; i > 0; i--)
        if (str_eq(names->known[i - 1].prefix, prefix))
            return names->known[i - 1].space;
    return namespace_of(STR_NONE, prefix);
}
