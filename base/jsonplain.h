/*
 * What stands in a JSON string as it is: all but quotes, backslashes and control characters (RFC 8259,
 * section 7). Nearly every byte of nearly every text does, so a block of them is looked at at once.
 */
#ifndef DATELINE_JSONPLAIN_H
#define DATELINE_JSONPLAIN_H

#include "block.h"

static inline bool jsonplain(char c)
{
    return (unsigned char)c >= ' ' && c != '"' && c != '\\';
}

/* How many bytes at the front of a block are. */
static inline size_t jsonplain_block(const char *at)
{
    block_t block = block_at(at);
    return block_first((block_t)((block < ' ') | (block == '"') | (block == '\\')));
}

/* How many bytes of `text` are plain, up to the first that is not. */
static inline size_t jsonplain_run(struct str text)
{
    size_t at = 0, run = BLOCK_BYTES;
    for (; run == BLOCK_BYTES && at + BLOCK_BYTES <= text.len; at += run)
        run = jsonplain_block(text.at + at);
    while (run == BLOCK_BYTES && at < text.len && jsonplain(text.at[at]))
        at++;
    return at;
}

#endif
