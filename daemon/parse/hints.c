#include "hints.h"

#include <xxhash.h>

enum { PREFIX = 128 }; /* the word may go on: "recommend" stands for "recommended" */

#define W(word, hints)                                                                             \
    {                                                                                              \
        word, sizeof(word) - 1, hints                                                              \
    }
#define C HINT_CHROME
#define N HINT_NAV
#define S HINT_SHORT
#define B HINT_BODY
#define O HINT_CONTENT

/* Sorted. A pair of words stands here joined: "read-more" and "readMore" are "readmore". */
static const struct {
    const char *word;
    size_t len;
    unsigned hints;
} WORDS[] = {
    W("aboutauthor", C),
    W("abouttheauthor", C),
    W("ad", C),
    W("addtoany", C | PREFIX),
    W("ads", C),
    W("adsbygoogle", C),
    W("adslot", C),
    W("adunit", C),
    W("advert", C | PREFIX),
    W("affiliate", S | PREFIX),
    W("alsolike", C),
    W("appbanner", N | C),
    W("articlebody", B),
    W("articlecontent", B),
    W("articledetail", O | PREFIX),
    W("articletags", C),
    W("articletext", B),
    W("author", S),
    W("authorbio", N | C),
    W("authorbox", C),
    W("authorcard", C),
    W("authordescription", C),
    W("authorinfo", C),
    W("backtotop", C),
    W("bio", S),
    W("blogcontent", B),
    W("blogpost", O),
    W("bodycontent", O),
    W("bodycopy", B),
    W("bodytext", B),
    W("bookmark", S),
    W("breadcrumb", N | C | PREFIX),
    W("byline", S | PREFIX),
    W("calltoaction", C),
    W("caption", HINT_CAPTION),
    W("captiontext", HINT_CAPTION),
    W("categories", S),
    W("category", S),
    W("clock", S),
    W("comment", C | HINT_COMMENT),
    W("commentform", C | HINT_COMMENT),
    W("commentlist", C | HINT_COMMENT),
    W("comments", N | C | HINT_COMMENT),
    W("consent", N | C),
    W("contentbody", B),
    W("cookie", N | C | PREFIX),
    W("copyright", S),
    W("counter", S),
    W("credit", HINT_CAPTION),
    W("credits", HINT_CAPTION),
    W("cta", S),
    W("disclaimer", S),
    W("disqus", C | PREFIX | HINT_COMMENT),
    W("donate", C),
    W("donation", C),
    W("drawer", N | C),
    W("dropdown", N | C),
    W("editorspick", C | PREFIX),
    W("entrybody", B),
    W("entrycontent", B),
    W("fbcomments", C | HINT_COMMENT),
    W("feedback", S),
    W("figcaption", HINT_CAPTION),
    W("follow", S | PREFIX),
    W("footer", N | C),
    W("forum", S),
    W("gdpr", N | C),
    W("hashtag", S | PREFIX),
    W("helpful", S),
    W("imagecaption", HINT_CAPTION),
    W("keyword", S | PREFIX),
    W("langswitch", N | C | PREFIX),
    W("languageswitcher", N | C),
    W("legal", S),
    W("login", N | C),
    W("mailinglist", C),
    W("maincontent", O),
    W("masthead", N | C),
    W("megamenu", N | C),
    W("menu", N | C),
    W("meta", S),
    W("metadata", S),
    W("minread", S),
    W("modal", C | PREFIX),
    W("morefrom", C),
    W("morenews", C),
    W("moreon", C),
    W("morestories", C),
    W("mostpopular", C),
    W("mostread", C),
    W("nav", N | C),
    W("navbar", N | C),
    W("navigation", N | C),
    W("newsbody", B),
    W("newscontent", B),
    W("newsletter", N | C | PREFIX),
    W("newstext", B),
    W("nextpost", C),
    W("nextprev", C),
    W("noprint", S),
    W("offcanvas", N | C),
    W("optin", C),
    W("outbrain", C | PREFIX),
    W("overlay", S),
    W("pager", N | C),
    W("pagination", N | C),
    W("permalink", S),
    W("photocredit", HINT_CAPTION),
    W("popular", C),
    W("popup", C),
    W("postbody", B),
    W("postcontent", B),
    W("postmeta", S),
    W("postnavigation", C),
    W("posttags", C),
    W("posttext", B),
    W("prevnext", C),
    W("promo", C | PREFIX),
    W("pubdate", S),
    W("published", S),
    W("rating", S),
    W("readalso", C),
    W("reading", S),
    W("readmore", C),
    W("readnext", C),
    W("readtime", S),
    W("recent", S),
    W("recentposts", C),
    W("recirc", C | PREFIX),
    W("recommend", C | PREFIX),
    W("register", S),
    W("related", C | PREFIX),
    W("respond", C | HINT_COMMENT),
    W("reviewbody", B),
    W("richtext", O),
    W("screenreader", C),
    W("search", S),
    W("seealso", C),
    W("share", N | C | PREFIX),
    W("sharing", N | C),
    W("shorturl", C),
    W("sidebar", C),
    W("signin", N | C),
    W("signup", N | C),
    W("sitemap", N | C),
    W("skip", S),
    W("skiplink", N | C),
    W("social", N | C | PREFIX),
    W("sponsor", C | PREFIX),
    W("sronly", C),
    W("storybody", B),
    W("storycontent", B),
    W("storytext", B),
    W("subscribe", N | C),
    W("subscription", C),
    W("tableofcontents", C),
    W("taboola", C | PREFIX),
    W("tagcloud", N | C),
    W("taglist", N | C),
    W("tags", N | C),
    W("teaser", C),
    W("ticker", C),
    W("timestamp", S),
    W("toc", C),
    W("toolbar", N | C),
    W("topbar", N | C),
    W("trending", C),
    W("upnext", C),
    W("upsell", C),
    W("views", S),
    W("visuallyhidden", C),
    W("weather", S),
    W("widgetarea", C),
    W("yarpp", C | PREFIX),
    W("youmayalsolike", C),
    W("youmaylike", C),
};

#undef W
#undef C
#undef N
#undef S
#undef B
#undef O

#define WORD_MAX 24
#define NAME_MAX 512 /* utility classes go on for long, names of things come first */

/* Words begin alike when their first two letters are equal: a handful of entries each. Where those of
 * each pair begin is found out once. */
enum { LETTERS = 26, PAIRS = LETTERS * LETTERS };

static size_t pair_of(const char *word)
{
    size_t first = (unsigned char)word[0] - 'a', second = (unsigned char)word[1] - 'a';
    return first < LETTERS && second < LETTERS ? first * LETTERS + second : PAIRS;
}

static const uint8_t *pairs(void)
{
    static uint8_t begin[PAIRS + 1];
    _Static_assert(ARRAY_LEN(WORDS) <= UINT8_MAX, "begin[] holds them");
    if (begin[PAIRS])
        return begin;
    for (size_t pair = 0, i = 0; pair <= PAIRS; pair++) {
        while (i < ARRAY_LEN(WORDS) && pair_of(WORDS[i].word) < pair)
            i++;
        begin[pair] = (uint8_t)i;
    }
    return begin;
}

static unsigned look_up(const char *word, size_t len)
{
    unsigned hints = 0;
    size_t pair = len < 2 ? PAIRS : pair_of(word);
    if (pair == PAIRS)
        return 0;
    const uint8_t *begin = pairs();
    for (size_t i = begin[pair]; i < begin[pair + 1]; i++) {
        size_t n = WORDS[i].len;
        if (n > len || WORDS[i].word[n - 1] != word[n - 1] || memcmp(WORDS[i].word, word, n) != 0)
            continue;
        if (n == len || (WORDS[i].hints & PREFIX && !(len == n + 1 && word[n] == 'd')))
            hints |= WORDS[i].hints;
    }
    return hints & ~(unsigned)PREFIX;
}

/* In lower case; 0 when it belongs to no word. */
static char word_byte(char c)
{
    char low = (char)(c | 0x20);
    if (low >= 'a' && low <= 'z')
        return low;
    return c >= '0' && c <= '9' ? c : '\0';
}

/* Takes the next word off *rest, lower-cased, cut at WORD_MAX; its length, 0 at the end. */
static size_t next_word(struct str *rest, char out[WORD_MAX])
{
    size_t i = 0, n = 0;
    bool capital = true; /* the one before was */
    while (i < rest->len && !word_byte(rest->at[i]))
        i++;
    for (char low; i < rest->len && (low = word_byte(rest->at[i])) != 0; i++) {
        if (low != rest->at[i] && !capital)
            break; /* camelCase */
        capital = low != rest->at[i];
        if (n < WORD_MAX)
            out[n++] = low;
    }
    *rest = str_from(*rest, i);
    return n;
}

unsigned hints_of_name(struct str name)
{
    unsigned hints = 0;
    char words[NAME_MAX + WORD_MAX]; /* one behind the other, so that two are there joined, too */
    size_t len = 0, before = 0, n;
    name = str_upto(name, NAME_MAX);
    while ((n = next_word(&name, words + len)) != 0) {
        hints |= look_up(words + len, n);
        if (before)
            hints |= look_up(words + len - before, before + n);
        len += n;
        before = n;
    }
    return hints;
}

static unsigned hints_of_role(struct str role)
{
    static const char *const CHROME[] = {"navigation", "complementary", "contentinfo", "banner",
                                         "search",     "dialog",        "alertdialog", "menu",
                                         "menubar",    "toolbar",       "tooltip"};
    for (size_t i = 0; i < ARRAY_LEN(CHROME); i++)
        if (str_isi(role, CHROME[i]))
            return HINT_CHROME | HINT_NAV;
    return str_isi(role, "main") ? HINT_CONTENT : 0;
}

static unsigned recall_name(struct hints_memo *memo, struct str name)
{
    if (!memo)
        return hints_of_name(name);
    if (name.len == 0)
        return 0;
    size_t slot = XXH3_64bits(name.at, name.len) % HINTS_KNOWN;
    if (!str_eq(memo->known[slot].name, name)) {
        memo->known[slot].name = name;
        memo->known[slot].hints = hints_of_name(name);
    }
    return memo->known[slot].hints;
}

unsigned hints_recall(struct hints_memo *memo, const struct html *html, size_t node)
{
    const struct html_node *n = &html->nodes[node];
    unsigned hints = 0;
    for (size_t i = 0; i < n->attr_count; i++) {
        const struct html_value *a = &html->attrs[n->attrs + i];
        if (a->name == HTML_ATTR_CLASS || a->name == HTML_ATTR_ID)
            hints |= recall_name(memo, a->value);
        else if (a->name == HTML_ATTR_ROLE)
            hints |= hints_of_role(a->value);
        else if (a->name == HTML_ATTR_ITEMPROP && str_isi(str_trim(a->value), "articleBody"))
            hints |= HINT_BODY;
    }
    if (n->tag == HTML_ARTICLE || n->tag == HTML_MAIN) /* their classes list tags and categories */
        hints = (hints & (HINT_BODY | HINT_CONTENT)) | HINT_CONTENT;
    return hints;
}

unsigned hints_of(const struct html *html, size_t node)
{
    return hints_recall(NULL, html, node);
}
