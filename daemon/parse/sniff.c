#include "sniff.h"

#define REACH                                                                                      \
    65536 /* how far into the text a root element is looked for: warnings of PHP stand before some \
           */

static const struct {
    struct str magic;
    const char *what;
} MAGICS[] = {
    {{"%PDF-", 5}, "a PDF"},
    {{"\x89PNG\r\n", 6}, "a PNG image"},
    {{"\xff\xd8\xff", 3}, "a JPEG image"},
    {{"GIF87a", 6}, "a GIF image"},
    {{"GIF89a", 6}, "a GIF image"},
    {{"BM6", 3}, "a bitmap image"},
    {{"\0\0\1\0", 4}, "an icon"},
    {{"II*\0", 4}, "a TIFF image"},
    {{"MM\0*", 4}, "a TIFF image"},
    {{"PK\3\4", 4}, "a zip archive or office document"},
    {{"PK\5\6", 4}, "an empty zip archive"},
    {{"Rar!\x1a\7", 6}, "a RAR archive"},
    {{"7z\xbc\xaf\x27\x1c", 6}, "a 7z archive"},
    {{"BZh", 3}, "a bzip2 archive"},
    {{"\x1f\x8b\x08", 3}, "a gzip file inside another archive"},
    {{"\x28\xb5\x2f\xfd", 4}, "a zstd file inside another archive"},
    {{"\xfd"
      "7zXZ",
      5},
     "an xz archive"},
    {{"\xd0\xcf\x11\xe0", 4}, "an old office document"},
    {{"{\\rtf", 5}, "an RTF document"},
    {{"%!PS", 4}, "a PostScript document"},
    {{"ID3", 3}, "an MP3 file"},
    {{"OggS", 4}, "an Ogg file"},
    {{"fLaC", 4}, "a FLAC file"},
    {{"\x1a\x45\xdf\xa3", 4}, "a Matroska or WebM video"},
    {{"FLV\1", 4}, "a Flash video"},
    {{"\177ELF", 4}, "a program"},
    {{"MZ\x90", 3}, "a program"},
    {{"\0asm", 4}, "a program"},
    {{"wOFF", 4}, "a font"},
    {{"wOF2", 4}, "a font"},
    {{"SQLite format 3", 15}, "a database"},
};

/* Control bytes that no text has in any charset but UTF-16 and UTF-32, which are full of NULs
 * instead. */
static bool is_noise(struct str bytes)
{
    size_t noise = 0, nul = 0;
    struct str head = str_upto(bytes, 1024);
    for (size_t i = 0; i < head.len; i++) {
        unsigned char c = (unsigned char)head.at[i];
        nul += c == 0;
        noise += c != 0 && c < 0x20 && !strchr("\t\n\f\r\x0e\x0f\x1a\x1b", c);
    }
    /* Old feeds have a few stray controls; noise has one in ten bytes. UTF-16 is half NUL. */
    return noise > 4 + head.len / 32 + (nul > head.len / 5 ? head.len : 0);
}

const char *sniff_binary(struct str bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(MAGICS); i++)
        if (str_starts(bytes, MAGICS[i].magic))
            return MAGICS[i].what;
    if (str_starts(bytes, STR("RIFF")) && bytes.len > 12) {
        struct str kind = str_upto(str_from(bytes, 8), 4);
        return str_is(kind, "WEBP")   ? "a WebP image"
               : str_is(kind, "WAVE") ? "a WAV file"
                                      : "an AVI video";
    }
    if (str_is(str_upto(str_from(bytes, 4), 4), "ftyp"))
        return "an MP4 video or HEIF image";
    return is_noise(bytes) ? "binary data" : NULL;
}

/* ----------------------------------------------------------------------------------------- text */

static struct str skip_past(struct str s, struct str end)
{
    size_t at = str_find(s, end);
    return at == SIZE_MAX ? str_from(s, s.len) : str_from(s, at + end.len);
}

static struct str skip_blank(struct str s)
{
    s = str_trim(s);
    while (str_starts(s, STR("\xef\xbb\xbf")))
        s = str_trim(str_from(s, 3));
    return s;
}

/* At the root element's '<': behind declarations, comments and processing instructions. */
static struct str find_root(struct str s, bool *html_doctype)
{
    for (;;) {
        s = skip_blank(s);
        if (str_starts(s, STR("<?"))) {
            s = skip_past(s, STR("?>"));
        } else if (str_starts(s, STR("<!--"))) {
            s = skip_past(s, STR("-->"));
        } else if (str_startsi(s, STR("<!doctype"))) {
            struct str name = str_trim(str_from(s, 9));
            *html_doctype = *html_doctype || str_startsi(name, STR("html"));
            size_t open = str_chr(s, '['), close = str_chr(s, '>');
            s = open < close ? skip_past(skip_past(s, STR("]")), STR(">")) : skip_past(s, STR(">"));
        } else {
            return s;
        }
    }
}

static struct str tag_name(struct str s)
{
    size_t n = 1;
    while (n < s.len && !strchr(" \t\r\n\f/>", s.at[n]))
        n++;
    return str_from(str_upto(s, n), 1);
}

static enum sniff_kind kind_of_root(struct str name)
{
    static const struct {
        const char *name;
        enum sniff_kind kind;
    } roots[] = {
        {"rss", SNIFF_RSS},        {"rdf", SNIFF_RSS},
        {"channel", SNIFF_RSS},    {"item", SNIFF_RSS},
        {"feed", SNIFF_ATOM},      {"entry", SNIFF_ATOM},
        {"urlset", SNIFF_SITEMAP}, {"sitemapindex", SNIFF_SITEMAP},
        {"opml", SNIFF_OPML},      {"html", SNIFF_HTML},
        {"head", SNIFF_HTML},      {"body", SNIFF_HTML},
        {"title", SNIFF_HTML},     {"meta", SNIFF_HTML},
        {"link", SNIFF_HTML},      {"script", SNIFF_HTML},
        {"style", SNIFF_HTML},     {"div", SNIFF_HTML},
        {"p", SNIFF_HTML},         {"table", SNIFF_HTML},
        {"h1", SNIFF_HTML},        {"h2", SNIFF_HTML},
        {"a", SNIFF_HTML},         {"b", SNIFF_HTML},
        {"br", SNIFF_HTML},        {"center", SNIFF_HTML},
        {"font", SNIFF_HTML},      {"article", SNIFF_HTML},
        {"section", SNIFF_HTML},   {"main", SNIFF_HTML},
        {"header", SNIFF_HTML},    {"iframe", SNIFF_HTML},
        {"span", SNIFF_HTML},      {"img", SNIFF_HTML},
        {"ul", SNIFF_HTML},        {"base", SNIFF_HTML},
        {"nitf", SNIFF_NITF},
    };
    size_t colon = str_chr(name, ':');
    if (colon != SIZE_MAX)
        name = str_from(name, colon + 1);
    for (size_t i = 0; i < ARRAY_LEN(roots); i++)
        if (str_isi(name, roots[i].name))
            return roots[i].kind;
    return SNIFF_XML;
}

/* NewsML-G2's elements are called as others' may be: its namespace decides. */
static bool is_newsml(struct str root)
{
    static const char *const names[] = {"newsItem", "newsMessage", "packageItem"};
    struct str name = tag_name(root), tag = str_upto(str_upto(root, REACH), str_chr(root, '>'));
    size_t colon = str_chr(name, ':');
    name = colon == SIZE_MAX ? name : str_from(name, colon + 1);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(name, names[i]))
            return str_find(tag, STR("iptc.org/std/nar/")) != SIZE_MAX;
    return false;
}

/* A feed behind something that should not be there. */
static enum sniff_kind find_feed(struct str s, enum sniff_kind otherwise)
{
    static const struct {
        struct str tag;
        enum sniff_kind kind;
    } tags[] = {
        {{"<rss", 4}, SNIFF_RSS},
        {{"<rdf:RDF", 8}, SNIFF_RSS},
        {{"<feed", 5}, SNIFF_ATOM},
        {{"<urlset", 7}, SNIFF_SITEMAP},
        {{"<sitemapindex", 13}, SNIFF_SITEMAP},
    };
    s = str_upto(s, REACH);
    for (size_t at = str_chr(s, '<'); at != SIZE_MAX; at = str_chr(s, '<')) {
        s = str_from(s, at);
        for (size_t i = 0; i < ARRAY_LEN(tags); i++)
            if (str_startsi(s, tags[i].tag) && s.len > tags[i].tag.len &&
                strchr(" \t\r\n>", s.at[tags[i].tag.len]))
                return tags[i].kind;
        s = str_from(s, 1);
    }
    return otherwise;
}

#define WRAP_REACH 4096 /* a page that is nothing but a feed begins with little else */

/* A feed that something on its way took for HTML, and put into a page: "<html><body><pre><rss …". */
static bool wraps_feed(struct str s)
{
    struct str head = str_upto(s, WRAP_REACH);
    static const struct str code[] = {{"<script", 7}, {"<style", 6}, {"<!--", 4}};
    for (size_t i = 0; i < ARRAY_LEN(code); i++)
        head = str_upto(head, str_findi(head, code[i]));
    if (find_feed(head, SNIFF_HTML) == SNIFF_HTML)
        return false;
    return str_findi(s, STR("<item")) != SIZE_MAX || str_findi(s, STR("<entry")) != SIZE_MAX;
}

/* Nothing but tags and white space. */
static bool only_tags(struct str s)
{
    while ((s = str_trim(s)).len)
        if (s.at[0] != '<' || str_chr(s, '>') == SIZE_MAX)
            return false;
        else
            s = str_from(s, str_chr(s, '>') + 1);
    return true;
}

bool sniff_unwrap(struct str text, struct str *out)
{
    static const struct str starts[] = {
        {"&lt;?xml", 8}, {"&lt;rss", 7}, {"&lt;feed", 8}, {"&lt;rdf:RDF", 11}, {"{", 1}};
    struct str head = str_upto(text, WRAP_REACH);
    size_t body = str_findi(head, STR("<body")), pre = str_findi(head, STR("<pre"));
    if (pre == SIZE_MAX || !only_tags(str_from(str_upto(head, pre), body < pre ? body : 0)))
        return false;
    struct str inner = str_from(text, pre);
    inner = str_trim(str_from(inner, str_chr(inner, '>') + 1));
    size_t end = str_findi(inner, STR("</pre"));
    if (end == SIZE_MAX || !only_tags(str_from(inner, end)))
        return false;
    *out = str_upto(inner, end);
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (str_startsi(*out, starts[i]))
            return true;
    return false;
}

/* A sitemap for Google News lists articles as a feed does; others list all there is on a site. */
static bool is_news_sitemap(struct str root)
{
    struct str tag = str_upto(str_upto(root, REACH), str_chr(root, '>'));
    return str_is(tag_name(root), "urlset") &&
           str_find(tag, STR("/schemas/sitemap-news/")) != SIZE_MAX;
}

static bool is_address(struct str line)
{
    size_t scheme = str_startsi(line, STR("https://"))  ? 8
                    : str_startsi(line, STR("http://")) ? 7
                                                        : 0;
    if (scheme == 0 || line.len == scheme)
        return false;
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.at[i] <= ' ')
            return false;
    return true;
}

static size_t count_addresses(struct str text)
{
    struct str line;
    size_t count = 0;
    for (text = skip_blank(text); str_cut(&text, '\n', &line);) {
        line = str_trim(line);
        if (line.len && !is_address(line))
            return 0;
        count += line.len > 0;
    }
    return count;
}

bool sniff_is_addresses(struct str text)
{
    return count_addresses(text) > 0;
}

static bool says(struct str content_type, struct str what)
{
    return str_findi(str_upto(content_type, 128), what) != SIZE_MAX;
}

/* An item has a uri, and one of those members that nothing else calls so. */
static bool is_ninjs(struct str head)
{
    static const struct str members[] = {
        {"\"headlines\"", 11},      {"\"bodies\"", 8},          {"\"pubStatus\"", 11},
        {"\"pubstatus\"", 11},      {"\"versionCreated\"", 16}, {"\"versioncreated\"", 16},
        {"\"contentCreated\"", 16}, {"\"firstCreated\"", 14},   {"\"firstcreated\"", 14},
        {"\"body_text\"", 11},      {"\"body_html\"", 11},      {"\"body_xhtml\"", 12},
    };
    if (str_find(head, STR("\"uri\"")) == SIZE_MAX)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (str_find(head, members[i]) != SIZE_MAX)
            return true;
    return false;
}

static enum sniff_kind sniff_json(struct str s, struct str content_type)
{
    struct str head = str_upto(s, REACH);
    bool feed = str_find(head, STR("jsonfeed.org")) != SIZE_MAX ||
                str_find(head, STR("\"items\"")) != SIZE_MAX ||
                says(content_type, STR("feed+json"));
    if (feed)
        return SNIFF_JSONFEED;
    return is_ninjs(head) ? SNIFF_NINJS : SNIFF_JSON;
}

enum sniff_kind sniff_text(struct str text, struct str content_type)
{
    bool html_doctype = false;
    struct str s = skip_blank(text);
    if (s.len == 0)
        return SNIFF_EMPTY;
    if (s.at[0] == '{')
        return sniff_json(s, content_type);
    if (s.at[0] == '[' && says(content_type, STR("json")))
        return SNIFF_JSON;
    struct str root = find_root(s, &html_doctype);
    if (html_doctype)
        return wraps_feed(s) ? SNIFF_RSS : SNIFF_HTML;
    if (root.len > 1 && root.at[0] == '<') {
        enum sniff_kind kind = kind_of_root(tag_name(root));
        /* PHP's warnings begin so, and so do few pages. */
        if (kind == SNIFF_HTML && (str_isi(tag_name(root), "br") || str_isi(tag_name(root), "b")))
            kind = find_feed(root, SNIFF_HTML);
        if (kind == SNIFF_SITEMAP && is_news_sitemap(root))
            kind = SNIFF_NEWS_SITEMAP;
        if (kind == SNIFF_XML && is_newsml(root))
            kind = SNIFF_NEWSML;
        if (kind == SNIFF_XML)
            kind = find_feed(root, says(content_type, STR("html")) ? SNIFF_HTML : SNIFF_XML);
        return kind == SNIFF_HTML && wraps_feed(s) ? SNIFF_RSS : kind;
    }
    if (count_addresses(s) > 1) /* a single one may be all that a note says */
        return SNIFF_SITEMAP;
    enum sniff_kind kind = find_feed(s, SNIFF_TEXT);
    if (kind == SNIFF_TEXT && (says(content_type, STR("html")) ||
                               str_findi(str_upto(s, REACH), STR("<html")) != SIZE_MAX))
        return SNIFF_HTML;
    return kind;
}
