/*
 * The text of a news item out of its markup, NITF's or XHTML's: paragraphs in their order to ITEM_BODY,
 * captions of pictures to ITEM_CAPTIONS, pictures to the media.
 */
#ifndef DATELINE_NEWSBODY_H
#define DATELINE_NEWSBODY_H

#include "draft.h"
#include "xmltree.h"

void newsbody_read(const struct xmltree *tree, uint32_t top, struct str base, unsigned rank,
                   struct draft *to);
/* Plain text: a blank line between paragraphs, or else each line is one. Appends. */
void newsbody_plain(struct str text, struct buf *out);

#endif
