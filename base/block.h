/* Sixteen bytes at once, by the vectors that gcc and clang make of every processor's. Comparing two blocks, or a
 * block and a byte, gives a block whose bytes are 0xff where it is true. */
#ifndef DATELINE_BLOCK_H
#define DATELINE_BLOCK_H

#include <endian.h>

#include "str.h"

#define BLOCK_BYTES 16
typedef unsigned char block_t __attribute__((vector_size(BLOCK_BYTES)));

static inline block_t block_at(const char *at)
{
    block_t block;
    memcpy(&block, at, sizeof block);
    return block;
}

/* The place of the first byte that is true, BLOCK_BYTES when none is. */
static inline size_t block_first(block_t truth)
{
    uint64_t half[2];
    memcpy(half, &truth, sizeof half);
    if (half[0])
        return (size_t)__builtin_ctzll(le64toh(half[0])) / 8;
    return half[1] ? 8 + (size_t)__builtin_ctzll(le64toh(half[1])) / 8 : BLOCK_BYTES;
}

#endif
