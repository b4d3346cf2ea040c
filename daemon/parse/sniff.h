/*
 * What a document is: from its first bytes, then from what the server calls it. Servers lie about
 * feeds all the time (text/html, text/plain, application/octet-stream), so the bytes come first.
 */
#ifndef DATELINE_SNIFF_H
#define DATELINE_SNIFF_H

#include "parse.h"

/* Of the bytes as they came, before their charset is known: NULL, or what they are when no text: "a
 * PDF". */
const char *sniff_binary(struct str bytes);

enum sniff_kind {
    SNIFF_EMPTY,
    SNIFF_RSS,
    SNIFF_ATOM,
    SNIFF_JSONFEED,
    SNIFF_HTML,
    SNIFF_SITEMAP,      /* or several addresses and nothing else, one a line */
    SNIFF_NEWS_SITEMAP, /* with the extension for Google News declared */
    SNIFF_OPML,
    SNIFF_NITF,
    SNIFF_NEWSML,
    SNIFF_XML, /* well, some */
    SNIFF_NINJS,
    SNIFF_JSON, /* any other */
    SNIFF_TEXT
};

/* Of the text, valid UTF-8. content_type may be empty. */
/* Every line is an http or https address: a sitemap as text. */
bool sniff_is_addresses(struct str text);
enum sniff_kind sniff_text(struct str text, struct str content_type);

/* A page whose body is one <pre> with a feed in it, as browsers show XML and JSON to those who save it: *out is what
 * stands in there, escaped. */
bool sniff_unwrap(struct str text, struct str *out);

#endif
