#include "hints.h"

enum { PREFIX = 128 }; /* the word may go on: "recommend" stands for "recommended" */

#define C HINT_CHROME
#define N HINT_NAV
#define S HINT_SHORT
#define B HINT_BODY
#define O HINT_CONTENT

/* Sorted. A pair of words stands here joined: "read-more" and "readMore" are "readmore". */
static const struct {
    const char *word;
    unsigned hints;
} WORDS[] = {
    {"aboutauthor", C},
    {"abouttheauthor", C},
    {"ad", C},
    {"addtoany", C | PREFIX},
    {"ads", C},
    {"adsbygoogle", C},
    {"adslot", C},
    {"adunit", C},
    {"advert", C | PREFIX},
    {"affiliate", S | PREFIX},
    {"alsolike", C},
    {"appbanner", N | C},
    {"articlebody", B},
    {"articlecontent", B},
    {"articledetail", O | PREFIX},
    {"articletags", C},
    {"articletext", B},
    {"author", S},
    {"authorbio", N | C},
    {"authorbox", C},
    {"authorcard", C},
    {"authordescription", C},
    {"authorinfo", C},
    {"backtotop", C},
    {"bio", S},
    {"blogcontent", B},
    {"blogpost", O},
    {"bodycontent", O},
    {"bodycopy", B},
    {"bodytext", B},
    {"bookmark", S},
    {"breadcrumb", N | C | PREFIX},
    {"byline", S | PREFIX},
    {"calltoaction", C},
    {"caption", HINT_CAPTION},
    {"captiontext", HINT_CAPTION},
    {"categories", S},
    {"category", S},
    {"clock", S},
    {"comment", C | HINT_COMMENT},
    {"commentform", C | HINT_COMMENT},
    {"commentlist", C | HINT_COMMENT},
    {"comments", N | C | HINT_COMMENT},
    {"consent", N | C},
    {"contentbody", B},
    {"cookie", N | C | PREFIX},
    {"copyright", S},
    {"counter", S},
    {"credit", HINT_CAPTION},
    {"credits", HINT_CAPTION},
    {"cta", S},
    {"disclaimer", S},
    {"disqus", C | PREFIX | HINT_COMMENT},
    {"donate", C},
    {"donation", C},
    {"drawer", N | C},
    {"dropdown", N | C},
    {"editorspick", C | PREFIX},
    {"entrybody", B},
    {"entrycontent", B},
    {"fbcomments", C | HINT_COMMENT},
    {"feedback", S},
    {"figcaption", HINT_CAPTION},
    {"follow", S | PREFIX},
    {"footer", N | C},
    {"forum", S},
    {"gdpr", N | C},
    {"hashtag", S | PREFIX},
    {"helpful", S},
    {"imagecaption", HINT_CAPTION},
    {"keyword", S | PREFIX},
    {"langswitch", N | C | PREFIX},
    {"languageswitcher", N | C},
    {"legal", S},
    {"login", N | C},
    {"mailinglist", C},
    {"maincontent", O},
    {"masthead", N | C},
    {"megamenu", N | C},
    {"menu", N | C},
    {"meta", S},
    {"metadata", S},
    {"minread", S},
    {"modal", C | PREFIX},
    {"morefrom", C},
    {"morenews", C},
    {"moreon", C},
    {"morestories", C},
    {"mostpopular", C},
    {"mostread", C},
    {"nav", N | C},
    {"navbar", N | C},
    {"navigation", N | C},
    {"newsbody", B},
    {"newscontent", B},
    {"newsletter", N | C | PREFIX},
    {"newstext", B},
    {"nextpost", C},
    {"nextprev", C},
    {"noprint", S},
    {"offcanvas", N | C},
    {"optin", C},
    {"outbrain", C | PREFIX},
    {"overlay", S},
    {"pager", N | C},
    {"pagination", N | C},
    {"permalink", S},
    {"photocredit", HINT_CAPTION},
    {"popular", C},
    {"popup", C},
    {"postbody", B},
    {"postcontent", B},
    {"postmeta", S},
    {"postnavigation", C},
    {"posttags", C},
    {"posttext", B},
    {"prevnext", C},
    {"promo", C | PREFIX},
    {"pubdate", S},
    {"published", S},
    {"rating", S},
    {"readalso", C},
    {"reading", S},
    {"readmore", C},
    {"readnext", C},
    {"readtime", S},
    {"recent", S},
    {"recentposts", C},
    {"recirc", C | PREFIX},
    {"recommend", C | PREFIX},
    {"register", S},
    {"related", C | PREFIX},
    {"respond", C | HINT_COMMENT},
    {"reviewbody", B},
    {"richtext", O},
    {"screenreader", C},
    {"search", S},
    {"seealso", C},
    {"share", N | C | PREFIX},
    {"sharing", N | C},
    {"shorturl", C},
    {"sidebar", C},
    {"signin", N | C},
    {"signup", N | C},
    {"sitemap", N | C},
    {"skip", S},
    {"skiplink", N | C},
    {"social", N | C | PREFIX},
    {"sponsor", C | PREFIX},
    {"sronly", C},
    {"storybody", B},
    {"storycontent", B},
    {"storytext", B},
    {"subscribe", N | C},
    {"subscription", C},
    {"tableofcontents", C},
    {"taboola", C | PREFIX},
    {"tagcloud", N | C},
    {"taglist", N | C},
    {"tags", N | C},
    {"teaser", C},
    {"ticker", C},
    {"timestamp", S},
    {"toc", C},
    {"toolbar", N | C},
    {"topbar", N | C},
    {"trending", C},
    {"upnext", C},
    {"upsell", C},
    {"views", S},
    {"visuallyhidden", C},
    {"weather", S},
    {"widgetarea", C},
    {"yarpp", C | PREFIX},
    {"youmayalsolike", C},
    {"youmaylike", C},
};

#undef C
#undef N
#undef S
#undef B
#undef O

#define WORD_MAX 24

/* The first entry that begins with `first` or a later letter. */
static size_t first_entry(char first)
{
    size_t low = 0, high = ARRAY_LEN(WORDS);
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (WORDS[mid].word[0] < first)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static unsigned look_up(const char *word, size_t len)
{
    unsigned hints = 0;
    for (size_t i = first_entry(word[0]); i < ARRAY_LEN(WORDS) && WORDS[i].word[0] == word[0];
         i++) {
        const char *entry = WORDS[i].word;
        size_t n = strlen(entry);
        if (n > len || memcmp(entry, word, n) != 0)
            continue;
        if (n == len || (WORDS[i].hints & PREFIX && !(len == n + 1 && word[n] == 'd')))
            hints |= WORDS[i].hints;
    }
    return hints & ~(unsigned)PREFIX;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool is_word(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/* Takes the next word off *rest, lower-cased, cut at WORD_MAX; its length, 0 at the end. */
static size_t next_word(struct str *rest, char out[WORD_MAX])
{
    size_t i = 0, n = 0;
    while (i < rest->len && !is_word(rest->at[i]))
        i++;
    for (; i < rest->len && is_word(rest->at[i]); i++) {
        char c = rest->at[i];
        if (n && c != lower(c) && rest->at[i - 1] == lower(rest->at[i - 1]))
            break; /* camelCase */
        if (n < WORD_MAX)
            out[n++] = lower(c);
    }
    *rest = str_from(*rest, i);
    return n;
}

unsigned hints_of_name(struct str name)
{
    unsigned hints = 0;
    char two[2 * WORD_MAX], word[WORD_MAX];
    size_t before = 0, n;
    name = str_upto(name, 512); /* utility classes go on for long, names of things come first */
    while ((n = next_word(&name, word)) != 0) {
        hints |= look_up(word, n);
        if (before) {
            memcpy(two + before, word, n);
            hints |= look_up(two, before + n);
        }
        memcpy(two, word, n);
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

unsigned hints_of(const struct html *html, size_t node)
{
    const struct html_node *n = &html->nodes[node];
    unsigned hints = 0;
    for (size_t i = 0; i < n->attr_count; i++) {
        const struct html_value *a = &html->attrs[n->attrs + i];
        if (a->name == HTML_ATTR_CLASS || a->name == HTML_ATTR_ID)
            hints |= hints_of_name(a->value);
        else if (a->name == HTML_ATTR_ROLE)
            hints |= hints_of_role(a->value);
        else if (a->name == HTML_ATTR_ITEMPROP && str_isi(str_trim(a->value), "articleBody"))
            hints |= HINT_BODY;
    }
    if (n->tag == HTML_ARTICLE || n->tag == HTML_MAIN) /* their classes list tags and categories */
        hints = (hints & (HINT_BODY | HINT_CONTENT)) | HINT_CONTENT;
    return hints;
}
