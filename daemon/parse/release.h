/*
 * Whether a news item may be shown: its publisher's status, and its embargo.
 *
 * An item of ours has no field for an embargo, and whoever reads the live feed would have to respect one.
 * So an item that is withheld, or whose embargo is not over when it is fetched, is not handed out at all:
 * it counts as a bad item, and a document that holds nothing else is refused by that name.
 */
#ifndef DATELINE_RELEASE_H
#define DATELINE_RELEASE_H

#include "draft.h"

struct release {
    bool canceled, held;
};

/* A status of IPTC's (http://cv.iptc.org/newscodes/pubstatusg2/): "canceled", "stat:withheld", or its
 * address. What is not known is usable. */
void release_set_status(struct release *release, struct str status);
/* Held until that time. One that is empty or no date is an embargo without end (NewsML-G2 Guidelines,
 * "Embargo"); when the time of the fetch is not known it has not passed. */
void release_set_embargo(struct release *release, struct str until, int64_t fetched_at);

/* Hands the draft's item out unless it is held or nothing stands in it. As parse_hand_out(). */
int release_item(const struct release *release, struct document *document, struct draft *draft);
/* At the document's end: -EBADMSG and its reason when all that stood in it was held. */
int release_finish(struct document *document, bool held);

#endif
