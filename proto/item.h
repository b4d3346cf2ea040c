/*
 * One version of one article, as a parser reads it: flat, before it has an identity.
 *
 * A `struct item` lends all its texts. A parser fills one on its stack and hands it to a callback;
 * item_decode() makes one whole block of a frame, freed by item_free(). Texts are valid UTF-8
 * without NUL; item_decode() refuses anything else, because its bytes come from a sandboxed child
 * that is trusted no more than the network.
 *
 * Times are µs UTC, 0 when not known.
 */
#ifndef DATELINE_ITEM_H
#define DATELINE_ITEM_H

#include "jsonput.h"
#include "str.h"

#include <jansson.h>
#include <stdint.h>

enum item_field {
    ITEM_GUID,      /* the publisher's own id: guid, atom:id, rdf:about, JSON Feed id */
    ITEM_LINK,      /* the publisher's own link, made absolute, otherwise as published */
    ITEM_CANONICAL, /* rel=canonical of the page, when on the same site */
    ITEM_HEADLINE,
    ITEM_SUMMARY, /* description, standfirst; plain text */
    ITEM_BODY,    /* plain text, paragraphs separated by a blank line */
    ITEM_BYLINE,
    ITEM_LANGUAGE, /* BCP 47, as declared by the source */
    ITEM_KEYWORDS, /* one a line: keywords, categories, sections */
    ITEM_COPYRIGHT,
    ITEM_PUBLISHER, /* title of the feed or site */
    ITEM_AGENCY,    /* agency of the dateline or credit */
    ITEM_LOCATED,   /* place of the dateline */
    ITEM_SLUGLINE,
    ITEM_CAPTIONS, /* picture captions, one a line: kept apart from the body */
    ITEM_FIELDS    /* number of fields; add new ones before it, the frame names fields by number */
};

enum item_flag {
    ITEM_RETRACTED = 1,        /* withdrawn by its publisher (RFC 6721, pubStatus canceled) */
    ITEM_HEADLINE_DERIVED = 2, /* taken from the text's first sentence, the source has none */
    ITEM_BODY_FROM_SUMMARY =
        4,           /* the feed gave one text only: ITEM_BODY is empty, summary is all */
    ITEM_SITEMAP = 8 /* its link leads to another sitemap, not to an article */
};

/* Where a page says what it is said to say. */
enum item_source {
    SOURCE_NONE, /* the field is empty, or the source is no page */
    SOURCE_JSONLD,
    SOURCE_OPENGRAPH,
    SOURCE_MICRODATA,
    SOURCE_META,    /* any other <meta> */
    SOURCE_HTML,    /* lang=, rel=canonical, <title> */
    SOURCE_HEADING, /* the <h1> that readers see */
    SOURCE_TEXT,    /* any other text that readers see */
    SOURCE_ADDRESS, /* the page's URL */
    ITEM_SOURCES
};

/* The fields it is kept for. */
enum item_told {
    TOLD_HEADLINE,
    TOLD_BYLINE,
    TOLD_PUBLISHED,
    TOLD_UPDATED,
    TOLD_LANGUAGE,
    TOLD_SUMMARY,
    TOLD_BODY,
    TOLD_KEYWORDS,
    TOLD_PUBLISHER,
    TOLD_COPYRIGHT,
    TOLD_CANONICAL,
    TOLD_IMAGE,
    TOLD_FIELDS
};

struct item_origin {
    uint8_t source;  /* enum item_source */
    uint8_t percent; /* how sure the reader is, 0 to 100 */
};

#define ITEM_MEDIA_MAX 8

struct item_media {
    struct str url, type, title; /* absolute http(s) URL; media type or empty; caption or empty */
    uint32_t width, height;      /* pixels, 0 unknown */
};

struct item {
    struct str field[ITEM_FIELDS];
    int64_t published_at, updated_at;
    int64_t release_at; /* its embargo ends: nobody may see it before; 0 none */
    /* Minutes east of Greenwich where it was published, as the source wrote the time; 0 unknown too.
     * It decides which day that was for its readers. */
    int32_t published_offset_min;
    uint32_t flags;
    uint32_t document; /* in a sequence of documents: which of them it stood in, from 0 */
    size_t media_count;
    struct item_media media[ITEM_MEDIA_MAX];
    struct item_origin origin[TOLD_FIELDS];
};

/* What a document says of itself. */
enum about_field {
    ABOUT_TYPE, /* rss, atom, jsonfeed, article, page, wirecopy, … */
    ABOUT_TITLE,
    ABOUT_URL,  /* the site's page */
    ABOUT_SELF, /* the feed's own address */
    ABOUT_LANGUAGE,
    ABOUT_CHARSET, /* what it was decoded from */
    ABOUT_COPYRIGHT,
    ABOUT_HUBS,  /* WebSub hubs, one a line */
    ABOUT_NEXT,  /* next_url, rel=next */
    ABOUT_FEEDS, /* feeds a page links to, one a line */
    ABOUT_ID,    /* atom:id of the feed */
    ABOUT_SUBTITLE,
    ABOUT_AUTHOR,
    ABOUT_IMAGE,
    ABOUT_SKIP_HOURS, /* "0 1 2": GMT */
    ABOUT_SKIP_DAYS,  /* "Saturday Sunday" */
    ABOUT_GENERATOR,
    ABOUT_SITEMAP, /* of a sitemap: "urlset", "news" when it has headlines, "index", "text" */
    ABOUT_CHILDREN, /* the sitemaps an index lists, one a line; the first LIMIT_FIELD bytes of them */
    ABOUT_VERSION, /* of its format: "0.91", "1.0", … as it says */
    ABOUT_INFO,    /* Atom 0.3: a note to who opens the feed in a browser */
    ABOUT_DOCS,    /* address of the format's description */
    ABOUT_ICON,
    ABOUT_KEYWORDS,     /* one a line */
    ABOUT_CONTRIBUTORS, /* one a line */
    ABOUT_PUBLISHER,    /* who answers for the feed: dc:publisher, webMaster, itunes:owner */
    ABOUT_CONTACT,      /* where its faults may be reported, as it says: "a@b.example (Jane Doe)" */
    ABOUT_CLOUD,        /* rssCloud: "xml-rpc http://h.example:80/RPC2 procedure" */
    ABOUT_CURRENT,      /* RFC 5005: the feed that this document is a part of */
    ABOUT_PREV_ARCHIVE,
    ABOUT_NEXT_ARCHIVE,
    ABOUT_VALID, /* dcterms:valid: "from/until", one of them may be empty */
    ABOUT_FIELDS
};

enum about_flag {
    ABOUT_EXPIRED = 1,  /* there will be no more items: JSON Feed expired, itunes:complete */
    ABOUT_COMPLETE = 2, /* RFC 5005: all items there are stand in it */
    ABOUT_ARCHIVE = 4   /* RFC 5005: this document will not change */
};

struct about {
    struct str field[ABOUT_FIELDS];
    int64_t published_at, updated_at;
    uint32_t flags;
    uint32_t ttl_s;    /* <ttl>, in seconds; 0 not given */
    uint32_t period_s; /* sy:updatePeriod / sy:updateFrequency; 0 not given */
};

/* Frames between a parser child and its parent. Encoding appends to `out` and cannot fail. Decoding:
 * -EBADMSG when the frame is not exactly one well-formed item within base/limits.h. *out owns a copy. */
void item_encode(const struct item *item, struct buf *out);
int item_decode(struct str frame, struct item **out);
struct item *item_copy(const struct item *item);
void item_free(struct item *item);

void about_encode(const struct about *about, struct buf *out);
int about_decode(struct str frame, struct about **out);
void about_free(struct about *about);
/* {"title": …, "url": …}: what `dateline parse --describe` prints. The caller owns it. */
json_t *about_json(const struct about *about);

/* What the daemon adds when an item gets its identity. */
struct item_identity {
    struct str uri;        /* urn:dateline:SOURCE:HEX, or of the document for dry runs */
    uint32_t version;      /* from 1 */
    int64_t first_created; /* first version seen */
    int64_t version_created;
    struct str source_title, source_url;
};

/* Writes the item as IPTC ninjs 3.1 (https://iptc.org/std/ninjs/): schema-valid whatever the item
 * holds; uris are percent-encoded, empty fields left out. */
void item_ninjs(const struct item *item, const struct item_identity *id, struct jsonput *j);
/* The uri of an item that has no store behind it (dateline parse): by guid, link, or text. */
void item_dry_uri(const struct item *item, struct buf *out);
/* All its text, body first, for what must be read whatever the source filled. */
struct str item_text(const struct item *item);

#endif
