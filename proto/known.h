/*
 * What a subscriber has: everything up to `sure`, and some seqs above it, in order.
 *
 *     1 ───────────── sure      got[0]  got[1]            got[count-1]
 *     all that is wanted        others between them may have been missed
 */
#ifndef DATELINE_KNOWN_H
#define DATELINE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known {
    uint64_t sure;
    uint64_t *got;
    size_t count, cap;
};

bool known_has(const struct known *known, uint64_t seq);
void known_put(struct known *known, uint64_t seq);
/* Everything up to seq is known; never goes back. */
void known_sure(struct known *known, uint64_t seq);
void known_reset(struct known *known, uint64_t sure);
void known_done(struct known *known);

#endif
