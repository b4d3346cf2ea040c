/*
 * NITF 3.6 (https://iptc.org/std/NITF/3.6/): the item of one <nitf> element, whether it is a document of
 * its own or stands inside a NewsML-G2 item.
 */
#ifndef DATELINE_NITF_H
#define DATELINE_NITF_H

#include "release.h"
#include "xmltree.h"

/* What stands in it and is not known better. */
void nitf_fill(const struct xmltree *tree, uint32_t nitf, const struct document *document,
               struct draft *to, struct release *release);

#endif
