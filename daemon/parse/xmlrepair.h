/*
 * Makes XML that a strict parser takes out of what feeds really are. In one pass over the whole
 * text:
 *
 * (1) everything gets one root element around it, so that two roots or junk behind the root are
 * nothing special; (2) declarations, processing instructions, comments and the DOCTYPE with all
 * entities it may declare go; (3) HTML's named entities become characters, an '&' or '<' that
 * begins nothing becomes text; (4) every start tag gets its end tag, at the latest where its parent
 * ends; end tags without start go; (5) an item that begins inside an item ends that one first: a
 * broken item takes no neighbour along; (6) no more than LIMIT_XML_DEPTH elements are open at once
 * (deeper tags go, their text stays), no tag has more than LIMIT_ATTRIBUTES, no attribute is longer
 * than LIMIT_FIELD.
 *
 * Time is linear and what comes out is at most five times as long as what goes in.
 */
#ifndef DATELINE_XMLREPAIR_H
#define DATELINE_XMLREPAIR_H

#include "str.h"

#define XMLREPAIR_ROOT "document"

/* text is valid UTF-8 without NUL. Appends. */
void xmlrepair(struct str text, struct buf *out);
/* True for "item", "rss:item", "entry", "at:deleted-entry". */
bool xmlrepair_is_item(struct str qualified_name);

#endif
