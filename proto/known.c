#include "known.h"

#include "str.h"

/* Where seq stands in got, or would. */
static size_t place(const struct known *known, uint64_t seq)
{
    size_t low = 0, high = known->count;
    if (high && known->got[high - 1] < seq)
        return high; /* as it comes most of the time */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (known->got[middle] < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool known_has(const struct known *known, uint64_t seq)
{
    size_t at = place(known, seq);
    return seq <= known->sure || (at < known->count && known->got[at] == seq);
}

void known_put(struct known *known, uint64_t seq)
{
    if (known_has(known, seq))
        return;
    if (known->count == known->cap) {
        known->cap = known->cap ? 2 * known->cap : 64;
        known->got = xrealloc(known->got, known->cap * sizeof *known->got);
    }
    size_t at = place(known, seq);
    memmove(known->got + at + 1, known->got + at, (known->count - at) * sizeof *known->got);
    known->got[at] = seq;
    known->count++;
}

void known_sure(struct known *known, uint64_t seq)
{
    if (seq <= known->sure)
        return;
    size_t at = place(known, seq + 1);
    if (at)
        memmove(known->got, known->got + at, (known->count - at) * sizeof *known->got);
    known->count -= at;
    known->sure = seq;
}

void known_reset(struct known *known, uint64_t sure)
{
    known->count = 0;
    known->sure = sure;
}

void known_done(struct known *known)
{
    free(known->got);
    *known = (struct known){0};
}
