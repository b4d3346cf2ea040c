/*
 * Reads XML as feeds really are, in one pass over the whole text, and tells of it as if it were well-formed:
 *
 * (1) there may be any number of roots, and anything before, between and behind them; (2) declarations,
 * processing instructions, comments and the DOCTYPE with all entities it may declare are passed over; (3) HTML's
 * named entities are characters, an '&' or '<' that begins nothing is text; (4) every start has its end, at the
 * latest where its parent ends; ends without start go; (5) an item that begins inside an item ends that
 * one first: a broken item takes no neighbour along, nor does a CDATA section that is not closed in its item; (6) no more than LIMIT_XML_DEPTH elements are open at
 * once (deeper tags go, their text stays), no tag has more than LIMIT_ATTRIBUTES, no attribute is longer
 * than LIMIT_FIELD; (7) line ends are line feeds, other controls go.
 *
 * A strict parser behind a pass that repairs would read every byte a second time and know less; time is linear.
 */
#ifndef DATELINE_XMLSCAN_H
#define DATELINE_XMLSCAN_H

#include "str.h"

struct xml_name {
    struct str prefix, local; /* "dc", "creator" */
};

struct xml_attribute {
    struct xml_name name;
    struct str value; /* references resolved, white space as blanks */
};

struct xml_attributes {
    const struct xml_attribute *at;
    size_t count;
};

/* All they are given is lent for the call. Text comes in pieces. */
struct xml_events {
    void *ctx;
    void (*on_start)(void *ctx, struct xml_name name, struct xml_attributes attributes);
    bool (*on_end)(void *ctx, struct xml_name name); /* false: the rest is not wanted */
    void (*on_text)(void *ctx, struct str text);
    /* The elements that are items to (5), lower case, up to a NULL; NULL: those of feeds. */
    const char *const *items;
    /* How many of the open elements, from the innermost on, end where this one starts: 0 mostly. May be NULL. */
    size_t (*closes)(void *ctx, struct xml_name name);
};

/* text is valid UTF-8 without NUL. */
void xmlscan(struct str text, const struct xml_events *events);

#endif
