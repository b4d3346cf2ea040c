/*
 * Whether a news item may be shown: its publisher's status, and its embargo.
 *
 * An embargo with an end is the item's release_at, which is kept by whoever queues the item: here the time
 * is not known. An item that is withheld, or under an embargo without an end, is not handed out at all: it
 * counts as a bad item, and a document that holds nothing else is refused by that name.
 */
#ifndef DATELINE_RELEASE_H
#define DATELINE_RELEASE_H

#include "draft.h"

struct release {
    bool canceled, held;
    int64_t until; /* the end of the embargo, 0 none; of several the last */
};

/* A status of IPTC's (http://cv.iptc.org/newscodes/pubstatusg2/): "canceled", "stat:withheld", or its
 * address. What is not known is usable. */
void release_set_status(struct release *release, struct str status);
/* Not before that time. One that is empty or no date is an embargo without end (NewsML-G2 Guidelines,
 * "Embargo"). */
void release_set_embargo(struct release *release, struct str until);
/* Whether it is to be handed out; then the item is marked with what is to be kept. */
bool release_marks(const struct release *release, struct item *item);

/* Hands the draft's item out unless it is held or nothing stands in it. As parse_hand_out(). */
int release_item(const struct release *release, struct document *document, struct draft *draft);
/* At the document's end: -EBADMSG and its reason when all that stood in it was held. */
int release_finish(struct document *document, bool held);

#endif
