/*
 * Which (uri, version) stand in a file of records: a bounded set of 64-bit hashes that forgets the
 * oldest.
 *
 * Two generations: new keys go into the young one; when that is full, the old one is dropped and
 * the young becomes old. So at least the newest `max` keys are known, at most twice as many.
 */
#ifndef DATELINE_KEYS_H
#define DATELINE_KEYS_H

#include "str.h"

struct keys_set {
    uint64_t *slots; /* open addressing, 0 is free */
    size_t used, size;
};

struct keys {
    struct keys_set young, old;
    size_t max;
};

/* The hash of a record line's item.uri and item.version, as their bytes stand there; never 0. Reads
 * as little of the line as tells them. False when the line has none. */
bool keys_of_line(struct str line, uint64_t *out);

void keys_init(struct keys *k, size_t max);
void keys_done(struct keys *k);
bool keys_has(const struct keys *k, uint64_t key);
void keys_add(struct keys *k, uint64_t key);

#endif
