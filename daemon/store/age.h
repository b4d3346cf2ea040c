/*
 * Ageing: what was seen long ago is forgotten, without a pause.
 *
 * Rows of seen, texts, urls and recorded carry the hour they were written in (keys.h). A compaction
 * filter drops those that are older than `seen.keep`, and gives rows of version 1, or of a clock that
 * was not set yet, the present hour, so that they age from now on. RocksDB compacts every file of a
 * family with a filter within 30 days (options.h, periodic_compaction_seconds), so a row lasts from
 * `keep` to `keep` and a month.
 *
 * What is still asked for must not age away: store_get_seen() and store_get_text() say when a row has
 * passed half of `keep`, and the caller writes it again.
 *
 * `recorded` is the memory of (uri, version) -> seq that makes an effect happen once. It is only of
 * use while the item is queued, so it may age too; but it must never outlive the item's `seen` row: an
 * item that was forgotten and comes again begins at version 1, and its result would be taken for
 * recorded. It is written later than `seen`, by the time the item was queued; so it counts for seven
 * eighths of `keep` only, whenever compaction comes to drop it.
 */
#ifndef DATELINE_STORE_AGE_H
#define DATELINE_STORE_AGE_H

#include "families.h"

#include <stdbool.h>
#include <stdint.h>

bool age_of_family(enum family family);
/* Hours since 1970, of now. */
uint32_t age_now(void);
/* Rows without a credible hour are not old: nobody knows. */
bool age_is_over(uint32_t hours, uint32_t now, int64_t keep_us);
/* Past half of `keep`, or its hour is not known: to be written again. False when keep_us is 0. */
bool age_is_touchable(uint32_t hours, uint32_t now, int64_t keep_us);
bool age_recorded_counts(uint32_t hours, uint32_t now, int64_t keep_us);
/* keep_us 0: rows are given their hour, none is dropped. */
void age_filter(rocksdb_options_t *options, enum family family, int64_t keep_us);

#endif
