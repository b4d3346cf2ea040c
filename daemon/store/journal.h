/*
 * The journal: what is durable and not in the database yet. Every group of changes is one record, appended
 * and synced before anybody is told; a start reads what the database does not hold.
 *
 *     0000000000000001.journal      ┌────────────────────────────────────────────────────────────────────┐
 *     0000000000000f3a.journal  ──► │ head: "DLJ1" | salt | first | hash                                 │
 *      the number of its first      │ record: "DLR1" | length | number | hash | rows …                   │ …
 *                                   │ 24 zeros, over which the next record is written                    │
 *                                   └────────────────────────────────────────────────────────────────────┘
 *
 * Numbers are little-endian, lengths of 4 bytes, all else of 8; hashes are XXH3 of 64 bits, a record's over its
 * rows, seeded with that of what stands before it, which is seeded with the salt. Records are numbered without a hole from 1 on, over all
 * segments. A segment is done with when the database has all of it on the disk: `applied` in the meta
 * family says up to where.
 *
 * Overwriting a file is synced in half the time of one that grows, whose size has to reach the disk too. So
 * segments that are done with are used again, under a new name and with a new salt, by which what still stands in
 * them is not taken for records; and until there are such, one is filled with zeros in advance.
 *
 * What cannot be read: only the last record can have been cut short by a crash, because each is
 * synced before the next is written. So an end that is neither zeros nor the file's is torn, and no loss; an
 * unreadable stretch with a record behind it, or a number that is missing, is damage.
 */
#ifndef DATELINE_STORE_JOURNAL_H
#define DATELINE_STORE_JOURNAL_H

#include "str.h"

#include <stdint.h>

#define JOURNAL_SUFFIX ".journal"

/* ---- writing. One thread appends and rotates, another trims and prepares. */
struct journal;

/* In the directory `path`; the first record gets the number `next`. Nothing is written yet. Older segments
 * there are counted, and trimmed with the others. 0 or a negative errno. */
int journal_open(const char *path, uint64_t next, struct journal **out);
void journal_close(struct journal *journal); /* NULL is fine. Files that wait to be used again go */

/* Appends the parts, one after the other, as one record, and syncs. 0; -ENOSPC: nothing of it is there, it may be tried again; else the journal is not to be
 * written any more. */
int journal_append(struct journal *journal, const struct str *parts, size_t count,
                   uint64_t *out_number);
/* The next record begins a segment of its own. */
void journal_rotate(struct journal *journal);
/* Done with: the segments of which the database has everything, up to and with record `applied`. */
void journal_trim(struct journal *journal, uint64_t applied);
/* Fills a file of `bytes` with zeros when none waits to be used and the disk has plenty of room. Takes its time. */
void journal_prepare(struct journal *journal, size_t bytes);
uint64_t journal_bytes(struct journal *journal); /* of all segments, as far as they are written */

/* ---- reading */
enum journal_state { JOURNAL_WHOLE, JOURNAL_TORN, JOURNAL_DAMAGED };

struct journal_found {
    enum journal_state state;
    uint64_t last; /* number of the last good record, or what was given as `after` */
    /* Where what is good ends; empty: there is nothing. */
    char segment[32];
    uint64_t good_bytes;
};

/* Descriptors: names may change meanwhile, where a daemon is running. It may also write over a segment that is done
 * with, so what such a look finds can be older than what the database it was opened before says. */
struct journal_segments {
    struct journal_segment *of;
    size_t count;
};
int journal_segments_open(const char *path, struct journal_segments *out);
void journal_segments_close(struct journal_segments *segments);

/* The records behind number `after`, in order, up to damage. 0, a negative errno of reading, or what `each`
 * returned when that was not 0. `rows` is the callee's to take. */
int journal_read(const struct journal_segments *segments, uint64_t after,
                 int (*each)(void *ctx, uint64_t number, struct buf *rows), void *ctx,
                 struct journal_found *out);
/* Cuts away what is not good, so that what is written next follows what is. */
int journal_cut(const char *path, const struct journal_found *found);

#endif
