/*
 * An HTML page as a flat tree: one array of nodes in document order, each knowing where its subtree
 * ends, so that every walk is a loop over an array and a subtree is skipped by one assignment.
 *
 *     0 document [0,9)            i + 1    first child, when i + 1 < end
 *     1   div    [1,5)            end      next sibling, when end < parent's end
 *     2     text [2,3)
 *     …
 *
 * The reader is our own: it follows the tokenization of the HTML standard (WHATWG, section 13.2.5) and
 * as much of its tree construction (13.2.6) as decides where text belongs: void and raw-text
 * elements, implied end tags, scopes. A general HTML parser is quadratic on 20,000 attributes or on
 * unmatched end tags below deep nesting, this one is linear whatever it meets:
 *
 * (1) elements deeper than LIMIT_HTML_DEPTH are kept but not nested: their text stays;
 * (2) attributes beyond LIMIT_ATTRIBUTES of one tag are skipped;
 * (3) an end tag looks at most HTML_REACH elements up;
 * (4) after LIMIT_HTML_NODES nodes the rest of the page is not read.
 *
 * Texts and values are lent from the page where they stand unchanged in it, else from the tree.
 */
#ifndef DATELINE_HTML_H
#define DATELINE_HTML_H

#include "arena.h"

#define HTML_REACH 256

/* TAG(name, flags): sorted by name, the flags are htmlname.h's; HTML_TEXT and HTML_OTHER stand outside
 * the table. */
#define HTML_TAGS(TAG)                                                                             \
    TAG(A, "a", INLINE)                                                                            \
    TAG(ADDRESS, "address", BLOCK)                                                                 \
    TAG(AMP_AD, "amp-ad", BLOCK)                                                                   \
    TAG(AMP_CONSENT, "amp-consent", BLOCK)                                                         \
    TAG(AMP_EMBED, "amp-embed", BLOCK)                                                             \
    TAG(AMP_SIDEBAR, "amp-sidebar", BLOCK)                                                         \
    TAG(AMP_STICKY_AD, "amp-sticky-ad", BLOCK)                                                     \
    TAG(AMP_USER_NOTIFICATION, "amp-user-notification", BLOCK)                                     \
    TAG(AREA, "area", VOID)                                                                        \
    TAG(ARTICLE, "article", BLOCK)                                                                 \
    TAG(ASIDE, "aside", BLOCK)                                                                     \
    TAG(AUDIO, "audio", BLOCK)                                                                     \
    TAG(B, "b", INLINE)                                                                            \
    TAG(BASE, "base", VOID)                                                                        \
    TAG(BGSOUND, "bgsound", VOID)                                                                  \
    TAG(BLOCKQUOTE, "blockquote", BLOCK)                                                           \
    TAG(BODY, "body", BLOCK)                                                                       \
    TAG(BR, "br", VOID)                                                                            \
    TAG(BUTTON, "button", SHELL)                                                                   \
    TAG(CANVAS, "canvas", INLINE)                                                                  \
    TAG(CAPTION, "caption", BLOCK | SCOPE | PART)                                                  \
    TAG(CENTER, "center", BLOCK)                                                                   \
    TAG(CITE, "cite", INLINE)                                                                      \
    TAG(CODE, "code", INLINE)                                                                      \
    TAG(COL, "col", VOID)                                                                          \
    TAG(DD, "dd", BLOCK)                                                                           \
    TAG(DETAILS, "details", BLOCK)                                                                 \
    TAG(DIALOG, "dialog", BLOCK)                                                                   \
    TAG(DIV, "div", BLOCK)                                                                         \
    TAG(DL, "dl", BLOCK)                                                                           \
    TAG(DT, "dt", BLOCK)                                                                           \
    TAG(EM, "em", INLINE)                                                                          \
    TAG(EMBED, "embed", VOID)                                                                      \
    TAG(FIELDSET, "fieldset", BLOCK)                                                               \
    TAG(FIGCAPTION, "figcaption", BLOCK)                                                           \
    TAG(FIGURE, "figure", BLOCK)                                                                   \
    TAG(FONT, "font", INLINE)                                                                      \
    TAG(FOOTER, "footer", BLOCK)                                                                   \
    TAG(FORM, "form", BLOCK)                                                                       \
    TAG(FRAME, "frame", VOID)                                                                      \
    TAG(H1, "h1", BLOCK | HEADING)                                                                 \
    TAG(H2, "h2", BLOCK | HEADING)                                                                 \
    TAG(H3, "h3", BLOCK | HEADING)                                                                 \
    TAG(H4, "h4", BLOCK | HEADING)                                                                 \
    TAG(H5, "h5", BLOCK | HEADING)                                                                 \
    TAG(H6, "h6", BLOCK | HEADING)                                                                 \
    TAG(HEAD, "head", BLOCK)                                                                       \
    TAG(HEADER, "header", BLOCK)                                                                   \
    TAG(HR, "hr", VOID | BLOCK)                                                                    \
    TAG(HTML, "html", BLOCK)                                                                       \
    TAG(I, "i", INLINE)                                                                            \
    TAG(IFRAME, "iframe", RAW | BLOCK)                                                             \
    TAG(IMG, "img", VOID)                                                                          \
    TAG(INPUT, "input", VOID)                                                                      \
    TAG(KEYGEN, "keygen", VOID)                                                                    \
    TAG(LABEL, "label", INLINE)                                                                    \
    TAG(LI, "li", BLOCK)                                                                           \
    TAG(LINK, "link", VOID)                                                                        \
    TAG(MAIN, "main", BLOCK)                                                                       \
    TAG(MATH, "math", RAW | NESTS | FOREIGN)                                                       \
    TAG(MENU, "menu", BLOCK)                                                                       \
    TAG(META, "meta", VOID)                                                                        \
    TAG(NAV, "nav", BLOCK)                                                                         \
    TAG(NOEMBED, "noembed", RAW)                                                                   \
    TAG(NOFRAMES, "noframes", RAW)                                                                 \
    TAG(NOSCRIPT, "noscript", 0)                                                                   \
    TAG(OBJECT, "object", SCOPE)                                                                   \
    TAG(OL, "ol", BLOCK)                                                                           \
    TAG(OPTION, "option", BLOCK)                                                                   \
    TAG(P, "p", BLOCK)                                                                             \
    TAG(PARAM, "param", VOID)                                                                      \
    TAG(PICTURE, "picture", INLINE)                                                                \
    TAG(PRE, "pre", BLOCK)                                                                         \
    TAG(Q, "q", INLINE)                                                                            \
    TAG(SCRIPT, "script", RAW)                                                                     \
    TAG(SECTION, "section", BLOCK)                                                                 \
    TAG(SELECT, "select", BLOCK)                                                                   \
    TAG(SMALL, "small", INLINE)                                                                    \
    TAG(SOURCE, "source", VOID)                                                                    \
    TAG(SPAN, "span", INLINE)                                                                      \
    TAG(STRONG, "strong", INLINE)                                                                  \
    TAG(STYLE, "style", RAW)                                                                       \
    TAG(SUB, "sub", INLINE)                                                                        \
    TAG(SUMMARY, "summary", BLOCK)                                                                 \
    TAG(SUP, "sup", INLINE)                                                                        \
    TAG(SVG, "svg", RAW | NESTS | FOREIGN)                                                         \
    TAG(TABLE, "table", BLOCK | SCOPE | ROWS)                                                      \
    TAG(TBODY, "tbody", BLOCK | PART)                                                              \
    TAG(TD, "td", BLOCK | SCOPE | PART)                                                            \
    TAG(TEMPLATE, "template", RAW | NESTS)                                                         \
    TAG(TEXTAREA, "textarea", RAW)                                                                 \
    TAG(TFOOT, "tfoot", BLOCK | PART)                                                              \
    TAG(TH, "th", BLOCK | SCOPE | PART)                                                            \
    TAG(THEAD, "thead", BLOCK | PART)                                                              \
    TAG(TIME, "time", INLINE)                                                                      \
    TAG(TITLE, "title", RAW | DECODED)                                                             \
    TAG(TR, "tr", BLOCK | PART)                                                                    \
    TAG(TRACK, "track", VOID)                                                                      \
    TAG(U, "u", INLINE)                                                                            \
    TAG(UL, "ul", BLOCK)                                                                           \
    TAG(VIDEO, "video", BLOCK)                                                                     \
    TAG(WBR, "wbr", VOID)

enum html_tag {
    HTML_TEXT, /* a run of text; the element RAW texts keep theirs in `text` */
    HTML_OTHER,
#define HTML_TAG_ENUM(id, name, flags) HTML_##id,
    HTML_TAGS(HTML_TAG_ENUM)
#undef HTML_TAG_ENUM
        HTML_TAG_COUNT
};

/* Attributes that are kept; others are skipped. Sorted by name. */
#define HTML_ATTRS(ATTR)                                                                           \
    ATTR(ALT, "alt")                                                                               \
    ATTR(ARIA_HIDDEN, "aria-hidden")                                                               \
    ATTR(CLASS, "class")                                                                           \
    ATTR(CONTENT, "content")                                                                       \
    ATTR(DATETIME, "datetime")                                                                     \
    ATTR(HEIGHT, "height")                                                                         \
    ATTR(HIDDEN, "hidden")                                                                         \
    ATTR(HREF, "href")                                                                             \
    ATTR(ID, "id")                                                                                 \
    ATTR(ITEMPROP, "itemprop")                                                                     \
    ATTR(LANG, "lang")                                                                             \
    ATTR(NAME, "name")                                                                             \
    ATTR(PROPERTY, "property")                                                                     \
    ATTR(REL, "rel")                                                                               \
    ATTR(ROLE, "role")                                                                             \
    ATTR(SRC, "src")                                                                               \
    ATTR(STYLE, "style")                                                                           \
    ATTR(TITLE, "title")                                                                           \
    ATTR(TYPE, "type")                                                                             \
    ATTR(WIDTH, "width")

enum html_attr {
#define HTML_ATTR_ENUM(id, name) HTML_ATTR_##id,
    HTML_ATTRS(HTML_ATTR_ENUM)
#undef HTML_ATTR_ENUM
        HTML_ATTR_COUNT
};

struct html_node {
    uint32_t parent, end;
    uint16_t tag, attr_count;
    uint32_t attrs; /* index of the first in html.attrs */
    struct str text;
};

struct html_value {
    enum html_attr name;
    struct str value;
};

struct html {
    struct html_node *nodes; /* nodes[0] is the document */
    size_t count, cap;
    struct html_value *attrs;
    size_t attr_count, attr_cap;
    struct arena arena; /* texts that do not stand in the page as they are */
};

/* page is valid UTF-8 and outlives the tree. Never fails: what is not markup is text. */
void html_read(struct str page, struct html *out);
void html_done(struct html *html);

/* Empty when the element has no such attribute (or it is empty). */
struct str html_attr(const struct html *html, size_t node, enum html_attr name);
bool html_is_block(enum html_tag tag);
bool html_is_heading(enum html_tag tag);
/* A copy that lives as long as the tree. */
struct str html_keep(struct html *html, struct str text);
/* Appends the text below `node`, white space squashed, without scripts and the like: of at most `max`
 * nodes and about `max` bytes, because elements that ask for their text may be nested. */
void html_text(const struct html *html, size_t node, size_t max, struct buf *out);
/* s with character references decoded; lent from s when it has none. */
struct str html_decode(struct html *html, struct str s);

#endif
