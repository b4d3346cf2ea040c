/*
 * Rows of a change as bytes: what the journal holds, and what a layer points into.
 *
 *     op (1) | family (1) | key length (4) | value length (4) | key | value
 *
 * Numbers are big-endian. The numbers of `enum row_op` and `enum family` stand on the disk: neither is
 * ever given another meaning, and a new one raises STORE_SCHEMA.
 */
#ifndef DATELINE_STORE_ROWS_H
#define DATELINE_STORE_ROWS_H

#include "families.h"
#include "str.h"

enum row_op {
    ROW_PUT = 1,
    ROW_DROP = 2,
    ROW_DROP_BEFORE = 3 /* all keys of the family that are smaller than this one */
};

struct row {
    enum row_op op;
    enum family family;
    struct str key, value; /* lent by the bytes they stand in */
};

/* The value is written from its parts, so that long texts are copied once. */
void rows_put(struct buf *rows, enum family family, struct str key, const struct str *parts,
              size_t count);
void rows_drop(struct buf *rows, enum family family, struct str key);
void rows_drop_before(struct buf *rows, enum family family, struct str key);

/* The order of keys, RocksDB's: bytes, then length. As memcmp(). */
int rows_order(struct str a, struct str b);

/* Cuts the first row off. 0, or -EBADMSG: these are no rows of ours. */
int rows_cut(struct str *rest, struct row *out);

#endif
