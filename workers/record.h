/*
 * Records: what a worker makes of work, and what sinks and the live feed carry.
 *
 * Work comes from the daemon as a record without its analysis; `dateline classify` makes the same
 * of a bare ninjs item.
 */
#ifndef DATELINE_RECORD_H
#define DATELINE_RECORD_H

#include "analyze.h"

/* {"event", "item", "source", "url", "published"} of a ninjs item: event "new", "update" for a
 * later version, "retraction" when it is canceled. Takes the item. */
json_t *record_of_item(json_t *item);

/* Work as it was sent, or an item line (an object with a uri and no item), to a record without
 * analysis. -EBADMSG when it is no JSON object within the limits, or an item without a uri or
 * version; *out is the caller's. */
int record_parse(struct str line, json_t **out);
/* Analyses it. */
void record_finish(struct analyze *set, json_t *record);

/* What every sink keys and files records by; lent from the record, NULL where it has none. */
struct record_key {
    const char *uri, *version, *event, *language, *headline, *published;
};
/* -EINVAL without uri or version. */
int record_key(const json_t *record, struct record_key *out);

/* One line of JSON without its newline, keys in the order of the design. Appends. */
void record_print(const json_t *record, struct buf *out);

#endif
