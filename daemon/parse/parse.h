/*
 * Bytes in, items out. Pure functions: no files, no sockets, no clock, no threads; everything a
 * document can do wrong ends in an item, a repaired item, or a refusal with a reason. They run in the
 * parser child; tests, fuzzers and `dateline parse --in-process` call them directly.
 *
 * One file a format, each reached through one entry of the table in parse.c.
 */
#ifndef DATELINE_PARSE_H
#define DATELINE_PARSE_H

#include "item.h"
#include "limits.h"

enum parse_type {
    PARSE_AUTO,
    PARSE_RSS, /* 0.9x, 1.0, 2.0 */
    PARSE_ATOM,
    PARSE_JSONFEED,
    PARSE_SITEMAP,  /* a urlset, a sitemapindex, or addresses one a line: an item an address */
    PARSE_PAGE,     /* an HTML page that lists articles: one item a link, without text */
    PARSE_ARTICLE,  /* an HTML page that is one article: exactly one item */
    PARSE_WIRECOPY, /* plain text: one item */
    PARSE_NINJS,    /* IPTC ninjs, one item or one a line; several documents after RFC 7464 */
    PARSE_NITF,     /* IPTC NITF: one item */
    PARSE_NEWSML,   /* IPTC NewsML-G2: a newsItem, or a newsMessage with several */
    PARSE_MAIL,     /* RFC 5322: one item */
    PARSE_TYPES
};

struct parse_request {
    struct str bytes;        /* as received: perhaps compressed or a zip archive, any charset */
    enum parse_type type;    /* PARSE_AUTO: sniffed from content type, then from the bytes */
    struct str url;          /* where it came from: base of relative links; may be empty */
    struct str charset;      /* from HTTP or the operator; may be empty */
    struct str content_type; /* from HTTP; may be empty */
    /* gzip, deflate, br, zstd, or empty (gzip and zstd are recognised by their magic). */
    struct str content_encoding;
    /* Of a page that lists articles: which links are taken, and which are left out (base/selector.h);
     * empty: told by structure, none. */
    struct str links, skip;
    int64_t fetched_at; /* µs UTC: bounds the years that are inferred; 0 when not known */
};

/* Both are lent for the call only. on_about comes at most once; where a feed says something of itself
 * only at its end it may come after items. on_item returns 0 to go on, anything else ends the parse
 * with that value. */
struct parse_out {
    void *ctx;
    void (*on_about)(void *ctx, const struct about *about);
    int (*on_item)(void *ctx, const struct item *item);
};

/* Why a line of a ninjs document was refused by itself, while the others were taken. */
enum parse_fault {
    PARSE_NO_FAULT,
    PARSE_NOT_JSON,
    PARSE_TOO_DEEP, /* LIMIT_JSON_DEPTH */
    PARSE_HELD,     /* by its publisher, without an end */
    PARSE_NO_ITEM,  /* no ninjs item, or nothing in it */
    PARSE_FAULTS
};
const char *parse_fault_text(enum parse_fault fault); /* "not JSON in UTF-8" */

struct parse_refused {
    uint32_t document, line; /* its number in a sequence, from 0; from 1, 0: all of it */
    enum parse_fault fault;
};

struct parse_report {
    enum parse_type type; /* as found */
    size_t items;         /* handed out */
    size_t bad_items;     /* recognised, but nothing stood in them: not handed out */
    char reason[160];     /* of a refusal, in plain words without text from outside; or empty */
    size_t refused_count; /* of bad_items, those that are named: the first ones */
    struct parse_refused refused[LIMIT_REFUSED_LINES];
};

/* 0; -EBADMSG not understood (reason says what it looked like); -EMSGSIZE a limit of base/limits.h;
 * or what on_item returned. A feed without entries is understood: 0 and no items. */
int parse_document(const struct parse_request *request, const struct parse_out *out,
                   struct parse_report *report);

/* Items that one document of this type may hold. */
static inline size_t parse_most_items(enum parse_type type)
{
    return type == PARSE_SITEMAP ? LIMIT_SITEMAP_URLS : LIMIT_FEED_ITEMS;
}

const char *parse_type_name(enum parse_type type);        /* "rss" */
int parse_type_of(struct str name, enum parse_type *out); /* 0 or -ENOENT */
const char *const *parse_type_names(void);                /* NULL-terminated, for help texts */

#endif
